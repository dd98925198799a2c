// SPDX-License-Identifier: MIT
/* engine/dialect, through the server: protocol v3, base64 and JSONP beside v4, on one broadcast. */
#include "test.h"

#include "eio.h"

#include "engine/polling.h"

static void open_v3(void)
{
    eio_prepare();
    eio.options.allow_eio3 = true;
    eio_open();
}

/* A polling session whose handshake has this query; its sid goes to `sid`. */
static void handshake(struct peer *p, const char *query, char sid[SIO_ID_LEN + 1])
{
    struct reply r = {0};
    char target[200];
    const char *at;
    snprintf(target, sizeof target, "/engine.io/?transport=polling&%s", query);
    client_request(p, "GET", target, "", NULL);
    reply_take(p, &r);
    CHECK_EQ_INT(r.status, 200);
    memset(sid, 0, SIO_ID_LEN + 1);
    at = r.body.len ? memmem(r.body.p, r.body.len, "sid", 3) : NULL;
    if (CHECK(at != NULL))
        memcpy(sid,
               strpbrk(at + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
               SIO_ID_LEN);
    sio_buf_fini(&r.body);
}

static const char *v3_target(const char *transport, const char *sid, const char *more)
{
    static char target[200];
    snprintf(target, sizeof target, "/engine.io/?EIO=3&transport=%s%s%s%s", transport,
             sid[0] ? "&sid=" : "", sid, more);
    return target;
}

static void v3_post(struct peer *p, const char *sid, const char *more, const char *body)
{
    client_request(p, "POST", v3_target("polling", sid, ""), more, body);
}

static void v3_get(struct peer *p, const char *sid)
{
    client_request(p, "GET", v3_target("polling", sid, ""), "", NULL);
}

static void websocket(struct peer *p, const char *query)
{
    struct reply r = {0};
    char target[200];
    snprintf(target, sizeof target, "/engine.io/?transport=websocket&%s", query);
    client_request(p, "GET", target, WS_HEADERS, NULL);
    reply_take(p, &r);
    CHECK_EQ_INT(r.status, 101);
    sio_buf_fini(&r.body);
    WAIT(p->got.len > 2 && p->got.len >= 2u + (unsigned char)p->got.p[1]); /* the open packet */
    sio_buf_clear(&p->got);
}

TEST(a_binary_message_in_every_dialect)
{
    struct peer v4, v3, base64, v4_base64;
    struct sio_blob *frame;
    struct eio_msg m = eio_msg_binary(SIO_LIT("\x01\x02\x03\x04"));
    frame = m.frame;
    open_v3();
    client_open(&v4), client_open(&v3), client_open(&base64), client_open(&v4_base64);
    struct peer *const peers[] = {&v4, &v3, &base64, &v4_base64};
    const char *const queries[] = {"EIO=4", "EIO=3", "EIO=3&b64=1", "EIO=4&b64=1"};
    struct eio_session *sessions[4];
    for (int i = 0; i < 4; i++) {
        websocket(peers[i], queries[i]);
        sessions[i] = eio.session;
    }
    for (int i = 0; i < 4; i++)
        CHECK_EQ_INT(eio_session_send(sessions[i], &m, 1, 0), 0);
    sio_blob_unref(frame);
    EXPECT_FRAMES(&v4, "\x82\x04\x01\x02\x03\x04");
    EXPECT_FRAMES(&v3, "\x82\x05\x04\x01\x02\x03\x04");
    EXPECT_FRAMES(&base64, "\x81\x0a"
                           "b4AQIDBA==");
    EXPECT_FRAMES(&v4_base64, "\x81\x09"
                              "bAQIDBA==");
    for (int i = 0; i < 4; i++)
        peer_fini(peers[i]);
    eio_close();
}

TEST(the_bytes_of_a_long_message_are_shared_by_v3)
{
    static char bytes[SIO_BATCH_PIECE_MAX + 1];
    struct peer v4, v3;
    struct eio_session *sessions[2];
    struct eio_msg m = eio_msg_binary(sio_slice(bytes, sizeof bytes));
    open_v3();
    client_open(&v4), client_open(&v3);
    websocket(&v4, "EIO=4");
    sessions[0] = eio.session;
    websocket(&v3, "EIO=3");
    sessions[1] = eio.session;
    for (int i = 0; i < 2; i++)
        CHECK_EQ_INT(eio_session_send(sessions[i], &m, 1, 0), 0);
    CHECK_EQ_INT(m.frame->refs, 3);
    sio_blob_unref(m.frame);
    WAIT(v4.got.len == 4 + sizeof bytes && v3.got.len == 5 + sizeof bytes);
    peer_fini(&v4);
    peer_fini(&v3);
    eio_close();
}

static void say_two(struct eio_session *s)
{
    eio_say(s, "a", 0);
    eio_say(s, "b", 0);
}

static void say_and_close(struct eio_session *s)
{
    eio_say(s, "a", 0);
    eio_session_close(s);
}

/* What is sent waits until the 101 has arrived by itself, and is not lost. */
static void opens_with(void (*on_open)(struct eio_session *s), const char *frames, size_t len)
{
    struct peer p;
    open_v3();
    eio.on_open = on_open;
    client_open(&p);
    client_request(&p, "GET", v3_target("websocket", "", ""), WS_HEADERS, NULL);
    WAIT(eio_logged("open "));
    WAIT(has_reply(&p));
    if (on_open == say_two)
        CHECK(p.got.len > 4 && memcmp(p.got.p + p.got.len - 4, "\r\n\r\n", 4) == 0);
    WAIT(p.got.len > len && memcmp(p.got.p + p.got.len - len, frames, len) == 0);
    CHECK(memmem(p.got.p, p.got.len, "0{\"sid\"", 7) != NULL);
    peer_fini(&p);
    eio_close();
}

TEST(the_101_of_v3_comes_by_itself)
{
    opens_with(say_two,
               "\x81\x02"
               "4a\x81\x02"
               "4b",
               8);
    opens_with(say_and_close,
               "\x81\x02"
               "4a\x88\x00",
               6);
}

TEST(frame_heads_of_v3_grow_with_the_type)
{
    static const size_t lengths[] = {0, 124, 125, 126, 65534, 65535, 65536};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char *bytes = calloc(1, lengths[i] + 1);
        struct eio_msg m = eio_msg_binary(sio_slice(bytes, lengths[i]));
        char head[EIO_MSG_V3_HEAD_MAX];
        size_t n = eio_msg_v3_head(&m, head);
        size_t len = lengths[i] + 1;
        CHECK_EQ_INT(n, len < 126 ? 3 : len < 65536 ? 5 : 11);
        CHECK_EQ_INT(head[n - 1], EIO_MESSAGE);
        sio_blob_unref(m.frame);
        free(bytes);
    }
}

