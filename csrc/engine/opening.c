// SPDX-License-Identifier: MIT
/* Handshakes become sessions: the 101 or the first poll's answer, and the open packet. Stands on
 * handshake.h and both transports; server.c calls it for a handshake that was admitted.
 *
 * Invariant: no session is anonymous: who has reset the connection by now, so that nobody knows
 * where it came from, gets none.
 */
#include "engine/handshake.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

/* What the open packet says behind the sid is the same for all. */
void eio_opening_init(struct eio_server *e)
{
    eio_handshake_open_rest(&e->open_rest, &e->options, false);
    eio_handshake_open_rest(&e->open_rest_upgradable, &e->options, true);
}

void eio_opening_fini(struct eio_server *e)
{
    sio_buf_fini(&e->open_rest);
    sio_buf_fini(&e->open_rest_upgradable);
    sio_blob_unref(e->initial.frame);
}

static struct eio_msg open_message(const struct eio_server *e, const struct eio_session *s)
{
    const struct eio_options *o = &e->options;
    bool upgradable =
        s->transport == &eio_polling && o->allow_upgrades && (o->transports & EIO_WEBSOCKET);
    struct sio_slice parts[] = {
        SIO_LIT("{\"sid\":\""),
        sio_slice(s->sid, s->sid_len),
        sio_buf_slice(upgradable ? &e->open_rest_upgradable : &e->open_rest),
    };
    return eio_msg_text(EIO_OPEN, parts, sizeof parts / sizeof *parts);
}

static unsigned opening_messages(const struct eio_server *e, const struct eio_session *s,
                                 struct eio_msg out[2])
{
    out[0] = open_message(e, s);
    out[1] = e->initial;
    return e->initial.frame != NULL ? 2 : 1;
}

static void open_polling(struct eio_session *s, struct sio_http_conn *c,
                         const struct eio_request *q)
{
    struct eio_server *e = s->server;
    struct eio_msg first[2];
    unsigned n = opening_messages(e, s, first);
    eio_server_add(e, s);
    eio_polling_open(s, c, q, first, n);
    sio_blob_unref(first[0].frame);
}

static void open_websocket(struct eio_session *s, struct sio_conn *stream,
                           const struct eio_request *q, struct sio_slice rest)
{
    struct eio_server *e = s->server;
    struct eio_msg first[2];
    unsigned n;
    s->transport = &eio_websocket;
    eio_server_add(e, s);
    eio_websocket_open(s, stream, &q->terms, rest);
    n = opening_messages(e, s, first);
    if (s->dialect.version == EIO_V3)
        eio_session_hold(s);
    eio_session_push(s, first, n);
    sio_blob_unref(first[0].frame);
}

void eio_opening_serve(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                       const char *sid)
{
    struct eio_opening o = {.sid = sid};
    struct eio_session *s;
    struct sio_conn *stream = NULL;
    struct sio_slice rest;
    if (!sio_http_conn_origin(c, q->http, &o.origin)) {
        sio_http_abort(c);
        return;
    }
    eio_dialect_init(&o.dialect, q->version, q->http);
    sio_buf_clear(&e->scratch);
    eio_lines_pack(&e->lines, q->http->head, &e->scratch); /* the 101 ends the request */
    o.head = sio_buf_slice(&e->scratch);
    if (q->upgrade && (stream = eio_handshake_upgrade(c, q, &rest)) == NULL) {
        eio_lines_release(&e->lines, o.head);
        return;
    }
    s = eio_session_new(e, &o);
    if (stream != NULL)
        open_websocket(s, stream, q, rest);
    else
        open_polling(s, c, q);
    eio_hooks_begin(s, q);
    e->events->on_session(e->owner, s);
}

void eio_server_set_initial(struct eio_server *e, const struct eio_msg *m)
{
    sio_blob_unref(e->initial.frame);
    e->initial = *m;
    sio_blob_ref(e->initial.frame);
}
