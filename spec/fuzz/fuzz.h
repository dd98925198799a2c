// SPDX-License-Identifier: MIT
/* What the libFuzzer targets share. Each checks properties, not only that nothing crashes; a broken
 * one aborts with the two sides, and libFuzzer keeps the input.
 */
#ifndef SPEC_FUZZ_FUZZ_H
#define SPEC_FUZZ_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(x)                                                                              \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x);                 \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static inline void fuzz_same(const char *file, int line, struct sio_slice a, struct sio_slice b)
{
    if (sio_slice_eq(a, b))
        return;
    fprintf(stderr, "%s:%d: differ:\n<%.*s>\n<%.*s>\n", file, line, (int)a.len, a.p, (int)b.len,
            b.p);
    abort();
}

#define FUZZ_SAME(a, b) fuzz_same(__FILE__, __LINE__, (a), (b))

/* The sanitizer sees a read past the end only in memory of exactly that length. */
static inline struct sio_slice fuzz_copy(struct sio_slice s)
{
    char *copy = malloc(s.len ? s.len : 1);
    FUZZ_CHECK(copy != NULL);
    if (s.len != 0)
        memcpy(copy, s.p, s.len);
    return sio_slice(copy, s.len);
}

/* How an input is cut: whole, byte by byte, or in pieces whose lengths the seed decides. */
struct fuzz_cut {
    struct sio_slice rest;
    uint32_t seed; /* 0: whole; 1: byte by byte */
};

static inline size_t fuzz_piece_len(struct fuzz_cut *c)
{
    if (c->seed <= 1)
        return c->seed ? 1 : c->rest.len;
    c->seed = c->seed * 1664525 + 1013904223;
    return 1 + (c->seed >> 16) % (c->seed & 0x100 ? 5000 : 12);
}

/* The next piece, in memory of its own; the caller frees piece->p. False at the end. */
static inline bool fuzz_next(struct fuzz_cut *c, struct sio_slice *piece)
{
    size_t n;
    if (c->rest.len == 0)
        return false;
    n = fuzz_piece_len(c);
    if (n > c->rest.len)
        n = c->rest.len;
    *piece = fuzz_copy(sio_slice(c->rest.p, n));
    c->rest = sio_slice_from(c->rest, n);
    return true;
}

#endif
