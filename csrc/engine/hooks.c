// SPDX-License-Identifier: MIT
/* Telling the hooks. Stands on server_in.h and refusal; the files that serve requests call it. */
#include "engine/hooks.h"

#include "engine/handshake.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

void eio_hooks_set(struct eio_server *e, const struct eio_hooks *hooks, void *owner)
{
    e->hooks = hooks;
    e->hooks_owner = owner;
}

void eio_hooks_want(struct eio_server *e, unsigned wants)
{
    e->wants |= wants;
}

void eio_hooks_headers(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                       const char *sid)
{
    unsigned initial = sid != NULL ? EIO_WANT_INITIAL_HEADERS : 0;
    if (e->wants & (EIO_WANT_HEADERS | initial))
        e->hooks->on_headers(e->hooks_owner, c, q->http, q->gate,
                             sid != NULL ? sio_slice_str(sid) : sio_slice(NULL, 0));
}

static void refuse_unknown(struct eio_server *e, struct sio_http_conn *c,
                           const struct eio_request *q)
{
    struct eio_refused why = {.code = EIO_UNKNOWN_SID};
    eio_refusal_add(&why, "sid", q->sid);
    eio_hooks_refuse(e, c, q, &why);
}

bool eio_hooks_welcome(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q)
{
    eio_hooks_headers(s->server, c, q, NULL);
    if (s->state == EIO_STATE_CLOSED)
        refuse_unknown(s->server, c, q);
    return s->state != EIO_STATE_CLOSED;
}

void eio_hooks_begin(struct eio_session *s, const struct eio_request *q)
{
    if (q->gate != NULL)
        s->server->hooks->on_begin(s->server->hooks_owner, q->gate, s);
}

/* A closing server has emptied its gates: nobody would take back what is told of one. */
static void tell_refused(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                         const struct eio_refused *why)
{
    if ((e->wants & EIO_WANT_REFUSALS) && !e->closing)
        e->hooks->on_refused(e->hooks_owner, c, q->http, q->gate, why);
}

static void count_refused(struct eio_server *e, const struct eio_refused *why)
{
    static const enum sio_stat refused[] = {
#define X(code, name, text) [code] = SIO_STAT_REFUSED_##code,
        EIO_REFUSAL_MAP(X)
#undef X
    };
    if (why->code >= 0 && (size_t)why->code < sizeof refused / sizeof refused[0])
        sio_stats_up(e->loop->stats, refused[why->code]);
}

void eio_hooks_refuse(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                      const struct eio_refused *why)
{
    count_refused(e, why);
    tell_refused(e, c, q, why);
    eio_refusal_answer(c, q->upgrade, why);
}

void eio_hooks_refuse_websocket(struct eio_server *e, struct sio_http_conn *c,
                                const struct eio_request *q, const char *error)
{
    struct eio_refused why = eio_refusal_bad_request("TRANSPORT_HANDSHAKE_ERROR");
    eio_refusal_add(&why, "error", sio_slice_str(error));
    count_refused(e, &why);
    tell_refused(e, c, q, &why);
    eio_refusal_answer_websocket(c, error);
}
