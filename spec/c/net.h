// SPDX-License-Identifier: MIT
/* What the tests of net/ share: a loop with a watchdog, and the other end of a connection (peer.h).
 *
 * Nothing sleeps: WAIT turns the loop until its condition holds, or fails after five seconds. (A
 * condition may come true at the end of a tick, just before the loop blocks: so it never blocks for
 * long.) Include it behind test.h.
 */
#ifndef SPEC_C_NET_H
#define SPEC_C_NET_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"

enum { WATCHDOG_MS = 20000, TURN_MS = 2 }; /* also for a loaded machine under valgrind */

static struct {
    struct sio_loop loop;
    uv_timer_t watchdog;
    uint64_t late_ms; /* when a WAIT has failed */
    bool late;
    char logged[SIO_LOG_LINE_MAX]; /* the newest line */
    unsigned log_lines;
} net;

static inline void net_log_sink(enum sio_log_level level, const char *line)
{
    (void)level;
    net.log_lines++;
    snprintf(net.logged, sizeof net.logged, "%s", line);
}

static inline void net_on_watchdog(uv_timer_t *t)
{
    (void)t;
    net.late = sio_loop_now(&net.loop) >= net.late_ms;
}

static inline void net_open(void)
{
    memset(&net, 0, sizeof net);
    alarm(60); /* for a loop that blocks without WAIT */
    sio_log_set_sink(net_log_sink);
    if (sio_loop_init(&net.loop) != 0)
        abort();
    uv_timer_init(&net.loop.uv, &net.watchdog);
}

/* Everything that the test made must be gone: libuv knows of every handle. */
static inline bool net_close(void)
{
    bool clean;
    uv_close((uv_handle_t *)&net.watchdog, NULL);
    clean = sio_loop_fini(&net.loop);
    sio_log_set_sink(NULL);
    if (!clean)
        printf("# left open: %s\n", net.logged);
    return clean;
}

static inline void net_turn(void) /* one that does not block */
{
    uv_run(&net.loop.uv, UV_RUN_NOWAIT);
}

#define WAIT(cond)                                                                                 \
    do {                                                                                           \
        net.late = false;                                                                          \
        net.late_ms = sio_loop_now(&net.loop) + WATCHDOG_MS;                                       \
        uv_timer_start(&net.watchdog, net_on_watchdog, TURN_MS, TURN_MS);                          \
        while (!(cond) && !net.late)                                                               \
            sio_loop_run_once(&net.loop);                                                          \
        uv_timer_stop(&net.watchdog);                                                              \
        CHECK(!net.late && #cond);                                                                 \
    } while (0)

#include "peer.h"

#endif
