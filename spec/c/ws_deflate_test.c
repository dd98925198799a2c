// SPDX-License-Identifier: MIT
/* Compressed messages: how they are read from frames, cut in every way; bombs, garbage and what
 * bends the rules; context takeover and windows in both directions.
 */
#include "codec/ws_frame.h"

#include <malloc.h>

#include "base/err.h"
#include "test.h"

enum { MAX = 1000, FIN = 0x80, RSV1 = SIO_WS_RSV1 };

#define TEXT (FIN | SIO_WS_TEXT)
#define PING (FIN | SIO_WS_PING)
#define HELLO "\xf2\x48\xcd\xc9\xc9\x07\x00" /* RFC 7692 §7.2.3.1 */

static const struct sio_deflate_effort effort = {SIO_DEFLATE_LEVEL, SIO_DEFLATE_MEM_LEVEL};
static const struct sio_ws_terms alone = {true, true, true, 0, 0};
static const struct sio_ws_terms takeover = {true, false, false, 0, 0};

/* Appends a client's frame with the masking key 0; `head` is FIN, RSV bits and opcode. */
static void frame(struct sio_buf *b, unsigned head, struct sio_slice payload)
{
    size_t bytes = payload.len < 126 ? 0 : payload.len < 65536 ? 2 : 8;
    sio_buf_append_u8(b, (uint8_t)head);
    sio_buf_append_u8(b, (uint8_t)(0x80 | (bytes == 0 ? payload.len : bytes == 2 ? 126 : 127)));
    for (size_t i = bytes; i > 0; i--)
        sio_buf_append_u8(b, (uint8_t)(payload.len >> 8 * (i - 1)));
    sio_buf_append_u32(b, 0);
    sio_buf_append_slice(b, payload);
}

/* A message compressed by a client that begins anew each time. */
static struct sio_buf compressed(struct sio_slice text)
{
    struct sio_deflater *d = sio_deflater_new(SIO_DEFLATE_RAW, 15, effort);
    struct sio_buf out = {0};
    sio_deflater_message(d, text, true, &out);
    sio_deflater_free(d);
    return out;
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct {
    struct sio_ws_pool pool;
    struct sio_ws_reader r;
    struct sio_buf story; /* "T:text B:bytes P: !1007" */
} side;

static void open_side(const struct sio_ws_terms *terms, size_t max)
{
    sio_ws_reader_init(&side.r, max);
    side.r.pool = &side.pool;
    side.r.deflate = terms ? sio_ws_deflate_new(terms) : NULL;
}

static void close_side(void)
{
    sio_ws_reader_fini(&side.r);
    CHECK_EQ_INT(side.pool.out, 0);
    sio_ws_pool_fini(&side.pool);
    sio_buf_fini(&side.story);
}

static bool read_side(struct sio_slice in)
{
    struct sio_ws_event e;
    int got;
    while ((got = sio_ws_read(&side.r, &in, &e)) == 1) {
        const char *kind = e.op == SIO_WS_TEXT ? "T:" : e.op == SIO_WS_BINARY ? "B:" : "P:";
        sio_buf_append_slice(&side.story, sio_slice_str(kind));
        sio_buf_append_slice(&side.story, e.data);
        sio_buf_append_char(&side.story, ' ');
    }
    if (got < 0)
        sio_buf_printf(&side.story, "!%u", side.r.close_code);
    return got == 0;
}

struct expectation {
    const struct sio_ws_terms *terms;
    struct sio_slice story;
};

static void run(struct test_feed *f, void *arg)
{
    const struct expectation *x = arg;
    struct sio_slice piece;
    open_side(x->terms, MAX);
    while (test_feed_next(f, &piece) && read_side(piece))
        continue;
    CHECK_EQ_SLICE(sio_buf_slice(&side.story), x->story);
    close_side();
}

/* Empties the buf. */
static void expect_buf(struct sio_buf *b, const struct sio_ws_terms *terms, struct sio_slice story)
{
    struct expectation x = {terms, story};
    test_feed_all(sio_buf_slice(b), run, &x);
    sio_buf_fini(b);
}

static void expect_message(struct sio_slice payload, struct sio_slice story)
{
    struct sio_buf b = {0};
    frame(&b, TEXT | RSV1, payload);
    expect_buf(&b, &alone, story);
    frame(&b, TEXT | RSV1, payload);
    expect_buf(&b, &takeover, story);
}
#define EXPECT(payload, story) expect_message(SIO_LIT(payload), SIO_LIT(story))

TEST(messages_are_inflated_however_they_are_cut)
{
    struct sio_buf b = {0};
    frame(&b, TEXT | RSV1, SIO_LIT(HELLO));
    frame(&b, PING, SIO_LIT(""));
    frame(&b, TEXT, SIO_LIT("plain"));
    frame(&b, FIN | SIO_WS_BINARY | RSV1, SIO_LIT(HELLO));
    frame(&b, SIO_WS_TEXT | RSV1, SIO_LIT("\xf2\x48\xcd")); /* §7.2.3.1, fragmented */
    frame(&b, PING, SIO_LIT("x"));
    frame(&b, 0, SIO_LIT(""));
    frame(&b, FIN, SIO_LIT("\xc9\xc9\x07\x00"));
    expect_buf(&b, &alone, SIO_LIT("T:Hello P: T:plain B:Hello P:x T:Hello "));
}

TEST(the_examples_of_the_rfc)
{
    EXPECT(HELLO, "T:Hello ");
    EXPECT("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", "T:Hello "); /* §7.2.3.3, stored */
    EXPECT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "T:Hello ");             /* §7.2.3.4, BFINAL */
    EXPECT("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", "T:Hello "); /* §7.2.3.5 */
    EXPECT("\x00", "T: ");                                                      /* §7.2.3.6; D06 */
}

