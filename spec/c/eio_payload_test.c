// SPDX-License-Identifier: MIT
/* codec/eio_payload: bodies apart and together. */
#include "codec/eio_payload.h"

#include "base/err.h"
#include "test.h"

/* "4:hi b:.." for each packet, "!" for an error. */
static void expect(struct sio_slice body, const char *wanted)
{
    struct eio_payload_reader r;
    struct eio_packet p;
    struct sio_buf story = {0};
    struct test_guard guard;
    int got;
    test_guard_init(&guard, body.len);
    eio_payload_reader_init(&r, EIO_PAYLOAD_V4, test_guard_put(&guard, body));
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
    CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(wanted));
    sio_buf_fini(&story);
    eio_payload_reader_fini(&r);
    test_guard_fini(&guard);
}

TEST(bodies)
{
    expect(SIO_LIT("4hi"), "4:hi ");
    expect(SIO_LIT("4hi\x1e"
                   "2\x1e"
                   "4"),
           "4:hi 2: 4: ");
    expect(SIO_LIT("bAQID\x1e"
                   "4x"),
           "b:\x01\x02\x03 4:x ");
    expect(SIO_LIT("b"), "b: ");
    expect(SIO_LIT("bQQ\x1e"
                   "bQUI="),
           "b:A b:AB ");
}

TEST(bad_bodies)
{
    expect(SIO_LIT(""), "!"); /* P02 */
    expect(SIO_LIT("7"), "!");
    expect(SIO_LIT("x"), "!");
    expect(SIO_LIT("\xef\xbb\xbf"
                   "4"),
           "!");
    expect(SIO_LIT("d=42"), "!");
    expect(SIO_LIT("4good\x1e"), "4:good !"); /* P12 */
    expect(SIO_LIT("\x1e"
                   "4"),
           "!");
    expect(SIO_LIT("4a\x1e"
                   "7\x1e"
                   "4b"),
           "4:a !");
    expect(SIO_LIT("4a\x1e"
                   "b!!!!"),
           "4:a !"); /* P36 */
    expect(SIO_LIT("bA"), "!");
}

TEST(writing)
{
    struct sio_buf b = {0};
    eio_payload_append_text(&b, SIO_LIT("4hi"));
    eio_payload_append_binary(&b, SIO_LIT("\x01\x02\x03\x04"));
    eio_payload_append_text(&b, SIO_LIT("2"));
    CHECK_SLICE(sio_buf_slice(&b), "4hi\x1e"
                                   "bAQIDBA==\x1e"
                                   "2");
    expect(sio_buf_slice(&b), "4:hi b:\x01\x02\x03\x04 2: ");
    sio_buf_fini(&b);
}

TEST(three_hundred_thousand_packets) /* P38 */
{
    struct sio_buf b = {0};
    struct eio_payload_reader r;
    struct eio_packet p;
    size_t n = 0;
    for (int i = 0; i < 300000; i++)
        eio_payload_append_text(&b, SIO_LIT("6"));
    eio_payload_reader_init(&r, EIO_PAYLOAD_V4, sio_buf_slice(&b));
    while (eio_payload_next(&r, &p) == 1)
        n++;
    CHECK_EQ_INT(n, 300000);
    eio_payload_reader_fini(&r);
    sio_buf_fini(&b);
}
