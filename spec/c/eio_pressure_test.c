// SPDX-License-Identifier: MIT
/* Clients that read too slowly: when a session is under pressure, what that means under each
 * policy, and how it ends.
 */
#include "test.h"

#include "base/clock.h"
#include "eio.h"

static struct peer w; /* a websocket that reads nothing until it is told to */
static char big[60000];

static void begin(void)
{
    memset(big, 'x', sizeof big - 1);
    eio_open();
    client_open(&w);
    client_websocket(&w, "");
    WAIT(w.got.len > 100);
    sio_buf_clear(&w.got);
    sio_buf_clear(&eio.log);
    peer_be_deaf(&w);
}

static void end(void)
{
    peer_fini(&w);
    eio_close();
}

/* Sends until the session is under pressure; how much that took. */
static size_t press(void)
{
    size_t sent = 0;
    while (!eio_session_pressed(eio.session) && sent < 100 << 20) {
        if (!CHECK_EQ_INT(eio_say(eio.session, big, 0), 0))
            break;
        sent += sizeof big;
    }
    CHECK(eio_session_pressed(eio.session));
    return sent;
}

TEST(pressure_begins_above_high_water_and_ends_when_all_is_read)
{
    size_t sent;
    eio_prepare();
    eio.options.high_water = 200000;
    begin();
    sent = press();
    CHECK(eio_session_buffered(eio.session) > 200000);
    CHECK(eio_session_buffered(eio.session) <= 200000 + sizeof big + 10);
    CHECK(strstr(net.logged, "more than high_water 200000 bytes") != NULL);
    CHECK_EQ_INT(eio_say(eio.session, "lost", EIO_VOLATILE), SIO_EAGAIN);
    CHECK_EQ_INT(eio_say(eio.session, "last", 0), 0);
    net_turn();
    CHECK_LOG("");
    peer_listen(&w);
    WAIT(eio_logged("drain"));
    WAIT(peer_has(&w, "4last"));
    CHECK(w.got.len > sent);
    CHECK(!peer_has(&w, "lost"));
    CHECK_LOG("drain ");
    end();
}

TEST(a_burst_is_no_pressure_while_the_kernel_takes_it)
{
    eio_prepare();
    eio.options.high_water = 2 * sizeof big;
    begin();
    peer_listen(&w);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(eio_say(eio.session, big, 0), 0);
    CHECK(!eio_session_pressed(eio.session));
    WAIT(w.got.len >= 3 * sizeof big);
    CHECK_LOG("");
    end();
}

TEST(who_stays_under_pressure_is_closed)
{
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.pressure_timeout_ms = 30;
    begin();
    press();
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/the client reads too slowly gone ");
    end();
}

/* Reads a little, again and again, for longer than the timeout. */
TEST(who_reads_on_is_not_closed)
{
    static char some[20000];
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.pressure_timeout_ms = 400;
    begin();
    while (eio_session_buffered(eio.session) < 3000000)
        if (!CHECK_EQ_INT(eio_say(eio.session, big, 0), 0))
            break;
    for (int i = 0; i < 20; i++) {
        uint64_t next = sio_clock_ms() + 25;
        CHECK(recv(w.fd, some, sizeof some, 0) > 0);
        while (sio_clock_ms() < next)
            net_turn();
    }
    CHECK(eio_session_pressed(eio.session));
    CHECK_LOG("");
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/the client reads too slowly gone ");
    end();
}

TEST(pressure_that_ends_in_time_closes_nobody)
{
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.pressure_timeout_ms = 60;
    eio.options.ping_interval_ms = 150;
    begin();
    press();
    peer_listen(&w);
    WAIT(eio_logged("drain"));
    WAIT(w.got.len > 2 && memcmp(w.got.p + w.got.len - 2, "\x01\x32", 2) == 0); /* a ping: later */
    CHECK_LOG("drain ");
    end();
}

TEST(a_paused_client_is_not_read)
{
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.slow_reader = EIO_SLOW_PAUSE;
    begin();
    press();
    client_frame(&w, 1, "4more");
    for (int i = 0; i < 10; i++)
        net_turn();
    CHECK_LOG("");
    peer_listen(&w);
    WAIT(eio_logged("message"));
    CHECK_LOG("drain message:more ");
    end();
}

TEST(without_the_policy_it_is_read)
{
    eio_prepare();
    eio.options.high_water = 100000;
    begin();
    press();
    client_frame(&w, 1, "4more");
    WAIT(eio_logged("message"));
    CHECK_LOG("message:more ");
    end();
}

