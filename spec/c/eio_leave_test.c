// SPDX-License-Identifier: MIT
/* Sessions that leave: at which moment, what they still get, and what who asks later is told.
 *
 * Stands on eio.h.
 */
#include "test.h"

#include "eio.h"

#define CHECK_SAID(text)                                                                           \
    do {                                                                                           \
        CHECK_LOG(text);                                                                           \
        sio_buf_clear(&eio.log);                                                                   \
    } while (0)

static const char last_words[] = {'6', 0x1e, '1', '\0'}; /* noop and close */

static void say(const char *text)
{
    struct sio_slice part = sio_slice_str(text);
    struct eio_msg m = eio_msg_text(EIO_MESSAGE, &part, 1);
    CHECK_EQ_INT(eio_session_send(eio.session, &m, 1, 0), 0);
    sio_blob_unref(m.frame);
}

static void open_polling(struct peer *p, char *sid)
{
    eio_prepare();
    eio_open();
    client_open(p);
    client_handshake(p, sid);
    CHECK_SAID("open ");
}

TEST(leave_at_once_when_a_poll_waits)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_get(&p, sid);
    net_turn();
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("leave close:forced close gone ");
    EXPECT(&p, 200, "1");
    peer_fini(&p);
    eio_close();
}

/* In one payload with it they would be held back by the official client, and come twice. */
TEST(leave_with_a_goodbye_in_the_poll_behind_the_last_messages)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_get(&p, sid);
    net_turn();
    say("last");
    CHECK(!eio_session_leave(eio.session));
    CHECK(!eio_session_leave(eio.session));
    CHECK_SAID("leave ");
    CHECK_EQ_INT(eio_session_state(eio.session), EIO_STATE_CLOSING);
    EXPECT(&p, 200, "4last");
    client_get(&p, sid);
    EXPECT(&p, 200, last_words);
    CHECK_SAID("close:forced close gone ");
    peer_fini(&p);
    eio_close();
}

TEST(leave_now_ends_one_that_waits_for_its_last_poll)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_get(&p, sid);
    net_turn();
    say("last");
    CHECK(!eio_session_leave(eio.session));
    eio_session_leave_now(eio.session);
    CHECK_SAID("leave close:forced close gone ");
    EXPECT(&p, 200, "4last");
    peer_fini(&p);
    eio_close();
}

TEST(leave_on_websocket_behind_what_is_queued)
{
    struct peer ws;
    eio_prepare();
    eio_open();
    client_open(&ws);
    client_websocket(&ws, "");
    CHECK_SAID("open ");
    net_turn();
    net_turn();
    sio_buf_clear(&ws.got);
    say("last");
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("leave close:forced close gone ");
    EXPECT_FRAMES(&ws, "\x81\x05"
                       "4last"
                       "\x88\x00");
    peer_fini(&ws);
    eio_close();
}

TEST(leave_waits_for_the_poll_and_takes_messages_until_then)
{
    struct peer p, poster;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_open(&poster);
    CHECK(!eio_session_leave(eio.session));
    CHECK(eio_session_leaving(eio.session));
    client_post(&poster, sid, "4hi");
    EXPECT(&poster, 200, "ok");
    CHECK_SAID("message:hi ");
    client_get(&p, sid);
    EXPECT(&p, 200, "1");
    CHECK_SAID("leave close:forced close gone ");
    peer_fini(&p);
    peer_fini(&poster);
    eio_close();
}

TEST(leave_waits_for_the_end_of_a_post)
{
    struct peer p, poster;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_open(&poster);
    client_get(&p, sid);
    client_request(&poster, "POST", client_target("polling", sid), "Content-Length: 3\r\n", NULL);
    peer_say(&poster, "4h");
    net_turn();
    net_turn();
    CHECK(!eio_session_leave(eio.session));
    peer_say(&poster, "i");
    EXPECT(&poster, 200, "ok");
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("message:hi leave close:forced close gone ");
    EXPECT(&p, 200, "1");
    peer_fini(&p);
    peer_fini(&poster);
    eio_close();
}

