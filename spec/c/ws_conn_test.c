// SPDX-License-Identifier: MIT
/* net/ws_conn over socket pairs: messages, control frames, the closing handshake from both sides,
 * and what an idle connection weighs.
 */
#include "test.h"
#include "net.h"

#include <malloc.h>

#include "net/ws_conn.h"

static struct peer p;

static struct {
    struct sio_ws_conn *w;
    struct sio_buf got; /* "t:text;b:bytes;" */
    unsigned messages, closes, drains;
    uint16_t code;
    int err;
    void (*on_message)(struct sio_ws_conn *w);
} ws;

static void on_message(void *owner, struct sio_ws_conn *w, bool binary, struct sio_slice data)
{
    CHECK(owner == &ws && w == ws.w);
    ws.messages++;
    sio_buf_append_slice(&ws.got, binary ? SIO_LIT("b:") : SIO_LIT("t:"));
    sio_buf_append_slice(&ws.got, data);
    sio_buf_append_char(&ws.got, ';');
    if (ws.on_message != NULL)
        ws.on_message(w);
}

static void on_close(void *owner, struct sio_ws_conn *w, uint16_t code, int err)
{
    CHECK(owner == &ws && w == ws.w);
    CHECK(sio_conn_closed(sio_ws_conn_stream(w)));
    sio_ws_conn_close(w, 1000); /* no effect */
    sio_ws_conn_abort(w);
    ws.closes++;
    ws.code = code;
    ws.err = err;
}

static void on_drain(void *owner, struct sio_ws_conn *w)
{
    CHECK(owner == &ws && w == ws.w);
    ws.drains++;
}

static const struct sio_ws_conn_events events = {on_message, on_close, on_drain};

static void on_early_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    (void)owner;
    (void)c;
    (void)data;
    CHECK(false && "data for the old owner");
}

static void on_early_close(void *owner, struct sio_conn *c, int err)
{
    (void)owner;
    (void)c;
    (void)err;
    CHECK(false && "close for the old owner");
}

static const struct sio_conn_events early = {on_early_data, on_early_close, NULL};

/* As after http_conn: the stream is reading already. */
static void start_with(int fd, struct sio_slice rest, size_t max_message)
{
    struct sio_conn *c = sio_conn_adopt(&net.loop, fd, &early, NULL);
    memset(&ws, 0, sizeof ws);
    sio_conn_read_start(c);
    ws.w = sio_ws_conn_open(c, rest, max_message, &events, &ws);
}

static void start(void)
{
    net_open();
    start_with(peer_pair(&p, SOCK_STREAM), sio_slice(NULL, 0), 1000);
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    sio_buf_fini(&ws.got);
    CHECK(net_close());
}

/* ---- the client's frames --------------------------------------------------------------------- */

static void append_frame(struct sio_buf *out, unsigned op, struct sio_slice data)
{
    static const char mask[4] = {'k', 'e', 'y', '!'};
    sio_buf_append_char(out, (char)(0x80 | op));
    if (data.len < 126) {
        sio_buf_append_char(out, (char)(0x80 | data.len));
    } else {
        sio_buf_append_char(out, (char)(0x80 | 126));
        sio_buf_append_char(out, (char)(data.len >> 8));
        sio_buf_append_char(out, (char)(data.len & 0xff));
    }
    sio_buf_append(out, mask, 4);
    for (size_t i = 0; i < data.len; i++)
        sio_buf_append_char(out, (char)(data.p[i] ^ mask[i % 4]));
}

static void send_frame(unsigned op, struct sio_slice data)
{
    struct sio_buf frame = {0};
    append_frame(&frame, op, data);
    peer_send(&p, sio_buf_slice(&frame));
    sio_buf_fini(&frame);
}

#define CHECK_GOT(text)                                                                            \
    do {                                                                                           \
        WAIT(p.got.len >= sizeof(text) - 1);                                                       \
        CHECK_SLICE(sio_buf_slice(&p.got), text);                                                  \
        sio_buf_clear(&p.got);                                                                     \
    } while (0)

/* ---- messages -------------------------------------------------------------------------------- */

static void message_in_pieces(struct test_feed *f, void *arg)
{
    struct sio_slice piece;
    (void)arg;
    start();
    while (test_feed_next(f, &piece)) {
        peer_send(&p, piece);
        net_turn();
    }
    WAIT(ws.messages == 3);
    CHECK_SLICE(sio_buf_slice(&ws.got), "t:hello;b:bytes;t:;");
    CHECK_GOT("\x8a\x04ping");
    sio_ws_conn_abort(ws.w);
    end();
}

