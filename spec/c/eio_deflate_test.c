// SPDX-License-Identifier: MIT
/* permessage-deflate of the engine: what a handshake agrees on, and that a broadcast is compressed
 * once, however many get it.
 */
#include "test.h"
#include "eio.h"

#include "codec/ws_frame.h"
#include "engine/server_in.h"

enum { LONG = 2000 };

static const char *offer(const char *value)
{
    static char headers[400];
    snprintf(headers, sizeof headers, WS_HEADERS "Sec-WebSocket-Extensions: %s\r\n", value);
    return headers;
}

/* The answer's status; its head is in r. */
static int handshake(struct peer *p, const char *sid, const char *value, struct reply *r)
{
    client_open(p);
    client_request(p, "GET", client_target("websocket", sid), offer(value), NULL);
    reply_take(p, r);
    return r->status;
}

static void agree(struct peer *p, const char *value)
{
    struct reply r = {0};
    CHECK_EQ_INT(handshake(p, "", value, &r), 101);
    CHECK(strstr(r.head, "Sec-WebSocket-Extensions: permessage-deflate") != NULL);
    sio_buf_fini(&r.body);
}

/* A text of `len` bytes that compresses well. */
static struct eio_msg message(size_t len)
{
    struct sio_buf b = {0};
    struct sio_slice part;
    struct eio_msg m;
    for (unsigned i = 0; b.len < len; i++)
        sio_buf_printf(&b, "word %u ", i % 10);
    part = sio_slice(b.p, len);
    m = eio_msg_text(EIO_MESSAGE, &part, 1);
    sio_buf_fini(&b);
    return m;
}

/* Takes one frame and gives its first byte; its payload, inflated when it says so, goes to `out`.
 */
static unsigned take_frame(struct peer *p, struct sio_inflater *i, struct sio_buf *out)
{
    const struct sio_inflate_limits limits = {1 << 20, true};
    struct sio_slice payload;
    unsigned head;
    WAIT(p->got.len >= 4 || p->ended);
    head = (uint8_t)p->got.p[0];
    size_t len = (uint8_t)p->got.p[1], at = 2;
    if (len == 126) {
        len = (size_t)((uint8_t)p->got.p[2] << 8 | (uint8_t)p->got.p[3]);
        at = 4;
    }
    WAIT(p->got.len >= at + len || p->ended);
    payload = sio_slice(p->got.p + at, len);
    sio_buf_clear(out);
    if (head & SIO_WS_RSV1)
        CHECK_EQ_INT(sio_inflater_message(i, payload, &limits, out), 0);
    else
        sio_buf_append_slice(out, payload);
    sio_buf_consume(&p->got, at + len);
    return head;
}

static void take_open(struct peer *p)
{
    struct sio_buf open = {0};
    CHECK_EQ_INT(take_frame(p, NULL, &open), 0x81); /* shorter than the threshold */
    CHECK(sio_slice_starts(sio_buf_slice(&open), SIO_LIT("0{")));
    sio_buf_fini(&open);
}

static void begin(void)
{
    eio_prepare();
    eio.options.deflate.terms.deflate = true;
}

/* The next frame of p is m, compressed or not. */
static void expect_message_at(const char *file, int line, struct peer *p, const struct eio_msg *m,
                              bool compressed)
{
    struct sio_inflater *i = sio_inflater_new(15);
    struct sio_buf got = {0};
    unsigned head = take_frame(p, i, &got);
    test_eq_int(file, line, head, compressed ? 0xc1 : 0x81, "head", "expected");
    test_eq_slice(file, line, sio_buf_slice(&got), eio_msg_packet(m), "message");
    sio_buf_fini(&got);
    sio_inflater_free(i);
}
#define EXPECT_MESSAGE(p, m, compressed) expect_message_at(__FILE__, __LINE__, p, m, compressed)

/* ---- the handshake --------------------------------------------------------------------------- */