TEST(takeover_refers_to_the_message_before) /* RFC 7692 §7.2.3.2 */
{
    struct sio_buf b = {0};
    frame(&b, TEXT | RSV1, SIO_LIT(HELLO));
    frame(&b, TEXT | RSV1, SIO_LIT("\xf2\x00\x11\x00\x00"));
    expect_buf(&b, &takeover, SIO_LIT("T:Hello T:Hello "));
    frame(&b, TEXT | RSV1, SIO_LIT(HELLO));
    frame(&b, TEXT | RSV1, SIO_LIT("\xf2\x00\x11\x00\x00"));
    expect_buf(&b, &alone, SIO_LIT("T:Hello !1007"));
    frame(&b, TEXT | RSV1, SIO_LIT("\xf3\x48\xcd\xc9\xc9\x07\x00\x00")); /* a final block */
    frame(&b, TEXT | RSV1, SIO_LIT("\xf2\x00\x11\x00\x00"));
    expect_buf(&b, &takeover, SIO_LIT("T:Hello T:Hello "));
}

TEST(a_final_block_may_be_all_or_be_followed) /* D06 */
{
    EXPECT("\xf3\x48\xcd\xc9\xc9\x07\x00", "T:Hello "); /* without 00 */
    EXPECT("\xf3\x48\xcd\xc9\xc9\x07\x00" HELLO, "T:HelloHello ");
    EXPECT("\x03\x00\x03\x00\x03\x00", "T: ");
}

TEST(a_truncated_stream_is_what_came_of_it) /* D06, as ws */
{
    struct sio_buf b = compressed(SIO_LIT("42[\"event\",\"a text that is long enough\"]"));
    struct sio_buf in = {0};
    frame(&in, TEXT | RSV1, sio_slice(b.p, b.len / 2));
    open_side(&alone, MAX);
    CHECK(read_side(sio_buf_slice(&in)));
    CHECK(sio_slice_starts(sio_buf_slice(&side.story), SIO_LIT("T:42[\"event\",\"a ")));
    sio_buf_clear(&in);
    sio_buf_clear(&side.story);
    frame(&in, TEXT | RSV1, SIO_LIT(HELLO)); /* the next one does not suffer */
    CHECK(read_side(sio_buf_slice(&in)));
    CHECK_SLICE(sio_buf_slice(&side.story), "T:Hello ");
    close_side();
    sio_buf_fini(&in);
    sio_buf_fini(&b);
    EXPECT("", "T: ");
}

