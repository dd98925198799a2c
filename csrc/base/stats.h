// SPDX-License-Identifier: MIT
/* What a process counts: one table from which the numbers, their names and their words come.
 *
 * A struct sio_stats has one writer. It lies where its readers are: a worker's in the shared
 * memory, so that the supervisor reads it without asking and keeps the last values of a worker that
 * was killed. Counting is a load, an addition and a store, never a locked instruction.
 *
 *     X(name, kind, metric, labels, help)
 *
 * COUNTER: only grows; a sum over all workers that there ever were. GAUGE: a sum over those that
 * there are. EACH: a gauge of each worker by itself. Values are integers in the metric's unit, but
 * for metrics in seconds, which are counted in microseconds. docs/guide/monitoring.md has the same
 * table; tools/metrics.lua compares.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_STATS_H
#define SIO_BASE_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum sio_stat_kind { SIO_STAT_COUNTER, SIO_STAT_GAUGE, SIO_STAT_EACH };

/* clang-format off */
#define SIO_STATS_MAP(X) \
    X(CONNECTIONS, COUNTER, "connections_total", "", "Engine.IO sessions opened") \
    X(POLLING, GAUGE, "clients", "transport=\"polling\"", "Engine.IO sessions that are open") \
    X(WEBSOCKET, GAUGE, "clients", "transport=\"websocket\"", "") \
    X(UPGRADES, COUNTER, "upgrades_total", "", "Sessions that changed from polling to WebSocket") \
    X(CLOSED_TRANSPORT_ERROR, COUNTER, "closes_total", "reason=\"transport error\"", \
      "Engine.IO sessions that ended") \
    X(CLOSED_TRANSPORT_CLOSE, COUNTER, "closes_total", "reason=\"transport close\"", "") \
    X(CLOSED_FORCED_CLOSE, COUNTER, "closes_total", "reason=\"forced close\"", "") \
    X(CLOSED_PING_TIMEOUT, COUNTER, "closes_total", "reason=\"ping timeout\"", "") \
    X(CLOSED_PARSE_ERROR, COUNTER, "closes_total", "reason=\"parse error\"", "") \
    X(SLOW_READERS, COUNTER, "slow_readers_total", "", \
      "Sessions closed because they did not read what was sent to them") \
    X(REFUSED_0, COUNTER, "handshake_errors_total", "code=\"0\"", \
      "Requests to the engine that were refused, by upstream's code") \
    X(REFUSED_1, COUNTER, "handshake_errors_total", "code=\"1\"", "") \
    X(REFUSED_2, COUNTER, "handshake_errors_total", "code=\"2\"", "") \
    X(REFUSED_3, COUNTER, "handshake_errors_total", "code=\"3\"", "") \
    X(REFUSED_4, COUNTER, "handshake_errors_total", "code=\"4\"", "") \
    X(REFUSED_5, COUNTER, "handshake_errors_total", "code=\"5\"", "") \
    X(PACKETS_IN, COUNTER, "packets_in_total", "", "Engine.IO packets received") \
    X(PACKETS_OUT, COUNTER, "packets_out_total", "", "Engine.IO packets sent") \
    X(BYTES_IN, COUNTER, "bytes_in_total", "", "Bytes read from connections") \
    X(BYTES_OUT, COUNTER, "bytes_out_total", "", "Bytes written to connections") \
    X(OPEN, GAUGE, "connections_open", "", "TCP and Unix connections") \
    X(UNSENT, GAUGE, "unsent_bytes", "", \
      "Bytes that the kernel has not taken yet, of connections whose peers read slowly") \
    X(HTTP_REQUESTS, COUNTER, "http_requests_total", "", \
      "HTTP requests, those of polling among them") \
    X(SOCKETS, GAUGE, "sockets", "", "Sockets that are connected to a namespace") \
    X(NAMESPACES, GAUGE, "namespaces", "", "Namespaces, counted in each worker") \
    X(ROOMS, GAUGE, "rooms", "", "Rooms with sockets in them, counted in each worker") \
    X(LEFT_TRANSPORT_ERROR, COUNTER, "disconnects_total", "reason=\"transport error\"", \
      "Sockets that disconnected") \
    X(LEFT_TRANSPORT_CLOSE, COUNTER, "disconnects_total", "reason=\"transport close\"", "") \
    X(LEFT_FORCED, COUNTER, "disconnects_total", "reason=\"forced close\"", "") \
    X(LEFT_PING_TIMEOUT, COUNTER, "disconnects_total", "reason=\"ping timeout\"", "") \
    X(LEFT_PARSE_ERROR, COUNTER, "disconnects_total", "reason=\"parse error\"", "") \
    X(LEFT_SHUTDOWN, COUNTER, "disconnects_total", "reason=\"server shutting down\"", "") \
    X(LEFT_FORCED_SERVER, COUNTER, "disconnects_total", "reason=\"forced server close\"", "") \
    X(LEFT_BY_SERVER, COUNTER, "disconnects_total", "reason=\"server namespace disconnect\"", "") \
    X(LEFT_BY_CLIENT, COUNTER, "disconnects_total", "reason=\"client namespace disconnect\"", "") \
    X(EVENTS_IN, COUNTER, "events_in_total", "", "Events from clients") \
    X(EVENTS_OUT, COUNTER, "events_out_total", "", "Events to clients, one for each recipient") \
    X(BROADCASTS, COUNTER, "broadcasts_total", "", "Broadcasts that were sent here") \
    X(ACK_TIMEOUTS, COUNTER, "ack_timeouts_total", "", \
      "Acknowledgements that did not come in time") \
    X(RECOVERED, COUNTER, "recoveries_total", "recovered=\"yes\"", \
      "Clients that came back with a private id") \
    X(NOT_RECOVERED, COUNTER, "recoveries_total", "recovered=\"no\"", "") \
    X(HANDLER_ERRORS, COUNTER, "handler_errors_total", "", \
      "Errors that ended code of the application") \
    X(SLOW_HANDLERS, COUNTER, "slow_handlers_total", "", "Runs longer than slow_handler") \
    X(GIVES, COUNTER, "mesh_gives_total", "", "Connections given to another worker") \
    X(RELAYS, COUNTER, "mesh_relays_total", "", "Connections relayed to another worker") \
    X(WAKES, COUNTER, "journal_wakes_total", "", "Times that siblings woke this worker") \
    X(LAPPED, COUNTER, "journal_lapped_total", "", \
      "Times that a worker fell behind by the whole journal") \
    X(DEFERRED, GAUGE, "journal_deferred_bytes", "", "Records that wait for a blocked journal") \
    X(LOG_LOST, COUNTER, "log_lost_lines_total", "", "Lines of the log that could not be written") \
    X(CPU_USER, COUNTER, "cpu_seconds_total", "mode=\"user\"", "Time on the processor") \
    X(CPU_SYSTEM, COUNTER, "cpu_seconds_total", "mode=\"system\"", "") \
    X(STALLS, COUNTER, "loop_stalls_total", "", "Turns of the loop that took 0.1 s or more") \
    X(LAG, EACH, "loop_lag_seconds", "", "Longest turn of the loop in the last second") \
    X(RSS, EACH, "worker_resident_bytes", "", "Memory of its own: RssAnon") \
    X(FDS, EACH, "worker_open_fds", "", "File descriptors that are open") \
    X(FDS_MAX, EACH, "worker_max_fds", "", "File descriptors that may be open")
