// SPDX-License-Identifier: MIT
/* codec/ws_frame: frames of every kind, cut in every way. */
#include "codec/ws_frame.h"

#include "base/err.h"
#include "test.h"

enum { MAX = 1000, FIN = 0x80 };

/* Appends a masked client frame; `head` is FIN, RSV bits and opcode. */
static void frame(struct sio_buf *b, unsigned head, struct sio_slice payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    size_t bytes = payload.len < 126 ? 0 : payload.len < 65536 ? 2 : 8;
    sio_buf_append_u8(b, (uint8_t)head);
    sio_buf_append_u8(b, (uint8_t)(0x80 | (bytes == 0 ? payload.len : bytes == 2 ? 126 : 127)));
    for (size_t i = bytes; i > 0; i--)
        sio_buf_append_u8(b, (uint8_t)(payload.len >> 8 * (i - 1)));
    sio_buf_append(b, mask, 4);
    for (size_t i = 0; i < payload.len; i++)
        sio_buf_append_u8(b, (uint8_t)((unsigned char)payload.p[i] ^ mask[i % 4]));
}

/* "T:hi P: C1000:bye " for events, "!1002" for an error. */
static void tell(struct sio_buf *story, const struct sio_ws_event *e)
{
    switch (e->op) {
    case SIO_WS_TEXT:
        sio_buf_append_slice(story, SIO_LIT("T"));
        break;
    case SIO_WS_BINARY:
        sio_buf_append_slice(story, SIO_LIT("B"));
        break;
    case SIO_WS_CLOSE:
        sio_buf_printf(story, "C%u", e->code);
        break;
    case SIO_WS_PING:
        sio_buf_append_slice(story, SIO_LIT("P"));
        break;
    case SIO_WS_PONG:
        sio_buf_append_slice(story, SIO_LIT("Q"));
        break;
    }
    sio_buf_append_char(story, ':');
    sio_buf_append_slice(story, e->data);
    sio_buf_append_char(story, ' ');
}

static bool feed(struct sio_ws_reader *r, struct sio_slice in, struct sio_buf *story)
{
    struct sio_ws_event e;
    int got;
    while ((got = sio_ws_read(r, &in, &e)) == 1)
        tell(story, &e);
    if (got == 0) {
        CHECK_EQ_INT(in.len, 0);
        return true;
    }
    sio_buf_printf(story, "!%u", r->close_code);
    CHECK(sio_ws_read(r, &in, &e) < 0); /* for good */
    return false;
}

static void run(struct test_feed *f, void *arg)
{
    static struct sio_ws_pool pool; /* kept: what one run leaves in it must not hurt the next */
    struct sio_ws_reader r;
    struct sio_buf story = {0};
    struct sio_slice chunk;
    sio_ws_reader_init(&r, MAX);
    r.pool = &pool;
    while (test_feed_next(f, &chunk) && feed(&r, chunk, &story))
        continue;
    CHECK_EQ_SLICE(sio_buf_slice(&story), *(struct sio_slice *)arg);
    sio_ws_reader_fini(&r);
    CHECK_EQ_INT(pool.out, 0);
    sio_buf_fini(&story);
}

/* Empties the buf. */
static void expect_buf(struct sio_buf *b, const char *story)
{
    struct sio_slice wanted = sio_slice_str(story);
    unsigned before = test_state.failures;
    test_feed_all(sio_buf_slice(b), run, &wanted);
    if (test_state.failures != before)
        printf("# input was %s\n", test_quote(sio_buf_slice(b)));
    sio_buf_fini(b);
}

static void expect_frame(unsigned head, struct sio_slice payload, const char *story)
{
    struct sio_buf b = {0};
    frame(&b, head, payload);
    expect_buf(&b, story);
}

static void expect_raw(struct sio_slice bytes, const char *story)
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, bytes);
    expect_buf(&b, story);
}

#define TEXT (FIN | SIO_WS_TEXT)
#define BINARY (FIN | SIO_WS_BINARY)
#define CLOSE (FIN | SIO_WS_CLOSE)
#define PING (FIN | SIO_WS_PING)
#define PONG (FIN | SIO_WS_PONG)

