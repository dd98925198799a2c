// SPDX-License-Identifier: MIT
/* The session's inside, and the calls between the files of this folder. Private to engine/.
 *
 *     session.c               state, packets, the end
 *     session_send.c          sending
 *     polling.c, websocket.c  the two transports
 *     upgrade.c               the probe, and the change to websocket
 *     leave.c                 goodbyes of a worker that goes away
 *     heartbeat.c             what is due when
 *     first_request.c         who began it, and how
 *     clock.c                 probes and slow readers have a time
 *     pressure.c, meter.c     clients that read too slowly or send too much
 *     dialect.c               clients that are spoken to otherwise
 *
 * One allocation per session, its first request included (see lines.h); what only some sessions
 * need at a time (requests that poll, a queue, clocks) is made then.
 */
#ifndef SIO_ENGINE_SESSION_IN_H
#define SIO_ENGINE_SESSION_IN_H

#include "base/id.h"
#include "base/index.h"
#include "base/log.h"
#include "engine/dialect.h"
#include "engine/heartbeat.h"
#include "engine/polling.h"
#include "engine/queue.h"
#include "engine/session.h"
#include "engine/websocket.h"

/* NONE ──ws opened──► OPENED ──2probe──► ANSWERED ──5──► NONE, on websocket
 *   ▲───────any other packet, close, timeout────┴── the session stays on polling */
enum eio_probing { EIO_PROBE_NONE, EIO_PROBE_OPENED, EIO_PROBE_ANSWERED };

/* See eio_session_leave. */
enum eio_leaving { EIO_STAYS, EIO_LEAVES, EIO_LEFT };

struct eio_session {
    struct sio_index_node by_sid; /* in the server's sessions */
    struct eio_server *server;
    const struct eio_session_events *events;
    void *owner;
    const struct eio_transport *transport; /* the one in use: &eio_polling or &eio_websocket */
    struct eio_polling *polling;           /* NULL: it does not poll */
    struct sio_ws_conn *websocket;         /* in use, or the probe; NULL: not open */
    struct eio_queue *queue;
    union {
        struct {
            struct eio_due beat;   /* PING, PONG, OPEN, SILENCE, or CLOSE while closing */
            struct sio_list dirty; /* in the server's list: look at it at the end of the tick */
        };
        struct sio_grave grave; /* once it is CLOSED */
    };
    struct eio_clock *clock; /* PROBE, or PRESSURE on websocket; NULL: none runs */
    struct eio_part *part;   /* of an unfinished WebSocket message; NULL: there is none */
    struct eio_meter *meter; /* NULL: no limits per second */
    uint64_t since_ms;
    struct eio_dialect dialect;
    uint32_t head_len; /* as packed */
    uint8_t sid_len;
    uint8_t state;   /* enum eio_state */
    uint8_t probing; /* enum eio_probing */
    uint8_t address_len;
    bool secure;        /* the first request came encrypted */
    bool awaiting_life; /* a pong; in v3, where clients ping, always */
    bool doomed;        /* over a limit: ended at the end of the tick */
    bool pressed;       /* see pressure.h */
    bool held;          /* see eio_session_hold */
    bool drained;       /* no longer pressed: on_drain at the end of the tick */
    uint8_t leaving;    /* enum eio_leaving */
    char sid[];         /* its NUL, the address, NUL, the first request's head, packed */
};

_Static_assert(sizeof(struct eio_session) <= 160, "an idle session stays small");

/* A time that runs for few of them. */
struct eio_clock {
    struct eio_due due;
    struct eio_session *session;
    size_t unread; /* under pressure: what would wait if nothing had been read since then */
};

/* The GET that waits, or NULL. */
static inline struct sio_http_conn *eio_session_poll(const struct eio_session *s)
{
    return s->polling != NULL ? s->polling->get : NULL;
}

/* The gauge of its transport. */
static inline enum sio_stat eio_session_stat(const struct eio_session *s)
{
    return s->transport == &eio_websocket ? SIO_STAT_WEBSOCKET : SIO_STAT_POLLING;
}

/* For lines of the log about it. */
static inline struct sio_log_about eio_session_about(const struct eio_session *s)
{
    return (struct sio_log_about){.sid = s->sid, .ip = eio_session_address(s)};
}

/* ---- session.c, for opening.c and server.c --------------------------------------------------- */

/* What a session is made of. */
struct eio_opening {
    const char *sid; /* at most EIO_SID_MAX characters */
    struct sio_origin origin;
    struct eio_dialect dialect;
    struct sio_slice head; /* of the request, packed; the session releases it */
};

/* A new session without transport. Heartbeats begin. */
struct eio_session *eio_session_new(struct eio_server *e, const struct eio_opening *o);
void eio_session_flush(struct eio_session *s); /* the end of a tick after eio_server_mark */
/* Its sign of life is late, though the timer has not run yet: then it has been ended. */
bool eio_session_overdue(struct eio_session *s);
void eio_session_on_due(enum eio_due_kind kind, struct eio_due *due, uint64_t base_ms);

/* ---- session.c, for the transports and upgrade.c --------------------------------------------- */

/* A packet came in on t. False: the session takes no more. */
bool eio_session_on_packet(struct eio_session *s, const struct eio_transport *t,
                           const struct eio_packet *p);
/* t has failed or was closed by the client. Ends the session when t is in use, else only the probe.
 */
void eio_session_on_error(struct eio_session *s, const struct eio_transport *t,
                          enum eio_reason reason, const char *detail);
void eio_session_note_life(struct eio_session *s); /* any traffic is a sign of it */
void eio_session_on_poll(struct eio_session *s);   /* a GET waits */
/* session_send.c: sends without a look at any limit. */
void eio_session_push(struct eio_session *s, const struct eio_msg *msgs, size_t n);
/* Makes a new websocket session wait EIO_OPEN_HOLD_MS with what it sends: a client may look for
 * the open packet only when it knows of the 101, and miss it when both come at once. */
void eio_session_hold(struct eio_session *s);
/* Hands the whole queue to the transport, if it is writable. */
void eio_session_drain(struct eio_session *s);

/* ---- first_request.c ------------------------------------------------------------------------- */

size_t eio_first_request_size(const struct eio_opening *o); /* bytes behind the struct */
void eio_first_request_note(struct eio_session *s, const struct eio_opening *o);
void eio_first_request_forget(struct eio_session *s);

/* ---- clock.c --------------------------------------------------------------------------------- */

/* Runs from now on, as PROBE or PRESSURE; again: anew. */
struct eio_clock *eio_clock_start(struct eio_session *s, enum eio_due_kind kind);
void eio_clock_stop(struct eio_session *s); /* idempotent */

/* ---- upgrade.c ------------------------------------------------------------------------------- */

/* Whether a probe may begin. */
bool eio_upgrade_possible(const struct eio_session *s);
void eio_upgrade_begin(struct eio_session *s, struct sio_conn *c, const struct sio_ws_terms *terms,
                       struct sio_slice rest);
void eio_upgrade_packet(struct eio_session *s, const struct eio_packet *p);
/* Closes the probe; the session goes on with polling. Idempotent. */
void eio_upgrade_abandon(struct eio_session *s);

#endif
