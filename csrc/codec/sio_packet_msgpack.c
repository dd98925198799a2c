// SPDX-License-Identifier: MIT
/* Socket.IO packets in MessagePack. Stands on msgpack and on sio_packet's checks;
 * sio/parser_msgpack calls it.
 */
#include "codec/sio_packet_msgpack.h"

#include "base/err.h"
#include "base/utf8.h"
#include "codec/msgpack.h"

static const int64_t id_max = (INT64_C(1) << 53) - 1; /* Number.MAX_SAFE_INTEGER */

struct members {
    struct sio_msgpack_token type, nsp, id; /* UNDEFINED: absent */
    struct sio_buf *json;
    struct sio_msgpack_bins bins;
};

static int refuse(const char **why, const char *text)
{
    *why = text;
    return SIO_EPROTO;
}

/* A value that must be a scalar; arrays and maps are cut off whole. */
static int read_scalar(struct sio_slice *rest, struct sio_msgpack_token *out)
{
    struct sio_slice behind = *rest;
    int err = sio_msgpack_skip(&behind);
    if (err == 0)
        err = sio_msgpack_next(rest, out);
    *rest = behind;
    return err;
}

static int read_data(struct sio_slice *rest, struct members *m)
{
    struct sio_slice at = *rest;
    struct sio_msgpack_token t;
    sio_buf_clear(m->json);
    m->bins.n = 0;
    int err = sio_msgpack_next(&at, &t);
    if (err == 0 && (t.type == SIO_MSGPACK_UNDEFINED || t.type == SIO_MSGPACK_NIL)) {
        *rest = at; /* absent; nil is what languages without `undefined` say for that */
        return 0;
    }
    return err != 0 ? err : sio_msgpack_to_json(m->json, rest, &m->bins);
}

static int read_member(struct sio_slice *rest, struct members *m)
{
    struct sio_msgpack_token key;
    int err = read_scalar(rest, &key);
    if (err != 0)
        return err;
    struct sio_slice name = key.type == SIO_MSGPACK_STRING ? key.bytes : SIO_LIT("");
    if (sio_slice_eq(name, SIO_LIT("type")))
        return read_scalar(rest, &m->type);
    if (sio_slice_eq(name, SIO_LIT("nsp")))
        return read_scalar(rest, &m->nsp);
    if (sio_slice_eq(name, SIO_LIT("id")))
        return read_scalar(rest, &m->id);
    if (sio_slice_eq(name, SIO_LIT("data")))
        return read_data(rest, m);
    return sio_msgpack_skip(rest);
}

static int read_members(struct sio_slice message, struct members *m, const char **why)
{
    struct sio_msgpack_token map;
    int err = sio_msgpack_next(&message, &map);
    if (err == 0 && map.type != SIO_MSGPACK_MAP)
        return refuse(why, "invalid packet type");
    for (uint32_t i = 0; err == 0 && i < map.n; i++)
        err = read_member(&message, m);
    if (err == SIO_EFULL)
        return refuse(why, "too many attachments");
    return err != 0 || message.len != 0 ? refuse(why, "invalid payload") : 0;
}

/* An integer from 0 to max. JavaScript tells no float from it. */
static bool is_integer(const struct sio_msgpack_token *t, int64_t max, uint64_t *out)
{
    if (t->type == SIO_MSGPACK_FLOAT && t->number >= 0 && t->number <= (double)max)
        *out = (uint64_t)t->number;
    else if (t->type == SIO_MSGPACK_INTEGER && t->integer >= 0 && t->integer <= max)
        *out = (uint64_t)t->integer;
    else
        return false;
    return t->type == SIO_MSGPACK_INTEGER || (double)*out == t->number;
}

int sio_packet_from_msgpack(struct sio_slice message, bool v2, struct sio_packet *out,
                            struct sio_buf *json, struct sio_slice bins[SIO_ATTACHMENTS_MAX],
                            const char **why)
{
    struct members m = {.type = {.type = SIO_MSGPACK_UNDEFINED},
                        .nsp = {.type = SIO_MSGPACK_UNDEFINED},
                        .id = {.type = SIO_MSGPACK_UNDEFINED},
                        .json = json,
                        .bins = {.list = bins, .max = SIO_ATTACHMENTS_MAX}};
    uint64_t type;
    *out = (struct sio_packet){0};
    if (read_members(message, &m, why) != 0)
        return SIO_EPROTO;
    if (!is_integer(&m.type, v2 ? SIO_BINARY_ACK : SIO_CONNECT_ERROR, &type))
        return refuse(why, "invalid packet type");
    if (type >= SIO_BINARY_EVENT) /* v2's clients say so whatever their parser */
        type = type == SIO_BINARY_EVENT ? SIO_EVENT : SIO_ACK;
    if (m.nsp.type != SIO_MSGPACK_STRING || !sio_utf8_valid(m.nsp.bytes))
        return refuse(why, "invalid namespace");
    out->type = (enum sio_packet_type)type;
    out->nsp = m.nsp.bytes;
    out->data = sio_buf_slice(json);
    out->attachments = m.bins.n;
    if (sio_packet_check(out, v2, why) != 0)
        return SIO_EPROTO;
    out->has_id = m.id.type != SIO_MSGPACK_UNDEFINED;
    if (out->has_id && !is_integer(&m.id, id_max, &out->id))
        return refuse(why, "invalid packet id");
    return 0;
}

int sio_packet_append_msgpack(struct sio_buf *out, const struct sio_packet *p,
                              const struct sio_slice *bins)
{
    bool has_data = p->data.len != 0;
    sio_buf_append_char(out, (char)(0x82 + has_data + p->has_id)); /* a map of so many members */
    sio_msgpack_append_string(out, SIO_LIT("type"));
    sio_msgpack_append_uint(out, (uint64_t)p->type);
    sio_msgpack_append_string(out, SIO_LIT("nsp"));
    sio_msgpack_append_string(out, p->nsp);
    if (p->has_id) {
        sio_msgpack_append_string(out, SIO_LIT("id"));
        sio_msgpack_append_uint(out, p->id);
    }
    if (!has_data)
        return 0;
    sio_msgpack_append_string(out, SIO_LIT("data"));
    return sio_msgpack_from_json(out, p->data, bins, p->attachments);
}