/* clang-format on */

enum sio_stat {
#define X(name, kind, metric, labels, help) SIO_STAT_##name,
    SIO_STATS_MAP(X)
#undef X
        SIO_STATS_COUNT
};

struct sio_stats {
    _Atomic uint64_t values[SIO_STATS_COUNT];
};

static inline uint64_t sio_stats_get(const struct sio_stats *s, enum sio_stat which)
{
    return atomic_load_explicit(&s->values[which], memory_order_relaxed);
}

static inline void sio_stats_set(struct sio_stats *s, enum sio_stat which, uint64_t value)
{
    atomic_store_explicit(&s->values[which], value, memory_order_relaxed);
}

/* For counters and gauges; n below zero, as -1, wraps to the right value. */
static inline void sio_stats_add(struct sio_stats *s, enum sio_stat which, uint64_t n)
{
    sio_stats_set(s, which, sio_stats_get(s, which) + n);
}

static inline void sio_stats_up(struct sio_stats *s, enum sio_stat which)
{
    sio_stats_add(s, which, 1);
}

static inline void sio_stats_down(struct sio_stats *s, enum sio_stat which)
{
    sio_stats_add(s, which, UINT64_MAX);
}

struct sio_stat_info {
    const char *metric; /* without prefix */
    const char *labels; /* "" or name="value" */
    const char *help;   /* of the first of a metric; "" for the others */
    enum sio_stat_kind kind;
};
const struct sio_stat_info *sio_stats_info(enum sio_stat which);

/* The counters of who has ended are added to those of `sum`, and all of it is zeroed. */
void sio_stats_bequeath(struct sio_stats *from, struct sio_stats *sum);

#endif
