// SPDX-License-Identifier: MIT
/* Dialects. Stands on the payload codecs and query; server.c asks for a session's dialect when it
 * makes one, polling.c and websocket.c speak it.
 */
#include "engine/dialect.h"

#include "codec/eio_jsonp.h"
#include "codec/eio_payload_v3.h"
#include "codec/query.h"

static bool contains(struct sio_slice s, struct sio_slice part)
{
    return s.len != 0 && memmem(s.p, s.len, part.p, part.len) != NULL;
}

bool eio_dialect_wants_base64(const struct sio_http_request *r)
{
    return sio_query_get(r->query, SIO_LIT("b64")).len != 0;
}

/* 0: no JSONP is asked for. */
static uint32_t jsonp_asked(struct sio_slice raw)
{
    struct sio_buf text = {0};
    uint32_t number;
    if (raw.p == NULL)
        return 0;
    sio_query_decode(&text, raw);
    number = eio_jsonp_number(sio_buf_slice(&text));
    sio_buf_fini(&text);
    return number + 1;
}

void eio_dialect_init(struct eio_dialect *d, enum eio_version v, const struct sio_http_request *r)
{
    struct sio_slice agent = sio_http_field(r, SIO_LIT("User-Agent"));
    static const struct sio_slice names[] = {{"b64", 3}, {"j", 1}};
    struct sio_slice values[2];
    sio_query_pick(r->query, names, values, 2);
    uint32_t jsonp = jsonp_asked(values[1]);
    bool base64 = values[0].len != 0;
    *d = (struct eio_dialect){
        .jsonp = jsonp,
        .version = (uint8_t)v,
        .polling_base64 = base64 || jsonp != 0,
        .websocket_base64 = base64,
        .old_ie = contains(agent, SIO_LIT(";MSIE")) || contains(agent, SIO_LIT("Trident/")),
    };
}

/* ---- answers --------------------------------------------------------------------------------- */

typedef void append_fn(struct sio_buf *out, struct sio_slice packet);

static void append_all(struct sio_buf *out, const struct eio_msg *msgs, size_t n, append_fn *text,
                       append_fn *binary)
{
    for (size_t i = 0; i < n; i++) {
        append_fn *append = msgs[i].binary ? binary : text;
        append(out, eio_msg_packet(&msgs[i]));
    }
}

static bool any_binary(const struct eio_msg *msgs, size_t n)
{
    size_t i = 0;
    while (i < n && !msgs[i].binary)
        i++;
    return i < n;
}

static void append_text(enum eio_version v, struct sio_buf *out, const struct eio_msg *msgs,
                        size_t n)
{
    if (v == EIO_V3)
        append_all(out, msgs, n, eio_payload_v3_append_text, eio_payload_v3_append_base64);
    else
        append_all(out, msgs, n, eio_payload_append_text, eio_payload_append_binary);
}

/* A browser that is told not to guess runs a script only when it is called one. */
static struct sio_slice append_script(const struct eio_dialect *d, struct sio_buf *out,
                                      const struct eio_msg *msgs, size_t n)
{
    struct sio_buf payload = {0};
    append_text((enum eio_version)d->version, &payload, msgs, n);
    eio_jsonp_append(out, d->jsonp - 1, sio_buf_slice(&payload));
    sio_buf_fini(&payload);
    return SIO_LIT("text/javascript; charset=UTF-8");
}

struct sio_slice eio_dialect_append(const struct eio_dialect *d, struct sio_buf *out,
                                    const struct eio_msg *msgs, size_t n)
{
    if (d->jsonp != 0)
        return append_script(d, out, msgs, n);
    if (d->version == EIO_V3 && !d->polling_base64 && any_binary(msgs, n)) {
        append_all(out, msgs, n, eio_payload_v3_append_text_bytes, eio_payload_v3_append_bytes);
        return SIO_LIT("application/octet-stream");
    }
    append_text((enum eio_version)d->version, out, msgs, n);
    return SIO_LIT("text/plain; charset=UTF-8");
}

/* ---- bodies ---------------------------------------------------------------------------------- */

enum eio_payload_form eio_dialect_form(const struct eio_dialect *d, bool bytes)
{
    if (d->version == EIO_V4)
        return EIO_PAYLOAD_V4;
    return bytes ? EIO_PAYLOAD_V3_BINARY : EIO_PAYLOAD_V3_TEXT;
}
