// SPDX-License-Identifier: MIT
/* Socket.IO packet heads. Stands on json; sio/client decodes with it, sio/packet encodes.
 *
 * Everything that needs no session is judged here, so that the layers above meet only packets of
 * the right shape. Stricter than upstream where its Number() takes more than digits.
 */
#include "codec/sio_packet.h"

#include "base/err.h"

#include <assert.h>

static const uint64_t id_max = (UINT64_C(1) << 53) - 1; /* Number.MAX_SAFE_INTEGER */

static int refuse(const char **why, const char *text)
{
    *why = text;
    return SIO_EPROTO;
}

/* Cuts the digits off the front of *s. The value stops growing at 2^53: larger is all the same. */
static size_t cut_number(struct sio_slice *s, uint64_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < s->len && s->p[n] >= '0' && s->p[n] <= '9'; n++)
        if (v <= id_max)
            v = v * 10 + (uint64_t)(s->p[n] - '0');
    *out = v;
    *s = sio_slice(s->p + n, s->len - n);
    return n;
}

static int cut_attachments(struct sio_slice *s, struct sio_packet *out, const char **why)
{
    uint64_t n;
    if (cut_number(s, &n) == 0 || n == 0 || s->len == 0 || s->p[0] != '-')
        return refuse(why, "Illegal attachments");
    if (n > SIO_ATTACHMENTS_MAX)
        return refuse(why, "too many attachments");
    out->attachments = (unsigned)n;
    *s = sio_slice(s->p + 1, s->len - 1);
    return 0;
}

static void cut_nsp(struct sio_slice *s, struct sio_packet *out)
{
    const char *comma;
    out->nsp = SIO_LIT("/");
    if (s->len == 0 || s->p[0] != '/')
        return;
    comma = memchr(s->p, ',', s->len);
    out->nsp = sio_slice(s->p, comma ? (size_t)(comma - s->p) : s->len);
    *s = comma ? sio_slice(comma + 1, s->len - out->nsp.len - 1) : sio_slice(s->p + s->len, 0);
}

/* Of a URL's path, query and fragment the path stays. */
static int split_nsp(struct sio_packet *out, const char **why)
{
    struct sio_slice url = out->nsp;
    const char *hash = memchr(url.p, '#', url.len), *mark;
    if (url.len > 1 && url.p[1] == '/')
        return refuse(why, "Invalid URL");
    if (hash != NULL)
        url.len = (size_t)(hash - url.p);
    mark = memchr(url.p, '?', url.len);
    out->nsp = sio_slice(url.p, mark != NULL ? (size_t)(mark - url.p) : url.len);
    out->query = sio_slice_from(url, out->nsp.len + 1);
    return out->query.len > SIO_NSP_QUERY_MAX ? refuse(why, "invalid namespace") : 0;
}

static bool is_reserved(const struct sio_json_shape *shape)
{
    struct sio_buf name = {0};
    bool reserved;
    if (!shape->first_escaped)
        return sio_packet_reserved_event(shape->first);
    sio_json_unescape(&name, shape->first);
    reserved = sio_packet_reserved_event(sio_buf_slice(&name));
    sio_buf_fini(&name);
    return reserved;
}

static bool is_event(const struct sio_packet *p)
{
    const struct sio_json_shape *s = &p->shape;
    if (p->data.len == 0 || s->type != SIO_JSON_ARRAY || s->items == 0)
        return false;
    return s->first_type == SIO_JSON_NUMBER ||
           (s->first_type == SIO_JSON_STRING && !is_reserved(s));
}

static bool shape_fits(const struct sio_packet *p)
{
    bool empty = p->data.len == 0;
    enum sio_json_type type = p->shape.type;
    switch (p->type) {
    case SIO_CONNECT:
        return empty || type == SIO_JSON_OBJECT;
    case SIO_DISCONNECT:
        return empty;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        return is_event(p);
    case SIO_ACK:
        return empty || type == SIO_JSON_ARRAY;
    case SIO_BINARY_ACK:
        return !empty && type == SIO_JSON_ARRAY;
    case SIO_CONNECT_ERROR:
        return empty || type == SIO_JSON_OBJECT || type == SIO_JSON_STRING;
    }
    return false;
}

