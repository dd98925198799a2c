// SPDX-License-Identifier: MIT
/* From polling to websocket (Engine.IO v4, §Upgrade): the dance, its races, and what breaks it. */
#include "test.h"

#include "base/clock.h"
#include "eio.h"

static struct peer p, w; /* the client's polling connection and its websocket */
static char sid[SIO_ID_LEN + 1];

static void begin(void)
{
    eio_open();
    client_open(&p);
    client_open(&w);
    client_handshake(&p, sid);
    sio_buf_clear(&eio.log);
}

static void end(void)
{
    peer_fini(&p);
    peer_fini(&w);
    eio_close();
}

static void probe(void)
{
    client_websocket(&w, sid);
    client_frame(&w, 1, "2probe");
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe");
}

/* The probe was closed, the session goes on with polling. */
static void expect_still_polling(void)
{
    EXPECT_FRAMES(&w, "\x88\x00");
    CHECK_EQ_STR(eio_session_transport(eio.session), "polling");
    CHECK(!eio_logged("close"));
    eio_say(eio.session, "still", 0);
    client_get(&p, sid);
    EXPECT(&p, 200, "4still");
}

TEST(upgrade)
{
    eio_prepare();
    begin();
    probe();
    CHECK_EQ_STR(eio_session_transport(eio.session), "polling");
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    CHECK_EQ_STR(eio_session_transport(eio.session), "websocket");
    eio_say(eio.session, "hi", 0);
    EXPECT_FRAMES(&w, "\x81\x03"
                      "4hi");
    client_frame(&w, 1, "4you");
    WAIT(eio_logged("message:you"));
    client_get(&p, sid);
    EXPECT(&p, 400, "{\"code\":3,\"message\":\"Bad request\"}");
    CHECK_LOG("upgrade message:you ");
    end();
}

TEST(a_pending_poll_returns_when_the_probe_is_answered)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    net_turn();
    probe();
    EXPECT(&p, 200, "6");
    client_get(&p, sid); /* and so does the next one */
    EXPECT(&p, 200, "6");
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    end();
}

TEST(before_the_probe_a_poll_waits_as_ever)
{
    eio_prepare();
    begin();
    client_websocket(&w, sid);
    client_get(&p, sid);
    net_turn();
    net_turn();
    CHECK_EQ_INT(p.got.len, 0);
    eio_say(eio.session, "a", 0);
    EXPECT(&p, 200, "4a");
    end();
}

TEST(polling_may_still_take_messages_during_the_probe)
{
    eio_prepare();
    begin();
    probe();
    eio_say(eio.session, "a", 0);
    net_turn();
    client_get(&p, sid);
    EXPECT(&p, 200, "4a");
    eio_say(eio.session, "b", 0);
    eio_say(eio.session, "c", 0);
    net_turn();
    client_frame(&w, 1, "5");
    EXPECT_FRAMES(&w, "\x81\x02"
                      "4b\x81\x02"
                      "4c");
    end();
}

/* A poll that slipped in between `3probe` and `5` is never left hanging. */
TEST(poll_and_upgrade_at_once)
{
    eio_prepare();
    begin();
    probe();
    client_get(&p, sid);
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    WAIT(p.got.len != 0);
    CHECK(peer_has(&p, "\r\n\r\n6") || peer_has(&p, "\"code\":3"));
    end();
}

static void greet(void *owner, struct eio_session *s)
{
    (void)owner;
    eio_say(s, "second", 0);
}

TEST(what_waited_comes_before_what_on_upgrade_sends)
{
    static const struct eio_session_events events = {
        .on_message = eio_on_message, .on_upgrade = greet, .on_close = eio_on_close};
    eio_prepare();
    begin();
    eio_session_set_events(eio.session, &events, &eio);
    probe();
    eio_say(eio.session, "first", 0);
    net_turn();
    client_frame(&w, 1, "5");
    EXPECT_FRAMES(&w, "\x81\x06"
                      "4first\x81\x07"
                      "4second");
    end();
}

