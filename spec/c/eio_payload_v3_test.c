// SPDX-License-Identifier: MIT
/* codec/eio_payload_v3: bodies of protocol v3, apart and together, and cut at every byte. */
#include "codec/eio_payload_v3.h"

#include "base/err.h"
#include "base/utf8.h"
#include "test.h"

/* "4:hi b:.." for each packet, "!" for an error. */
static struct sio_buf story_of(enum eio_payload_form form, struct sio_slice body)
{
    struct eio_payload_reader r;
    struct eio_packet p;
    struct sio_buf story = {0};
    struct test_guard guard;
    int got;
    test_guard_init(&guard, body.len);
    eio_payload_reader_init(&r, form, test_guard_put(&guard, body));
    while ((got = eio_payload_next(&r, &p)) == 1) {
        sio_buf_append_char(&story, p.binary ? 'b' : eio_packet_digit(p.type));
        CHECK(!p.binary || p.type == EIO_MESSAGE);
        sio_buf_append_char(&story, ':');
        sio_buf_append_slice(&story, p.data);
        sio_buf_append_char(&story, ' ');
    }
    if (got != 0) {
        CHECK_EQ_INT(got, SIO_EPROTO);
        CHECK_EQ_INT(eio_payload_next(&r, &p), 0); /* nothing behind an error */
        sio_buf_append_char(&story, '!');
    }
    eio_payload_reader_fini(&r);
    test_guard_fini(&guard);
    return story;
}

static void expect(enum eio_payload_form form, struct sio_slice body, const char *wanted)
{
    struct sio_buf story = story_of(form, body);
    CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(wanted));
    sio_buf_fini(&story);
}

static void text(const char *body, const char *wanted)
{
    expect(EIO_PAYLOAD_V3_TEXT, sio_slice_str(body), wanted);
}

#define BYTES(body, wanted) expect(EIO_PAYLOAD_V3_BINARY, SIO_LIT(body), wanted)

TEST(text_bodies)
{
    text("3:4hi", "4:hi ");
    text("1:21:44:4abc", "2: 4: 4:abc ");
    text("6:4hello10:b4AQIDBA==", "4:hello b:\x01\x02\x03\x04 ");
    text("4:4a:b", "4:a:b ");
    text("2:b4", "b: ");
    text("05:4abcd", "4:abcd ");
    text("0:", "6: "); /* an empty packet is nothing, as upstream */
    text("0:2:4x", "6: 4:x ");
}

TEST(lengths_in_text_count_utf16_units)
{
    text("2:4\xc3\xbc", "4:\xc3\xbc ");
    text("2:4\xe2\x98\x83", "4:\xe2\x98\x83 ");
    text("3:4\xf0\x9f\x98\x80", "4:\xf0\x9f\x98\x80 ");
    text("3:4\xf0\x9f\x98\x80"
         "2:4x",
         "4:\xf0\x9f\x98\x80 4:x ");
    text("2:4\xf0\x9f\x98\x80", "!"); /* it ends inside a surrogate pair */
    text("5:4\xf0\x9f\x98\x80", "!"); /* its bytes */
}

TEST(bad_text_bodies) /* V01-V17 */
{
    static const char *const bad[] = {
        "",
        "abc",
        ":4hi",
        "3",
        "-3:4hi",
        "+3:4hi",
        " 3:4hi",
        "3 :4hi",
        "1e1:4abcdef",
        "0x3:4hi",
        "3.0:4hi",
        "4:4hi",
        "2:bA",
        "3:b2A",
        "6:b4!!!!",
        "1:7",
        "1:x",
        "3\x1e:4hi",
        "NaN:4hi",
        "Infinity:4hi",
        "3:4hi3",
        "99999999999:4hi",
        "00000000003:4hi",
        "9999999999:4hi",
        "18446744073709551617:4",
        "1:b",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sio_buf story = story_of(EIO_PAYLOAD_V3_TEXT, sio_slice_str(bad[i]));
        CHECK_EQ_INT(story.p[story.len - 1], '!');
        sio_buf_fini(&story);
    }
    text("3:4hi2:9x2:4a", "4:hi !");
}

TEST(a_length_of_four_hundred_digits)
{
    char body[403];
    memset(body, '9', 400);
    memcpy(body + 400, ":4", 3);
    text(body, "!");
    memset(body, '\xff', sizeof body);
    memset(body, 9, 400);
    body[0] = 1;
    expect(EIO_PAYLOAD_V3_BINARY, sio_slice(body, sizeof body), "!");
}

TEST(the_longest_length) /* EIO_LENGTH_DIGITS_MAX */
{
    text("0000000003:4hi", "4:hi ");
    text("00000000003:4hi", "!");
    BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\xff"
          "4hi",
          "4:hi ");
    BYTES("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\xff"
          "4hi",
          "!");
}

