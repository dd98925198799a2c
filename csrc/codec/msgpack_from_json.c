// SPDX-License-Identifier: MIT
/* JSON text -> MessagePack (msgpack.h), in one pass. Stands on the JSON reader; sio_packet_msgpack
 * calls it.
 *
 * JSON does not say how many items an array has, MessagePack says it first. So a container begins
 * with one byte, and is moved up by two or four when it turns out to have more than 15 items.
 */
#include <math.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/msgpack.h"

/* ---- scalars -------------------------------------------------------------------------------- */

/* A first byte, and `v` in `width` bytes behind it, big-endian. */
static void append_head(struct sio_buf *out, unsigned first, uint64_t v, unsigned width)
{
    char *p = sio_buf_reserve(out, 1 + width);
    p[0] = (char)first;
    for (unsigned i = 0; i < width; i++)
        p[1 + i] = (char)(v >> 8 * (width - 1 - i));
    out->len += 1 + width;
}

void sio_msgpack_append_uint(struct sio_buf *out, uint64_t v)
{
    if (v < 0x80)
        append_head(out, (unsigned)v, 0, 0);
    else if (v <= UINT8_MAX)
        append_head(out, 0xcc, v, 1);
    else if (v <= UINT16_MAX)
        append_head(out, 0xcd, v, 2);
    else if (v <= UINT32_MAX)
        append_head(out, 0xce, v, 4);
    else
        append_head(out, 0xcf, v, 8);
}

static void append_int(struct sio_buf *out, int64_t v)
{
    if (v >= 0)
        sio_msgpack_append_uint(out, (uint64_t)v);
    else if (v >= -0x20)
        append_head(out, (unsigned)(v + 0x100), 0, 0);
    else if (v >= INT8_MIN)
        append_head(out, 0xd0, (uint64_t)v, 1);
    else if (v >= INT16_MIN)
        append_head(out, 0xd1, (uint64_t)v, 2);
    else if (v >= INT32_MIN)
        append_head(out, 0xd2, (uint64_t)v, 4);
    else
        append_head(out, 0xd3, (uint64_t)v, 8);
}

static void append_double(struct sio_buf *out, double v)
{
    float f = (float)v;
    uint32_t single;
    uint64_t bits;
    if ((double)f == v) {
        memcpy(&single, &f, sizeof f);
        append_head(out, 0xca, single, 4);
    } else {
        memcpy(&bits, &v, sizeof v);
        append_head(out, 0xcb, bits, 8);
    }
}

/* Strings and binaries: their forms for 1, 2 and 4 bytes of length follow each other. */
static void append_bytes(struct sio_buf *out, unsigned form, struct sio_slice s)
{
    if (s.len <= UINT8_MAX)
        append_head(out, form, s.len, 1);
    else if (s.len <= UINT16_MAX)
        append_head(out, form + 1, s.len, 2);
    else
        append_head(out, form + 2, s.len, 4);
    sio_buf_append_slice(out, s);
}

void sio_msgpack_append_string(struct sio_buf *out, struct sio_slice s)
{
    if (s.len >= 0x20) {
        append_bytes(out, 0xd9, s);
    } else {
        append_head(out, 0xa0 | (unsigned)s.len, 0, 0);
        sio_buf_append_slice(out, s);
    }
}

static void append_number(struct sio_buf *out, const struct sio_json_token *t)
{
    int64_t v;
    if (t->integer && sio_json_int(t->raw, &v) == 0)
        append_int(out, v);
    else
        append_double(out, sio_json_double(t->raw));
}

/* ---- values --------------------------------------------------------------------------------- */

struct level {
    size_t at;  /* its first byte */
    uint32_t n; /* items or pairs so far */
    bool map;
};

struct writing {
    struct sio_buf *out;
    struct sio_buf text; /* a string without its escapes */
    const struct sio_slice *bins;
    unsigned n_bins;
    struct sio_json_reader reader;
    struct level levels[SIO_JSON_DEPTH_MAX + 1]; /* [0]: around the whole text */
};

static void put_string(struct writing *w, const struct sio_json_token *t)
{
    if (!t->escaped) {
        sio_msgpack_append_string(w->out, t->raw);
        return;
    }
    sio_buf_clear(&w->text);
    sio_json_unescape(&w->text, t->raw);
    sio_msgpack_append_string(w->out, sio_buf_slice(&w->text));
}