TEST(ws_takes_messages_however_they_are_cut)
{
    struct sio_buf frames = {0};
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT("hello"));
    append_frame(&frames, SIO_WS_PING, SIO_LIT("ping"));
    append_frame(&frames, SIO_WS_BINARY, SIO_LIT("bytes"));
    append_frame(&frames, SIO_WS_PONG, SIO_LIT("nobody asked"));
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT(""));
    test_feed_all(sio_buf_slice(&frames), message_in_pieces, NULL);
    sio_buf_fini(&frames);
}

/* What came with the handshake is not lost, comes first, and not before the owner is ready. */
TEST(ws_takes_what_came_behind_the_handshake)
{
    struct sio_buf frames = {0};
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT("first"));
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT("second"));
    for (size_t at = 1; at <= frames.len; at++) {
        int fd;
        test_context("%zu bytes behind the handshake", at);
        net_open();
        fd = peer_pair(&p, SOCK_STREAM);
        peer_send(&p, sio_slice_from(sio_buf_slice(&frames), at));
        start_with(fd, sio_slice(frames.p, at), 1000);
        CHECK_EQ_INT(ws.messages, 0);
        WAIT(ws.messages == 2);
        CHECK_SLICE(sio_buf_slice(&ws.got), "t:first;t:second;");
        sio_ws_conn_abort(ws.w);
        end();
    }
    sio_buf_fini(&frames);
}

static void on_handshake_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    (void)owner;
    ws.w = sio_ws_conn_open(c, data, 1000, &events, &ws);
}

static const struct sio_conn_events handshake = {on_handshake_data, on_early_close, NULL};

/* libuv reads again at once when the buffer was filled: that may not overtake. */
TEST(ws_keeps_the_order_when_more_is_read_in_the_same_turn)
{
    struct sio_buf frames = {0}, want = {0};
    struct sio_conn *c;
    unsigned n = 0;
    for (; frames.len < SIO_LOOP_READ_BYTES + 20000; n++) {
        char text[32];
        snprintf(text, sizeof text, "number %u", n);
        append_frame(&frames, SIO_WS_TEXT, sio_slice_str(text));
        sio_buf_printf(&want, "t:%s;", text);
    }
    net_open();
    memset(&ws, 0, sizeof ws);
    c = sio_conn_adopt(&net.loop, peer_pair(&p, SOCK_STREAM), &handshake, NULL);
    peer_send(&p, sio_buf_slice(&frames));
    sio_conn_read_start(c);
    WAIT(ws.messages == n || ws.closes > 0);
    CHECK_EQ_SLICE(sio_buf_slice(&ws.got), sio_buf_slice(&want));
    sio_buf_fini(&frames);
    sio_buf_fini(&want);
    if (ws.closes == 0)
        sio_ws_conn_abort(ws.w);
    end();
}

TEST(ws_sends_frames_by_reference)
{
    struct sio_blob *b = sio_blob_new(SIO_LIT("\x81\x02hi"));
    start();
    sio_ws_conn_send(ws.w, b);
    sio_ws_conn_send(ws.w, b);
    CHECK_EQ_INT(b->refs, 3);
    CHECK_EQ_INT(sio_ws_conn_queued(ws.w), 8);
    CHECK_GOT("\x81\x02hi\x81\x02hi");
    CHECK_EQ_INT(b->refs, 1);
    sio_ws_conn_close(ws.w, 0);
    sio_ws_conn_send(ws.w, b);
    CHECK_EQ_INT(b->refs, 1);
    CHECK_GOT("\x88\x00");
    sio_blob_unref(b);
    end();
}

static struct sio_ws_conn_events other_events;

static void on_other_message(void *owner, struct sio_ws_conn *w, bool binary, struct sio_slice data)
{
    CHECK(w == ws.w && !binary && data.len == 1);
    ++*(int *)owner;
}

TEST(ws_changes_its_owner)
{
    int count = 0;
    start();
    other_events.on_message = on_other_message;
    sio_ws_conn_set_owner(ws.w, &other_events, &count);
    send_frame(SIO_WS_TEXT, SIO_LIT("x"));
    WAIT(count == 1);
    CHECK_EQ_INT(ws.messages, 0);
    sio_ws_conn_abort(ws.w);
    end();
}

/* ---- control frames -------------------------------------------------------------------------- */

