// SPDX-License-Identifier: MIT
/* Log records and offsets: what is encoded is decoded, whatever is cut off or added is refused. */
#include "test.h"

#include "base/err.h"
#include "sio/packet.h"
#include "sio/record.h"

static const struct sio_slice two_rooms[] = {{"r1", 2}, {"", 0}};
static const struct sio_slice one_except[] = {{"x", 1}};
static const struct sio_slice blobs[] = {{"\0\1", 2}, {"bb", 2}};

static void encode(struct sio_buf *out)
{
    struct sio_record head = {.type = SIO_RECORD_EVENT,
                              .flags = SIO_EMIT_VOLATILE | SIO_EMIT_HERE | SIO_RECORD_HAS_ID,
                              .writer = {.slot = 7, .generation = 0x2abcd},
                              .id = 1ull << 40,
                              .nsp = SIO_LIT("/chat")};
    struct sio_selection to = {two_rooms, 2, one_except, 1};
    struct sio_outgoing what = {SIO_LIT("[\"ev\"]"), blobs, 2, 0};
    sio_record_append_packet(out, &head, &to, &what);
}

static void check_list(const struct sio_record_list *list, const struct sio_slice *want, unsigned n)
{
    struct sio_reader at = list->at;
    CHECK_EQ_INT(list->n, n);
    for (unsigned i = 0; i < n && i < list->n; i++)
        CHECK_EQ_SLICE(sio_reader_bytes(&at), want[i]);
    CHECK(!at.bad);
}

TEST(packet_record_comes_back)
{
    struct sio_buf b = {0};
    struct sio_record r;
    encode(&b);
    REQUIRE(sio_record_decode(sio_buf_slice(&b), &r) == 0);
    CHECK_EQ_INT(r.type, SIO_RECORD_EVENT);
    CHECK_EQ_INT(r.flags, SIO_EMIT_VOLATILE | SIO_EMIT_HERE | SIO_RECORD_HAS_ID);
    CHECK_EQ_INT(r.writer.slot, 7);
    CHECK_EQ_INT(r.writer.generation, 0x2abcd);
    CHECK(r.id == 1ull << 40);
    CHECK_SLICE(r.nsp, "/chat");
    CHECK_SLICE(r.data, "[\"ev\"]");
    check_list(&r.rooms, two_rooms, 2);
    check_list(&r.except, one_except, 1);
    check_list(&r.attachments, blobs, 2);
    sio_buf_fini(&b);
}

TEST(question_comes_back)
{
    struct sio_buf b = {0};
    struct sio_record r;
    struct sio_record head = {.type = SIO_RECORD_QUESTION,
                              .flags = SIO_RECORD_ASKS,
                              .writer = {.slot = 3, .generation = 9},
                              .request = 0xfffffffe,
                              .timeout_ms = 0x01020304,
                              .kind = 200,
                              .nsp = SIO_LIT("/")};
    struct sio_selection to = {two_rooms, 2, one_except, 1};
    sio_record_append_packet(&b, &head, &to, &(struct sio_outgoing){.data = SIO_LIT("[]")});
    REQUIRE(sio_record_decode(sio_buf_slice(&b), &r) == 0);
    CHECK_EQ_INT(r.type, SIO_RECORD_QUESTION);
    CHECK_EQ_INT(r.kind, 200);
    CHECK_EQ_INT(r.writer.slot, 3);
    CHECK_EQ_INT(r.writer.generation, 9);
    CHECK(r.request == 0xfffffffe);
    check_list(&r.rooms, two_rooms, 2);
    check_list(&r.except, one_except, 1);
    CHECK_SLICE(r.data, "[]");
    for (size_t len = 0; len < b.len; len++)
        CHECK_EQ_INT(sio_record_decode(sio_slice(b.p, len), &r), SIO_EPROTO);
    sio_buf_fini(&b);
}

TEST(room_record_comes_back)
{
    struct sio_buf b = {0};
    struct sio_record r;
    sio_record_append_room(&b, &(struct sio_record){.type = SIO_RECORD_LEAVE,
                                                    .flags = SIO_RECORD_UNSURE,
                                                    .nsp = SIO_LIT("/"),
                                                    .sid = SIO_LIT("sid"),
                                                    .room = SIO_LIT("room")});
    REQUIRE(sio_record_decode(sio_buf_slice(&b), &r) == 0);
    CHECK_EQ_INT(r.type, SIO_RECORD_LEAVE);
    CHECK_EQ_INT(r.flags, SIO_RECORD_UNSURE);
    CHECK_SLICE(r.sid, "sid");
    CHECK_SLICE(r.room, "room");
    sio_buf_fini(&b);
}

TEST(cut_or_longer_record_is_refused)
{
    struct sio_buf b = {0};
    struct sio_record r;
    struct test_guard guard;
    encode(&b);
    test_guard_init(&guard, b.len);
    for (size_t len = 0; len < b.len; len++) {
        char *p = guard.map + guard.map_len - len;
        memcpy(p, b.p, len);
        test_context("cut at %zu", len);
        CHECK_EQ_INT(sio_record_decode(sio_slice(p, len), &r), SIO_EPROTO);
    }
    test_guard_fini(&guard);
    sio_buf_append_u8(&b, 0);
    CHECK_EQ_INT(sio_record_decode(sio_buf_slice(&b), &r), SIO_EPROTO);
    b.p[0] = 9;
    CHECK_EQ_INT(sio_record_decode(sio_slice(b.p, b.len - 1), &r), SIO_EPROTO);
    sio_buf_fini(&b);
}

TEST(list_longer_than_the_record_is_refused)
{
    struct sio_buf b = {0};
    struct sio_record r;
    sio_buf_append_u8(&b, SIO_RECORD_EVENT);
    sio_buf_append_u8(&b, 0);
    sio_buf_append_bytes(&b, SIO_LIT("/"));
    sio_buf_append_u32(&b, UINT32_MAX);
    CHECK_EQ_INT(sio_record_decode(sio_buf_slice(&b), &r), SIO_EPROTO);
    sio_buf_fini(&b);
}

static int parse(const char *text, uint64_t *v)
{
    return sio_out_parse_offset(sio_slice_str(text), "ab", v);
}

TEST(offset_comes_back)
{
    char text[SIO_OFFSET_MAX + 1];
    uint64_t v = 0;
    CHECK_SLICE(sio_out_offset(text, "ab", 0x1f40), "ab:1f40");
    CHECK_EQ_INT(parse("ab:1f40", &v), 0);
    CHECK_EQ_INT(v, 0x1f40);
    CHECK_SLICE(sio_out_offset(text, "abcdefghijk", UINT64_MAX), "abcdefghijk:ffffffffffffffff");
    CHECK_EQ_INT(parse("ab:ffffffffffffffff", &v), 0);
    CHECK(v == UINT64_MAX);
}

TEST(bad_offset_is_refused)
{
    static const char *const bad[] = {"",       "ab",    "ab:",   "ac:1",
                                      "abc:1",  "ab:1g", "ab: 1", "ab:-1",
                                      "ab:0x1", "AB:1",  "ab:1F", "ab:10000000000000000"};
    uint64_t v = 0;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        test_context("%s", bad[i]);
        CHECK_EQ_INT(parse(bad[i], &v), SIO_EPROTO);
    }
    CHECK_EQ_INT(v, 0);
}
