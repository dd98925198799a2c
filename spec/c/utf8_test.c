// SPDX-License-Identifier: MIT
/* base/utf8: every sequence up to three bytes against the definition, and the incremental form. */
#include "base/utf8.h"

#include "test.h"

/* RFC 3629 read literally: decode, then check the range and that it is the shortest form. */
static bool naive_valid(const unsigned char *p, size_t len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    for (size_t i = 0; i < len;) {
        unsigned c = p[i];
        size_t n = c < 0x80 ? 1 : c >> 5 == 6 ? 2 : c >> 4 == 14 ? 3 : c >> 3 == 30 ? 4 : 0;
        uint32_t code = n == 1 ? c : n ? c & (0x7fu >> n) : 0;
        if (n == 0 || len - i < n)
            return false;
        for (size_t k = 1; k < n; k++) {
            if (p[i + k] >> 6 != 2)
                return false;
            code = code << 6 | (p[i + k] & 0x3f);
        }
        if (code < least[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
            return false;
        i += n;
    }
    return true;
}

TEST(all_of_one_and_two_bytes)
{
    for (unsigned v = 0; v < 0x10000; v++) {
        unsigned char p[2] = {(unsigned char)(v >> 8), (unsigned char)v};
        CHECK_EQ_INT(sio_utf8_valid(sio_slice(p, 2)), naive_valid(p, 2));
        CHECK_EQ_INT(sio_utf8_valid(sio_slice(p, 1)), naive_valid(p, 1));
    }
}

TEST(all_of_three_and_edges_of_four_bytes)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc0, 0xff};
    for (unsigned a = 0xc0; a < 0x100; a++)
        for (unsigned b = 0x70; b < 0xd0; b++)
            for (size_t c = 0; c < sizeof edges; c++)
                for (size_t d = 0; d < sizeof edges; d++) {
                    unsigned char p[4] = {(unsigned char)a, (unsigned char)b, edges[c], edges[d]};
                    CHECK_EQ_INT(sio_utf8_valid(sio_slice(p, 4)), naive_valid(p, 4));
                    CHECK_EQ_INT(sio_utf8_valid(sio_slice(p, 3)), naive_valid(p, 3));
                }
}

static void feed(struct test_feed *f, void *arg)
{
    struct sio_utf8 st = {0};
    struct sio_slice chunk;
    bool ok = true;
    while (ok && test_feed_next(f, &chunk))
        ok = sio_utf8_feed(&st, chunk);
    CHECK_EQ_INT(ok && sio_utf8_complete(&st), *(bool *)arg);
}

TEST(incremental_agrees_however_it_is_cut)
{
    static const struct sio_slice texts[] = {
        {"plain ascii, longer than eight bytes", 36},
        {"ascii then \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 and on", 27},
        {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 8},
        {"cut \xf0\x9f\x98", 7},
        {"\xed\xa0\x80", 3},     /* surrogate */
        {"\xf4\x90\x80\x80", 4}, /* above U+10FFFF */
        {"\xc0\xaf", 2},         /* overlong */
        {"eight...\xff", 9},
        {"\xe2\x82\xac\x80", 4}, /* one continuation too many */
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        bool valid = naive_valid((const unsigned char *)texts[i].p, texts[i].len);
        test_feed_all(texts[i], feed, &valid);
    }
}

TEST(incremental_fails_at_the_first_bad_byte)
{
    struct sio_utf8 st = {0};
    CHECK(sio_utf8_feed(&st, SIO_LIT("\xed")));
    CHECK(!sio_utf8_feed(&st, SIO_LIT("\xa0"))); /* not only at the third */
}

TEST(length_of_a_sequence)
{
    CHECK_EQ_INT(sio_utf8_sequence(SIO_LIT("")), 0);
    CHECK_EQ_INT(sio_utf8_sequence(SIO_LIT("ab")), 1);
    CHECK_EQ_INT(sio_utf8_sequence(SIO_LIT("\xe2\x82\xac!")), 3);
    CHECK_EQ_INT(sio_utf8_sequence(SIO_LIT("\xe2\x82")), 0);
    CHECK_EQ_INT(sio_utf8_sequence(SIO_LIT("\x80")), 0);
}
