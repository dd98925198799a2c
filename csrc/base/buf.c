// SPDX-License-Identifier: MIT
/* Growable bytes and the little-endian records on them. Stands on mem; every layer calls it.
 *
 * Capacity doubles, so that appending byte by byte stays linear; it follows the bytes that have
 * arrived, never a length that a peer announced.
 */
#include "base/buf.h"

#include "base/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUF_MIN = 64, PRINTF_ROOM = 128 };

void sio_buf_free(struct sio_buf *b)
{
    sio_free(b->p);
    *b = (struct sio_buf){0};
}

char *sio_buf_grow(struct sio_buf *b, size_t extra)
{
    if (b->cap - b->len < extra) {
        size_t cap = b->cap < BUF_MIN / 2 ? BUF_MIN : b->cap * 2;
        if (extra > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
            abort(); /* no limit of ours is anywhere near */
        if (cap < b->len + extra)
            cap = b->len + extra;
        b->p = sio_realloc(b->p, cap);
        b->cap = cap;
    }
    return b->len ? b->p + b->len : b->p; /* NULL + 0 is undefined */
}

size_t sio_buf_digits(char out[SIO_BUF_DIGITS], uint64_t v)
{
    char digits[SIO_BUF_DIGITS];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    memcpy(out, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

void sio_buf_append_uint(struct sio_buf *b, uint64_t v)
{
    b->len += sio_buf_digits(sio_buf_reserve(b, SIO_BUF_DIGITS), v);
}

void sio_buf_printf(struct sio_buf *b, const char *fmt, ...)
{
    size_t room = PRINTF_ROOM;
    for (;;) {
        va_list args;
        va_start(args, fmt);
        int n = vsnprintf(sio_buf_reserve(b, room), room, fmt, args);
        va_end(args);
        if (n < 0)
            abort(); /* a format of ours is wrong */
        if ((size_t)n < room) {
            b->len += (size_t)n;
            return;
        }
        room = (size_t)n + 1;
    }
}

void sio_buf_consume(struct sio_buf *b, size_t n)
{
    if (n == 0)
        return;
    b->len -= n;
    memmove(b->p, b->p + n, b->len);
}

void sio_buf_append_u8(struct sio_buf *b, uint8_t v)
{
    sio_buf_append_char(b, (char)v);
}

static void append_le(struct sio_buf *b, uint64_t v, unsigned bytes)
{
    char *p = sio_buf_reserve(b, bytes);
    for (unsigned i = 0; i < bytes; i++)
        p[i] = (char)(v >> (8 * i));
    b->len += bytes;
}

void sio_buf_append_u32(struct sio_buf *b, uint32_t v)
{
    append_le(b, v, 4);
}

void sio_buf_append_u64(struct sio_buf *b, uint64_t v)
{
    append_le(b, v, 8);
}

void sio_buf_append_bytes(struct sio_buf *b, struct sio_slice s)
{
    if (s.len > UINT32_MAX)
        abort(); /* every record has a limit far below */
    sio_buf_append_u32(b, (uint32_t)s.len);
    sio_buf_append_slice(b, s);
}

static uint64_t read_le(struct sio_reader *r, unsigned bytes)
{
    uint64_t v = 0;
    if (r->bad || r->rest.len < bytes) {
        r->bad = true;
        return 0;
    }
    for (unsigned i = 0; i < bytes; i++)
        v |= (uint64_t)(unsigned char)r->rest.p[i] << (8 * i);
    r->rest = sio_slice_from(r->rest, bytes);
    return v;
}

uint8_t sio_reader_u8(struct sio_reader *r)
{
    return (uint8_t)read_le(r, 1);
}

uint32_t sio_reader_u32(struct sio_reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t sio_reader_u64(struct sio_reader *r)
{
    return read_le(r, 8);
}

struct sio_slice sio_reader_bytes(struct sio_reader *r)
{
    size_t len = sio_reader_u32(r);
    struct sio_slice out;
    if (r->bad || r->rest.len < len) {
        r->bad = true;
        return sio_slice(NULL, 0);
    }
    out = sio_slice(r->rest.p, len);
    r->rest = sio_slice_from(r->rest, len);
    return out;
}