TEST(single_frames)
{
    expect_frame(TEXT, SIO_LIT("hello"), "T:hello ");
    expect_frame(BINARY, SIO_LIT("\xff\xfe"), "B:\xff\xfe ");
    expect_frame(TEXT, SIO_LIT(""), "T: "); /* F44 */
    expect_frame(BINARY, SIO_LIT(""), "B: ");
    expect_frame(PING, SIO_LIT("x"), "P:x ");
    expect_frame(PONG, SIO_LIT(""), "Q: ");
    expect_frame(TEXT, SIO_LIT("\xe2\x82\xac\xf0\x9f\x98\x80"), "T:\xe2\x82\xac\xf0\x9f\x98\x80 ");
}

TEST(several_frames_in_one_piece)
{
    struct sio_buf b = {0};
    frame(&b, TEXT, SIO_LIT("one"));
    frame(&b, PING, SIO_LIT(""));
    frame(&b, BINARY, SIO_LIT("two"));
    frame(&b, TEXT, SIO_LIT(""));
    expect_buf(&b, "T:one P: B:two T: ");
}

TEST(fragments_with_control_frames_between)
{
    struct sio_buf b = {0};
    frame(&b, SIO_WS_TEXT, SIO_LIT("a\xe2"));
    frame(&b, PING, SIO_LIT("ping"));
    frame(&b, 0, SIO_LIT(""));
    frame(&b, 0, SIO_LIT("\x82"));
    frame(&b, PONG, SIO_LIT(""));
    frame(&b, FIN,
          SIO_LIT("\xac"
                  "b"));
    frame(&b, SIO_WS_BINARY, SIO_LIT(""));
    frame(&b, FIN, SIO_LIT(""));
    expect_buf(&b, "P:ping Q: T:a\xe2\x82\xac"
                   "b B: ");
}

TEST(lengths)
{
    static const size_t lengths[] = {1, 125, 126, 127, 128, 999, 1000};
    char payload[MAX], story[MAX + 4];
    memset(payload, 'a', sizeof payload);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        snprintf(story, sizeof story, "T:%.*s ", (int)lengths[i], payload);
        expect_frame(TEXT, sio_slice(payload, lengths[i]), story);
    }
}

TEST(large_messages)
{
    static const size_t lengths[] = {4081, 4082, 4083, 8178, 65535, 65536, 300000};
    static const size_t steps[] = {1000, 4096, 65536, 1000000};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct sio_buf payload = {0};
        for (size_t n = 0; n < lengths[i]; n++)
            sio_buf_append_u8(&payload, (uint8_t)(n * 31 >> 3));
        for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
            struct sio_ws_reader r;
            struct sio_ws_event e;
            struct sio_buf wire = {0};
            struct sio_slice rest, in;
            int got = 0;
            frame(&wire, BINARY, sio_buf_slice(&payload));
            rest = sio_buf_slice(&wire);
            sio_ws_reader_init(&r, lengths[i]);
            while (got == 0 && rest.len > 0) {
                in = sio_slice(rest.p, rest.len < steps[k] ? rest.len : steps[k]);
                rest = sio_slice_from(rest, in.len);
                got = sio_ws_read(&r, &in, &e);
            }
            CHECK_EQ_INT(got, 1);
            CHECK_EQ_SLICE(e.data, sio_buf_slice(&payload));
            sio_ws_reader_fini(&r);
            sio_buf_fini(&wire);
        }
        sio_buf_fini(&payload);
    }
}

TEST(bad_heads) /* F01: 1002 with the second byte at the latest */
{
    static const unsigned char ops[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof ops; i++)
        expect_frame(FIN | ops[i], SIO_LIT("x"), "!1002");
    for (unsigned rsv = 0x10; rsv <= 0x70; rsv += 0x10) {
        expect_frame(TEXT | rsv, SIO_LIT("x"), "!1002");
        expect_frame(PING | rsv, SIO_LIT(""), "!1002");
    }
    expect_raw(SIO_LIT("\x81\x01x"), "!1002"); /* not masked */
    expect_raw(SIO_LIT("\x89\x00"), "!1002");
    expect_raw(SIO_LIT("GET / HTTP/1.1\r\n"), "!1002");
    expect_frame(FIN, SIO_LIT("x"), "!1002"); /* stray continuation */
    expect_frame(0, SIO_LIT("x"), "!1002");
    expect_frame(SIO_WS_PING, SIO_LIT("x"), "!1002");
    expect_frame(SIO_WS_CLOSE, SIO_LIT(""), "!1002");
    expect_raw(SIO_LIT("\x89\xfe\x00\x7e\x01\x02\x03\x04"), "!1002"); /* ping of 126 */
}

