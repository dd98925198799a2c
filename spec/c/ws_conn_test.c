// SPDX-License-Identifier: MIT
/* net/ws_conn over socket pairs: messages, pings, and what an idle connection weighs. */
#include "test.h"
#include "ws.h"

#include <malloc.h>

/* ---- messages -------------------------------------------------------------------------------- */

/* Each piece is one read. */
static void check_parts(const struct sio_slice *pieces, size_t n, const char *want)
{
    start();
    for (size_t i = 0; i < n; i++) {
        peer_send(&p, pieces[i]);
        net_turn();
    }
    CHECK_EQ_SLICE(sio_buf_slice(&ws.parts), sio_slice_str(want));
    sio_ws_conn_abort(ws.w);
    end();
}
#define CHECK_PARTS(want, ...)                                                                     \
    check_parts((struct sio_slice[]){__VA_ARGS__},                                                 \
                sizeof((struct sio_slice[]){__VA_ARGS__}) / sizeof(struct sio_slice), want)

#define HEAD(a, b) SIO_LIT(a b "\0\0\0\0")

TEST(ws_tells_what_a_read_left_unfinished)
{
    struct sio_slice a = SIO_LIT("a"), whole = SIO_LIT("\x81\x81\0\0\0\0a");
    CHECK_PARTS("", whole, whole);
    CHECK_PARTS("begun over ", HEAD("\x81", "\x81"), a);
    CHECK_PARTS("begun grown over ", SIO_LIT("\x81"), HEAD("", "\x81"), a, whole);
    CHECK_PARTS("begun begun over ", HEAD("\x81", "\x81"), SIO_LIT("a\x81\x80"), HEAD("", ""));
    CHECK_PARTS("begun grown over ", SIO_LIT("\x01\x80\0\0\0\0"), /* a message goes on ... */
                SIO_LIT("\x89\x80\0\0\0\0"),                      /* ... behind a ping */
                SIO_LIT("\x80\x80\0\0\0\0"));
    CHECK_PARTS("begun begun over ", SIO_LIT("\x89\x81\0"), SIO_LIT("\0\0\0p\x8a"),
                HEAD("", "\x80"));
}

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

TEST(ws_sends_frames_as_they_stand)
{
    struct sio_blob *b = sio_blob_new(SIO_LIT("\x81\x02hi"));
    start();
    sio_ws_conn_send(ws.w, b);
    sio_ws_conn_send(ws.w, b);
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

TEST(ws_inflates_as_agreed)
{
    const struct sio_ws_terms nothing = {0}, terms = {.deflate = true};
    start();
    sio_ws_conn_set_terms(ws.w, &nothing);
    CHECK(sio_ws_conn_deflate(ws.w) == NULL);
    sio_ws_conn_set_terms(ws.w, &terms);
    CHECK(sio_ws_conn_deflate(ws.w) != NULL);
    peer_send(&p, SIO_LIT("\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00"));
    WAIT(ws.messages == 1);
    CHECK_SLICE(sio_buf_slice(&ws.got), "t:Hello;");
    peer_send(&p, SIO_LIT("\xc9\x80\0\0\0\0")); /* a ping is never compressed */
    WAIT(ws.closes == 1);
    CHECK_EQ_INT(ws.code, 1002);
    CHECK(sio_ws_conn_deflate(ws.w) == NULL);
    CHECK_GOT("\x88\x02\x03\xea");
    end();
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

/* ---- weight ---------------------------------------------------------------------------------- */

#ifdef __SANITIZE_ADDRESS__
#define COUNTS_MEMORY 0
#else
#define COUNTS_MEMORY 1
#endif

enum { CROWD = 100, WEIGHT_MAX = 496 };

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
    sio_batch_fini(&net.loop.batch);     /* and for the next tick */
    after = mallinfo2().uordblks;
    printf("# %zu bytes per idle connection\n", (after - before) / CROWD);
    CHECK((after - before) / CROWD <= WEIGHT_MAX);
    for (int i = 0; i < CROWD; i++) {
        sio_ws_conn_abort(crowd[i]);
        peer_fini(&peers[i]);
    }
    CHECK(net_close());
}
