// SPDX-License-Identifier: MIT
/* Sessions: websocket packets, sending, volatile packets, closing from either side, heartbeats. */
#include "test.h"

#include "base/clock.h"
#include "eio.h"
#include "engine/session_in.h"

static struct peer p, w;
static char sid[SIO_ID_LEN + 1];

static void begin_websocket(void)
{
    eio_open();
    client_open(&w);
    client_websocket(&w, "");
    WAIT(w.got.len > 2 && w.got.len >= 2 + (size_t)w.got.p[1]);
    sio_buf_clear(&w.got);
    sio_buf_clear(&eio.log);
}

static void end_websocket(void)
{
    peer_fini(&w);
    eio_close();
}

static void begin_polling(void)
{
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    sio_buf_clear(&eio.log);
}

static void end_polling(void)
{
    peer_fini(&p);
    eio_close();
}

TEST(reasons_in_upstreams_words)
{
    CHECK_EQ_STR(eio_reason_text(EIO_TRANSPORT_ERROR), "transport error");
    CHECK_EQ_STR(eio_reason_text(EIO_TRANSPORT_CLOSE), "transport close");
    CHECK_EQ_STR(eio_reason_text(EIO_FORCED_CLOSE), "forced close");
    CHECK_EQ_STR(eio_reason_text(EIO_PING_TIMEOUT), "ping timeout");
    CHECK_EQ_STR(eio_reason_text(EIO_PARSE_ERROR), "parse error");
}

/* ---- websocket ------------------------------------------------------------------------------- */

static const struct {
    int op;
    const char *text, *log; /* "" as log: ignored */
} packets[] = {
    {1, "4hello", "message:hello "},
    {1, "4", "message: "},
    {2, "\1\2\3\4", "binary:\1\2\3\4 "},
    {2, "", "binary: "},
    {1, "0", ""},
    {1, "0{}", ""},
    {1, "3", ""},
    {1, "3probe", ""},
    {1, "5", ""},
    {1, "6", ""},
    {1, "1", "close:transport close gone "},
    {1, "2", "close:transport error/invalid heartbeat direction gone "},
    {1, "2probe", "close:transport error/invalid heartbeat direction gone "},
    {1, "", "close:parse error gone "},
    {1, "7", "close:parse error gone "},
    {1, "abc", "close:parse error gone "},
    {1, "-1", "close:parse error gone "},
};

TEST(websocket_packets)
{
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        eio_prepare();
        begin_websocket();
        test_context("%s", test_quote(sio_slice_str(packets[i].text)));
        client_frame(&w, packets[i].op, packets[i].text);
        client_frame(&w, 1, "4end");
        WAIT(eio_logged("message:end ") || eio_logged("gone "));
        if (eio_logged("close:")) {
            EXPECT_FRAMES(&w, "\x88\x00"); /* never with a code */
        } else {
            eio.log.len -= sizeof "message:end";
        }
        CHECK_LOG(packets[i].log);
        end_websocket();
    }
}

static const struct {
    struct sio_slice bytes, close;
    const char *log;
} bad_frames[] = {
    {{"\x81\x03"
      "4hi",
      5},
     {"\x88\x02\x03\xea", 4},
     "close:transport error/Invalid WebSocket frame gone "},
    {{"\x81\x82\0\0\0\0"
      "4\xff",
      8},
     {"\x88\x02\x03\xef", 4},
     "close:transport error/Invalid WebSocket frame gone "},
    {{"\x81\x8b\0\0\0\0", 6},
     {"\x88\x02\x03\xf1", 4},
     "close:transport error/Max payload size exceeded gone "},
    {{"\x88\x82\0\0\0\0\x03\xe8", 8}, {"\x88\x02\x03\xe8", 4}, "close:transport close gone "},
    {{"\x88\x80\0\0\0\0", 6}, {"\x88\x00", 2}, "close:transport close gone "},
};

TEST(websocket_ends)
{
    for (size_t i = 0; i < sizeof bad_frames / sizeof bad_frames[0]; i++) {
        eio_prepare();
        eio.options.max_http_buffer_size = 10;
        begin_websocket();
        test_context("case %zu", i);
        peer_send(&w, bad_frames[i].bytes);
        expect_frames_at(__FILE__, __LINE__, &w, bad_frames[i].close);
        CHECK_LOG(bad_frames[i].log);
        end_websocket();
    }
}

TEST(a_websocket_that_breaks_off)
{
    eio_prepare();
    begin_websocket();
    peer_say(&w, "\x81\x85"); /* half a frame */
    shutdown(w.fd, SHUT_RDWR);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport close gone ");
    end_websocket();
}

