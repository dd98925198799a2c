// SPDX-License-Identifier: MIT
/* Pings, pongs and their absence, on the loop's real clock with short times. */
#include "test.h"

#include "base/clock.h"
#include "eio.h"
#include "engine/heartbeat.h"
#include "engine/session_in.h"

static struct peer p, w;
static char sid[SIO_ID_LEN + 1];

static void begin(uint64_t interval_ms, uint64_t timeout_ms)
{
    eio_prepare();
    eio.options.ping_interval_ms = interval_ms;
    eio.options.ping_timeout_ms = timeout_ms;
    eio_open();
    client_open(&w);
    client_websocket(&w, "");
    WAIT(w.got.len > 2 && w.got.len >= 2 + (size_t)w.got.p[1]);
    sio_buf_consume(&w.got, 2 + (size_t)w.got.p[1]); /* a ping may be there already */
    sio_buf_clear(&eio.log);
}

static void end(void)
{
    peer_fini(&w);
    eio_close();
}

static void spin_until(uint64_t at_ms)
{
    while (sio_clock_ms() < at_ms)
        continue;
}

TEST(ping_and_pong)
{
    uint64_t t0 = sio_clock_ms();
    begin(20, 1000);
    for (int i = 0; i < 3; i++) {
        EXPECT_FRAMES(&w, "\x81\x01"
                          "2");
        client_frame(&w, 1, "3");
    }
    CHECK(sio_clock_ms() - t0 >= 3 * 19);
    CHECK_LOG("");
    end();
}

TEST(a_message_between_pong_and_ping)
{
    begin(40, 20);
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    client_frame(&w, 1, "3");
    client_frame(&w, 1, "4hi");
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    CHECK_LOG("message:hi ");
    end();
}

TEST(no_pong)
{
    uint64_t t0 = sio_clock_ms(), t1;
    begin(30, 20);
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    WAIT(eio_logged("gone"));
    t1 = sio_clock_ms();
    CHECK_LOG("close:ping timeout gone ");
    CHECK(t1 - t0 >= 49);
    EXPECT_FRAMES(&w, "\x88\x00");
    end();
}

TEST(pings_wait_for_a_poll)
{
    eio_prepare();
    eio.options.ping_interval_ms = 10;
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    client_get(&p, sid);
    EXPECT(&p, 200, "2");
    client_post(&p, sid, "3");
    EXPECT(&p, 200, "ok");
    WAIT(eio_session_buffered(eio.session) != 0);
    client_get(&p, sid);
    EXPECT(&p, 200, "2");
    peer_fini(&p);
    eio_close();
}

/* What keeps sending is alive, though its pong is late (features.md: any traffic counts). */
TEST(any_packet_is_a_sign_of_life)
{
    uint64_t last;
    begin(10, 900); /* room for a busy machine */
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    for (int i = 0; i < 2; i++) {
        unsigned before = eio.messages;
        spin_until(sio_clock_ms() + 500);
        client_frame(&w, 1, "4busy");
        WAIT(eio.messages > before);
    }
    CHECK(!eio_logged("close"));
    last = sio_clock_ms();
    WAIT(eio_logged("gone"));
    CHECK(eio_logged("close:ping timeout"));
    CHECK(sio_clock_ms() - last >= 898);
    end();
}

/* All intervals are equal, but the sessions are not of one age. */
TEST(many_sessions_of_different_age)
{
    struct peer many[8];
    begin(40, 1000);
    for (int i = 0; i < 8; i++) {
        client_open(&many[i]);
        client_websocket(&many[i], "");
        spin_until(sio_clock_ms() + 3);
        net_turn();
    }
    for (int i = 0; i < 8; i++)
        WAIT(peer_has(&many[i], "\x81\x01"
                                "2"));
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    CHECK_EQ_INT(eio_server_count(eio.server), 9);
    for (int i = 0; i < 8; i++)
        peer_fini(&many[i]);
    end();
}

static void make_pong_due(void)
{
    eio.session->beat.at_ms = sio_loop_now(&net.loop);
}

/* The conformance suite polls exactly when the pong is overdue: the request may be read in the very
 * turn in which the timer is due, before the timer runs. */