static void open_level(struct writing *w, bool map)
{
    w->levels[w->reader.depth] = (struct level){.at = w->out->len, .map = map};
    sio_buf_append_char(w->out, 0);
}

static void close_level(struct writing *w, const struct level *l)
{
    struct sio_buf *out = w->out;
    unsigned width = l->n <= 0x0f ? 0 : l->n <= UINT16_MAX ? 2 : 4;
    if (width == 0) {
        out->p[l->at] = (char)((l->map ? 0x80 : 0x90) | l->n);
        return;
    }
    size_t end = out->len, inside = l->at + 1;
    sio_buf_reserve(out, width);
    memmove(out->p + inside + width, out->p + inside, end - inside);
    out->len = l->at;
    append_head(out, (l->map ? 0xdeu : 0xdcu) + (width == 4), l->n, width);
    out->len = end + width;
}

/* At an object whose bracket was read: the binary that it stands for, or NULL. Then the reader is
 * behind it. */
static const struct sio_slice *take_placeholder(struct writing *w)
{
    static const struct sio_slice front = {"{\"_placeholder\":true,\"num\":", 27};
    enum { TOKENS = 5 }; /* key, true, key, number, bracket */
    struct sio_json_reader *r = &w->reader;
    struct sio_slice rest = sio_slice_from(r->text, r->pos - 1);
    struct sio_json_token t;
    size_t at = front.len;
    unsigned num = 0;
    if (w->n_bins == 0 || !sio_slice_starts(rest, front))
        return NULL;
    for (; at < rest.len && rest.p[at] >= '0' && rest.p[at] <= '9' && num < w->n_bins; at++)
        num = num * 10 + (unsigned)(rest.p[at] - '0');
    if (at == front.len || at == rest.len || rest.p[at] != '}' || num >= w->n_bins)
        return NULL;
    for (int i = 0; i < TOKENS; i++)
        if (sio_json_next(r, &t) != 0)
            return NULL;
    return &w->bins[num];
}

static void put_object(struct writing *w)
{
    const struct sio_slice *bin = take_placeholder(w);
    if (bin != NULL)
        append_bytes(w->out, 0xc4, *bin);
    else
        open_level(w, true);
}

static void put(struct writing *w, const struct sio_json_token *t)
{
    switch (t->type) {
    case SIO_JSON_OBJECT:
        put_object(w);
        break;
    case SIO_JSON_ARRAY:
        open_level(w, false);
        break;
    case SIO_JSON_KEY:
    case SIO_JSON_STRING:
        put_string(w, t);
        break;
    case SIO_JSON_NUMBER:
        append_number(w->out, t);
        break;
    case SIO_JSON_TRUE:
    case SIO_JSON_FALSE:
        append_head(w->out, t->type == SIO_JSON_TRUE ? 0xc3 : 0xc2, 0, 0);
        break;
    default:
        append_head(w->out, 0xc0, 0, 0);
    }
}

static int write_all(struct writing *w)
{
    struct sio_json_token t;
    for (;;) {
        struct level *l = &w->levels[w->reader.depth];
        int err = sio_json_next(&w->reader, &t);
        if (err != 0 || t.type == SIO_JSON_END)
            return err;
        if (t.type == SIO_JSON_OBJECT_END || t.type == SIO_JSON_ARRAY_END) {
            close_level(w, l);
        } else {
            l->n += l->map == (t.type == SIO_JSON_KEY); /* pairs are counted by their keys */
            put(w, &t);
        }
    }
}

int sio_msgpack_from_json(struct sio_buf *out, struct sio_slice json, const struct sio_slice *bins,
                          unsigned n_bins)
{
    struct writing w; /* the levels need not be zeroed */
    w.out = out;
    w.text = (struct sio_buf){0};
    w.bins = bins;
    w.n_bins = n_bins;
    w.levels[0] = (struct level){0};
    sio_json_reader_init(&w.reader, json, SIO_JSON_DEPTH_MAX);
    int err = write_all(&w);
    sio_buf_fini(&w.text);
    return err;
}
