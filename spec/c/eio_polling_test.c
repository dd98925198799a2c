// SPDX-License-Identifier: MIT
/* Long-polling as a client sees it: payloads, answers, overlaps, aborts. */
#include "test.h"

#include "eio_poll.h"
#include "engine/polling.h"

/* ---- what is sent ---------------------------------------------------------------------------- */

TEST(a_poll_waits_for_a_message)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    net_turn();
    net_turn();
    CHECK_EQ_INT(p.got.len, 0);
    CHECK_EQ_INT(eio_say(eio.session, "hello", 0), 0);
    EXPECT(&p, 200, "4hello");
    end();
}

TEST(a_ticks_messages_make_one_payload)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    WAIT(eio_session_buffered(eio.session) == 0);
    net_turn();
    eio_say(eio.session, "a", 0);
    eio_say_binary(eio.session, SIO_LIT("\1\2\3\4"));
    eio_say(eio.session, "b", 0);
    CHECK_EQ_INT(eio_session_buffered(eio.session), 4 + 6 + 4);
    EXPECT(&p, 200,
           "4a\x1e"
           "bAQIDBA==\x1e"
           "4b");
    CHECK_EQ_INT(eio_session_buffered(eio.session), 0);
    end();
}

TEST(messages_wait_for_a_poll)
{
    struct reply r = {0};
    eio_prepare();
    begin();
    eio_say(eio.session, "a", 0);
    eio_say(eio.session, "b", 0);
    client_get(&p, sid);
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 200);
    CHECK(strstr(r.head, "Content-Type: text/plain; charset=UTF-8\r\n") != NULL);
    CHECK(strstr(r.head, "cache-control: no-store\r\n") != NULL);
    CHECK_SLICE(sio_buf_slice(&r.body), "4a\x1e"
                                        "4b");
    sio_buf_fini(&r.body);
    end();
}

TEST(one_binary_message_is_base64)
{
    eio_prepare();
    begin();
    eio_say_binary(eio.session, SIO_LIT("\1\2\3\4"));
    client_get(&p, sid);
    EXPECT(&p, 200, "bAQIDBA==");
    end();
}

/* ---- what comes in --------------------------------------------------------------------------- */

TEST(a_post_is_answered_ok)
{
    struct reply r = {0};
    eio_prepare();
    begin();
    client_post(&p, sid, "4hello");
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 200);
    CHECK(strstr(r.head, "Content-Type: text/html\r\n") != NULL);
    CHECK(strstr(r.head, "cache-control: no-store\r\n") != NULL);
    CHECK_SLICE(sio_buf_slice(&r.body), "ok");
    CHECK_LOG("message:hello ");
    sio_buf_fini(&r.body);
    end();
}

static const struct {
    const char *body, *log; /* "" as log: the session lives */
} bodies[] = {
    {"4a\x1e"
     "4b",
     "message:a message:b "},
    {"4a\x1e"
     "bAQIDBA==\x1e"
     "4",
     "message:a binary:\1\2\3\4 message: "},
    {"0\x1e"
     "3\x1e"
     "5\x1e"
     "6",
     ""},
    {"1", "close:transport close gone "},
    {"2", "close:transport error/invalid heartbeat direction gone "},
    {"7", "close:parse error gone "},
    {"", "close:parse error gone "},
    {"abc", "close:parse error gone "},
    {"4a\x1e", "message:a close:parse error gone "},
    {"4a\x1e"
     "7\x1e"
     "4b",
     "message:a close:parse error gone "},
    {"4a\x1e"
     "1\x1e"
     "4b",
     "message:a close:transport close gone "},
    {"4a\x1e"
     "b!!!!",
     "message:a close:parse error gone "},
    {"4\xff\xfe", "close:parse error gone "},
    {"4\xed\xa0\x80", "close:parse error gone "},
};

/* Whatever the body was, the POST itself is answered 200, as upstream. */
TEST(bodies)
{
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        eio_prepare();
        begin();
        test_context("%s", test_quote(sio_slice_str(bodies[i].body)));
        client_post(&p, sid, bodies[i].body);
        EXPECT(&p, 200, "ok");
        CHECK_LOG(bodies[i].log);
        if (eio_logged("close"))
            expect_gone();
        end();
    }
}