TEST(binary_bodies)
{
    BYTES("\x00\x06\xff"
          "4hello\x01\x05\xff\x04\x01\x02\x03\x04",
          "4:hello b:\x01\x02\x03\x04 ");
    BYTES("\x01\x01\xff\x04", "b: ");
    BYTES("\x00\x05\xff"
          "4\xf0\x9f\x98\x80",
          "4:\xf0\x9f\x98\x80 "); /* bytes, not units */
    BYTES("\x00\x0a\xff"
          "4hello",
          "!"); /* 0x0a is no digit */
    BYTES("\x00\x01\x00\xff"
          "b4AQIDBA==",
          "b:\x01\x02\x03\x04 ");
    BYTES("\x00\x00\xff", "6: ");
}

TEST(bad_binary_bodies)
{
    BYTES("", "!");
    BYTES("\x02\x01\xff"
          "4",
          "!");
    BYTES("\x00\xff"
          "4",
          "!");
    BYTES("\x00", "!");
    BYTES("\x00\x01", "!");
    BYTES("\x00\x02\xff"
          "4",
          "!");
    BYTES("\x01\x02\xff\x02\x01", "!"); /* bytes are messages */
    BYTES("\x00\x02\xff"
          "4\xff",
          "!"); /* text is UTF-8 */
    BYTES("1:2", "!");
}

/* What is cut short is an error, but where a packet ends; what came before stands. */
static void cut_everywhere(enum eio_payload_form form, struct sio_slice body)
{
    struct sio_buf whole = story_of(form, body);
    for (size_t n = 0; n < body.len; n++) {
        if (form == EIO_PAYLOAD_V3_TEXT && !sio_utf8_valid(sio_slice(body.p, n)))
            continue; /* the caller sees to that */
        struct sio_buf part = story_of(form, sio_slice(body.p, n));
        struct sio_slice stands = sio_slice(part.p, part.len);
        if (stands.len != 0 && stands.p[stands.len - 1] == '!')
            stands.len--;
        CHECK(sio_slice_starts(sio_buf_slice(&whole), stands));
        CHECK(stands.len < part.len || stands.len < whole.len);
        sio_buf_fini(&part);
    }
    sio_buf_fini(&whole);
}

TEST(cut_at_every_byte)
{
    cut_everywhere(EIO_PAYLOAD_V3_TEXT, SIO_LIT("6:4hello10:b4AQIDBA==3:4\xf0\x9f\x98\x80"
                                                "1:2"));
    cut_everywhere(EIO_PAYLOAD_V3_BINARY,
                   SIO_LIT("\x00\x06\xff"
                           "4hello\x01\x05\xff\x04\x01\x02\x03\x04\x00\x01\xff"
                           "2"));
}

TEST(writing)
{
    struct sio_buf b = {0};
    eio_payload_v3_append_text(&b, SIO_LIT("4hi"));
    eio_payload_v3_append_base64(&b, SIO_LIT("\x01\x02\x03\x04"));
    eio_payload_v3_append_text(&b, SIO_LIT("4\xf0\x9f\x98\x80"));
    CHECK_SLICE(sio_buf_slice(&b), "3:4hi10:b4AQIDBA==3:4\xf0\x9f\x98\x80");
    sio_buf_clear(&b);
    eio_payload_v3_append_text_bytes(&b, SIO_LIT("4hello"));
    eio_payload_v3_append_bytes(&b, SIO_LIT("\x01\x02\x03\x04"));
    CHECK_EQ_SLICE(sio_buf_slice(&b), SIO_LIT("\x00\x06\xff"
                                              "4hello\x01\x05\xff\x04\x01\x02\x03\x04"));
    sio_buf_clear(&b);
    eio_payload_v3_append_text_bytes(&b, SIO_LIT("4 twelve byte"));
    CHECK_EQ_SLICE(sio_buf_slice(&b), SIO_LIT("\x00\x01\x03\xff"
                                              "4 twelve byte"));
    sio_buf_fini(&b);
}

TEST(three_hundred_thousand_packets)
{
    struct sio_buf b = {0};
    struct eio_payload_reader r;
    struct eio_packet p;
    size_t n = 0;
    for (int i = 0; i < 300000; i++)
        eio_payload_v3_append_text(&b, SIO_LIT("6"));
    eio_payload_reader_init(&r, EIO_PAYLOAD_V3_TEXT, sio_buf_slice(&b));
    while (eio_payload_next(&r, &p) == 1)
        n++;
    CHECK_EQ_INT(n, 300000);
    eio_payload_reader_fini(&r);
    sio_buf_fini(&b);
}