/* §5.5.3: a client that pings and does not read costs one pong, not a queue of them. */
TEST(ws_keeps_the_newest_pong_while_the_peer_does_not_read)
{
    static char bulk[500000];
    struct sio_blob *b = sio_blob_new(sio_slice(bulk, sizeof bulk));
    size_t queued;
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    peer_be_deaf(&p);
    sio_ws_conn_send(ws.w, b);
    net_turn();
    queued = sio_ws_conn_queued(ws.w);
    REQUIRE(queued > 0);
    for (char i = 'a'; i <= 'z'; i++)
        send_frame(SIO_WS_PING, sio_slice(&i, 1));
    send_frame(SIO_WS_TEXT, SIO_LIT("read"));
    WAIT(ws.messages == 1);
    CHECK(sio_ws_conn_queued(ws.w) <= queued);
    peer_listen(&p);
    WAIT(p.got.len == sizeof bulk + 3);
    CHECK_SLICE(sio_slice_from(sio_buf_slice(&p.got), sizeof bulk), "\x8a\x01z");
    CHECK_EQ_INT(ws.drains, 1);
    sio_blob_unref(b);
    sio_ws_conn_abort(ws.w);
    end();
}

static void check_answer_to_close(struct sio_slice payload, struct sio_slice want, unsigned code)
{
    start();
    send_frame(SIO_WS_CLOSE, payload);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), want);
    CHECK_EQ_INT(ws.closes, 1);
    CHECK_EQ_INT(ws.code, code);
    CHECK_EQ_INT(ws.err, 0);
    end();
}

TEST(ws_answers_a_close_frame)
{
    check_answer_to_close(SIO_LIT(""), SIO_LIT("\x88\x00"), 1005);
    check_answer_to_close(SIO_LIT("\x03\xe8"), SIO_LIT("\x88\x02\x03\xe8"), 1000);
    check_answer_to_close(SIO_LIT("\x0b\xb8why"), SIO_LIT("\x88\x05\x0b\xb8why"), 3000);
}

static void check_bad(struct sio_slice bytes, struct sio_slice want, int err)
{
    start();
    peer_send(&p, bytes);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), want);
    CHECK_EQ_INT(ws.closes, 1);
    CHECK_EQ_INT(ws.code, (unsigned char)want.p[2] << 8 | (unsigned char)want.p[3]);
    CHECK_EQ_INT(ws.err, err);
    CHECK_EQ_INT(ws.messages, 0);
    end();
}

TEST(ws_closes_after_a_bad_frame)
{
    check_bad(SIO_LIT("\x81\x01x"), SIO_LIT("\x88\x02\x03\xea"), SIO_EPROTO);
    check_bad(SIO_LIT("\x81\x81\0\0\0\0\xff"), SIO_LIT("\x88\x02\x03\xef"), SIO_EUTF8);
    check_bad(SIO_LIT("\x82\xfe\x03\xe9\0\0\0\0"), SIO_LIT("\x88\x02\x03\xf1"), SIO_ETOOBIG);
    check_bad(SIO_LIT("\x88\x81\0\0\0\0x"), SIO_LIT("\x88\x02\x03\xea"), SIO_EPROTO);
}

TEST(ws_reports_the_end_of_the_stream)
{
    start();
    send_frame(SIO_WS_TEXT, SIO_LIT("bye"));
    peer_send(&p, SIO_LIT("\x81\x85")); /* half a frame */
    shutdown(p.fd, SHUT_WR);
    WAIT(ws.closes == 1);
    CHECK_EQ_INT(ws.code, SIO_WS_CLOSE_ABNORMAL);
    CHECK_EQ_INT(ws.err, 0);
    CHECK_SLICE(sio_buf_slice(&ws.got), "t:bye;");
    end();
}

TEST(ws_reports_a_reset)
{
    struct linger hard = {.l_onoff = 1};
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_fini(&p);
    WAIT(ws.closes == 1);
    CHECK_EQ_INT(ws.code, SIO_WS_CLOSE_ABNORMAL);
    CHECK_EQ_INT(ws.err, SIO_ESYS);
    CHECK(net_close());
}

/* ---- closing from our side ------------------------------------------------------------------- */

TEST(ws_close_waits_for_the_answer_in_silence)
{
    start();
    sio_ws_conn_close(ws.w, 1001);
    sio_ws_conn_close(ws.w, 1000);
    CHECK_GOT("\x88\x02\x03\xe9");
    send_frame(SIO_WS_TEXT, SIO_LIT("crossed"));
    send_frame(SIO_WS_PING, SIO_LIT("crossed"));
    net_turn();
    CHECK(!p.ended);
    send_frame(SIO_WS_CLOSE, SIO_LIT("\x03\xe9"));
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK(ws.messages == 0 && ws.closes == 0);
    end();
    CHECK(ws.closes == 0);
}

TEST(ws_close_without_a_code)
{
    start();
    sio_ws_conn_close(ws.w, 0);
    CHECK_GOT("\x88\x00");
    peer_say(&p, "garbage");
    WAIT(p.ended);
    CHECK_EQ_INT(ws.closes, 0);
    end();
}