TEST(a_paused_session_can_be_closed)
{
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.slow_reader = EIO_SLOW_PAUSE;
    begin();
    press();
    eio_session_close(eio.session);
    CHECK_LOG("close:forced close gone ");
    peer_listen(&w);
    client_frame(&w, 8, "");
    WAIT(w.ended);
    end();
}

TEST(the_policy_close_ends_the_session_at_high_water)
{
    int rc = 0;
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.slow_reader = EIO_SLOW_CLOSE;
    begin();
    for (int i = 0; i < 1000 && rc == 0; i++)
        rc = eio_say(eio.session, big, 0);
    CHECK_EQ_INT(rc, SIO_EFULL);
    CHECK(strstr(net.logged, "high_water 100000 bytes") != NULL);
    CHECK(eio_session_buffered(eio.session) <= 100000);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/too much is buffered gone ");
    end();
}

TEST(polling_is_under_pressure_until_it_asks)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    struct reply r = {0};
    memset(big, 'x', sizeof big - 1);
    eio_prepare();
    eio.options.high_water = 100000;
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    sio_buf_clear(&eio.log);
    CHECK_EQ_INT(eio_say(eio.session, big, 0), 0);
    CHECK(!eio_session_pressed(eio.session));
    CHECK_EQ_INT(eio_say(eio.session, big, 0), 0);
    CHECK(eio_session_pressed(eio.session));
    client_get(&p, sid);
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 200);
    WAIT(eio_logged("drain"));
    CHECK(!eio_session_pressed(eio.session));
    sio_buf_fini(&r.body);
    peer_fini(&p);
    eio_close();
}

/* ---- from one transport to the other --------------------------------------------------------- */

/* A polling session that is under pressure, and its probe on w. */
static void press_polling(struct peer *p)
{
    char sid[SIO_ID_LEN + 1];
    memset(big, 'x', sizeof big - 1);
    eio_open();
    client_open(p);
    client_open(&w);
    client_handshake(p, sid);
    sio_buf_clear(&eio.log);
    press();
    client_websocket(&w, sid);
    client_frame(&w, 1, "2probe");
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe");
}

TEST(pressure_ends_with_an_upgrade_when_the_kernel_takes_all)
{
    struct peer p;
    eio_prepare();
    eio.options.high_water = 100000;
    eio.options.pressure_timeout_ms = 30;
    eio.options.ping_interval_ms = 100;
    press_polling(&p);
    client_frame(&w, 1, "5");
    WAIT(eio_logged("drain"));
    WAIT(w.got.len > 2 && memcmp(w.got.p + w.got.len - 2, "\x01\x32", 2) == 0); /* a ping: later */
    CHECK_LOG("upgrade drain ");
    peer_fini(&p);
    end();
}

TEST(pressure_has_its_clock_and_its_policy_after_an_upgrade)
{
    struct peer p;
    eio_prepare();
    eio.options.high_water = 2000000;
    eio.options.pressure_timeout_ms = 30;
    eio.options.slow_reader = EIO_SLOW_PAUSE;
    press_polling(&p);
    peer_be_deaf(&w);
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    CHECK(eio_session_pressed(eio.session));
    client_frame(&w, 1, "4unread");
    WAIT(eio_logged("gone"));
    CHECK_LOG("upgrade close:transport error/the client reads too slowly gone ");
    peer_fini(&p);
    end();
}

static void say_two(struct eio_session *s)
{
    CHECK_EQ_INT(eio_say(s, big, 0), 0);
    CHECK_EQ_INT(eio_say(s, big, 0), 0);
    CHECK(eio_session_pressed(s));
}

/* What a client of v3 is sent waits a moment for its 101: no reason to close it. */
TEST(pressure_of_a_client_that_has_just_come)
{
    struct reply r = {0};
    eio_prepare();
    eio.options.allow_eio3 = true;
    eio.options.high_water = 100000;
    eio.options.pressure_timeout_ms = 30;
    eio.options.ping_interval_ms = 60;
    eio.options.ping_timeout_ms = 60;
    memset(big, 'x', sizeof big - 1);
    eio_open();
    eio.on_open = say_two;
    client_open(&w);
    client_request(&w, "GET", "/engine.io/?EIO=3&transport=websocket", WS_HEADERS, NULL);
    reply_take(&w, &r);
    WAIT(eio_logged("gone"));
    CHECK_LOG("open drain close:ping timeout gone ");
    sio_buf_fini(&r.body);
    end();
}
