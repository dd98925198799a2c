// SPDX-License-Identifier: MIT
/* Request checks, refusals and the open packet. Stands on codec/query, codec/ws_frame and
 * net/http_conn; server.c calls it.
 *
 * Everything is refused before the 101; upstream finds out about the protocol version after it and
 * then writes HTTP into the WebSocket stream.
 */
#include "engine/handshake.h"

#include <inttypes.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/query.h"
#include "codec/ws_frame.h"

_Static_assert((int)SIO_HTTP_ADDED_MAX < (int)SIO_WS_EXTRA_MAX,
               "every added field has room in a 101");

/* ---- what is asked --------------------------------------------------------------------------- */

/* A decoded parameter; in q->scratch when it had to be decoded, until the next call. */
static struct sio_slice param(struct eio_request *q, struct sio_slice name)
{
    struct sio_slice raw = sio_query_get(q->http->query, name);
    if (raw.len == 0 || (!memchr(raw.p, '%', raw.len) && !memchr(raw.p, '+', raw.len)))
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

void eio_request_init(struct eio_request *q, const struct sio_http_request *r)
{
    *q = (struct eio_request){.http = r};
    q->transport = transport_named(param(q, SIO_LIT("transport")));
    q->version = sio_slice_eq(param(q, SIO_LIT("EIO")), SIO_LIT("4")) ? EIO_V4 : EIO_V3;
    q->upgrade = r->upgrade && (q->transport == EIO_WEBSOCKET ||
                                sio_http_field_has(r, SIO_LIT("upgrade"), SIO_LIT("websocket")));
    q->sid = param(q, SIO_LIT("sid")); /* the last one: it stays in scratch */
    if (q->sid.len == 0)
        q->sid.p = NULL;
}

void eio_request_fini(struct eio_request *q)
{
    sio_buf_fini(&q->scratch);
}

/* ---- may it ---------------------------------------------------------------------------------- */

static enum eio_refusal check_known(const struct eio_request *q, const struct eio_session *s)
{
    bool polls = strcmp(eio_session_transport(s), "polling") == 0;
    bool same = q->upgrade ? q->transport == EIO_WEBSOCKET : q->transport == EIO_POLLING && polls;
    if (!same || q->version != eio_session_version(s))
        return EIO_BAD_REQUEST;
    if (q->upgrade && !sio_slice_eq(q->http->method, SIO_LIT("GET")))
        return EIO_BAD_METHOD;
    return EIO_ACCEPTED;
}

enum eio_refusal eio_handshake_check(const struct eio_options *o, const struct eio_request *q,
                                     const struct eio_session *s)
{
    if (!(q->transport & o->transports))
        return EIO_UNKNOWN_TRANSPORT;
    if (q->sid.p != NULL)
        return s != NULL ? check_known(q, s) : EIO_UNKNOWN_SID;
    if (!sio_slice_eq(q->http->method, SIO_LIT("GET")))
        return EIO_BAD_METHOD;
    if (q->upgrade != (q->transport == EIO_WEBSOCKET))
        return EIO_BAD_REQUEST;
    return q->version == EIO_V4 || o->allow_eio3 ? EIO_ACCEPTED : EIO_BAD_VERSION;
}

/* ---- answers --------------------------------------------------------------------------------- */

static const char *refusal_text(enum eio_refusal code)
{
    switch (code) {
#define X(number, name, text)                                                                      \
    case EIO_##name:                                                                               \
        return text;
        EIO_REFUSAL_MAP(X)
#undef X
    case EIO_ACCEPTED:
        break;
    }
    return "";
}

static void refuse_upgrade(struct sio_http_conn *c, const char *why)
{
    static const struct sio_http_field version = {{"Sec-WebSocket-Version", 21}, {"13", 2}};
    struct sio_http_field fields[2] = {{SIO_LIT("Content-Type"), SIO_LIT("text/html")}, version};
    bool bad_version = strstr(why, "Sec-WebSocket-Version") != NULL;
    struct sio_http_response r = {.status = 400,
                                  .fields = fields,
                                  .n_fields = bad_version ? 2 : 1,
                                  .body = sio_slice_str(why),
                                  .close = true};
    sio_http_respond(c, &r);
}

void eio_handshake_refuse(struct sio_http_conn *c, const struct eio_request *q,
                          enum eio_refusal code)
{
    const char *text = refusal_text(code);
    char body[96];
    sio_log_limited(SIO_LOG_DEBUG, "eio refused", "engine: refused a request: %s (sid %s)", text,
                    sio_log_text(q->sid));
    if (q->upgrade) {
        refuse_upgrade(c, text);
        return;
    }
    snprintf(body, sizeof body, "{\"code\":%d,\"message\":\"%s\"}", (int)code, text);
    sio_http_respond_text(c, 400, "application/json", body);
}

/* The 101, with the fields that were added and what was agreed on. */
static int append_accept(struct sio_http_conn *c, const struct sio_http_request *r,
                         const struct sio_ws_terms *terms, struct sio_buf *head)
{
    static const struct sio_http_fields none;
    const struct sio_http_fields *added = sio_http_added(c);
    struct sio_buf value = {0};
    struct sio_http_field extensions = {SIO_LIT("Sec-WebSocket-Extensions"), {NULL, 0}}, *all;
    size_t n = terms->deflate ? 1 : 0;
    int err;
    if (terms->deflate)
        sio_ws_deflate_write(&value, terms);
    extensions.value = sio_buf_slice(&value);
    all = sio_http_fields_join(added ? added : &none, &extensions, &n);
    err = sio_ws_append_accept(head, r, all, n);
    sio_free(all);
    sio_buf_fini(&value);
    return err;
}

static int write_accept(struct sio_http_conn *c, const struct eio_options *o,
                        const struct sio_http_request *r, struct sio_ws_terms *terms,
                        struct sio_buf *head, const char **why)
{
    int err = sio_ws_check_request(r, why);
    if (err != 0)
        return err;
    if (sio_ws_deflate_negotiate(r, &o->deflate.terms, terms) != 0) {
        *why = "Invalid or unacceptable Sec-WebSocket-Extensions header";
        return SIO_EPROTO;
    }
    return append_accept(c, r, terms, head);
}

struct sio_conn *eio_handshake_upgrade(struct sio_http_conn *c, const struct eio_options *o,
                                       const struct eio_request *q, struct sio_ws_terms *terms,
                                       struct sio_slice *rest)
{
    const char *why = refusal_text(EIO_BAD_REQUEST);
    struct sio_buf head = {0};
    struct sio_conn *stream = NULL;
    if (write_accept(c, o, q->http, terms, &head, &why) != 0) {
        refuse_upgrade(c, why);
    } else {
        stream = sio_http_upgrade(c, rest);
        sio_conn_write(stream, sio_buf_slice(&head));
    }
    sio_buf_fini(&head);
    return stream;
}

void eio_handshake_open(struct sio_buf *out, const struct eio_options *o, const char *sid,
                        bool upgradable)
{
    sio_buf_printf(out,
                   "{\"sid\":\"%s\",\"upgrades\":[%s],\"pingInterval\":%" PRIu64
                   ",\"pingTimeout\":%" PRIu64 ",\"maxPayload\":%zu}",
                   sid, upgradable ? "\"websocket\"" : "", o->ping_interval_ms, o->ping_timeout_ms,
                   o->max_http_buffer_size);
}