TEST(ws_close_does_not_wait_for_ever)
{
    start();
    net.loop.linger_ms = 5;
    sio_ws_conn_close(ws.w, 0);
    WAIT(p.ended || p.reset);
    CHECK_EQ_INT(ws.closes, 0);
    end();
}

TEST(ws_close_does_not_wait_for_a_peer_that_does_not_read)
{
    static char bulk[500000];
    struct sio_blob *b = sio_blob_new(sio_slice(bulk, sizeof bulk));
    net_open();
    start_with(peer_tcp(&p, AF_INET), sio_slice(NULL, 0), 1000);
    net.loop.linger_ms = 5;
    peer_be_deaf(&p);
    sio_ws_conn_send(ws.w, b);
    sio_ws_conn_close(ws.w, 0);
    WAIT(b->refs == 1);
    peer_listen(&p);
    WAIT(p.ended || p.reset);
    CHECK(p.got.len < sizeof bulk);
    sio_blob_unref(b);
    end();
}

TEST(ws_close_before_the_first_bytes_are_fed)
{
    struct sio_buf frames = {0};
    append_frame(&frames, SIO_WS_TEXT, SIO_LIT("unheard"));
    append_frame(&frames, SIO_WS_CLOSE, SIO_LIT(""));
    for (size_t at = 1; at <= frames.len; at++) {
        net_open();
        start_with(peer_pair(&p, SOCK_STREAM), sio_slice(frames.p, at), 1000);
        sio_ws_conn_close(ws.w, 0);
        if (at < frames.len)
            peer_send(&p, sio_slice_from(sio_buf_slice(&frames), at));
        WAIT(p.ended);
        CHECK_SLICE(sio_buf_slice(&p.got), "\x88\x00");
        CHECK(ws.messages == 0 && ws.closes == 0);
        end();
    }
    sio_buf_fini(&frames);
}

static void close_in_event(struct sio_ws_conn *w)
{
    sio_ws_conn_close(w, 1000);
}

TEST(ws_may_be_ended_from_inside_an_event)
{
    void (*const ways[])(struct sio_ws_conn *) = {close_in_event, sio_ws_conn_abort};
    for (size_t i = 0; i < 2; i++) {
        struct sio_buf frames = {0};
        start();
        ws.on_message = ways[i];
        for (int k = 0; k < 3; k++)
            append_frame(&frames, SIO_WS_TEXT, SIO_LIT("x"));
        append_frame(&frames, SIO_WS_CLOSE, SIO_LIT(""));
        peer_send(&p, sio_buf_slice(&frames));
        WAIT(p.ended || p.reset);
        CHECK_EQ_INT(ws.messages, 1);
        CHECK_EQ_INT(ws.closes, 0);
        sio_buf_fini(&frames);
        end();
    }
}

/* ---- weight ---------------------------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define COUNTS_MEMORY 0
#else
#define COUNTS_MEMORY 1
#endif

enum { CROWD = 100, WEIGHT_MAX = 520 };

/* 1.25 KiB is what the whole server may use per idle connection; this is the share of net/. */
TEST(ws_idle_connection_holds_no_buffers)
{
    static struct sio_ws_conn *crowd[CROWD];
    static struct peer peers[CROWD];
    int fds[CROWD];
    size_t before, after;
    if (!COUNTS_MEMORY)
        SKIP("the sanitizer's heap");
    net_open();
    memset(&ws, 0, sizeof ws);
    for (int i = 0; i < CROWD; i++)
        fds[i] = peer_pair(&peers[i], SOCK_STREAM);
    before = mallinfo2().uordblks;
    for (int i = 0; i < CROWD; i++) {
        struct sio_conn *c = sio_conn_adopt(&net.loop, fds[i], &early, NULL);
        crowd[i] = sio_ws_conn_open(c, sio_slice(NULL, 0), 1000, &events, &ws);
    }
    for (int i = 0; i < CROWD; i++) {
        struct peer saved = p;
        p = peers[i];
        ws.w = crowd[i];
        send_frame(SIO_WS_PING, SIO_LIT("are you there?"));
        p = saved;
        WAIT(peers[i].got.len > 0);
        sio_buf_fini(&peers[i].got);
    }
    CHECK_EQ_INT(net.loop.ws_pool.out, 0);
    sio_ws_pool_fini(&net.loop.ws_pool); /* what is kept for the next frame is the loop's */
    after = mallinfo2().uordblks;
    printf("# %zu bytes per idle connection\n", (after - before) / CROWD);
    CHECK((after - before) / CROWD <= WEIGHT_MAX);
    for (int i = 0; i < CROWD; i++) {
        sio_ws_conn_abort(crowd[i]);
        peer_fini(&peers[i]);
    }
    CHECK(net_close());
}
