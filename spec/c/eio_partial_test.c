// SPDX-License-Identifier: MIT
/* WebSocket messages that begin and do not end: how long they may take, how many there may be, and
 * that others are served meanwhile. */
#include "test.h"

#include "base/clock.h"
#include "eio.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

enum { CROWD = 4 };

static struct peer many[CROWD];
static struct eio_session *sessions[CROWD];

/* The first is the oldest. */
static void begin(void)
{
    eio_open();
    for (int i = 0; i < CROWD; i++) {
        client_open(&many[i]);
        client_websocket(&many[i], "");
        WAIT(many[i].got.len > 2 && many[i].got.len >= 2 + (size_t)many[i].got.p[1]);
        sio_buf_clear(&many[i].got);
        sessions[i] = eio.session;
    }
    sio_buf_clear(&eio.log);
}

static void end(void)
{
    for (int i = 0; i < CROWD; i++)
        peer_fini(&many[i]);
    eio_close();
}

static size_t partial(void)
{
    return eio.server->n_partial;
}

static struct eio_due *oldest(void)
{
    struct sio_list *first = sio_list_first(&eio.server->heartbeat.queues[EIO_DUE_PART]);
    return first != NULL ? SIO_CONTAINER_OF(first, struct eio_due, link) : NULL;
}

/* When s's message must be complete; it is the only one. */
static uint64_t due_ms(struct eio_session *s)
{
    struct eio_due *due = oldest();
    return CHECK(due != NULL && eio_websocket_waits(due) == s) ? due->at_ms : 0;
}

static const char half[] = "\x81\x83\0\0\0\0"
                           "4h"; /* of "4hi" */

static void send_half(struct peer *p)
{
    size_t before = partial();
    peer_send(p, sio_slice(half, sizeof half - 1));
    WAIT(partial() == before + 1);
}

TEST(a_message_may_take_message_timeout)
{
    eio_prepare();
    eio.options.message_timeout_ms = 20;
    begin();
    uint64_t t0 = sio_clock_ms();
    send_half(&many[0]);
    EXPECT_FRAMES(&many[0], "\x88\x02\x03\xf0"); /* 1008 */
    WAIT(many[0].ended);                         /* no answer is waited for */
    CHECK(sio_clock_ms() - t0 >= 19);
    CHECK_LOG("close:transport error/message timeout gone ");
    CHECK(strstr(net.logged, "message timeout") != NULL);
    CHECK_EQ_INT(partial(), 0);
    client_frame(&many[1], 1, "4well");
    WAIT(eio_logged("message:well "));
    end();
}

/* A handler takes longer than the message may; meanwhile its last byte comes. */
static void hold_up(struct eio_session *s, struct sio_slice data, bool binary)
{
    uint64_t until = sio_clock_ms() + 100;
    (void)s, (void)data, (void)binary;
    eio.on_message = NULL;
    while (sio_clock_ms() < until)
        continue;
    peer_say(&many[0], "i");
}

TEST(a_loop_that_was_held_up_reads_before_it_judges)
{
    eio_prepare();
    eio.options.message_timeout_ms = 50;
    begin();
    eio.on_message = hold_up;
    send_half(&many[0]);
    client_frame(&many[1], 1, "4hold up");
    WAIT(eio.messages == 2);
    CHECK_LOG("message:hold up message:hi ");
    end();
}

TEST(its_time_begins_with_its_first_byte)
{
    eio_prepare();
    begin();
    send_half(&many[0]);
    uint64_t first = due_ms(sessions[0]);
    while (sio_clock_ms() + eio.options.message_timeout_ms <= first)
        net_turn();
    peer_say(&many[0], "i"); /* whole: the time is over */
    WAIT(eio_logged("message:hi "));
    CHECK_EQ_INT(partial(), 0);
    CHECK(oldest() == NULL);
    send_half(&many[0]); /* another message, another time */
    CHECK(due_ms(sessions[0]) > first);
    peer_say(&many[0], "i\x81\x83"); /* its end, and the first bytes of the next */
    WAIT(eio.messages == 2);
    net_turn();
    CHECK_EQ_INT(partial(), 1);
    end();
}

