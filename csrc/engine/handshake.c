// SPDX-License-Identifier: MIT
/* Request checks, the 101 and the open packet. Stands on codec/query, codec/ws_frame and
 * net/http_conn; server.c and gate.c call it.
 *
 * Everything is refused before the 101; upstream finds out about the protocol version after it and
 * then writes HTTP into the WebSocket stream.
 */
#include "engine/handshake.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "codec/query.h"
#include "codec/ws_frame.h"

enum { HEAD_ROOM = 256 }; /* bytes that the 101 has, mostly */

_Static_assert((int)SIO_HTTP_ADDED_MAX < (int)SIO_WS_EXTRA_MAX,
               "every added field has room in a 101");

/* ---- what is asked --------------------------------------------------------------------------- */

/* In q->scratch when it had to be decoded, until the next call. */
static struct sio_slice decoded(struct eio_request *q, struct sio_slice raw, bool encoded)
{
    if (!encoded || !sio_query_is_encoded(raw))
        return raw;
    sio_buf_clear(&q->scratch);
    sio_query_decode(&q->scratch, raw);
    return sio_buf_slice(&q->scratch);
}

static unsigned transport_named(struct sio_slice name)
{
    if (sio_slice_eq(name, SIO_LIT("polling")))
        return EIO_POLLING;
    return sio_slice_eq(name, SIO_LIT("websocket")) ? EIO_WEBSOCKET : 0;
}

/* Values as they stand in the query; p == NULL: absent. */
struct params {
    struct sio_slice transport, version, sid;
};

static struct sio_slice *param_named(struct params *p, struct sio_slice name)
{
    if (sio_slice_eq(name, SIO_LIT("transport")))
        return &p->transport;
    if (sio_slice_eq(name, SIO_LIT("EIO")))
        return &p->version;
    return sio_slice_eq(name, SIO_LIT("sid")) ? &p->sid : NULL;
}

/* The last of several wins. */
static void read_params(struct eio_request *q, struct params *p, bool encoded)
{
    struct sio_slice rest = q->http->query, name, value;
    while (sio_query_next(&rest, &name, &value)) {
        struct sio_slice *param = param_named(p, name);
        if (param == NULL && encoded)
            param = param_named(p, decoded(q, name, true));
        if (param != NULL)
            *param = value;
    }
}

void eio_request_init(struct eio_request *q, const struct sio_http_request *r)
{
    bool encoded = sio_query_is_encoded(r->query); /* some parameter, in nearly no request */
    struct params raw = {0};
    *q = (struct eio_request){.http = r};
    read_params(q, &raw, encoded);
    q->transport = transport_named(decoded(q, raw.transport, encoded));
    q->version = sio_slice_eq(decoded(q, raw.version, encoded), SIO_LIT("4")) ? EIO_V4 : EIO_V3;
    q->upgrade = r->upgrade && (q->transport == EIO_WEBSOCKET ||
                                sio_http_field_has(r, SIO_LIT("upgrade"), SIO_LIT("websocket")));
    q->sid = decoded(q, raw.sid, encoded); /* the last one: it stays in scratch */
    if (q->sid.len == 0)
        q->sid.p = NULL;
}

void eio_request_fini(struct eio_request *q)
{
    sio_buf_fini(&q->scratch);
}

/* ---- may it ---------------------------------------------------------------------------------- */

static const struct eio_refused accepted = {.code = EIO_ACCEPTED};

static struct eio_refused refused(enum eio_refusal code, const char *detail, struct sio_slice value)
{
    struct eio_refused why = {.code = code};
    eio_refusal_add(&why, detail, value);
    return why;
}

static struct sio_slice asked_transport(const struct eio_request *q)
{
    return sio_query_get(q->http->query, SIO_LIT("transport"));
}

static struct sio_slice asked_version(const struct eio_request *q)
{
    return sio_query_get(q->http->query, SIO_LIT("EIO"));
}

static struct eio_refused wrong_transport(const struct eio_request *q, const char *previous)
{
    struct eio_refused why = eio_refusal_bad_request("TRANSPORT_MISMATCH");
    eio_refusal_add(&why, "transport", asked_transport(q));
    eio_refusal_add(&why, "previousTransport", sio_slice_str(previous));
    return why;
}

