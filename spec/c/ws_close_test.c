// SPDX-License-Identifier: MIT
/* net/ws_conn: the closing handshake from both sides, and the ends without one. */
#include "test.h"
#include "ws.h"

#include "base/clock.h"

/* ---- closing from the other side ------------------------------------------------------------- */

static void check_answer_to_close(struct sio_slice payload, struct sio_slice want, unsigned code)
{
    start();
    send_frame(SIO_WS_CLOSE, payload);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), want);
    CHECK_EQ_INT(ws.closes, 1);
    CHECK_EQ_INT(ws.code, code);
    CHECK_EQ_INT(ws.err, 0);
    end();
}

TEST(ws_answers_a_close_frame)
{
    check_answer_to_close(SIO_LIT(""), SIO_LIT("\x88\x00"), 1005);
    check_answer_to_close(SIO_LIT("\x03\xe8"), SIO_LIT("\x88\x02\x03\xe8"), 1000);
    check_answer_to_close(SIO_LIT("\x0b\xb8why"), SIO_LIT("\x88\x05\x0b\xb8why"), 3000);
}

static void check_bad(struct sio_slice bytes, struct sio_slice want, int err)
{
    start();
    peer_send(&p, bytes);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), want);
    CHECK_EQ_INT(ws.closes, 1);
    CHECK_EQ_INT(ws.code, (unsigned char)want.p[2] << 8 | (unsigned char)want.p[3]);
    CHECK_EQ_INT(ws.err, err);
    CHECK_EQ_INT(ws.messages, 0);
    end();
}

TEST(ws_closes_after_a_bad_frame)
{
    check_bad(SIO_LIT("\x81\x01x"), SIO_LIT("\x88\x02\x03\xea"), SIO_EPROTO);
    check_bad(SIO_LIT("\x81\x81\0\0\0\0\xff"), SIO_LIT("\x88\x02\x03\xef"), SIO_EUTF8);
    check_bad(SIO_LIT("\x82\xfe\x03\xe9\0\0\0\0"), SIO_LIT("\x88\x02\x03\xf1"), SIO_ETOOBIG);
    check_bad(SIO_LIT("\x88\x81\0\0\0\0x"), SIO_LIT("\x88\x02\x03\xea"), SIO_EPROTO);
}

TEST(ws_reports_the_end_of_the_stream)
{
    start();
    send_frame(SIO_WS_TEXT, SIO_LIT("bye"));
    peer_send(&p, SIO_LIT("\x81\x85")); /* half a frame */
    shutdown(p.fd, SHUT_WR);
    WAIT(ws.closes == 1);
    CHECK_EQ_INT(ws.code, SIO_WS_CLOSE_ABNORMAL);
    CHECK_EQ_INT(ws.err, 0);
    CHECK_SLICE(sio_buf_slice(&ws.got), "t:bye;");
    end();
}

TEST(ws_reports_a_reset)
{
    struct linger hard = {.l_onoff = 1};
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_fini(&p);
    WAIT(ws.closes == 1);
    CHECK_EQ_INT(ws.code, SIO_WS_CLOSE_ABNORMAL);
    CHECK_EQ_INT(ws.err, SIO_ESYS);
    CHECK(net_close());
}

/* ---- closing from our side ------------------------------------------------------------------- */

TEST(ws_close_waits_for_the_answer_in_silence)
{
    start();
    sio_ws_conn_close(ws.w, 1001);
    sio_ws_conn_close(ws.w, 1000);
    CHECK_GOT("\x88\x02\x03\xe9");
    send_frame(SIO_WS_TEXT, SIO_LIT("crossed"));
    send_frame(SIO_WS_PING, SIO_LIT("crossed"));
    net_turn();
    CHECK(!p.ended);
    send_frame(SIO_WS_CLOSE, SIO_LIT("\x03\xe9"));
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK(ws.messages == 0 && ws.closes == 0);
    end();
    CHECK(ws.closes == 0);
}

TEST(ws_close_without_a_code)
{
    start();
    sio_ws_conn_close(ws.w, 0);
    CHECK_GOT("\x88\x00");
    peer_say(&p, "garbage");
    WAIT(p.ended);
    CHECK_EQ_INT(ws.closes, 0);
    end();
}