TEST(fragments_and_pings_do_not_prolong_it)
{
    eio_prepare();
    begin();
    peer_send(&many[0], SIO_LIT("\x01\x82\0\0\0\0"
                                "4h"));
    WAIT(partial() == 1);
    uint64_t first = due_ms(sessions[0]);
    while (sio_clock_ms() + eio.options.message_timeout_ms <= first + 1)
        net_turn();
    client_frame(&many[0], 9, "still here");
    EXPECT_FRAMES(&many[0], "\x8a\x0astill here");
    peer_send(&many[0], SIO_LIT("\x00\x80\0\0\0\0"));
    net_turn();
    CHECK_EQ_INT(due_ms(sessions[0]), first);
    CHECK_EQ_INT(partial(), 1);
    end();
}

/* A client can send no pong inside of a frame. */
TEST(a_growing_message_is_a_sign_of_life)
{
    eio_prepare();
    eio.options.ping_interval_ms = 10;
    begin();
    const uint64_t *pong = &sessions[0]->beat.at_ms;
    send_half(&many[0]);
    EXPECT_FRAMES(&many[0], "\x81\x01"
                            "2");
    uint64_t first = *pong;
    CHECK(sessions[0]->awaiting_life);
    while (sio_clock_ms() + eio.options.ping_timeout_ms <= first + 1)
        net_turn();
    peer_send(&many[0], SIO_LIT("i"));
    WAIT(*pong > first);
    end();
}

TEST(one_too_many_ends_the_oldest)
{
    eio_prepare();
    eio.options.max_partial = CROWD - 1;
    begin();
    for (int i = 0; i < CROWD - 1; i++)
        send_half(&many[i]);
    CHECK_LOG("");
    client_frame(&many[CROWD - 1], 1, "4whole"); /* needs no place */
    WAIT(eio_logged("message:whole "));
    peer_send(&many[CROWD - 1], SIO_LIT("\x81"));
    EXPECT_FRAMES(&many[0], "\x88\x02\x03\xf5"); /* 1013 */
    CHECK_LOG("message:whole close:transport error/too many unfinished messages gone ");
    CHECK_EQ_INT(partial(), CROWD - 1);
    peer_say(&many[1], "i"); /* the others go on */
    WAIT(eio_logged("message:hi "));
    end();
}

TEST(one_of_one_ends_itself)
{
    eio_prepare();
    eio.options.max_partial = 0;
    begin();
    peer_send(&many[0], sio_slice(half, sizeof half - 1));
    EXPECT_FRAMES(&many[0], "\x88\x02\x03\xf5");
    CHECK_EQ_INT(partial(), 0);
    end();
}

static void end_by_close_frame(struct peer *p, struct eio_session *s)
{
    (void)s;
    peer_say(p, "i");
    client_frame(p, 8, "");
}

static void end_by_bad_octet(struct peer *p, struct eio_session *s)
{
    (void)s;
    peer_say(p, "\xff");
}

static void end_by_stream(struct peer *p, struct eio_session *s)
{
    (void)s;
    shutdown(p->fd, SHUT_RDWR);
}

static void end_by_server(struct peer *p, struct eio_session *s)
{
    (void)p;
    eio_session_close(s);
}

TEST(whatever_ends_the_session_ends_its_message)
{
    static void (*const ways[])(struct peer *, struct eio_session *) = {
        end_by_close_frame, end_by_bad_octet, end_by_stream, end_by_server};
    eio_prepare();
    begin();
    for (int i = 0; i < CROWD; i++) {
        test_context("way %d", i);
        send_half(&many[i]);
        ways[i](&many[i], sessions[i]);
        WAIT(partial() == 0);
    }
    WAIT(eio_server_count(eio.server) == 0);
    end();
}

TEST(a_probe_has_its_own_time)
{
    struct peer p, w;
    char sid[SIO_ID_LEN + 1];
    eio_prepare();
    begin();
    client_open(&p);
    client_handshake(&p, sid);
    client_open(&w);
    client_websocket(&w, sid);
    uint64_t due = eio.session->clock->due.at_ms;
    client_frame(&w, 1, "2probe");
    peer_send(&w, SIO_LIT("\x81\x81\0")); /* half a `5` */
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe");
    net_turn();
    CHECK_EQ_INT(partial(), 0);
    CHECK_EQ_INT(eio.session->clock->due.at_ms, due);
    peer_send(&w, SIO_LIT("\0\0\0"
                          "5\x81")); /* the rest, and the first byte of a message */
    WAIT(eio_logged("upgrade"));
    net_turn();
    CHECK_EQ_INT(partial(), 1);
    peer_fini(&p);
    peer_fini(&w);
    WAIT(partial() == 0);
    end();
}