TEST(data_frame_inside_a_message)
{
    struct sio_buf b = {0};
    frame(&b, SIO_WS_TEXT, SIO_LIT("a"));
    frame(&b, TEXT, SIO_LIT("b"));
    expect_buf(&b, "!1002");
}

TEST(lengths_that_are_not_minimal) /* F19 */
{
    expect_raw(SIO_LIT("\x81\xfe\x00\x05\x01\x02\x03\x04zzzzz"), "!1002");
    expect_raw(SIO_LIT("\x81\xfe\x00\x7d\x01\x02\x03\x04"), "!1002");
    expect_raw(SIO_LIT("\x81\xff\x00\x00\x00\x00\x00\x00\x00\x7d\x01\x02\x03\x04"), "!1002");
}

TEST(too_big_on_the_head_alone) /* F14 */
{
    struct sio_buf b = {0};
    char half[600] = {0};
    expect_raw(SIO_LIT("\x82\xfe\x03\xe9"), "!1009"); /* 1001, not even the mask is there */
    expect_raw(SIO_LIT("\x82\xff\x00\x20\x00\x00\x00\x00\x00\x00"), "!1009"); /* 2^53 */
    expect_raw(SIO_LIT("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff"), "!1009");
    expect_raw(SIO_LIT("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00"), "!1002"); /* §5.2 */
    frame(&b, SIO_WS_BINARY, sio_slice(half, sizeof half));
    sio_buf_append_slice(&b, SIO_LIT("\x80\xfe\x02\x58")); /* 600 more: the sum counts */
    expect_buf(&b, "!1009");
}

TEST(an_announced_length_reserves_nothing)
{
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_slice in = SIO_LIT("\x82\xff\x00\x00\x00\x00\x00\x0f\x42\x40\x01\x02\x03\x04zzz");
    sio_ws_reader_init(&r, 1000000);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), 0);
    CHECK_EQ_INT(r.message.len, 3);
    CHECK(r.message.cap < 100);
    sio_ws_reader_fini(&r);
}

TEST(bad_utf8) /* F27, F29 */
{
    struct sio_buf b = {0};
    expect_frame(TEXT, SIO_LIT("\xff"), "!1007");
    expect_frame(TEXT, SIO_LIT("\xc0\xaf"), "!1007");
    expect_frame(TEXT, SIO_LIT("\xed\xa0\x80"), "!1007");
    expect_frame(TEXT, SIO_LIT("\xf4\x90\x80\x80"), "!1007");
    expect_frame(TEXT, SIO_LIT("cut \xe2\x82"), "!1007");
    frame(&b, SIO_WS_TEXT, SIO_LIT("first \xff")); /* at once, not at the end of the message */
    expect_buf(&b, "!1007");
    frame(&b, SIO_WS_TEXT, SIO_LIT("ok \xe2"));
    frame(&b, FIN, SIO_LIT(""));
    expect_buf(&b, "!1007");
    frame(&b, SIO_WS_TEXT, SIO_LIT("\xe2")); /* the state does not leak into the next message */
    frame(&b, FIN, SIO_LIT("\x82\xac"));
    frame(&b, TEXT, SIO_LIT("x"));
    expect_buf(&b, "T:\xe2\x82\xac T:x ");
}

TEST(bad_utf8_shows_before_the_frame_ends)
{
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_buf b = {0};
    struct sio_slice in;
    frame(&b, TEXT, SIO_LIT("\xff and a hundred bytes that never come"));
    in = sio_slice(b.p, 8);
    sio_ws_reader_init(&r, MAX);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), SIO_EUTF8);
    CHECK_EQ_INT(r.close_code, 1007);
    sio_ws_reader_fini(&r);
    sio_buf_fini(&b);
}

static void expect_close(unsigned code, const char *story)
{
    char payload[5] = {(char)(code >> 8), (char)code, 'b', 'y', 'e'};
    expect_frame(CLOSE, sio_slice(payload, 5), story);
}