/* A reset is no error of the protocol. */
TEST(a_websocket_that_is_reset)
{
    struct linger now = {1, 0};
    eio_prepare();
    eio_open();
    sio_http_server_adopt(&eio.http, &(struct sio_arrival){.fd = peer_tcp(&w, AF_INET)});
    client_websocket(&w, "");
    CHECK_EQ_STR(eio_session_address(eio.session), "127.0.0.1");
    setsockopt(w.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    peer_fini(&w);
    WAIT(eio_logged("gone"));
    CHECK_LOG("open close:transport close gone ");
    eio_close();
}

static void say_two(struct eio_session *s, struct sio_slice data, bool binary)
{
    (void)data, (void)binary;
    eio_say(s, "a", 0);
    eio_say_binary(s, SIO_LIT("\1"));
}

TEST(a_ticks_frames_leave_in_one_write)
{
    eio_prepare();
    eio.on_message = say_two;
    begin_websocket();
    w.reads = 0;
    client_frame(&w, 1, "4go");
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4a\x82\x01\x01");
    CHECK_EQ_INT(w.reads, 1);
    end_websocket();
}

/* ---- text for one session ------------------------------------------------------------------- */

TEST(text_for_one_is_in_order_with_messages)
{
    eio_prepare();
    begin_websocket();
    eio_say(eio.session, "a", 0);
    CHECK_EQ_INT(eio_say_alone(eio.session, "b", 0), 0);
    eio_say(eio.session, "c", 0);
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4a\x81\x02"
                      "4b\x81\x02"
                      "4c");
    end_websocket();
    eio_prepare();
    begin_polling();
    eio_say(eio.session, "a", 0);
    CHECK_EQ_INT(eio_say_alone(eio.session, "b", 0), 0);
    client_get(&p, sid);
    EXPECT(&p, 200,
           "4a\x1e"
           "4b");
    end_polling();
}