TEST(garbage_is_refused_with_1007) /* D02 */
{
    EXPECT("\xff\xff\xff", "!1007");
    EXPECT("\x06\x00\x00\x00", "!1007");     /* block type 3 */
    EXPECT("\x00\x05\x00\xfa\xfe", "!1007"); /* a stored length that is not its inverse */
    EXPECT("\x4b\x04\x62\x00\x00\x00\xff\xff\x07", "!1007"); /* behind a good block */
}

TEST(text_is_checked_when_it_is_inflated) /* D02 */
{
    struct sio_buf b, in = {0};
    static const char *const bad[] = {"\xff", "ab\xc0\xaf", "\xed\xa0\x80", "cut \xe2\x82"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        b = compressed(sio_slice_str(bad[i]));
        frame(&in, TEXT | RSV1, sio_buf_slice(&b));
        expect_buf(&in, &alone, SIO_LIT("!1007"));
        sio_buf_fini(&b);
    }
    b = compressed(SIO_LIT("\xe2\x82\xac\xff"));
    frame(&in, FIN | SIO_WS_BINARY | RSV1, sio_buf_slice(&b));
    expect_buf(&in, &alone, SIO_LIT("B:\xe2\x82\xac\xff "));
    sio_buf_fini(&b);
    b = compressed(SIO_LIT("\xe2\x82\xac")); /* its compressed bytes are no UTF-8 */
    frame(&in, TEXT | RSV1, sio_buf_slice(&b));
    expect_buf(&in, &alone, SIO_LIT("T:\xe2\x82\xac "));
    sio_buf_fini(&b);
}

TEST(the_bit_has_its_places) /* D02: RSV1 on a continuation or a control frame */
{
    struct sio_buf b = {0};
    frame(&b, PING | RSV1, SIO_LIT(""));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
    frame(&b, FIN | SIO_WS_PONG | RSV1, SIO_LIT(""));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
    frame(&b, FIN | SIO_WS_CLOSE | RSV1, SIO_LIT(""));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
    frame(&b, SIO_WS_TEXT | RSV1, SIO_LIT("\xf2\x48\xcd"));
    frame(&b, FIN | RSV1, SIO_LIT("\xc9\xc9\x07\x00"));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
    frame(&b, TEXT | RSV1, SIO_LIT(HELLO));
    expect_buf(&b, NULL, SIO_LIT("!1002")); /* nothing was agreed on */
    frame(&b, TEXT | 0x20, SIO_LIT(HELLO));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
    frame(&b, TEXT | RSV1 | 0x10, SIO_LIT(HELLO));
    expect_buf(&b, &alone, SIO_LIT("!1002"));
}

/* ---- limits ---------------------------------------------------------------------------------- */

static void expect_zeroes(size_t n, size_t max, bool taken)
{
    struct sio_buf zeroes = {0}, b, in = {0};
    memset(sio_buf_reserve(&zeroes, n), 'x', n);
    zeroes.len = n;
    b = compressed(sio_buf_slice(&zeroes));
    frame(&in, TEXT | RSV1, sio_buf_slice(&b));
    open_side(&alone, max);
    CHECK(read_side(sio_buf_slice(&in)) == taken);
    if (taken)
        CHECK_EQ_INT(side.story.len, n + 3);
    else
        CHECK_SLICE(sio_buf_slice(&side.story), "!1009");
    close_side();
    sio_buf_fini(&in);
    sio_buf_fini(&b);
    sio_buf_fini(&zeroes);
}

TEST(the_limit_counts_what_is_inflated)
{
    expect_zeroes(MAX, MAX, true);
    expect_zeroes(MAX + 1, MAX, false);
    expect_zeroes(16384, 16384, true); /* as long as one step */
    expect_zeroes(16385, 16384, false);
    expect_zeroes(100000, 100000, true);
    expect_zeroes(100001, 100000, false);
}

