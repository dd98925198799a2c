// SPDX-License-Identifier: MIT
/* MessagePack's tokens. Stands on base; msgpack_json and sio_packet_msgpack read with it.
 *
 * Invariant: a declared length or count is held against what is left of the input before anything
 * is done with it, so no input makes us hold or do more than its own size warrants.
 */
#include "codec/msgpack.h"

#include <string.h>

#include "base/err.h"

enum form { NIL, NEVER, FALSE, TRUE, BIN, EXT, FLOAT, UINT, INT, FIXEXT, STR, ARRAY, MAP };

/* 0xc0 to 0xdf; `width`: bytes of the length, count or number behind it, of FIXEXT the length. */
static const struct {
    uint8_t form, width;
} forms[0x20] = {
    {NIL, 0},    {NEVER, 0},  {FALSE, 0},  {TRUE, 0},    {BIN, 1},   {BIN, 2},  {BIN, 4},
    {EXT, 1},    {EXT, 2},    {EXT, 4},    {FLOAT, 4},   {FLOAT, 8}, {UINT, 1}, {UINT, 2},
    {UINT, 4},   {UINT, 8},   {INT, 1},    {INT, 2},     {INT, 4},   {INT, 8},  {FIXEXT, 1},
    {FIXEXT, 2}, {FIXEXT, 4}, {FIXEXT, 8}, {FIXEXT, 16}, {STR, 1},   {STR, 2},  {STR, 4},
    {ARRAY, 2},  {ARRAY, 4},  {MAP, 2},    {MAP, 4},
};

enum { ITEM_BYTES_MIN = 1, PAIR_BYTES_MIN = 2 };

/* Big-endian, of `width` bytes. */
static int cut_uint(struct sio_slice *rest, unsigned width, uint64_t *out)
{
    uint64_t v = 0;
    if (rest->len < width)
        return SIO_EPROTO;
    for (unsigned i = 0; i < width; i++)
        v = v << 8 | (unsigned char)rest->p[i];
    *out = v;
    *rest = sio_slice_from(*rest, width);
    return 0;
}

static int cut_bytes(struct sio_slice *rest, uint64_t len, struct sio_slice *out)
{
    if (rest->len < len)
        return SIO_EPROTO;
    *out = sio_slice(rest->p, (size_t)len);
    *rest = sio_slice_from(*rest, (size_t)len);
    return 0;
}

static int64_t sign_extended(uint64_t v, unsigned width)
{
    unsigned shift = 64 - 8 * width;
    return (int64_t)(v << shift) >> shift;
}

/* ---- numbers -------------------------------------------------------------------------------- */

static int read_int(struct sio_slice *rest, unsigned width, struct sio_msgpack_token *t)
{
    uint64_t v;
    int err = cut_uint(rest, width, &v);
    t->type = SIO_MSGPACK_INTEGER;
    if (err == 0)
        t->integer = sign_extended(v, width);
    return err;
}

static int read_uint(struct sio_slice *rest, unsigned width, struct sio_msgpack_token *t)
{
    uint64_t v;
    int err = cut_uint(rest, width, &v);
    if (err != 0)
        return err;
    t->type = v > INT64_MAX ? SIO_MSGPACK_UNSIGNED : SIO_MSGPACK_INTEGER;
    t->large = v;
    return 0;
}

static int read_float(struct sio_slice *rest, unsigned width, struct sio_msgpack_token *t)
{
    uint64_t bits;
    int err = cut_uint(rest, width, &bits);
    if (err != 0)
        return err;
    t->type = SIO_MSGPACK_FLOAT;
    if (width == 8) {
        memcpy(&t->number, &bits, sizeof bits);
    } else {
        uint32_t half = (uint32_t)bits;
        float f;
        memcpy(&f, &half, sizeof f);
        t->number = (double)f;
    }
    return 0;
}

/* ---- extensions ----------------------------------------------------------------------------- */

/* Milliseconds of a timestamp's seconds and nanoseconds; false when it is none. */
static bool read_timestamp(struct sio_slice bytes, int64_t *ms)
{
    static const int64_t far_s = INT64_C(10000000000000); /* no Date is as far from 1970 */
    uint64_t seconds = 0, nanoseconds = 0;
    if (bytes.len == 12) {
        cut_uint(&bytes, 4, &nanoseconds);
        cut_uint(&bytes, 8, &seconds);
    } else if (bytes.len == 8) {
        cut_uint(&bytes, 8, &seconds);
        nanoseconds = seconds >> 34;
        seconds &= (UINT64_C(1) << 34) - 1;
    } else if (bytes.len == 4) {
        cut_uint(&bytes, 4, &seconds);
    } else {
        return false;
    }
    int64_t s = (int64_t)seconds;
    s = s > far_s ? far_s : s < -far_s ? -far_s : s;
    *ms = s * 1000 + (int64_t)(nanoseconds / 1000000);
    return nanoseconds < 1000000000;
}