TEST(text_for_one_may_be_volatile)
{
    eio_prepare();
    begin_websocket();
    CHECK_EQ_INT(eio_say_alone(eio.session, "a", EIO_VOLATILE), 0);
    CHECK_EQ_INT(eio_say_alone(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4a");
    end_websocket();
}

TEST(text_for_one_counts_for_max_buffered)
{
    eio_prepare();
    eio.options.max_buffered = eio.options.high_water = 10;
    begin_websocket();
    CHECK_EQ_INT(eio_say_alone(eio.session, "1234567", 0), 0); /* and three more */
    CHECK_EQ_INT(eio_say_alone(eio.session, "x", 0), 0);       /* the kernel took them */
    CHECK_EQ_INT(eio_say_alone(eio.session, "12345678", 0), SIO_EFULL);
    CHECK_EQ_INT(eio_say_alone(eio.session, "y", 0), SIO_EFULL);
    end_websocket();
}

/* ---- volatile -------------------------------------------------------------------------------- */

TEST(volatile_on_polling_needs_a_pending_poll)
{
    eio_prepare();
    begin_polling();
    CHECK_EQ_INT(eio_say(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    client_get(&p, sid);
    net_turn();
    net_turn();
    CHECK_EQ_INT(eio_say(eio.session, "a", EIO_VOLATILE), 0);
    CHECK_EQ_INT(eio_say(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    EXPECT(&p, 200, "4a");
    end_polling();
}

TEST(volatile_behind_a_packet_of_the_same_tick_is_lost)
{
    eio_prepare();
    begin_polling();
    client_get(&p, sid);
    net_turn();
    net_turn();
    eio_say(eio.session, "a", 0);
    CHECK_EQ_INT(eio_say(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    EXPECT(&p, 200, "4a");
    end_polling();
    eio_prepare();
    begin_websocket();
    eio_say(eio.session, "a", 0);
    CHECK_EQ_INT(eio_say(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4a");
    CHECK_EQ_INT(eio_say(eio.session, "b", EIO_VOLATILE), 0);
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4b");
    end_websocket();
}

/* ---- closing --------------------------------------------------------------------------------- */

TEST(close_on_websocket_sends_what_is_queued)
{
    eio_prepare();
    begin_websocket();
    eio_say(eio.session, "bye", 0);
    eio_session_close(eio.session);
    CHECK_LOG("close:forced close gone ");
    CHECK_EQ_INT(eio_say(eio.session, "x", 0), SIO_ECLOSED);
    CHECK(eio_server_find(eio.server, sio_slice_str(eio_session_sid(eio.session))) == NULL);
    EXPECT_FRAMES(&w, "\x81\x04"
                      "4bye\x88\x00");
    end_websocket();
}

TEST(close_with_a_pending_poll)
{
    eio_prepare();
    begin_polling();
    client_get(&p, sid);
    net_turn();
    net_turn();
    eio_session_close(eio.session);
    eio_session_close(eio.session);
    CHECK_LOG("close:forced close gone ");
    EXPECT(&p, 200, "1");
    end_polling();
}

TEST(close_with_a_pending_poll_sends_what_is_queued)
{
    eio_prepare();
    begin_polling();
    client_get(&p, sid);
    net_turn();
    net_turn();
    eio_say(eio.session, "bye", 0);
    eio_session_close(eio.session);
    EXPECT(&p, 200,
           "4bye\x1e"
           "1");
    end_polling();
}

TEST(close_without_a_poll_waits_for_one)
{
    eio_prepare();
    begin_polling();
    eio_session_close(eio.session);
    CHECK_EQ_INT(eio_session_state(eio.session), EIO_STATE_CLOSING);
    CHECK_EQ_INT(eio_say(eio.session, "x", 0), SIO_ECLOSED);
    client_post(&p, sid, "4ignored");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("");
    client_get(&p, sid);
    EXPECT(&p, 200,
           "6\x1e"
           "1");
    CHECK_LOG("close:forced close gone ");
    client_get(&p, sid);
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    end_polling();
}

TEST(close_without_a_poll_keeps_what_is_queued)
{
    eio_prepare();
    begin_polling();
    eio_say(eio.session, "bye", 0);
    eio_session_close(eio.session);
    client_get(&p, sid);
    EXPECT(&p, 200,
           "4bye\x1e"
           "1");
    end_polling();
}

TEST(close_gives_up_waiting)
{
    eio_prepare();
    eio.options.close_timeout_ms = 10;
    begin_polling();
    eio_session_close(eio.session);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:forced close gone ");
    end_polling();
}

TEST(close_waits_no_longer_than_the_heartbeat)
{
    eio_prepare();
    eio.options.ping_interval_ms = eio.options.ping_timeout_ms = 5;
    begin_polling();
    eio_session_close(eio.session);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:ping timeout gone ");
    end_polling();
}

TEST(a_goodbye_while_closing)
{
    eio_prepare();
    begin_polling();
    eio_session_close(eio.session);
    client_post(&p, sid, "1");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("close:forced close gone ");
    end_polling();
}

TEST(end_tells_the_reason_and_the_client)
{
    eio_prepare();
    begin_websocket();
    eio_session_end(eio.session, EIO_TRANSPORT_ERROR, "replaced");
    eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
    CHECK_LOG("close:transport error/replaced gone ");
    EXPECT_FRAMES(&w, "\x88\x00");
    end_websocket();
}

static void reopen(void *owner, struct eio_session *s, enum eio_reason reason, const char *detail)
{
    eio_on_close(owner, s, reason, detail);
    eio_session_close(s);
    eio_session_end(s, EIO_PARSE_ERROR, NULL);
    CHECK_EQ_INT(eio_say(s, "x", 0), SIO_ECLOSED);
}

TEST(on_close_comes_once)
{
    static const struct eio_session_events events = {.on_message = eio_on_message,
                                                     .on_close = reopen};
    eio_prepare();
    begin_websocket();
    eio_session_set_events(eio.session, &events, &eio);
    eio_session_close(eio.session);
    CHECK_LOG("close:forced close gone ");
    end_websocket();
}

/* A peer that reads nothing: the kernel takes some, the queue some more, then it is over. */
TEST(max_buffered_on_websocket)
{
    static char big[60000];
    int rc = 0, sent = 0;
    eio_prepare();
    eio.options.max_buffered = 1 << 20;
    begin_websocket();
    peer_be_deaf(&w);
    memset(big, 'x', sizeof big - 1);
    while (rc == 0 && sent < 1000) {
        rc = eio_say(eio.session, big, 0);
        sent += rc == 0;
    }
    CHECK_EQ_INT(rc, SIO_EFULL);
    CHECK(sent > 17); /* 1 MiB is ours, the rest is the kernel's */
    CHECK(eio_session_buffered(eio.session) <= 1 << 20);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/too much is buffered gone ");
    end_websocket();
}

/* One that reads takes any amount in one tick, as long as the kernel does. */
TEST(a_burst_is_not_a_backlog)
{
    static char big[60000];
    eio_prepare();
    eio.options.max_buffered = 64 << 10;
    begin_websocket();
    memset(big, 'x', sizeof big - 1);
    CHECK_EQ_INT(eio_say(eio.session, big, 0), 0);
    CHECK_EQ_INT(eio_say(eio.session, big, 0), 0);
    WAIT(w.got.len == 2 * sizeof big + 8);
    end_websocket();
}