static struct eio_refused wrong_version(const struct eio_request *q, enum eio_version previous)
{
    struct eio_refused why = eio_refusal_bad_request("PROTOCOL_MISMATCH");
    eio_refusal_add(&why, "protocol", asked_version(q));
    eio_refusal_add(&why, "previousProtocol", previous == EIO_V4 ? SIO_LIT("4") : SIO_LIT("3"));
    return why;
}

static struct eio_refused check_known(const struct eio_request *q, const struct eio_session *s)
{
    const char *previous = eio_session_transport(s);
    bool polls = strcmp(previous, "polling") == 0;
    bool same = q->upgrade ? q->transport == EIO_WEBSOCKET : q->transport == EIO_POLLING && polls;
    if (!same)
        return wrong_transport(q, previous);
    if (q->version != eio_session_version(s))
        return wrong_version(q, eio_session_version(s));
    if (q->upgrade && !sio_slice_eq(q->http->method, SIO_LIT("GET")))
        return refused(EIO_BAD_METHOD, "method", q->http->method);
    return accepted;
}

struct eio_refused eio_handshake_check(const struct eio_options *o, const struct eio_request *q,
                                       const struct eio_session *s)
{
    if (!(q->transport & o->transports))
        return refused(EIO_UNKNOWN_TRANSPORT, "transport", asked_transport(q));
    if (q->sid.p != NULL)
        return s != NULL ? check_known(q, s) : refused(EIO_UNKNOWN_SID, "sid", q->sid);
    if (!sio_slice_eq(q->http->method, SIO_LIT("GET")))
        return refused(EIO_BAD_METHOD, "method", q->http->method);
    if (q->upgrade != (q->transport == EIO_WEBSOCKET))
        return eio_refusal_bad_request("TRANSPORT_HANDSHAKE_ERROR");
    return accepted;
}

struct eio_refused eio_handshake_check_version(const struct eio_options *o,
                                               const struct eio_request *q)
{
    if (q->version == EIO_V4 || o->allow_eio3)
        return accepted;
    return refused(EIO_BAD_VERSION, "protocol", asked_version(q));
}

/* ---- answers --------------------------------------------------------------------------------- */

/* The 101, with the fields that were added and what was agreed on. */
static int append_accept(struct sio_http_conn *c, const struct eio_request *q, struct sio_buf *head)
{
    struct sio_ws_pool *pool = &sio_conn_loop(sio_http_conn_stream(c))->ws_pool;
    const struct sio_http_fields *added = sio_http_added(c);
    struct sio_buf value = {0};
    struct sio_http_field extensions = {SIO_LIT("Sec-WebSocket-Extensions"), {NULL, 0}};
    struct sio_http_field *all = NULL;
    size_t n = q->terms.deflate ? 1 : 0;
    int err;
    if (q->terms.deflate)
        sio_ws_deflate_write(&value, &q->terms);
    extensions.value = sio_buf_slice(&value);
    if (added != NULL)
        all = sio_http_fields_join(added, &extensions, &n);
    err = sio_ws_append_accept(head, pool, q->http, all != NULL ? all : &extensions, n);
    sio_free(all);
    sio_buf_fini(&value);
    return err;
}

int eio_handshake_check_websocket(const struct eio_options *o, struct eio_request *q,
                                  const char **why)
{
    int err = sio_ws_check_request(q->http, why);
    if (err == 0 && sio_ws_deflate_negotiate(q->http, &o->deflate.terms, &q->terms) != 0) {
        *why = "Invalid or unacceptable Sec-WebSocket-Extensions header";
        err = SIO_EPROTO;
    }
    return err;
}

struct sio_conn *eio_handshake_upgrade(struct sio_http_conn *c, const struct eio_request *q,
                                       struct sio_slice *rest)
{
    struct sio_buf head = {0};
    struct sio_conn *stream = NULL;
    sio_buf_reserve(&head, HEAD_ROOM);
    if (append_accept(c, q, &head) == 0)
        stream = sio_http_upgrade(c, rest);
    if (stream != NULL)
        sio_conn_write(stream, sio_buf_slice(&head));
    sio_buf_fini(&head);
    return stream;
}

void eio_handshake_open_rest(struct sio_buf *out, const struct eio_options *o, bool upgradable)
{
    sio_buf_printf(out,
                   "\",\"upgrades\":[%s],\"pingInterval\":%" PRIu64 ",\"pingTimeout\":%" PRIu64
                   ",\"maxPayload\":%zu}",
                   upgradable ? "\"websocket\"" : "", o->ping_interval_ms, o->ping_timeout_ms,
                   o->max_http_buffer_size);
}
