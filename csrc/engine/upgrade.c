// SPDX-License-Identifier: MIT
/* The change from polling to websocket (Engine.IO v4, §Upgrade). Stands on session_in.h; server.c
 * begins it, the websocket's packets drive it.
 *
 * Mended against upstream: the heartbeat goes on untouched, `5` counts only after a probe, and a
 * poll is answered at once instead of within 100 ms. Until `5` polling stays in use, so a probe
 * that fails costs nothing.
 */
#include "engine/session_in.h"

#include "engine/server_in.h"

bool eio_upgrade_possible(const struct eio_session *s)
{
    return s->state == EIO_STATE_OPEN && s->transport == &eio_polling &&
           s->probing == EIO_PROBE_NONE;
}

void eio_upgrade_begin(struct eio_session *s, struct sio_conn *c, const struct sio_ws_terms *terms,
                       struct sio_slice rest)
{
    s->probing = EIO_PROBE_OPENED;
    eio_clock_start(s, EIO_DUE_PROBE);
    eio_websocket_open(s, c, terms, rest);
}

void eio_upgrade_abandon(struct eio_session *s)
{
    if (s->probing == EIO_PROBE_NONE)
        return;
    s->probing = EIO_PROBE_NONE;
    eio_clock_stop(s);
    eio_websocket.close(s, NULL, 0);
}

static void answer_probe(struct eio_session *s)
{
    if (s->probing == EIO_PROBE_ANSWERED && !eio_websocket.writable(s))
        return; /* it has not taken the first answer yet */
    s->probing = EIO_PROBE_ANSWERED;
    eio_websocket.send(s, &s->server->pong_probe, 1);
    if (eio_session_poll(s) != NULL)
        eio_session_on_poll(s);
}

static void change_over(struct eio_session *s)
{
    s->probing = EIO_PROBE_NONE;
    eio_clock_stop(s);
    struct sio_stats *stats = s->server->loop->stats;
    sio_stats_down(stats, eio_session_stat(s));
    s->transport = &eio_websocket;
    sio_stats_up(stats, eio_session_stat(s));
    sio_stats_up(stats, SIO_STAT_UPGRADES);
    if (eio_session_poll(s) != NULL)
        eio_polling.send(s, &s->server->noop, 1);
    eio_polling_leave(s);
    eio_session_drain(s);
    if (s->events->on_upgrade != NULL)
        s->events->on_upgrade(s->owner, s);
}

void eio_upgrade_packet(struct eio_session *s, const struct eio_packet *p)
{
    if (p->type == EIO_PING && sio_slice_eq(p->data, SIO_LIT("probe")))
        answer_probe(s);
    else if (p->type == EIO_UPGRADE && s->probing == EIO_PROBE_ANSWERED)
        change_over(s);
    else
        eio_upgrade_abandon(s);
}