/* A body of any cut is the same body. */
TEST(a_body_in_pieces)
{
    eio_prepare();
    begin();
    client_request(&p, "POST", client_target("polling", sid), "Content-Length: 5\r\n", NULL);
    for (const char *c = "4a\x1e"
                         "4b";
         *c != '\0'; c++) {
        peer_send(&p, sio_slice(c, 1));
        net_turn();
        net_turn();
    }
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:a message:b ");
    end();
}

static void echo(struct eio_session *s, struct sio_slice data, bool binary)
{
    struct eio_msg m = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
    eio_session_send(s, &m, 1, 0);
    sio_blob_unref(m.frame);
}

TEST(an_echo_answers_the_pending_poll)
{
    eio_prepare();
    eio.on_message = echo;
    begin();
    client_get(&p, sid);
    client_post(&q, sid,
                "4hello\x1e"
                "bAQIDBA==");
    EXPECT(&q, 200, "ok");
    EXPECT(&p, 200,
           "4hello\x1e"
           "bAQIDBA==");
    end();
}

/* What the app answered before the end came in the same body still reaches the pending poll. */
TEST(answers_before_the_end)
{
    static const struct {
        const char *body, *expected;
    } cases[] = {{"4a\x1e"
                  "7",
                  "4a\x1e"
                  "1"},
                 {"4a\x1e"
                  "1",
                  "4a"}};
    for (int i = 0; i < 2; i++) {
        eio_prepare();
        eio.on_message = echo;
        begin();
        client_get(&p, sid);
        net_turn();
        client_post(&q, sid, cases[i].body);
        EXPECT(&q, 200, "ok");
        EXPECT(&p, 200, cases[i].expected);
        CHECK(eio_logged("gone"));
        end();
    }
}

static void end_it(struct eio_session *s, struct sio_slice data, bool binary)
{
    (void)data, (void)binary;
    eio_session_end(s, EIO_TRANSPORT_ERROR, "the handler said so");
}

TEST(nothing_is_delivered_after_the_end)
{
    eio_prepare();
    eio.on_message = end_it;
    begin();
    client_post(&p, sid,
                "4a\x1e"
                "4b");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:a close:transport error/the handler said so gone ");
    end();
}

static void close_it(struct eio_session *s, struct sio_slice data, bool binary)
{
    (void)data, (void)binary;
    eio_session_close(s);
}

TEST(nothing_is_delivered_while_closing)
{
    eio_prepare();
    eio.on_message = close_it;
    begin();
    client_post(&p, sid,
                "4a\x1e"
                "4b\x1e"
                "7");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:a ");
    client_get(&p, sid);
    EXPECT(&p, 200,
           "6\x1e"
           "1");
    CHECK_LOG("message:a close:forced close gone ");
    end();
}

/* ---- long bodies ----------------------------------------------------------------------------- */

static struct sio_buf packets(size_t n, const char *last)
{
    struct sio_buf b = {0};
    for (size_t i = 0; i < n; i++)
        sio_buf_printf(&b, "4%zu\x1e", i);
    sio_buf_printf(&b, "%s%c", last, '\0');
    return b;
}

enum { MANY = 10 * EIO_INBOX_BATCH };

TEST(a_long_body_leaves_room_for_others)
{
    struct sio_buf b = packets(MANY, "4last");
    struct peer w;
    eio_prepare();
    begin();
    client_open(&w);
    client_post(&p, sid, b.p);
    WAIT(eio.messages != 0);
    CHECK(eio.messages <= 2 * EIO_INBOX_BATCH);
    CHECK_EQ_INT(p.got.len, 0);
    client_handshake(&w, sid); /* served in between */
    CHECK(eio.messages < MANY);
    EXPECT(&p, 200, "ok");
    CHECK_EQ_INT(eio.messages, MANY + 1);
    sio_buf_fini(&b);
    peer_fini(&w);
    end();
}

/* The loop does not sleep while there is a rest. */
TEST(a_long_body_needs_nobody_else)
{
    struct sio_buf b = packets(MANY, "4last");
    eio_prepare();
    begin();
    client_post(&p, sid, b.p);
    EXPECT(&p, 200, "ok");
    CHECK_EQ_INT(eio.messages, MANY + 1);
    sio_buf_fini(&b);
    end();
}

