// SPDX-License-Identifier: MIT
/* A growable run of bytes: append at the end, consume from the front.
 *
 * Owns: its memory, from the first append to sio_buf_fini. A zeroed struct is an
 * empty, valid buf. Errors: none (memory cannot fail, see mem.h). Reenters: no.
 */
#ifndef SIO_BASE_BUF_H
#define SIO_BASE_BUF_H

#include <stdarg.h>
#include <stdint.h>

#include "base/slice.h"

struct sio_buf {
    char *p;
    size_t len; /* bytes in use */
    size_t cap;
};

void sio_buf_free(struct sio_buf *b);
static inline void sio_buf_fini(struct sio_buf *b) /* frees and zeroes; it can be used again */
{
    if (b->p != NULL) /* most never had anything */
        sio_buf_free(b);
}
static inline void sio_buf_clear(struct sio_buf *b)
{
    b->len = 0;
}
/* Room for `extra` bytes behind the end; returns where they go (b->len is unchanged). Inline as far
 * as there is room, which is nearly always. */
char *sio_buf_grow(struct sio_buf *b, size_t extra);
static inline char *sio_buf_reserve(struct sio_buf *b, size_t extra)
{
    return b->len != 0 && b->cap - b->len >= extra ? b->p + b->len : sio_buf_grow(b, extra);
}
static inline void sio_buf_append(struct sio_buf *b, const void *p, size_t len)
{
    if (len == 0)
        return;
    memcpy(sio_buf_reserve(b, len), p, len);
    b->len += len;
}
static inline void sio_buf_append_slice(struct sio_buf *b, struct sio_slice s)
{
    sio_buf_append(b, s.p, s.len);
}
static inline void sio_buf_append_char(struct sio_buf *b, char c)
{
    *sio_buf_reserve(b, 1) = c;
    b->len++;
}
void sio_buf_append_uint(struct sio_buf *b, uint64_t v); /* decimal */
enum { SIO_BUF_DIGITS = 20 };
size_t sio_buf_digits(char out[SIO_BUF_DIGITS], uint64_t v); /* the same, to where there is room */
void sio_buf_printf(struct sio_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Drops n bytes from the front (memmove); n <= len. */
void sio_buf_consume(struct sio_buf *b, size_t n);
static inline struct sio_slice sio_buf_slice(const struct sio_buf *b)
{
    return sio_slice(b->p, b->len);
}
/* Fixed little-endian integers and length-prefixed bytes (u32 + bytes), for records and messages
 * between our own processes. */
void sio_buf_append_u8(struct sio_buf *b, uint8_t v);
void sio_buf_append_u32(struct sio_buf *b, uint32_t v);
void sio_buf_append_u64(struct sio_buf *b, uint64_t v);
void sio_buf_append_bytes(struct sio_buf *b, struct sio_slice s);

/* Reads what the above wrote. A read past the end sets `bad` and yields 0 / an empty slice, so a
 * decoder reads all fields and checks `bad` once. */
struct sio_reader {
    struct sio_slice rest;
    bool bad;
};
uint8_t sio_reader_u8(struct sio_reader *r);
uint32_t sio_reader_u32(struct sio_reader *r);
uint64_t sio_reader_u64(struct sio_reader *r);
struct sio_slice sio_reader_bytes(struct sio_reader *r); /* borrowed from the input */

#endif