/* What notepack.io means by it, else an EXT. */
static int read_ext(struct sio_slice *rest, bool fixed, uint64_t len, struct sio_msgpack_token *t)
{
    uint64_t type;
    int err = cut_uint(rest, 1, &type);
    if (err == 0)
        err = cut_bytes(rest, len, &t->bytes);
    if (err != 0)
        return err;
    struct sio_slice bytes = t->bytes;
    t->type = SIO_MSGPACK_EXT;
    t->integer = sign_extended(type, 1);
    if (t->integer == 0 && !fixed) {
        t->type = SIO_MSGPACK_BINARY;
    } else if (t->integer == 0 && len == 1) {
        t->type = SIO_MSGPACK_UNDEFINED;
    } else if (t->integer == 0 && len == 8) {
        t->type = SIO_MSGPACK_DATE;
        cut_uint(&bytes, 8, &t->large);
    } else if (t->integer == -1) {
        int64_t ms;
        if (read_timestamp(bytes, &ms)) {
            t->type = SIO_MSGPACK_DATE;
            t->integer = ms;
        }
    }
    return 0;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static int read_sized(struct sio_slice *rest, enum sio_msgpack_type type, uint64_t len,
                      struct sio_msgpack_token *t)
{
    t->type = type;
    return cut_bytes(rest, len, &t->bytes);
}

static int read_counted(const struct sio_slice *rest, enum sio_msgpack_type type, uint64_t n,
                        struct sio_msgpack_token *t)
{
    t->type = type;
    t->n = (uint32_t)n;
    return n > rest->len / (type == SIO_MSGPACK_MAP ? PAIR_BYTES_MIN : ITEM_BYTES_MIN) ? SIO_EPROTO
                                                                                       : 0;
}

static int read_word(enum sio_msgpack_type type, int64_t value, struct sio_msgpack_token *t)
{
    t->type = type;
    t->integer = value;
    return 0;
}

static int read_form(struct sio_slice *rest, unsigned c, struct sio_msgpack_token *t)
{
    enum form form = (enum form)forms[c - 0xc0].form;
    unsigned width = forms[c - 0xc0].width;
    uint64_t len = 0;
    bool sized = form == BIN || form == EXT || form == STR || form == ARRAY || form == MAP;
    if (sized && cut_uint(rest, width, &len) != 0)
        return SIO_EPROTO;
    switch (form) {
    case NIL:
        return read_word(SIO_MSGPACK_NIL, 0, t);
    case FALSE:
    case TRUE:
        return read_word(SIO_MSGPACK_BOOLEAN, form == TRUE, t);
    case BIN:
        return read_sized(rest, SIO_MSGPACK_BINARY, len, t);
    case EXT:
        return read_ext(rest, false, len, t);
    case FIXEXT:
        return read_ext(rest, true, width, t);
    case FLOAT:
        return read_float(rest, width, t);
    case UINT:
        return read_uint(rest, width, t);
    case INT:
        return read_int(rest, width, t);
    case STR:
        return read_sized(rest, SIO_MSGPACK_STRING, len, t);
    case ARRAY:
        return read_counted(rest, SIO_MSGPACK_ARRAY, len, t);
    case MAP:
        return read_counted(rest, SIO_MSGPACK_MAP, len, t);
    case NEVER:
        break;
    }
    return SIO_EPROTO;
}

int sio_msgpack_next(struct sio_slice *rest, struct sio_msgpack_token *out)
{
    if (rest->len == 0)
        return SIO_EPROTO;
    unsigned c = (unsigned char)rest->p[0];
    *rest = sio_slice_from(*rest, 1);
    *out = (struct sio_msgpack_token){0};
    if (c < 0x80)
        return read_word(SIO_MSGPACK_INTEGER, c, out);
    if (c < 0x90)
        return read_counted(rest, SIO_MSGPACK_MAP, c & 0x0f, out);
    if (c < 0xa0)
        return read_counted(rest, SIO_MSGPACK_ARRAY, c & 0x0f, out);
    if (c < 0xc0)
        return read_sized(rest, SIO_MSGPACK_STRING, c & 0x1f, out);
    if (c < 0xe0)
        return read_form(rest, c, out);
    return read_word(SIO_MSGPACK_INTEGER, (int64_t)c - 0x100, out);
}

int sio_msgpack_skip(struct sio_slice *rest)
{
    struct sio_msgpack_token t;
    /* Cannot overflow: each token takes a byte, and adds no more than what is left of them. */
    for (uint64_t values = 1; values > 0; values--) {
        int err = sio_msgpack_next(rest, &t);
        if (err != 0)
            return err;
        values += (uint64_t)t.n * (t.type == SIO_MSGPACK_MAP ? 2 : 1);
    }
    return 0;
}