TEST(a_handshake_agrees) /* D00 */
{
    static const struct {
        const char *offer;
        int status;
        const char *answer;
    } cases[] = {
        {"permessage-deflate; client_max_window_bits", 101,
         "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
         "client_no_context_takeover\r\n"},
        {"permessage-deflate; server_max_window_bits=8", 101, "server_max_window_bits=8\r\n"},
        {"permessage-deflate; server_max_window_bits=\"10\"", 101, "server_max_window_bits=10\r\n"},
        {"permessage-deflate; server_max_window_bits=7", 400, NULL},
        {"permessage-deflate; client_max_window_bits=16", 400, NULL},
        {"permessage-deflate; foo", 400, NULL},
        {";;", 400, NULL},
        {"x-webkit-deflate-frame", 101, NULL},
        {"constructor", 101, NULL},
    };
    begin();
    eio_open();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = {0};
        struct peer p;
        test_context("%s", cases[i].offer);
        CHECK_EQ_INT(handshake(&p, "", cases[i].offer, &r), cases[i].status);
        if (cases[i].answer != NULL)
            CHECK(strstr(r.head, cases[i].answer) != NULL);
        else
            CHECK(strstr(r.head, "Extensions") == NULL);
        if (cases[i].status == 400)
            CHECK_SLICE(sio_buf_slice(&r.body),
                        "Invalid or unacceptable Sec-WebSocket-Extensions header");
        sio_buf_fini(&r.body);
        peer_fini(&p);
    }
    eio_close();
}

TEST(with_the_option_off_an_offer_is_nothing) /* W21 */
{
    static const char *const offers[] = {"permessage-deflate", ";;",
                                         "permessage-deflate; server_max_window_bits=7"};
    eio_prepare();
    eio.options.http.on = false;
    eio_open();
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        struct reply r = {0};
        struct peer p;
        CHECK_EQ_INT(handshake(&p, "", offers[i], &r), 101);
        CHECK(strstr(r.head, "Extensions") == NULL);
        sio_buf_fini(&r.body);
        peer_fini(&p);
    }
    CHECK(eio.server->compress == NULL);
    eio_close();
}

/* ---- what is sent ---------------------------------------------------------------------------- */

TEST(a_broadcast_is_compressed_once)
{
    enum { N = 10 };
    struct eio_msg text = message(LONG), file = message(LONG + 1);
    struct eio_session *sessions[N];
    struct eio_msg both[2] = {text, file};
    struct peer p[N];
    begin();
    eio_open();
    for (int i = 0; i < N; i++) {
        agree(&p[i], "permessage-deflate");
        take_open(&p[i]);
        sessions[i] = eio.session;
    }
    for (int i = 0; i < N; i++)
        CHECK_EQ_INT(eio_session_send(sessions[i], both, 2, 0), 0);
    for (int i = 0; i < N; i++) {
        EXPECT_MESSAGE(&p[i], &text, true);
        EXPECT_MESSAGE(&p[i], &file, true);
    }
    CHECK_EQ_INT(eio_compress_made(eio.server->compress), 2);
    CHECK_EQ_INT(text.frame->refs, 1); /* forms do not outlive the tick */
    sio_blob_unref(text.frame);
    sio_blob_unref(file.frame);
    for (int i = 0; i < N; i++)
        peer_fini(&p[i]);
    eio_close();
}

TEST(who_did_not_agree_gets_the_plain_frame)
{
    struct eio_msg m = message(LONG);
    struct eio_session *sessions[3];
    struct peer p, plain, narrow;
    begin();
    eio_open();
    agree(&p, "permessage-deflate");
    sessions[0] = eio.session;
    client_open(&plain);
    client_websocket(&plain, "");
    sessions[1] = eio.session;
    agree(&narrow, "permessage-deflate; server_max_window_bits=9");
    sessions[2] = eio.session;
    take_open(&p);
    take_open(&plain);
    take_open(&narrow);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_INT(eio_session_send(sessions[i], &m, 1, 0), 0);
    EXPECT_MESSAGE(&p, &m, true);
    EXPECT_MESSAGE(&plain, &m, false);
    EXPECT_MESSAGE(&narrow, &m, true);
    CHECK_EQ_INT(eio_compress_made(eio.server->compress), 2); /* one for each window */
    sio_blob_unref(m.frame);
    peer_fini(&p);
    peer_fini(&plain);
    peer_fini(&narrow);
    eio_close();
}

