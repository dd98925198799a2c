// SPDX-License-Identifier: MIT
/* net/conn on real sockets: every way to end, from outside, from our side, and from inside events.
 */
#include "test.h"
#include "net.h"
#include "conn_side.h"

TEST(conn_closes_with_a_full_queue)
{
    struct peer p;
    struct side s;
    struct sio_blob *b = sio_blob_new_raw(BIG);
    net_open();
    memset(b->data, 'x', BIG);
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    sio_conn_write_blob(s.c, b, 0);
    sio_conn_write_blob(s.c, b, 0);
    net_turn();
    CHECK(sio_conn_congested(s.c));
    sio_conn_close(s.c);
    sio_conn_close(s.c);
    CHECK_EQ_INT(b->refs, 1);
    CHECK_EQ_INT(sio_conn_queued(s.c), 0);
    CHECK_EQ_INT(sio_conn_fd(s.c), -1);
    sio_conn_write_blob(s.c, b, 0);
    sio_conn_write(s.c, SIO_LIT("x"));
    sio_conn_finish(s.c);
    CHECK_EQ_INT(b->refs, 1);
    peer_listen(&p);
    WAIT(p.ended || p.reset);
    CHECK_EQ_INT(s.closes, 0);
    sio_blob_unref(b);
    leave(&s, &p);
}

/* ---- ends that come from outside ------------------------------------------------------------- */

TEST(conn_reports_the_end_of_the_stream_once)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    peer_say(&p, "last words");
    shutdown(p.fd, SHUT_WR);
    WAIT(s.closes == 1);
    CHECK_SLICE(sio_buf_slice(&s.got), "last words");
    CHECK_EQ_INT(s.err, 0);
    WAIT(p.ended);
    CHECK_EQ_INT(s.closes, 1);
    leave(&s, &p);
}

static void reset_peer(struct peer *p)
{
    struct linger hard = {.l_onoff = 1};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_fini(p);
}

TEST(conn_reports_a_reset)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    reset_peer(&p);
    WAIT(s.closes == 1);
    CHECK_EQ_INT(s.err, SIO_ESYS);
    CHECK_EQ_INT(s.saved_errno, ECONNRESET);
    CHECK(net_close());
}

/* Reading is off, so only the write can tell. */
TEST(conn_reports_a_failed_write_from_the_loop)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_pair(&p, SOCK_STREAM));
    sio_conn_read_stop(s.c);
    peer_fini(&p);
    sio_conn_write(s.c, SIO_LIT("into the void"));
    CHECK(!sio_conn_flush(s.c));
    CHECK_EQ_INT(s.closes, 0);
    sio_loop_run_once(&net.loop); /* may not block: the hooks have not seen what on_close did */
    CHECK_EQ_INT(s.closes, 1);
    CHECK_EQ_INT(s.err, SIO_ESYS);
    CHECK_EQ_INT(s.saved_errno, EPIPE);
    CHECK(net_close());
}

TEST(conn_sends_the_rest_to_a_peer_that_closed_its_half)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    write_pattern(s.c, 0, BIG);
    net_turn();
    CHECK(sio_conn_congested(s.c));
    shutdown(p.fd, SHUT_WR);
    WAIT(s.closes == 1);
    CHECK_EQ_INT(s.err, 0);
    peer_listen(&p);
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, BIG);
    CHECK(is_pattern(sio_buf_slice(&p.got)));
    leave(&s, &p);
}

/* ---- finishing ------------------------------------------------------------------------------- */

TEST(conn_finishes_after_its_queue)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    write_pattern(s.c, 0, BIG);
    sio_conn_finish(s.c);
    sio_conn_finish(s.c);
    CHECK(sio_conn_closed(s.c));
    sio_conn_write(s.c, SIO_LIT("too late"));
    peer_say(&p, "still talking");
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, BIG);
    CHECK(is_pattern(sio_buf_slice(&p.got)));
    CHECK_EQ_INT(s.got.len, 0);
    CHECK_EQ_INT(s.closes, 0);
    peer_fini(&p); /* the end it waits for: net_close sees that nothing is left */
    net_turn();
    CHECK(sio_list_empty(&net.loop.lingers));
    CHECK(net_close());
}

TEST(conn_finish_goes_on_when_the_peer_closes_its_half)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    write_pattern(s.c, 0, BIG);
    sio_conn_finish(s.c);
    net_turn();
    shutdown(p.fd, SHUT_WR);
    net_turn();
    net_turn();
    peer_listen(&p);
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, BIG);
    leave(&s, &p);
}

TEST(conn_finish_without_a_queue_ends_the_stream_at_once)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    sio_conn_finish(s.c);
    WAIT(p.ended);
    leave(&s, &p);
}

TEST(conn_finish_reads_also_when_reading_was_off)
{
    struct peer p;
    struct side s;
    net_open();
    net.loop.linger_ms = 100 * WATCHDOG_MS;
    start(&s, peer_tcp(&p, AF_INET));
    sio_conn_read_stop(s.c);
    peer_say(&p, "not yet read");
    sio_conn_finish(s.c);
    WAIT(p.ended);
    peer_fini(&p);
    WAIT(sio_list_empty(&net.loop.lingers));
    CHECK(s.got.len == 0 && s.closes == 0);
    CHECK(net_close());
}