TEST(the_limit_counts_what_is_sent)
{
    struct sio_buf b = {0};
    char stored[MAX + 1] = {0};
    frame(&b, TEXT | RSV1, sio_slice(stored, sizeof stored));
    expect_buf(&b, &alone, SIO_LIT("!1009"));
    frame(&b, SIO_WS_TEXT | RSV1, sio_slice(stored, 1));
    frame(&b, FIN, sio_slice(stored, MAX));
    expect_buf(&b, &alone, SIO_LIT("!1009"));
}

static size_t heap_in_use(void)
{
    return mallinfo2().uordblks + mallinfo2().hblkhd;
}

/* D02: 50 MB in 50 KB. What is held stays within the limit and the inflater. */
TEST(bombs_stop_at_the_limit)
{
    enum { BOMB = 50 << 20, LIMIT = 1 << 20, INFLATER = 64 << 10 };
    struct sio_inflater *i = sio_inflater_new(15);
    struct sio_inflate_limits limits = {LIMIT, true};
    struct sio_buf zeroes = {0}, bomb, out = {0};
    size_t before;
    memset(sio_buf_reserve(&zeroes, BOMB), '0', BOMB);
    zeroes.len = BOMB;
    bomb = compressed(sio_buf_slice(&zeroes));
    CHECK(bomb.len < 60000);
    sio_buf_fini(&zeroes);
    before = heap_in_use();
    CHECK_EQ_INT(sio_inflater_message(i, sio_buf_slice(&bomb), &limits, &out), SIO_ETOOBIG);
    CHECK(out.len <= LIMIT);
    CHECK(heap_in_use() - before <= 2 * LIMIT + INFLATER);
    sio_buf_fini(&out);
    sio_inflater_forget(i);
    CHECK_EQ_INT(sio_inflater_message(i, SIO_LIT(HELLO), &limits, &out), 0);
    CHECK_SLICE(sio_buf_slice(&out), "Hello");
    sio_buf_fini(&out);
    sio_buf_fini(&bomb);
    sio_inflater_free(i);
}

/* A peer that begins messages and ends none makes us hold what it sent, and no stream. */
TEST(an_unfinished_message_holds_no_stream)
{
    struct sio_buf in = {0};
    frame(&in, SIO_WS_TEXT | RSV1, SIO_LIT("\xf2\x48\xcd"));
    open_side(&alone, MAX);
    CHECK(read_side(sio_buf_slice(&in)));
    CHECK(side.pool.inflater == NULL && side.r.deflate->in == NULL);
    CHECK_EQ_INT(side.r.message.len, 3);
    close_side();
    sio_buf_fini(&in);
}

TEST(streams_are_where_the_terms_say)
{
    struct sio_buf in = {0};
    frame(&in, TEXT | RSV1, SIO_LIT(HELLO));
    open_side(&alone, MAX);
    CHECK(read_side(sio_buf_slice(&in)));
    CHECK(side.pool.inflater != NULL && side.r.deflate->in == NULL);
    close_side();
    open_side(&takeover, MAX);
    CHECK(read_side(sio_buf_slice(&in)));
    CHECK(side.pool.inflater == NULL && side.r.deflate->in != NULL);
    close_side();
    sio_buf_fini(&in);
}

/* ---- round trips ----------------------------------------------------------------------------- */

/* Text that repeats itself after `distance` bytes, and not before. */
static void append_far(struct sio_buf *b, size_t distance, uint32_t seed)
{
    size_t from = b->len;
    for (size_t i = 0; i < distance; i++) {
        seed = seed * 1664525 + 1013904223;
        sio_buf_append_char(b, (char)('0' + (seed >> 24) % 64));
    }
    sio_buf_reserve(b, distance);
    sio_buf_append(b, b->p + from, distance);
}