TEST(a_long_body_may_end_badly)
{
    static const char *const lasts[] = {"", "7", "1"};
    for (int i = 0; i < 3; i++) {
        struct sio_buf b = packets(EIO_INBOX_BATCH + 1, lasts[i]);
        eio_prepare();
        begin();
        client_post(&p, sid, b.p);
        EXPECT(&p, 200, "ok");
        CHECK_EQ_INT(eio.messages, EIO_INBOX_BATCH + 1);
        CHECK(eio_logged(i == 2 ? "close:transport close gone" : "close:parse error gone"));
        sio_buf_fini(&b);
        end();
    }
}

TEST(a_session_may_end_within_a_long_body)
{
    struct sio_buf b = packets(MANY, "4last");
    eio_prepare();
    begin();
    client_post(&p, sid, b.p);
    WAIT(eio.messages != 0);
    eio_session_end(eio.session, EIO_FORCED_CLOSE, NULL);
    EXPECT(&p, 200, "ok");
    CHECK(eio.messages <= 2 * EIO_INBOX_BATCH);
    sio_buf_fini(&b);
    end();
}

TEST(overlap_with_a_long_body)
{
    struct sio_buf b = packets(MANY, "4last");
    eio_prepare();
    begin();
    client_post(&p, sid, b.p);
    WAIT(eio.messages != 0);
    client_post(&q, sid, "4x");
    EXPECT(&q, 400, "");
    CHECK(eio_logged("close:transport error/data request overlap from client gone"));
    CHECK(eio.messages < MANY);
    EXPECT(&p, 200, "ok"); /* its body had come whole */
    sio_buf_fini(&b);
    end();
}

/* ---- what ends a session --------------------------------------------------------------------- */

TEST(a_second_get_ends_the_session)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    net_turn();
    net_turn();
    client_get(&q, sid);
    EXPECT(&q, 400, "");
    EXPECT(&p, 200, "1");
    CHECK_LOG("close:transport error/overlap from client gone ");
    expect_gone();
    end();
}

TEST(a_second_post_ends_the_session)
{
    eio_prepare();
    begin();
    client_request(&p, "POST", client_target("polling", sid), "Content-Length: 5\r\n", NULL);
    net_turn();
    net_turn();
    client_post(&q, sid, "4a");
    EXPECT(&q, 400, "");
    CHECK_LOG("close:transport error/data request overlap from client gone ");
    WAIT(p.ended || p.reset);
    CHECK_EQ_INT(p.got.len, 0); /* cut */
    expect_gone();
    end();
}

TEST(an_aborted_get_ends_the_session)
{
    eio_prepare();
    begin();
    client_get(&q, sid);
    net_turn();
    net_turn();
    shutdown(q.fd, SHUT_RDWR);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/poll connection closed prematurely gone ");
    expect_gone();
    end();
}

TEST(an_aborted_post_ends_the_session)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    client_request(&q, "POST", client_target("polling", sid), "Content-Length: 5\r\n", NULL);
    net_turn();
    net_turn();
    shutdown(q.fd, SHUT_RDWR);
    WAIT(eio_logged("gone"));
    CHECK_LOG("close:transport error/data request connection closed prematurely gone ");
    EXPECT(&p, 200, "1");
    end();
}

TEST(binary_bodies_went_away_with_v4)
{
    eio_prepare();
    begin();
    client_request(&p, "POST", client_target("polling", sid),
                   "Content-Type: application/octet-stream\r\n", "4a");
    EXPECT(&p, 400, "");
    CHECK_LOG("close:transport error/invalid content gone ");
    end();
}

/* The client's own goodbye: the poll returns with a noop. */
TEST(a_goodbye_frees_the_pending_poll)
{
    eio_prepare();
    begin();
    client_get(&p, sid);
    net_turn();
    client_post(&q, sid, "1");
    EXPECT(&q, 200, "ok");
    EXPECT(&p, 200, "6");
    CHECK_LOG("close:transport close gone ");
    end();
}