TEST(polls_of_v3)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_v3();
    client_open(&p);
    handshake(&p, "EIO=3", sid);
    CHECK_EQ_INT(eio_session_version(eio.session), EIO_V3);
    eio_say(eio.session, "hello", 0);
    eio_say(eio.session, "\xf0\x9f\x98\x80", 0);
    v3_get(&p, sid);
    EXPECT(&p, 200, "6:4hello3:4\xf0\x9f\x98\x80");
    v3_post(&p, sid, "", "2:4a1:26:b4AQID");
    EXPECT(&p, 200, "ok");
    v3_get(&p, sid);
    EXPECT(&p, 200, "1:3");
    CHECK_LOG("open message:a binary:\x01\x02\x03 ");
    v3_post(&p, sid, "Content-Type: application/octet-stream\r\n", "1:2");
    EXPECT(&p, 200, "ok"); /* said to be bytes, it is none of the form */
    v3_get(&p, sid);
    EXPECT(&p, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    CHECK(eio_logged("close:parse error "));
    peer_fini(&p);
    eio_close();
}

static void delivers(const char *type, struct sio_slice body)
{
    struct peer p;
    struct sio_buf b = {0};
    char sid[SIO_ID_LEN + 1];
    client_open(&p);
    handshake(&p, "EIO=3", sid);
    sio_buf_printf(&b,
                   "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                   v3_target("polling", sid, ""), type, body.len);
    sio_buf_append_slice(&b, body);
    for (size_t i = 0; i < b.len; i++) { /* each byte by itself */
        peer_send(&p, sio_slice(b.p + i, 1));
        if (i % 16 == 0)
            net_turn();
    }
    EXPECT(&p, 200, "ok");
    sio_buf_fini(&b);
    peer_fini(&p);
}

TEST(bodies_byte_by_byte)
{
    open_v3();
    delivers("application/octet-stream", SIO_LIT("\x00\x03\xff"
                                                 "4hi\x01\x03\xff\x04xy"));
    delivers("text/plain", SIO_LIT("3:4hi6:b4eHk="));
    CHECK(eio_logged("message:hi binary:xy "));
    eio_close();
}

TEST(a_long_body_is_delivered_in_parts)
{
    struct peer p;
    struct sio_buf body = {0};
    char sid[SIO_ID_LEN + 1];
    open_v3();
    client_open(&p);
    handshake(&p, "EIO=3", sid);
    for (int i = 0; i < 3 * EIO_INBOX_BATCH + 1; i++)
        sio_buf_append(&body, "2:4x", 4);
    sio_buf_append_char(&body, '\0');
    v3_post(&p, sid, "", body.p);
    EXPECT(&p, 200, "ok");
    CHECK_EQ_INT(eio.messages, 3 * EIO_INBOX_BATCH + 1);
    sio_buf_fini(&body);
    peer_fini(&p);
    eio_close();
}

TEST(a_form_too_is_delivered_in_parts)
{
    struct peer p;
    struct sio_buf body = {0};
    char sid[SIO_ID_LEN + 1];
    open_v3();
    client_open(&p);
    handshake(&p, "EIO=4&j=0", sid);
    sio_buf_append(&body, "d=4x", 4);
    for (int i = 0; i < 2 * EIO_INBOX_BATCH; i++)
        sio_buf_append(&body, "%1e4x", 5);
    sio_buf_append_char(&body, '\0');
    client_post(&p, sid, body.p);
    EXPECT(&p, 200, "ok");
    CHECK_EQ_INT(eio.messages, 2 * EIO_INBOX_BATCH + 1);
    client_post(&p, sid, "x=1");
    EXPECT(&p, 200, "ok");
    CHECK(eio_logged("close:parse error "));
    sio_buf_fini(&body);
    peer_fini(&p);
    eio_close();
}

/* V33: an upgrade that names another version cannot use the session of the first. */
TEST(a_version_is_for_life)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_v3();
    client_open(&p);
    client_handshake(&p, sid);
    v3_get(&p, sid);
    EXPECT(&p, 400, "{\"code\":3,\"message\":\"Bad request\"}");
    client_request(&p, "GET", v3_target("websocket", sid, ""), WS_HEADERS, NULL);
    EXPECT(&p, 400, "Bad request");
    CHECK_LOG("open ");
    peer_fini(&p);
    eio_close();
}