TEST(leave_waits_for_the_end_of_an_upgrade)
{
    struct peer p, ws;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    client_open(&ws);
    client_get(&p, sid);
    client_websocket(&ws, sid);
    client_frame(&ws, 1, "2probe");
    EXPECT_FRAMES(&ws, "\x81\x06"
                       "3probe");
    EXPECT(&p, 200, "6");
    CHECK(!eio_session_leave(eio.session));
    client_frame(&ws, 1, "5");
    WAIT(eio.log.len != 0);
    CHECK_SAID("upgrade ");
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("leave close:forced close gone ");
    EXPECT_FRAMES(&ws, "\x88\x00");
    peer_fini(&p);
    peer_fini(&ws);
    eio_close();
}

TEST(leave_waits_for_the_end_of_a_message)
{
    struct peer ws;
    eio_prepare();
    eio_open();
    client_open(&ws);
    client_websocket(&ws, "");
    CHECK_SAID("open ");
    sio_buf_clear(&ws.got);
    peer_send(&ws, SIO_LIT("\x81\x83\0\0\0\0"
                           "4h"));
    net_turn();
    net_turn();
    CHECK(!eio_session_leave(eio.session));
    peer_say(&ws, "i");
    WAIT(eio.log.len != 0);
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("message:hi leave close:forced close gone ");
    peer_fini(&ws);
    eio_close();
}

TEST(leave_now_cuts_what_is_in_the_midst)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    CHECK(!eio_session_leave(eio.session));
    eio_session_leave_now(eio.session);
    eio_session_leave_now(eio.session); /* idempotent */
    CHECK(eio_session_leave(eio.session));
    CHECK_SAID("leave close:forced close gone ");
    peer_fini(&p);
    eio_close();
}

/* A session that says goodbye already has left for its owner. */
TEST(leave_of_one_that_closes_is_no_second_goodbye)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_polling(&p, sid);
    eio_session_close(eio.session);
    CHECK(!eio_session_leave(eio.session));
    client_get(&p, sid);
    EXPECT(&p, 200, last_words);
    CHECK_SAID("close:forced close gone ");
    peer_fini(&p);
    eio_close();
}

/* ---- who comes too late ---------------------------------------------------------------------- */

static void leave_behind(struct peer *p, char *sid)
{
    open_polling(p, sid);
    client_get(p, sid);
    net_turn();
    CHECK(eio_session_leave(eio.session));
    EXPECT(p, 200, "1");
    sio_buf_clear(&eio.log);
}

TEST(leave_late_requests_get_a_goodbye_once_the_server_departs)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    leave_behind(&p, sid);
    client_post(&p, sid, "4hi");
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    eio_server_depart(eio.server);
    client_post(&p, sid, "4hi");
    EXPECT(&p, 200, "ok");
    client_get(&p, sid);
    EXPECT(&p, 200, "1");
    client_request(&p, "PUT", client_target("polling", sid), "", NULL);
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    client_upgrade(&p, sid);
    EXPECT(&p, 400, "Session ID unknown");
    CHECK_SAID("");
    peer_fini(&p);
    eio_close();
}

TEST(leave_late_requests_of_other_workers_sessions_are_refused)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1], foreign[SIO_ID_LEN + 1];
    struct sio_place there = {.slot = 5, .generation = 1};
    leave_behind(&p, sid);
    eio_server_depart(eio.server);
    sio_id_new(there, foreign);
    client_post(&p, foreign, "4hi");
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    client_post(&p, "x", "4hi");
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    peer_fini(&p);
    eio_close();
}

/* A living session is served, however its id is written. */
TEST(leave_late_is_nobody_who_is_still_there)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1], encoded[3 * SIO_ID_LEN + 1];
    open_polling(&p, sid);
    eio_server_depart(eio.server);
    for (int i = 0; i < SIO_ID_LEN; i++)
        snprintf(encoded + (size_t)i * 3, 4, "%%%02X", (unsigned)sid[i]);
    client_post(&p, encoded, "4hi");
    EXPECT(&p, 200, "ok");
    CHECK_SAID("message:hi ");
    peer_fini(&p);
    eio_close();
}