TEST(several_probes_are_answered)
{
    eio_prepare();
    begin();
    probe();
    client_frame(&w, 1, "2probe");
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe");
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    end();
}

/* A POST that is under way when the client says `5` is still delivered. */
TEST(a_post_may_outlive_the_upgrade)
{
    eio_prepare();
    begin();
    client_request(&p, "POST", client_target("polling", sid), "Content-Length: 3\r\n", NULL);
    probe();
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    peer_say(&p, "4in");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("upgrade message:in ");
    end();
}

TEST(a_post_that_outlived_the_upgrade_ends_with_the_session)
{
    eio_prepare();
    begin();
    client_request(&p, "POST", client_target("polling", sid), "Content-Length: 3\r\n", NULL);
    probe();
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    eio_session_close(eio.session);
    CHECK_LOG("upgrade close:forced close gone ");
    WAIT(p.ended || p.reset);
    end();
}

/* ---- what breaks it -------------------------------------------------------------------------- */

static const struct {
    int op;
    const char *text;
} wrong_firsts[] = {{1, "5"}, {1, "2"}, {1, "3probe"}, {1, "4hi"},   {2, "hi"},  {1, "7"},
                    {1, ""},  {1, "1"}, {2, ""},       {1, "2prob"}, {1, "0{}"}, {1, "6"}};

TEST(another_first_packet_closes_the_probe)
{
    for (size_t i = 0; i < sizeof wrong_firsts / sizeof wrong_firsts[0]; i++) {
        eio_prepare();
        begin();
        test_context("%s", wrong_firsts[i].text);
        client_websocket(&w, sid);
        client_frame(&w, wrong_firsts[i].op, wrong_firsts[i].text);
        expect_still_polling();
        end();
    }
}

TEST(a_message_instead_of_the_upgrade_closes_the_probe)
{
    eio_prepare();
    begin();
    probe();
    client_frame(&w, 1, "4hi");
    expect_still_polling();
    CHECK_LOG("");
    end();
}

TEST(a_probe_that_breaks_off)
{
    eio_prepare();
    begin();
    probe();
    shutdown(w.fd, SHUT_RDWR);
    WAIT(w.ended || w.reset);
    net_turn();
    net_turn();
    client_get(&p, sid); /* waits again, for the probe is over */
    net_turn();
    net_turn();
    CHECK_EQ_INT(p.got.len, 0);
    eio_say(eio.session, "a", 0);
    EXPECT(&p, 200, "4a");
    CHECK_LOG("");
    end();
}

TEST(a_bad_frame_closes_the_probe)
{
    eio_prepare();
    begin();
    probe();
    peer_send(&w, SIO_LIT("\xff\xff"));
    EXPECT_FRAMES(&w, "\x88\x02\x03\xea");
    CHECK_LOG("");
    CHECK_EQ_STR(eio_session_transport(eio.session), "polling");
    end();
}

TEST(an_unfinished_upgrade_is_closed)
{
    for (int probed = 0; probed < 2; probed++) {
        eio_prepare();
        eio.options.upgrade_timeout_ms = 200; /* time for the probe on a busy machine */
        begin();
        if (probed)
            probe();
        else
            client_websocket(&w, sid);
        WAIT(w.got.len != 0);
        expect_still_polling();
        end();
    }
}

TEST(an_upgrade_after_a_failed_one)
{
    eio_prepare();
    begin();
    client_websocket(&w, sid);
    client_frame(&w, 1, "4no");
    expect_still_polling();
    peer_fini(&w);
    client_open(&w);
    probe();
    client_frame(&w, 1, "5");
    WAIT(eio_logged("upgrade"));
    CHECK_LOG("upgrade ");
    end();
}

/* It is opened and closed, and nothing happens to the session. */
static void expect_no_other_websocket(void)
{
    struct peer other;
    client_open(&other);
    client_websocket(&other, sid);
    EXPECT_FRAMES(&other, "\x88\x00");
    peer_fini(&other);
}

