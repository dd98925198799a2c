// SPDX-License-Identifier: MIT
/* Text for clients of Socket.IO v2. Stands on the query and JSON codecs; client and socket call it.
 */
#include "sio/v2.h"

#include "codec/json.h"
#include "codec/query.h"

static void append_decoded(struct sio_buf *out, struct sio_slice raw)
{
    struct sio_buf text = {0};
    sio_query_decode(&text, raw);
    sio_json_append_text(out, sio_buf_slice(&text));
    sio_buf_fini(&text);
}

void sio_v2_append_auth(struct sio_buf *out, struct sio_slice query)
{
    struct sio_slice name, value;
    size_t first = out->len + 1;
    sio_buf_append_char(out, '{');
    while (sio_query_next(&query, &name, &value)) {
        if (out->len > first)
            sio_buf_append_char(out, ',');
        append_decoded(out, name);
        sio_buf_append_char(out, ':');
        append_decoded(out, value);
    }
    sio_buf_append_char(out, '}');
}

size_t sio_v2_id(char *out, struct sio_slice nsp, struct sio_slice sid)
{
    size_t front = nsp.len > 1 ? nsp.len + 1 : 0;
    if (out == NULL)
        return front + sid.len;
    if (front != 0) {
        memcpy(out, nsp.p, nsp.len);
        out[nsp.len] = '#';
    }
    memcpy(out + front, sid.p, sid.len);
    return front + sid.len;
}

/* Reads one value; returns its text. `r` stands behind the key, in front of the colon. */
static struct sio_slice read_value(struct sio_json_reader *r)
{
    struct sio_json_token t;
    size_t from = r->pos;
    unsigned depth = r->depth;
    while (sio_json_next(r, &t) == 0 && r->depth > depth)
        ;
    while (from < r->pos && strchr(": \t\r\n", r->text.p[from]) != NULL)
        from++;
    return sio_slice(r->text.p + from, r->pos - from);
}

static bool is_false(struct sio_slice json)
{
    return json.len == 0 || sio_slice_eq(json, SIO_LIT("null")) ||
           sio_slice_eq(json, SIO_LIT("false")) || sio_slice_eq(json, SIO_LIT("0")) ||
           sio_slice_eq(json, SIO_LIT("\"\""));
}

struct sio_slice sio_v2_error(struct sio_slice error)
{
    struct sio_slice data = SIO_LIT(""), message = SIO_LIT("");
    struct sio_json_reader r;
    struct sio_json_token t;
    sio_json_reader_init(&r, error, SIO_JSON_DEPTH_MAX);
    if (sio_json_next(&r, &t) != 0 || t.type != SIO_JSON_OBJECT)
        return message;
    while (sio_json_next(&r, &t) == 0 && t.type == SIO_JSON_KEY) {
        struct sio_slice value = read_value(&r);
        if (sio_slice_eq(t.raw, SIO_LIT("data")))
            data = value;
        else if (sio_slice_eq(t.raw, SIO_LIT("message")))
            message = value;
    }
    return is_false(data) ? message : data;
}