static void round_trip(unsigned deflate_bits, unsigned inflate_bits, bool forget)
{
    struct sio_deflater *d = sio_deflater_new(SIO_DEFLATE_RAW, deflate_bits, effort);
    struct sio_inflater *i = sio_inflater_new(inflate_bits);
    struct sio_inflate_limits limits = {1 << 20, true};
    test_context("deflate %u, inflate %u", deflate_bits, inflate_bits);
    for (unsigned n = 0; n < 4; n++) {
        struct sio_buf text = {0}, sent = {0}, got = {0};
        for (unsigned bits = 8; n != 2 && bits <= 15; bits++)
            append_far(&text, ((size_t)1 << bits) - (bits > 8 ? 300 : 0), 7);
        sio_deflater_message(d, sio_buf_slice(&text), forget, &sent);
        CHECK_EQ_INT(sio_inflater_message(i, sio_buf_slice(&sent), &limits, &got), 0);
        CHECK(sio_slice_eq(sio_buf_slice(&got), sio_buf_slice(&text)));
        if (forget)
            sio_inflater_forget(i);
        sio_buf_fini(&text);
        sio_buf_fini(&sent);
        sio_buf_fini(&got);
    }
    test_context("%s", "");
    sio_deflater_free(d);
    sio_inflater_free(i);
}

TEST(every_window_keeps_to_its_size)
{
    for (unsigned bits = 8; bits <= 15; bits++) {
        round_trip(bits, bits < 9 ? 9 : bits, true);
        round_trip(bits, bits < 9 ? 9 : bits, false);
        round_trip(bits, 15, true);
    }
}

/* What we send with a window of 8 bits refers to the byte before at most. */
TEST(a_window_of_eight_bits_is_for_real)
{
    struct sio_deflater *eight = sio_deflater_new(SIO_DEFLATE_RAW, 8, effort);
    struct sio_deflater *nine = sio_deflater_new(SIO_DEFLATE_RAW, 9, effort);
    struct sio_buf text = {0}, a = {0}, b = {0}, run = {0};
    append_far(&text, 200, 1);
    sio_deflater_message(eight, sio_buf_slice(&text), true, &a);
    sio_deflater_message(nine, sio_buf_slice(&text), true, &b);
    CHECK(b.len + 100 < a.len);
    memset(sio_buf_reserve(&run, 1000), 'x', 1000);
    run.len = 1000;
    sio_buf_clear(&a);
    sio_deflater_message(eight, sio_buf_slice(&run), true, &a);
    CHECK(a.len < 30); /* still better than nothing */
    sio_buf_fini(&text);
    sio_buf_fini(&a);
    sio_buf_fini(&b);
    sio_buf_fini(&run);
    sio_deflater_free(eight);
    sio_deflater_free(nine);
}

TEST(takeover_makes_repeated_messages_small)
{
    struct sio_deflater *d = sio_deflater_new(SIO_DEFLATE_RAW, 15, effort);
    struct sio_buf text = {0}, first = {0}, second = {0}, third = {0};
    append_far(&text, 1000, 3);
    sio_deflater_message(d, sio_buf_slice(&text), false, &first);
    sio_deflater_message(d, sio_buf_slice(&text), true, &second);
    sio_deflater_message(d, sio_buf_slice(&text), true, &third);
    CHECK(second.len * 10 < first.len);
    CHECK_EQ_SLICE(sio_buf_slice(&third), sio_buf_slice(&first));
    sio_buf_fini(&text);
    sio_buf_fini(&first);
    sio_buf_fini(&second);
    sio_buf_fini(&third);
    sio_deflater_free(d);
}

/* The output ends where the room given to zlib does, at every length. */
TEST(flushes_are_whole_at_every_length)
{
    struct sio_deflater *d = sio_deflater_new(SIO_DEFLATE_RAW, 15, effort);
    struct sio_inflater *i = sio_inflater_new(15);
    struct sio_inflate_limits limits = {1 << 16, false};
    struct sio_buf text = {0};
    for (unsigned n = 0; n < 600; n++) {
        struct sio_buf sent = {0}, got = {0};
        sio_deflater_message(d, sio_buf_slice(&text), n % 3 == 0, &sent);
        CHECK_EQ_INT(sio_inflater_message(i, sio_buf_slice(&sent), &limits, &got), 0);
        CHECK_EQ_SLICE(sio_buf_slice(&got), sio_buf_slice(&text));
        sio_buf_fini(&sent);
        sio_buf_fini(&got);
        sio_buf_append_char(&text, (char)(n * 2654435761u >> 24));
    }
    sio_buf_fini(&text);
    sio_deflater_free(d);
    sio_inflater_free(i);
}
