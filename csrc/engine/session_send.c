// SPDX-License-Identifier: MIT
/* What a session sends, and the limits of that. Stands on the transports' tables and pressure;
 * sio/packet and the heartbeat send.
 *
 * Runs once per recipient of a broadcast. Invariant: a packet is queued as a whole or not at all.
 */
#include "engine/session_in.h"

#include "base/err.h"
#include "engine/pressure.h"
#include "engine/server_in.h"

void eio_session_push(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    sio_stats_add(s->server->loop->stats, SIO_STAT_PACKETS_OUT, n);
    if (s->transport->at_once && !s->held) {
        s->transport->send(s, msgs, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        eio_queue_push(&s->queue, &msgs[i]);
    eio_server_mark(s->server, s);
}

/* Only when the kernel has taken what it can is a queue too long. */
static bool fits(struct eio_session *s, size_t bytes)
{
    size_t max = s->server->options.max_buffered;
    if (bytes > max)
        return false;
    if (eio_session_buffered(s) > max - bytes && s->transport->relieve != NULL)
        s->transport->relieve(s);
    return eio_session_buffered(s) <= max - bytes;
}

static int doom(struct eio_session *s)
{
    const struct eio_options *o = &s->server->options;
    bool early = o->slow_reader == EIO_SLOW_CLOSE;
    if (!s->doomed) {
        sio_stats_up(s->server->loop->stats, SIO_STAT_SLOW_READERS);
        sio_log_about(
            SIO_LOG_WARN, "eio max_buffered", eio_session_about(s),
            "engine: a session (%s) does not take what is sent to it, closed with %zu bytes "
            "waiting (limits: %s %zu bytes, %d messages)",
            s->transport->name, eio_session_buffered(s), early ? "high_water" : "max_buffered",
            early ? o->high_water : o->max_buffered, (int)EIO_QUEUE_MESSAGES_MAX);
    }
    s->doomed = true;
    eio_server_mark(s->server, s);
    return SIO_EFULL;
}

/* At a limit, or under pressure. */
static int send_with_care(struct eio_session *s, const struct eio_msg *msgs, size_t n, size_t bytes)
{
    size_t waiting;
    if (s->doomed || n > EIO_QUEUE_MESSAGES_MAX - eio_queue_count(s->queue) || !fits(s, bytes) ||
        !eio_pressure_add(s, bytes))
        return doom(s);
    waiting = s->pressed ? eio_session_buffered(s) : 0;
    eio_session_push(s, msgs, n);
    if (s->pressed && s->clock != NULL)
        s->clock->unread += eio_session_buffered(s) - waiting;
    return 0;
}

/* All limits are far, as they are for nearly every packet. */
static bool is_calm(const struct eio_session *s, size_t n, size_t bytes)
{
    const struct eio_options *o = &s->server->options;
    size_t waiting = eio_session_buffered(s) + bytes;
    return !s->doomed && !s->pressed && n <= EIO_QUEUE_MESSAGES_MAX - eio_queue_count(s->queue) &&
           waiting <= o->high_water && waiting <= o->max_buffered;
}

void eio_session_prefetch(const struct eio_session *s)
{
    __builtin_prefetch(&s->state);
    if (s->websocket != NULL)
        sio_ws_conn_prefetch(s->websocket);
}

int eio_session_send(struct eio_session *s, const struct eio_msg *msgs, size_t n, unsigned flags)
{
    size_t bytes = 0;
    if (s->state != EIO_STATE_OPEN)
        return SIO_ECLOSED;
    if ((flags & EIO_VOLATILE) && (s->queue != NULL || !s->transport->writable(s)))
        return SIO_EAGAIN;
    for (size_t i = 0; i < n; i++)
        bytes += msgs[i].frame->len;
    if (!is_calm(s, n, bytes))
        return send_with_care(s, msgs, n, bytes);
    eio_session_push(s, msgs, n);
    return 0;
}

static bool send_short(struct eio_session *s, const struct sio_slice *parts, size_t n)
{
    char room[EIO_MSG_SHORT_MAX];
    struct sio_slice frame;
    if (s->state != EIO_STATE_OPEN || s->held || s->queue != NULL ||
        s->transport->send_short == NULL)
        return false;
    frame = eio_msg_short(room, parts, n);
    if (frame.len == 0 || !is_calm(s, 1, frame.len) || !s->transport->send_short(s, frame))
        return false;
    sio_stats_up(s->server->loop->stats, SIO_STAT_PACKETS_OUT);
    return true;
}

int eio_session_send_text(struct eio_session *s, const struct sio_slice *parts, size_t n,
                          unsigned flags)
{
    struct eio_msg m;
    int err;
    if (!(flags & EIO_VOLATILE) && send_short(s, parts, n))
        return 0;
    m = eio_msg_text(EIO_MESSAGE, parts, n);
    m.plain = (flags & EIO_PLAIN) != 0;
    err = eio_session_send(s, &m, 1, flags);
    sio_blob_unref(m.frame);
    return err;
}