static bool is_binary(enum sio_packet_type type)
{
    return type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int check_data(struct sio_packet *p, struct sio_json_tape *tape, const char **why)
{
    /* white space in front of the JSON makes upstream read it as an ack id of 0 */
    if (p->data.len > 0 && is_space(p->data.p[0]))
        return refuse(why, "invalid payload");
    if (p->data.len > 0 && sio_json_scan(p->data, SIO_JSON_DEPTH_MAX, &p->shape, tape) != 0)
        return refuse(why, "invalid payload");
    if (!shape_fits(p))
        return refuse(why, "invalid payload");
    if (p->attachments != 0 &&
        (p->shape.bad_placeholder || p->shape.placeholder_mask >> p->attachments != 0))
        return refuse(why, "illegal attachments");
    return 0;
}

static int check(struct sio_packet *p, bool v2, struct sio_json_tape *tape, const char **why)
{
    if (v2 && split_nsp(p, why))
        return SIO_EPROTO;
    if (p->nsp.len > SIO_NSP_NAME_MAX)
        return refuse(why, "invalid namespace");
    return check_data(p, tape, why);
}

int sio_packet_check(struct sio_packet *p, bool v2, const char **why)
{
    if (check(p, v2, NULL, why) != 0)
        return SIO_EPROTO;
    return p->attachments != 0 && p->shape.placeholders != p->attachments
               ? refuse(why, "illegal attachments")
               : 0;
}

static int decode(struct sio_slice text, bool v2, struct sio_packet *out,
                  struct sio_json_tape *tape, const char **why)
{
    struct sio_slice s = text;
    *out = (struct sio_packet){0};
    if (text.len == 0 || text.p[0] < '0' || text.p[0] > '0' + SIO_BINARY_ACK)
        return refuse(why, "unknown packet type");
    out->type = (enum sio_packet_type)(text.p[0] - '0');
    s = sio_slice(text.p + 1, text.len - 1);
    if (is_binary(out->type) && cut_attachments(&s, out, why))
        return SIO_EPROTO;
    cut_nsp(&s, out);
    out->has_id = cut_number(&s, &out->id) > 0;
    if (out->id > id_max)
        return refuse(why, "invalid payload");
    out->data = s;
    return check(out, v2, tape, why);
}

int sio_packet_decode(struct sio_slice text, struct sio_packet *out, struct sio_json_tape *tape,
                      const char **why)
{
    return decode(text, false, out, tape, why);
}

int sio_packet_decode_v2(struct sio_slice text, struct sio_packet *out, struct sio_json_tape *tape,
                         const char **why)
{
    return decode(text, true, out, tape, why);
}

size_t sio_packet_head(char out[SIO_PACKET_HEAD_MAX], enum sio_packet_type type,
                       unsigned attachments, struct sio_slice nsp, bool has_id, uint64_t id)
{
    size_t n = 0;
    out[n++] = (char)('0' + (int)type);
    if (is_binary(type)) {
        assert(attachments < 100);
        n += sio_buf_digits(out + n, attachments);
        out[n++] = '-';
    }
    if (!sio_slice_eq(nsp, SIO_LIT("/"))) {
        assert(nsp.len <= SIO_NSP_NAME_MAX);
        memcpy(out + n, nsp.p, nsp.len);
        n += nsp.len;
        out[n++] = ',';
    }
    return has_id ? n + sio_buf_digits(out + n, id) : n;
}

bool sio_packet_reserved_event(struct sio_slice name)
{
    static const struct sio_slice reserved[] = {
        {"connect", 7},        {"connect_error", 13}, {"disconnect", 10},
        {"disconnecting", 13}, {"newListener", 11},   {"removeListener", 14},
    };
    if (name.len < 7 || name.len > 14)
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (sio_slice_eq(name, reserved[i]))
            return true;
    return false;
}