/* The peer could send for ever; it is cut off. */
TEST(conn_finish_resets_a_peer_that_does_not_end)
{
    struct peer p;
    struct side s;
    net_open();
    net.loop.linger_ms = 5;
    start(&s, peer_tcp(&p, AF_INET));
    sio_conn_write(s.c, SIO_LIT("bye"));
    sio_conn_finish(s.c);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), "bye");
    WAIT(sio_list_empty(&net.loop.lingers));
    CHECK(send(p.fd, "x", 1, MSG_NOSIGNAL) < 0 || send(p.fd, "x", 1, MSG_NOSIGNAL) < 0);
    leave(&s, &p);
}

TEST(conn_finish_resets_a_peer_that_does_not_read)
{
    struct peer p;
    struct side s;
    net_open();
    net.loop.linger_ms = 5;
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    write_pattern(s.c, 0, BIG);
    sio_conn_finish(s.c);
    net_turn();
    CHECK(!sio_list_empty(&net.loop.lingers));
    WAIT(sio_list_empty(&net.loop.lingers));
    peer_listen(&p);
    WAIT(p.reset || p.ended);
    CHECK(p.got.len < BIG);
    leave(&s, &p);
}

static size_t read_a_little(struct peer *p)
{
    ssize_t n = recv(p->fd, sio_buf_reserve(&p->got, 16384), 16384, 0);
    if (n <= 0)
        return 0;
    p->got.len += (size_t)n;
    return (size_t)n;
}

/* Far longer than the linger, but something is read all the time. */
TEST(conn_finish_waits_for_a_slow_reader)
{
    struct peer p;
    struct side s;
    uint64_t began, until;
    net_open();
    net.loop.linger_ms = 100;
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    write_pattern(s.c, 0, BIG);
    sio_conn_finish(s.c);
    net_turn();
    began = sio_loop_now(&net.loop);
    while (p.got.len < BIG && sio_loop_now(&net.loop) < began + WATCHDOG_MS) {
        until = sio_loop_now(&net.loop) + 10;
        uv_timer_start(&net.watchdog, net_on_watchdog, 10, 0);
        while (sio_loop_now(&net.loop) < until)
            sio_loop_run_once(&net.loop);
        read_a_little(&p);
    }
    CHECK_EQ_INT(p.got.len, BIG);
    CHECK(is_pattern(sio_buf_slice(&p.got)));
    CHECK(sio_loop_now(&net.loop) > began + 3 * 100);
    leave(&s, &p);
}

/* Who waits for peers that do not end could be made to wait for very many: of those above the limit
 * one that has its answer is closed, one that has not is reset. */
TEST(conn_finish_waits_for_a_limited_number_of_peers)
{
    struct peer p[4];
    struct side s[4];
    net_open();
    net.loop.linger_ms = 100 * WATCHDOG_MS;
    net.loop.finishing_max = 2;
    for (int i = 0; i < 4; i++)
        start(&s[i], peer_tcp(&p[i], AF_INET));
    for (int i = 0; i < 3; i++) {
        sio_conn_write(s[i].c, SIO_LIT("bye"));
        sio_conn_finish(s[i].c);
        WAIT(p[i].ended);
        CHECK_SLICE(sio_buf_slice(&p[i].got), "bye");
    }
    CHECK_EQ_INT(net.loop.finishing, 2);
    CHECK(strstr(net.logged, "2 connections") != NULL);
    peer_be_deaf(&p[3]);
    write_pattern(s[3].c, 0, BIG);
    sio_conn_finish(s[3].c);
    WAIT(net.loop.finishing == 2);
    peer_listen(&p[3]);
    WAIT(p[3].reset);
    peer_fini(&p[0]); /* one that ends makes room */
    WAIT(net.loop.finishing == 1);
    for (int i = 1; i < 4; i++)
        peer_fini(&p[i]);
    WAIT(net.loop.finishing == 0);
    CHECK(net_close());
}

/* ---- from inside events ---------------------------------------------------------------------- */

static void close_self(struct side *s)
{
    sio_conn_close(s->c);
}

static void finish_self(struct side *s)
{
    sio_conn_write(s->c, SIO_LIT("bye"));
    sio_conn_finish(s->c);
}

TEST(conn_may_end_itself_while_it_reads)
{
    void (*const ways[])(struct side *) = {close_self, finish_self};
    for (size_t i = 0; i < 2; i++) {
        struct peer p;
        struct side s;
        net_open();
        start(&s, peer_tcp(&p, AF_INET));
        s.on_data = ways[i];
        for (int k = 0; k < 40; k++) /* more than one read */
            peer_send(&p, sio_slice((char[4096]){0}, 4096));
        WAIT(p.ended || p.reset);
        CHECK(s.got.len > 0 && s.closes == 0);
        leave(&s, &p);
    }
}

enum { CROWD = 300 };
static struct side crowd[CROWD];

static void close_crowd(struct side *s)
{
    (void)s;
    for (int i = 0; i < CROWD; i++)
        sio_conn_close(crowd[i].c);
}

TEST(conn_survives_all_being_closed_from_one_event)
{
    static struct peer peers[CROWD];
    net_open();
    for (int i = 0; i < CROWD; i++) {
        start(&crowd[i], peer_pair(&peers[i], SOCK_STREAM));
        crowd[i].on_data = close_crowd;
        sio_conn_write(crowd[i].c, SIO_LIT("queued"));
        peer_say(&peers[i], "x");
    }
    for (int i = 0; i < CROWD; i++)
        WAIT(peers[i].ended || peers[i].reset);
    for (int i = 0; i < CROWD; i++) {
        CHECK_EQ_INT(crowd[i].closes, 0);
        peer_fini(&peers[i]);
        sio_buf_fini(&crowd[i].got);
    }
    CHECK(net_close());
}