TEST(short_and_plain_messages_are_not_compressed)
{
    struct eio_msg below, at, plain = message(LONG);
    struct peer p;
    begin();
    eio.options.deflate.threshold = 200;
    below = message(198); /* and its digit */
    at = message(199);
    plain.plain = true;
    eio_open();
    agree(&p, "permessage-deflate");
    take_open(&p);
    eio_session_send(eio.session, &below, 1, 0);
    EXPECT_MESSAGE(&p, &below, false);
    eio_session_send(eio.session, &at, 1, 0);
    EXPECT_MESSAGE(&p, &at, true);
    eio_session_send(eio.session, &plain, 1, 0);
    EXPECT_MESSAGE(&p, &plain, false);
    CHECK_EQ_INT(eio_compress_made(eio.server->compress), 1);
    sio_blob_unref(below.frame);
    sio_blob_unref(at.frame);
    sio_blob_unref(plain.frame);
    peer_fini(&p);
    eio_close();
}

TEST(text_for_one_session_is_compressed_too)
{
    struct eio_msg m = message(900), plain = message(900);
    struct sio_slice text = sio_slice_from(eio_msg_packet(&m), 1);
    struct peer p;
    begin();
    eio.options.deflate.threshold = 200;
    plain.plain = true;
    eio_open();
    agree(&p, "permessage-deflate");
    take_open(&p);
    eio_session_send_text(eio.session, &text, 1, 0);
    EXPECT_MESSAGE(&p, &m, true);
    eio_session_send_text(eio.session, &text, 1, EIO_PLAIN);
    EXPECT_MESSAGE(&p, &plain, false);
    sio_blob_unref(m.frame);
    sio_blob_unref(plain.frame);
    peer_fini(&p);
    eio_close();
}

TEST(what_does_not_become_smaller_goes_as_it_is)
{
    char noise[LONG];
    struct sio_buf got = {0};
    struct peer p;
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        seed = seed * 1664525 + 1013904223;
        noise[i] = (char)(seed >> 24);
    }
    begin();
    eio_open();
    agree(&p, "permessage-deflate");
    take_open(&p);
    CHECK_EQ_INT(eio_say_binary(eio.session, sio_slice(noise, sizeof noise)), 0);
    CHECK_EQ_INT(take_frame(&p, NULL, &got), 0x82);
    CHECK_EQ_SLICE(sio_buf_slice(&got), sio_slice(noise, sizeof noise));
    sio_buf_fini(&got);
    peer_fini(&p);
    eio_close();
}

TEST(more_messages_than_forms_are_kept_are_right)
{
    enum { N = EIO_FORMS_KEPT + 3 };
    struct eio_msg msgs[N];
    struct eio_session *sessions[2];
    struct peer p[2];
    begin();
    eio_open();
    for (int i = 0; i < N; i++)
        msgs[i] = message((size_t)(1100 + i));
    for (int i = 0; i < 2; i++) {
        agree(&p[i], "permessage-deflate");
        take_open(&p[i]);
        sessions[i] = eio.session;
    }
    for (int i = 0; i < 2; i++)
        CHECK_EQ_INT(eio_session_send(sessions[i], msgs, N, 0), 0);
    for (int i = 0; i < N; i++) {
        EXPECT_MESSAGE(&p[0], &msgs[i], true);
        EXPECT_MESSAGE(&p[1], &msgs[i], true);
        CHECK_EQ_INT(msgs[i].frame->refs, 1);
        sio_blob_unref(msgs[i].frame);
    }
    peer_fini(&p[0]);
    peer_fini(&p[1]);
    eio_close();
}