TEST(a_request_finds_out_before_the_timer)
{
    eio_prepare();
    eio.options.ping_interval_ms = 20;
    eio.options.ping_timeout_ms = 100 * WATCHDOG_MS; /* when the timer would */
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    client_get(&p, sid);
    EXPECT(&p, 200, "2");
    eio.on_request = make_pong_due;
    client_get(&p, sid);
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    CHECK_LOG("open close:ping timeout gone ");
    peer_fini(&p);
    eio_close();
}

static struct peer *late_peer;

/* The loop is held up for longer than the pong may take, and the pong comes meanwhile. */
static void hold_up(struct eio_session *s, struct sio_slice data, bool binary)
{
    (void)s, (void)data, (void)binary;
    spin_until(sio_clock_ms() + 100);
    client_frame(late_peer, 1, "3");
    eio.on_message = NULL;
}

TEST(a_loop_that_was_held_up_reads_before_it_judges)
{
    struct peer other;
    begin(200, 30);
    eio.on_message = hold_up;
    late_peer = &w;
    WAIT(peer_has(&w, "\x81\x01"
                      "2"));
    sio_buf_clear(&w.got);
    client_open(&other);
    client_websocket(&other, "");
    client_frame(&other, 1, "4hold up");
    WAIT(eio.messages != 0);
    WAIT(peer_has(&w, "\x81\x01"
                      "2")); /* the next ping */
    CHECK(!peer_has(&w, "\x88"));
    peer_fini(&other);
    end();
}

TEST(grace_ends)
{
    struct peer other;
    begin(200, 30);
    eio.on_message = hold_up;
    client_open(&other);
    late_peer = &other;
    WAIT(peer_has(&w, "\x81\x01"
                      "2"));
    client_websocket(&other, "");
    client_frame(&other, 1, "4hold up");
    WAIT(eio_logged("gone"));
    CHECK(eio_logged("close:ping timeout gone"));
    peer_fini(&other);
    end();
}

TEST(sessions_that_end_leave_no_timer_behind)
{
    begin(10, 10);
    eio_session_close(eio.session);
    net_turn();
    spin_until(sio_clock_ms() + 15);
    net_turn();
    net_turn();
    CHECK_LOG("close:forced close gone ");
    CHECK_EQ_INT(eio_server_count(eio.server), 0);
    end();
}

/* ---- the queues alone ------------------------------------------------------------------------ */

static unsigned ran[EIO_DUE_KINDS];

static void count_due(enum eio_due_kind kind, struct eio_due *due, uint64_t base_ms)
{
    CHECK(due->at_ms >= base_ms || base_ms == sio_loop_now(&net.loop));
    ran[kind]++;
}

static void on_heartbeat_closed(uv_handle_t *h)
{
    *(bool *)h->data = true;
}

TEST(due_in_order_whatever_the_order_of_arming)
{
    struct eio_heartbeat h = {.loop = &net.loop, .after_ms = {10, 20, 25, 30, 40}};
    struct eio_due d[4];
    bool closed = false;
    memset(ran, 0, sizeof ran);
    net_open();
    h.on_due = count_due;
    eio_heartbeat_init(&h);
    for (int i = 0; i < 4; i++)
        eio_due_init(&d[i]);
    uint64_t now = sio_loop_now(&net.loop);
    eio_heartbeat_arm(&h, EIO_DUE_PING, &d[0], now + 5);
    eio_heartbeat_arm(&h, EIO_DUE_PING, &d[1], now); /* before its neighbour */
    eio_heartbeat_arm(&h, EIO_DUE_PROBE, &d[2], now);
    eio_heartbeat_arm(&h, EIO_DUE_CLOSE, &d[3], now);
    CHECK(sio_list_first(&h.queues[EIO_DUE_PING]) == &d[1].link);
    eio_heartbeat_cancel(&d[3]);
    eio_heartbeat_cancel(&d[3]);
    WAIT(ran[EIO_DUE_PROBE] == 1);
    CHECK_EQ_INT(ran[EIO_DUE_PING], 2);
    CHECK_EQ_INT(ran[EIO_DUE_CLOSE], 0);
    CHECK(sio_loop_now(&net.loop) >= now + 40);
    eio_heartbeat_close(&h, on_heartbeat_closed, &closed);
    WAIT(closed);
    CHECK(net_close());
}