TEST(a_second_websocket_is_refused)
{
    eio_prepare();
    begin();
    client_websocket(&w, sid);
    expect_no_other_websocket();
    client_frame(&w, 1, "2probe");
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe");
    expect_no_other_websocket();
    client_frame(&w, 1, "5"); /* the first one goes on */
    WAIT(eio_logged("upgrade"));
    expect_no_other_websocket();
    CHECK_LOG("upgrade ");
    end();
}

TEST(a_closing_session_is_not_upgraded)
{
    eio_prepare();
    begin();
    eio_session_close(eio.session);
    CHECK_EQ_INT(eio_session_state(eio.session), EIO_STATE_CLOSING);
    expect_no_other_websocket();
    end();
}

TEST(a_websocket_session_is_not_taken_over)
{
    eio_prepare();
    begin();
    client_websocket(&w, "");
    memcpy(sid, eio_session_sid(eio.session), sizeof sid);
    expect_no_other_websocket();
    CHECK_LOG("open ");
    end();
}

TEST(a_probe_after_the_upgrade_ends_the_session)
{
    eio_prepare();
    begin();
    probe();
    client_frame(&w, 1, "5");
    client_frame(&w, 1, "2probe");
    WAIT(eio_logged("gone"));
    CHECK_LOG("upgrade close:transport error/invalid heartbeat direction gone ");
    end();
}

TEST(closing_during_the_probe)
{
    eio_prepare();
    begin();
    probe();
    eio_session_close(eio.session);
    EXPECT_FRAMES(&w, "\x88\x00");
    CHECK_EQ_INT(eio_session_state(eio.session), EIO_STATE_CLOSING);
    client_get(&p, sid);
    EXPECT(&p, 200,
           "6\x1e"
           "1");
    CHECK_LOG("close:forced close gone ");
    end();
}

/* Its timer must not find what is gone, nor what came after it. */
TEST(a_probe_that_is_over_has_no_timer)
{
    static const char *const logs[] = {"upgrade ", "", "close:forced close gone ",
                                       "upgrade close:forced close gone "};
    for (int how = 0; how < 4; how++) {
        uint64_t due;
        eio_prepare();
        eio.options.upgrade_timeout_ms = 10;
        begin();
        probe();
        due = sio_clock_ms() + 12;
        client_frame(&w, 1, how == 1 ? "4no" : how == 2 ? "2probe" : "5");
        if (how == 3)
            WAIT(eio_logged("upgrade"));
        if (how >= 2)
            eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
        while (sio_clock_ms() < due)
            net_turn();
        CHECK_LOG(logs[how]);
        if (how < 2)
            eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
        net_turn();
        CHECK_EQ_INT(eio_server_count(eio.server), 0);
        end();
    }
}

/* Else who asks without end and reads nothing fills a queue that has no limit. */
TEST(a_probe_is_not_answered_again_before_the_answer_has_left)
{
    static const char probes[] = "\x81\x86\0\0\0\0"
                                 "2probe"
                                 "\x81\x86\0\0\0\0"
                                 "2probe"
                                 "\x81\x81\0\0\0\0"
                                 "5";
    eio_prepare();
    begin();
    client_websocket(&w, sid);
    peer_send(&w, sio_slice(probes, sizeof probes - 1));
    WAIT(eio_logged("upgrade"));
    eio_say(eio.session, "hi", 0);
    EXPECT_FRAMES(&w, "\x81\x06"
                      "3probe"
                      "\x81\x03"
                      "4hi");
    end();
}

/* Upstream forgets the pending pong here, and a silent client lives for ever. */
TEST(the_heartbeat_survives_the_upgrade)
{
    eio_prepare();
    eio.options.ping_interval_ms = 30;
    eio.options.ping_timeout_ms = 60;
    begin();
    probe();
    WAIT(eio_session_buffered(eio.session) != 0); /* the ping waits for a transport */
    client_frame(&w, 1, "5");
    EXPECT_FRAMES(&w, "\x81\x01"
                      "2");
    WAIT(eio_logged("gone"));
    CHECK_LOG("upgrade close:ping timeout gone ");
    end();
}