/* ---- context takeover ------------------------------------------------------------------------ */

TEST(takeover_has_a_stream_for_each_connection)
{
    struct sio_inflater *i = sio_inflater_new(15);
    struct eio_msg m = message(LONG);
    struct sio_buf got = {0};
    struct peer p;
    begin();
    eio.options.deflate.terms.server_no_context_takeover = false;
    eio_open();
    agree(&p, "permessage-deflate");
    CHECK_EQ_INT(take_frame(&p, i, &got), 0xc1); /* short ones pay, too */
    CHECK(sio_slice_starts(sio_buf_slice(&got), SIO_LIT("0{")));
    for (int n = 0; n < 3; n++) {
        size_t before;
        CHECK_EQ_INT(eio_session_send(eio.session, &m, 1, 0), 0);
        WAIT(p.got.len != 0);
        before = p.got.len;
        CHECK_EQ_INT(take_frame(&p, i, &got), 0xc1);
        CHECK_EQ_SLICE(sio_buf_slice(&got), eio_msg_packet(&m));
        CHECK(n == 0 || before < 40); /* it refers to the one before */
    }
    sio_blob_unref(m.frame);
    sio_buf_fini(&got);
    sio_inflater_free(i);
    peer_fini(&p);
    eio_close();
}

/* ---- what comes in --------------------------------------------------------------------------- */

TEST(compressed_packets_arrive)
{
    struct sio_buf payload = {0}, in = {0};
    struct sio_deflater *d;
    struct peer p;
    begin();
    eio_open();
    agree(&p, "permessage-deflate");
    take_open(&p);
    sio_buf_clear(&eio.log);
    d = sio_deflater_new(SIO_DEFLATE_RAW, 15, eio.options.deflate.effort);
    sio_deflater_message(d, SIO_LIT("4Hello"), true, &payload);
    sio_buf_append_u8(&in, 0xc1);
    sio_buf_append_u8(&in, (uint8_t)(0x80 | payload.len));
    sio_buf_append_u32(&in, 0);
    sio_buf_append_slice(&in, sio_buf_slice(&payload));
    peer_send(&p, sio_buf_slice(&in));
    WAIT(eio_logged("message:Hello"));
    peer_send(&p, SIO_LIT("\xc1\x81\0\0\0\0\xff")); /* garbage: 1007 */
    WAIT(eio_logged("close:transport error"));
    EXPECT_FRAMES(&p, "\x88\x02\x03\xef");
    sio_deflater_free(d);
    sio_buf_fini(&payload);
    sio_buf_fini(&in);
    peer_fini(&p);
    eio_close();
}

TEST(an_empty_packet_is_a_parse_error) /* D06 */
{
    struct peer p;
    begin();
    eio_open();
    agree(&p, "permessage-deflate");
    take_open(&p);
    peer_send(&p, SIO_LIT("\xc1\x81\0\0\0\0\0"));
    WAIT(eio_logged("close:parse error"));
    peer_fini(&p);
    eio_close();
}

TEST(an_upgraded_session_is_compressed_as_agreed)
{
    struct eio_msg m = message(LONG);
    char sid[SIO_ID_LEN + 1];
    struct reply r = {0};
    struct peer poll, p;
    begin();
    eio_open();
    client_open(&poll);
    client_handshake(&poll, sid);
    CHECK_EQ_INT(handshake(&p, sid, "permessage-deflate", &r), 101);
    CHECK(strstr(r.head, "permessage-deflate") != NULL);
    client_frame(&p, SIO_WS_TEXT, "2probe");
    EXPECT_FRAMES(&p, "\x81\x06"
                      "3probe");
    client_frame(&p, SIO_WS_TEXT, "5");
    WAIT(eio_logged("upgrade"));
    eio_session_send(eio.session, &m, 1, 0);
    EXPECT_MESSAGE(&p, &m, true);
    sio_blob_unref(m.frame);
    sio_buf_fini(&r.body);
    peer_fini(&p);
    peer_fini(&poll);
    eio_close();
}
