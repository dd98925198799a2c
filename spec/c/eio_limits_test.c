// SPDX-License-Identifier: MIT
/* Limits on what a long-polling client may send and on what is kept for it. */
#include "test.h"

#include "eio_poll.h"

TEST(a_body_above_the_limit_leaves_the_session_alive)
{
    eio_prepare();
    eio.options.max_http_buffer_size = 10;
    begin();
    client_post(&p, sid, "4123456789");
    EXPECT(&p, 200, "ok");
    client_post(&p, sid, "40123456789");
    EXPECT(&p, 413, "");
    CHECK(strstr(net.logged, "max_http_buffer_size 10") != NULL);
    client_post(&q, sid, "4alive");
    EXPECT(&q, 200, "ok");
    CHECK_LOG("message:123456789 message:alive ");
    end();
}

TEST(a_get_with_a_body_leaves_the_session_alive)
{
    eio_prepare();
    begin();
    client_request(&p, "GET", client_target("polling", sid), "", "x");
    EXPECT(&p, 413, "");
    CHECK_LOG("");
    eio_say(eio.session, "a", 0);
    client_get(&q, sid);
    EXPECT(&q, 200, "4a");
    end();
}

TEST(max_buffered_while_no_poll_comes)
{
    eio_prepare();
    eio.options.max_buffered = 20; /* two frames of 2 + 1 + 7 bytes */
    begin();
    CHECK_EQ_INT(eio_say(eio.session, "1234567", 0), 0);
    CHECK_EQ_INT(eio_say(eio.session, "1234567", 0), 0);
    CHECK_EQ_INT(eio_session_buffered(eio.session), 20);
    CHECK_EQ_INT(eio_say(eio.session, "", 0), SIO_EFULL);
    CHECK_EQ_INT(eio_session_buffered(eio.session), 20);
    CHECK_EQ_INT(eio_session_state(eio.session), EIO_STATE_OPEN);
    CHECK_LOG("");
    CHECK(strstr(net.logged, "max_buffered 20 bytes") != NULL);
    net_turn();
    CHECK_LOG("close:transport error/too much is buffered gone ");
    expect_gone();
    end();
}

TEST(a_packet_is_queued_whole_or_not_at_all)
{
    struct sio_slice part = SIO_LIT("1234567");
    struct eio_msg m[3];
    eio_prepare();
    eio.options.max_buffered = 29;
    begin();
    for (int i = 0; i < 3; i++)
        m[i] = eio_msg_text(EIO_MESSAGE, &part, 1);
    CHECK_EQ_INT(eio_session_send(eio.session, m, 3, 0), SIO_EFULL);
    CHECK_EQ_INT(eio_session_buffered(eio.session), 0);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(m[i].frame->refs, 1);
        sio_blob_unref(m[i].frame);
    }
    end();
}

TEST(the_number_of_messages_is_limited_too)
{
    eio_prepare();
    begin();
    for (int i = 0; i < EIO_QUEUE_MESSAGES_MAX; i++)
        if (!CHECK_EQ_INT(eio_say(eio.session, "", 0), 0))
            break;
    CHECK_EQ_INT(eio_say(eio.session, "", 0), SIO_EFULL);
    end();
}

TEST(websockets_count_as_connections)
{
    struct peer w, late;
    struct reply r = {0};
    eio_prepare();
    eio_open();
    eio.http.limits.max_connections = 1;
    client_open(&w);
    client_websocket(&w, "");
    client_open(&late);
    client_upgrade(&late, "");
    reply_take(&late, &r);
    CHECK_EQ_INT(r.status, 503);
    peer_fini(&late);
    peer_fini(&w);
    WAIT(net.loop.n_clients == 0);
    client_open(&late);
    client_websocket(&late, "");
    peer_fini(&late);
    sio_buf_fini(&r.body);
    eio_close();
}

TEST(packets_per_second)
{
    eio_prepare();
    eio.options.max_packets_per_second = 3;
    begin();
    client_post(&p, sid,
                "4a\x1e"
                "4b\x1e"
                "4c\x1e"
                "4d\x1e"
                "4e");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:a message:b message:c "
              "close:transport error/more than max_packets_per_second gone ");
    CHECK(strstr(net.logged, "more than max_packets_per_second") != NULL);
    expect_gone();
    end();
}

TEST(bytes_per_second)
{
    eio_prepare();
    eio.options.max_bytes_per_second = 10;
    begin();
    client_post(&p, sid, "4123456789012345"); /* larger, but the first */
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:123456789012345 ");
    client_post(&p, sid, "4a");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("message:123456789012345 "
              "close:transport error/more than max_bytes_per_second gone ");
    expect_gone();
    end();
}

TEST(without_limits_per_second)
{
    eio_prepare();
    begin();
    for (int i = 0; i < 100; i++) {
        client_post(&p, sid,
                    "41\x1e"
                    "42\x1e"
                    "43\x1e"
                    "44\x1e"
                    "45");
        EXPECT(&p, 200, "ok");
    }
    CHECK_EQ_INT(eio.messages, 500);
    end();
}
