// SPDX-License-Identifier: MIT
/* Text by words of eight bytes, the first one lowest. A scanner marks the bytes that it looks for
 * with their high bit.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_WORD_H
#define SIO_BASE_WORD_H

#include <stdint.h>

#include "base/slice.h"

#define SIO_WORD_ONES UINT64_C(0x0101010101010101)
#define SIO_WORD_HIGH_BITS UINT64_C(0x8080808080808080)

static inline uint64_t sio_word_load(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The word at `at` < s.len; behind the end of s it has zeroes. */
static inline uint64_t sio_word_at(struct sio_slice s, size_t at)
{
    size_t n = s.len - at;
    uint64_t word = 0;
    if (n >= 8)
        return sio_word_load(s.p + at);
    if (s.len >= 8)
        return sio_word_load(s.p + s.len - 8) >> 8 * (8 - n);
    while (n-- > 0)
        word = word << 8 | (unsigned char)s.p[at + n];
    return word;
}

/* High bits where a byte is `c`, exact up to the first. */
static inline uint64_t sio_word_find(uint64_t word, char c)
{
    uint64_t diff = word ^ SIO_WORD_ONES * (unsigned char)c;
    return (diff - SIO_WORD_ONES) & ~diff & SIO_WORD_HIGH_BITS;
}

/* Which byte is the first with its high bit set, of a word that is not 0. */
static inline unsigned sio_word_first(uint64_t marks)
{
    return (unsigned)__builtin_ctzll(marks) / 8;
}

#endif
