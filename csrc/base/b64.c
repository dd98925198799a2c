// SPDX-License-Identifier: MIT
/* Base64. Stands on buf; binary packets in polling bodies and the WebSocket accept key use it.
 *
 * Only the standard alphabet, and only what an encoder writes: bits left over in the last character
 * must be zero, so that every byte string has at most two spellings (with and without padding).
 */
#include "base/b64.h"

#include "base/err.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value plus one of each character; 0: not one of ours. */
static const unsigned char values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

static char symbol(uint32_t bits, unsigned shift)
{
    return alphabet[bits >> shift & 63];
}

void sio_b64_encode(struct sio_buf *out, struct sio_slice bytes)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    char *to = sio_buf_reserve(out, (bytes.len + 2) / 3 * 4);
    size_t at = 0;
    for (; bytes.len - at >= 3; at += 3, to += 4) {
        uint32_t bits = (uint32_t)p[at] << 16 | (uint32_t)p[at + 1] << 8 | p[at + 2];
        to[0] = symbol(bits, 18);
        to[1] = symbol(bits, 12);
        to[2] = symbol(bits, 6);
        to[3] = symbol(bits, 0);
    }
    if (at < bytes.len) {
        bool two = bytes.len - at == 2;
        uint32_t bits = (uint32_t)p[at] << 16 | (two ? (uint32_t)p[at + 1] << 8 : 0);
        to[0] = symbol(bits, 18);
        to[1] = symbol(bits, 12);
        to[2] = two ? symbol(bits, 6) : '=';
        to[3] = '=';
    }
    out->len += (bytes.len + 2) / 3 * 4;
}

/* Length without padding; SIZE_MAX when the padding is not what an encoder writes. */
static size_t unpadded(struct sio_slice text)
{
    size_t len = text.len;
    while (len > 0 && text.len - len < 2 && text.p[len - 1] == '=')
        len--;
    if (len % 4 == 1 || (len != text.len && text.len % 4 != 0))
        return SIZE_MAX;
    return len;
}

/* The first n <= 4 characters as 24 bits; UINT32_MAX when one is foreign. */
static uint32_t take(const char *p, size_t n)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned v = i < n ? values[(unsigned char)p[i]] : 1;
        if (v == 0)
            return UINT32_MAX;
        bits = bits << 6 | (v - 1);
    }
    return bits;
}

int sio_b64_decode(struct sio_buf *out, struct sio_slice text)
{
    size_t len = unpadded(text), at = 0, wrote = 0;
    char *to;
    if (len == SIZE_MAX)
        return SIO_EINVAL;
    to = sio_buf_reserve(out, len / 4 * 3 + 3);
    while (at < len) {
        size_t n = len - at < 4 ? len - at : 4;
        uint32_t bits = take(text.p + at, n);
        if (bits == UINT32_MAX || (n < 4 && bits << (8 * n) != 0))
            return SIO_EINVAL;
        to[wrote] = (char)(bits >> 16);
        to[wrote + 1] = (char)(bits >> 8);
        to[wrote + 2] = (char)bits;
        wrote += n - 1;
        at += n;
    }
    out->len += wrote;
    return 0;
}