TEST(close) /* F21-F24 */
{
    static const unsigned good[] = {1000, 1001, 1002, 1003, 1007, 1011,
                                    1012, 1013, 1014, 3000, 4999};
    static const unsigned bad[] = {0,    999,  1004, 1005, 1006, 1015,
                                   1016, 1100, 2000, 2999, 5000, 65535};
    char story[32];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(story, sizeof story, "C%u:bye ", good[i]);
        expect_close(good[i], story);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_close(bad[i], "!1002");
    expect_frame(CLOSE, SIO_LIT(""), "C1005: ");
    expect_frame(CLOSE, SIO_LIT("\x03\xe8"), "C1000: ");
    expect_frame(CLOSE, SIO_LIT("\x03"), "!1002");
    expect_frame(CLOSE, SIO_LIT("\x03\xe8\xff"), "!1007");
    expect_raw(SIO_LIT("\x88\xfe\x00\x7e"), "!1002"); /* 126 bytes: refused on the head */
}

/* A message of n frames with `size` bytes each. */
static int read_fragments(unsigned n, size_t size, uint16_t *close_code)
{
    static const char payload[SIO_WS_FRAGMENT_BYTES];
    struct sio_slice each = sio_slice(payload, size);
    struct sio_buf b = {0};
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_slice in;
    int got;
    frame(&b, SIO_WS_BINARY, each);
    for (unsigned i = 2; i < n; i++)
        frame(&b, 0, each);
    frame(&b, FIN, each);
    in = sio_buf_slice(&b);
    sio_ws_reader_init(&r, (size_t)n * size);
    got = sio_ws_read(&r, &in, &e);
    CHECK(got != 1 || e.data.len == n * size);
    *close_code = r.close_code;
    sio_ws_reader_fini(&r);
    sio_buf_fini(&b);
    return got;
}

TEST(number_of_fragments) /* F32 */
{
    enum { LARGE = SIO_WS_FRAGMENT_BYTES, SMALL = LARGE - 1 };
    uint16_t code;
    for (size_t size = 0; size <= SMALL; size += SMALL) {
        CHECK_EQ_INT(read_fragments(SIO_WS_FRAGMENTS_MAX, size, &code), 1);
        CHECK_EQ_INT(read_fragments(SIO_WS_FRAGMENTS_MAX + 1, size, &code), SIO_ETOOBIG);
        CHECK_EQ_INT(code, 1008);
    }
    CHECK_EQ_INT(read_fragments(4 * SIO_WS_FRAGMENTS_MAX, LARGE, &code), 1);
}

/* Has a frame begin, so that a context is out. */
static int begin_frame(struct sio_ws_reader *r, struct sio_ws_pool *pool)
{
    struct sio_slice in = SIO_LIT("\x81");
    struct sio_ws_event e;
    sio_ws_reader_init(r, MAX);
    r->pool = pool;
    return sio_ws_read(r, &in, &e);
}

TEST(contexts_are_counted)
{
    static struct sio_ws_reader readers[100];
    struct sio_ws_pool pool = {0};
    for (size_t i = 0; i < 100; i++) {
        CHECK_EQ_INT(begin_frame(&readers[i], &pool), 0);
        CHECK(sio_ws_reader_partial(&readers[i]));
    }
    CHECK_EQ_INT(pool.out, 100);
    for (size_t i = 0; i < 100; i++)
        sio_ws_reader_fini(&readers[i]);
    CHECK_EQ_INT(pool.out, 0);
    sio_ws_pool_fini(&pool);
}

/* After every byte: partial inside of a frame or a message, not behind it. */
TEST(partial)
{
    struct sio_ws_reader r;
    struct sio_buf b = {0}, story = {0};
    size_t wholes[2];
    frame(&b, PING, SIO_LIT("p"));
    wholes[0] = b.len;
    frame(&b, SIO_WS_TEXT, SIO_LIT("a"));
    frame(&b, PING, SIO_LIT(""));
    frame(&b, FIN, SIO_LIT(""));
    wholes[1] = b.len;
    sio_ws_reader_init(&r, MAX);
    for (size_t i = 0; i <= b.len; i++) {
        CHECK_EQ_INT(sio_ws_reader_partial(&r), i != 0 && i != wholes[0] && i != wholes[1]);
        if (i < b.len)
            CHECK(feed(&r, sio_slice(b.p + i, 1), &story));
    }
    CHECK_SLICE(sio_buf_slice(&story), "P:p P: T:a ");
    sio_ws_reader_fini(&r);
    sio_buf_fini(&b);
    sio_buf_fini(&story);
}