TEST(silence_ends_a_session_of_v3_and_pings_do_not)
{
    struct peer silent, alive;
    eio_prepare();
    eio.options.allow_eio3 = true;
    eio.options.ping_interval_ms = 60;
    eio.options.ping_timeout_ms = 60;
    eio_open();
    client_open(&silent), client_open(&alive);
    websocket(&alive, "EIO=3");
    websocket(&silent, "EIO=3");
    WAIT((client_frame(&alive, 1, "2"), eio_logged("close:ping timeout ")));
    CHECK_EQ_INT(eio_server_count(eio.server), 1);
    WAIT(silent.got.len != 0 || silent.ended); /* its close frame */
    peer_fini(&silent), peer_fini(&alive);
    eio_close();
}

/* ---- pings without end ----------------------------------------------------------------------- */

/* Every ping of v3 is answered, so who sends them and reads nothing fills a queue. */
TEST(pongs_that_nobody_polls_for_are_limited)
{
    enum { PINGS = 20000 };
    static char pings[3 * PINGS + 1];
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    for (int i = 0; i < PINGS; i++)
        memcpy(pings + 3 * i, "1:2", 3);
    open_v3();
    client_open(&p);
    handshake(&p, "EIO=3", sid);
    for (int i = 0; i < 4 && !eio_logged("gone"); i++) {
        v3_post(&p, sid, "", pings);
        EXPECT(&p, 200, "ok");
    }
    CHECK_LOG("open close:transport error/too much is buffered gone ");
    peer_fini(&p);
    eio_close();
}

TEST(pongs_that_nobody_reads_are_limited)
{
    enum { PINGS = 1000, FRAME = 7 };
    static char pings[PINGS * FRAME];
    struct peer w;
    for (int i = 0; i < PINGS; i++)
        memcpy(pings + FRAME * i, "\x81\x81\0\0\0\0002", FRAME);
    eio_prepare();
    eio.options.allow_eio3 = true;
    eio.options.max_buffered = 10000;
    eio_open();
    client_open(&w);
    websocket(&w, "EIO=3");
    peer_be_deaf(&w);
    for (int i = 0; i < 2000 && !eio_logged("gone"); i++) {
        peer_send(&w, sio_slice(pings, sizeof pings));
        net_turn();
    }
    CHECK_LOG("open close:transport error/too much is buffered gone ");
    peer_fini(&w);
    eio_close();
}
