// SPDX-License-Identifier: MIT
/* Outgoing packets: the frame that WebSocket sends and the packet behind its head. */
#include "test.h"

#include "base/mem.h"
#include "codec/ws_frame.h"
#include "engine/message.h"

static struct sio_slice frame(const struct eio_msg *m)
{
    return sio_blob_slice(m->frame);
}

TEST(text_is_a_whole_frame)
{
    struct sio_slice parts[] = {SIO_LIT("2[\"a\""), {NULL, 0}, SIO_LIT(",1]")};
    struct eio_msg m = eio_msg_text(EIO_MESSAGE, parts, 3);
    CHECK_SLICE(frame(&m), "\x81\x09"
                           "42[\"a\",1]");
    CHECK_SLICE(eio_msg_packet(&m), "42[\"a\",1]");
    CHECK(!m.binary);
    CHECK_EQ_INT(m.frame->refs, 1);
    sio_blob_unref(m.frame);
}

TEST(a_packet_without_data_is_its_digit)
{
    struct eio_msg m = eio_msg_text(EIO_NOOP, NULL, 0);
    CHECK_SLICE(frame(&m), "\x81\x01"
                           "6");
    CHECK_SLICE(eio_msg_packet(&m), "6");
    sio_blob_unref(m.frame);
}

TEST(binary_has_no_digit)
{
    struct eio_msg m = eio_msg_binary(SIO_LIT("\0\1\2"));
    CHECK_SLICE(frame(&m), "\x82\x03\0\1\2");
    CHECK_SLICE(eio_msg_packet(&m), "\0\1\2");
    CHECK(m.binary);
    sio_blob_unref(m.frame);
    m = eio_msg_binary(sio_slice(NULL, 0));
    CHECK_SLICE(frame(&m), "\x82\0");
    CHECK_EQ_INT(eio_msg_packet(&m).len, 0);
    sio_blob_unref(m.frame);
}

/* Lengths of 126 and of 65536 change the frame head (RFC 6455 §5.2). */
TEST(long_packets_have_longer_heads)
{
    static const struct {
        size_t len, head;
    } cases[] = {{124, 2}, {125, 4}, {65534, 4}, {65535, 10}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = sio_alloc(cases[i].len);
        struct sio_slice part = sio_slice(text, cases[i].len);
        struct eio_msg m;
        memset(text, 'x', cases[i].len);
        m = eio_msg_text(EIO_MESSAGE, &part, 1);
        test_context("%zu bytes", cases[i].len);
        CHECK_EQ_INT(m.head, cases[i].head);
        CHECK_EQ_INT(m.frame->len, cases[i].head + 1 + cases[i].len);
        CHECK_EQ_INT(eio_msg_packet(&m).p[0], '4');
        CHECK_EQ_SLICE(sio_slice_from(eio_msg_packet(&m), 1), part);
        sio_blob_unref(m.frame);
        sio_free(text);
    }
}

TEST(short_frames_and_the_limit)
{
    char text[EIO_MSG_SHORT_MAX], room[EIO_MSG_SHORT_MAX];
    size_t most = EIO_MSG_SHORT_MAX - SIO_WS_HEAD_MAX - 1;
    static const size_t lens[] = {0, 124, 125};
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i <= sizeof lens / sizeof lens[0]; i++) {
        size_t len = i < sizeof lens / sizeof lens[0] ? lens[i] : most;
        struct sio_slice parts[] = {sio_slice(text, len), {NULL, 0}};
        struct eio_msg m = eio_msg_text(EIO_MESSAGE, parts, 2);
        test_context("%zu bytes", len);
        CHECK_EQ_SLICE(eio_msg_short(room, parts, 2), frame(&m));
        sio_blob_unref(m.frame);
    }
    CHECK_EQ_INT(eio_msg_short(room, &(struct sio_slice){text, most + 1}, 1).len, 0);
}