TEST(number_of_idle_contexts)
{
    static struct sio_ws_reader readers[2 * SIO_WS_CONTEXTS_IDLE];
    struct sio_ws_pool pool = {0};
    struct sio_buf b = {0};
    frame(&b, TEXT, SIO_LIT("text"));
    for (size_t i = 0; i < 2 * SIO_WS_CONTEXTS_IDLE; i++)
        CHECK_EQ_INT(begin_frame(&readers[i], &pool), 0);
    for (size_t i = 0; i < 2 * SIO_WS_CONTEXTS_IDLE; i++) {
        struct sio_slice in = sio_slice(b.p + 1, b.len - 1);
        struct sio_ws_event e;
        CHECK_EQ_INT(sio_ws_read(&readers[i], &in, &e), 1);
        sio_ws_reader_fini(&readers[i]);
    }
    CHECK_EQ_INT(pool.idle, SIO_WS_CONTEXTS_IDLE);
    sio_ws_pool_fini(&pool);
    CHECK(pool.first == NULL);
    sio_buf_fini(&b);
}

TEST(without_a_pool)
{
    struct sio_ws_reader r;
    struct sio_buf b = {0}, story = {0};
    frame(&b, TEXT, SIO_LIT("one"));
    frame(&b, TEXT, SIO_LIT("two"));
    sio_ws_reader_init(&r, MAX);
    CHECK(feed(&r, sio_buf_slice(&b), &story));
    CHECK_SLICE(sio_buf_slice(&story), "T:one T:two ");
    sio_ws_reader_fini(&r);
    sio_buf_fini(&b);
    sio_buf_fini(&story);
}

TEST(idle_holds_nothing)
{
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_buf b = {0};
    struct sio_slice in;
    frame(&b, SIO_WS_TEXT, SIO_LIT("a"));
    frame(&b, FIN, SIO_LIT("b"));
    in = sio_buf_slice(&b);
    sio_ws_reader_init(&r, MAX);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), 1);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), 0);
    CHECK(r.context == NULL);
    CHECK(r.message.p == NULL);
    CHECK_EQ_INT(sizeof r, 64);
    sio_buf_fini(&b); /* and no reader_fini: the leak checker looks */
}

TEST(one_frame_in_one_piece_is_not_copied)
{
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_buf b = {0};
    struct sio_slice in;
    frame(&b, TEXT, SIO_LIT("hello"));
    in = sio_buf_slice(&b);
    sio_ws_reader_init(&r, MAX);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), 1);
    CHECK(r.message.p == NULL);
    CHECK(r.context == NULL);
    CHECK(e.data.p == b.p + 6);
    CHECK_EQ_INT(in.len, 0);
    sio_ws_reader_fini(&r);
    sio_buf_fini(&b);
}

/* After fini in mid-frame and after an error the context is not kept for the next reader. */
TEST(a_dirty_context_is_not_used_again)
{
    struct sio_ws_pool pool = {0};
    struct sio_ws_reader r;
    struct sio_ws_event e;
    struct sio_slice in = SIO_LIT("\xfe\x00\x05\x01\x02\x03\x04zzzzz"); /* not minimal */
    CHECK_EQ_INT(begin_frame(&r, &pool), 0);
    sio_ws_reader_fini(&r);
    CHECK_EQ_INT(pool.idle + pool.out, 0);
    CHECK_EQ_INT(begin_frame(&r, &pool), 0);
    CHECK_EQ_INT(sio_ws_read(&r, &in, &e), SIO_EPROTO);
    sio_ws_reader_fini(&r);
    CHECK_EQ_INT(pool.idle + pool.out, 0);
}

static void expect_head(enum sio_ws_op op, uint64_t len, struct sio_slice wanted)
{
    char head[SIO_WS_HEAD_MAX];
    CHECK_EQ_SLICE(sio_slice(head, sio_ws_frame_head(head, op, len)), wanted);
}

TEST(frame_heads)
{
    expect_head(SIO_WS_TEXT, 0, SIO_LIT("\x81\x00"));
    expect_head(SIO_WS_BINARY, 125, SIO_LIT("\x82\x7d"));
    expect_head(SIO_WS_TEXT, 126, SIO_LIT("\x81\x7e\x00\x7e"));
    expect_head(SIO_WS_TEXT, 65535, SIO_LIT("\x81\x7e\xff\xff"));
    expect_head(SIO_WS_TEXT, 65536, SIO_LIT("\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00"));
    expect_head(SIO_WS_CLOSE, 2, SIO_LIT("\x88\x02"));
}
