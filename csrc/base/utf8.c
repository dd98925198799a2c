// SPDX-License-Identifier: MIT
/* UTF-8 validation. Stands on nothing; the WebSocket reader, JSON and the polling body call it.
 *
 * Words of eight ASCII bytes are skipped at once, whole sequences are checked in one go, and only
 * a sequence cut by the end of the input goes through the byte-wise state.
 */
#include "base/utf8.h"

#include "base/word.h"

/* Bounds of the second byte (RFC 3629 §4); returns how many continuation bytes follow, 0 for a
 * byte that cannot begin a sequence. */
static unsigned lead(unsigned char c, uint8_t *lo, uint8_t *hi)
{
    *lo = 0x80;
    *hi = 0xbf;
    if (c >= 0xc2 && c <= 0xdf)
        return 1;
    if (c >= 0xe0 && c <= 0xef) {
        if (c == 0xe0)
            *lo = 0xa0;
        if (c == 0xed)
            *hi = 0x9f;
        return 2;
    }
    if (c >= 0xf0 && c <= 0xf4) {
        if (c == 0xf0)
            *lo = 0x90;
        if (c == 0xf4)
            *hi = 0x8f;
        return 3;
    }
    return 0;
}

size_t sio_utf8_sequence(struct sio_slice s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    uint8_t lo, hi;
    unsigned need;
    if (s.len == 0)
        return 0;
    if (p[0] < 0x80)
        return 1;
    need = lead(p[0], &lo, &hi);
    if (need == 0 || s.len <= need || p[1] < lo || p[1] > hi)
        return 0;
    for (unsigned i = 2; i <= need; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return need + 1;
}

static bool feed_byte(struct sio_utf8 *st, unsigned char c)
{
    uint8_t lo = st->lo ? st->lo : 0x80, hi = st->hi ? st->hi : 0xbf;
    if (st->need == 0) {
        if (c < 0x80)
            return true;
        st->need = (uint8_t)lead(c, &st->lo, &st->hi);
        return st->need != 0;
    }
    if (c < lo || c > hi)
        return false;
    st->need--;
    st->lo = st->hi = 0;
    return true;
}

static size_t skip_ascii(struct sio_slice s, size_t at)
{
    for (; at < s.len; at += 8) {
        uint64_t marks = sio_word_at(s, at) & SIO_WORD_HIGH_BITS;
        if (marks != 0)
            return at + sio_word_first(marks);
    }
    return s.len;
}

bool sio_utf8_feed(struct sio_utf8 *st, struct sio_slice s)
{
    size_t at = 0;
    while (at < s.len) {
        size_t n;
        if (st->need == 0) {
            at = skip_ascii(s, at);
            if (at == s.len)
                break;
            n = sio_utf8_sequence(sio_slice_from(s, at));
            if (n != 0) {
                at += n;
                continue;
            }
        }
        if (!feed_byte(st, (unsigned char)s.p[at++]))
            return false;
    }
    return true;
}

bool sio_utf8_valid(struct sio_slice s)
{
    struct sio_utf8 st = {0};
    return sio_utf8_feed(&st, s) && sio_utf8_complete(&st);
}
