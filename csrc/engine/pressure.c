// SPDX-License-Identifier: MIT
/* Slow readers. Stands on session_in.h; session.c and the websocket transport call it.
 *
 * Invariant: a pressed session on websocket has a clock in the heartbeat's PRESSURE queue; on
 * polling the clock is a probe's.
 */
#include "engine/pressure.h"

#include "base/log.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

static void pause_reading(struct eio_session *s, bool paused)
{
    if (s->transport->pause != NULL)
        s->transport->pause(s, paused);
}

static void start_clock(struct eio_session *s)
{
    eio_clock_start(s, EIO_DUE_PRESSURE)->unread = s->transport->unread(s);
}

/* What websocket adds to the state: the clock and the policy. */
static void watch(struct eio_session *s)
{
    if (s->transport == &eio_websocket)
        start_clock(s);
    if (s->server->options.slow_reader == EIO_SLOW_PAUSE)
        pause_reading(s, true);
}

static void enter(struct eio_session *s)
{
    const struct eio_options *o = &s->server->options;
    s->pressed = true;
    s->drained = false;
    sio_log_about(SIO_LOG_INFO, "eio high_water", eio_session_about(s),
                  "engine: a session (%s) reads slowly: more than high_water %zu bytes wait for it",
                  s->transport->name, o->high_water);
    watch(s);
}

bool eio_pressure_add(struct eio_session *s, size_t bytes)
{
    const struct eio_options *o = &s->server->options;
    size_t waiting = eio_session_buffered(s);
    if (s->pressed || waiting + bytes <= o->high_water)
        return true;
    /* A burst is no pressure while the kernel takes it. */
    if (waiting != 0 && s->transport->relieve != NULL) {
        s->transport->relieve(s);
        waiting = eio_session_buffered(s);
    }
    if (waiting == 0 || waiting + bytes <= o->high_water)
        return true;
    if (o->slow_reader == EIO_SLOW_CLOSE)
        return false;
    enter(s);
    return true;
}

void eio_pressure_moved(struct eio_session *s)
{
    if (!s->pressed)
        return;
    s->transport->relieve(s);
    if (eio_session_buffered(s) == 0)
        eio_pressure_drained(s); /* the stream says so only after it had to wait */
    else
        watch(s);
}

bool eio_pressure_goes_on(struct eio_session *s)
{
    if (s->transport->unread(s) >= s->clock->unread)
        return false;
    start_clock(s);
    return true;
}

void eio_pressure_forget(struct eio_session *s)
{
    if (!s->pressed)
        return;
    s->pressed = false;
    if (s->transport == &eio_websocket)
        eio_clock_stop(s);
}

void eio_pressure_drained(struct eio_session *s)
{
    if (!s->pressed || s->state == EIO_STATE_CLOSED)
        return;
    eio_pressure_forget(s);
    if (s->server->options.slow_reader == EIO_SLOW_PAUSE)
        pause_reading(s, false);
    s->drained = true;
    eio_server_mark(s->server, s);
}