TEST(ws_fail_waits_for_nothing)
{
    start();
    send_frame(SIO_WS_TEXT, SIO_LIT("before"));
    WAIT(ws.messages == 1);
    sio_ws_conn_fail(ws.w, 1008);
    sio_ws_conn_fail(ws.w, 1009);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), "\x88\x02\x03\xf0");
    CHECK_EQ_INT(ws.closes, 0);
    end();
}

TEST(ws_close_does_not_wait_for_ever)
{
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    net.loop.linger_ms = 100; /* the frame has to leave before, also on a slow machine */
    sio_ws_conn_close(ws.w, 0);
    WAIT(p.ended || p.reset);
    CHECK(p.reset);
    CHECK_SLICE(sio_buf_slice(&p.got), "\x88\x00");
    CHECK_EQ_INT(ws.closes, 0);
    end();
}

TEST(ws_close_does_not_wait_for_a_peer_that_does_not_read)
{
    static char bulk[500000];
    struct sio_blob *b = sio_blob_new(sio_slice(bulk, sizeof bulk));
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    net.loop.linger_ms = 5;
    peer_be_deaf(&p);
    sio_ws_conn_send(ws.w, b);
    sio_ws_conn_close(ws.w, 0);
    WAIT(b->refs == 1);
    peer_listen(&p);
    WAIT(p.ended || p.reset);
    CHECK(p.got.len < sizeof bulk);
    sio_blob_unref(b);
    end();
}

/* All of it is with the kernel already, but not with the peer: a reset would throw it away. */
TEST(ws_close_waits_for_a_peer_that_is_slow_to_read)
{
    static char bulk[90000];
    struct sio_blob *b = sio_blob_new(sio_slice(bulk, sizeof bulk));
    uint64_t since;
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    peer_be_deaf(&p);
    sio_ws_conn_send(ws.w, b);
    sio_blob_unref(b);
    WAIT(sio_ws_conn_queued(ws.w) == 0);
    REQUIRE(sio_conn_unsent(sio_ws_conn_stream(ws.w)) != 0);
    net.loop.linger_ms = 5;
    sio_ws_conn_close(ws.w, 0);
    net.loop.linger_ms = SIO_LOOP_LINGER_MS; /* for the next time */
    since = sio_clock_ms();
    while (sio_clock_ms() < since + 10)
        net_turn();
    peer_listen(&p);
    WAIT(p.ended || p.reset);
    CHECK(p.ended);
    CHECK_EQ_INT(p.got.len, sizeof bulk + 2);
    end();
}

TEST(ws_close_before_the_first_bytes_are_fed)
{
    struct sio_buf frames = {0};
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT("unheard"));
    append_frame(&frames, SIO_WS_CLOSE, SIO_LIT(""));
    for (size_t at = 1; at <= frames.len; at++) {
        net_open();
        start_with(peer_pair(&p, SOCK_STREAM), sio_slice(frames.p, at), 1000);
        sio_ws_conn_close(ws.w, 0);
        if (at < frames.len)
            peer_send(&p, sio_slice_from(sio_buf_slice(&frames), at));
        WAIT(p.ended);
        CHECK_SLICE(sio_buf_slice(&p.got), "\x88\x00");
        CHECK(ws.messages == 0 && ws.closes == 0);
        end();
    }
    sio_buf_fini(&frames);
}

static void close_in_event(struct sio_ws_conn *w)
{
    sio_ws_conn_close(w, 1000);
}

TEST(ws_may_be_ended_from_inside_an_event)
{
    void (*const ways[])(struct sio_ws_conn *) = {close_in_event, sio_ws_conn_abort};
    for (size_t i = 0; i < 2; i++) {
        struct sio_buf frames = {0};
        start();
        ws.on_message = ways[i];
        for (int k = 0; k < 3; k++)
            append_frame(&frames, SIO_WS_TEXT, SIO_LIT("x"));
        append_frame(&frames, SIO_WS_CLOSE, SIO_LIT(""));
        peer_send(&p, sio_buf_slice(&frames));
        WAIT(p.ended || p.reset);
        CHECK_EQ_INT(ws.messages, 1);
        CHECK_EQ_INT(ws.closes, 0);
        sio_buf_fini(&frames);
        end();
    }
}
