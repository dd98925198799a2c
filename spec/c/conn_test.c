// SPDX-License-Identifier: MIT
/* net/conn on real sockets: one write per tick, back-pressure, reading. How it ends:
 * conn_end_test.c.
 *
 * A SOCK_SEQPACKET pair keeps writes apart, so the peer can count them.
 */
#include "test.h"
#include "net.h"
#include "conn_side.h"

static void echo(struct side *s)
{
    sio_conn_write(s->c, sio_buf_slice(&s->got));
    sio_buf_clear(&s->got);
}

TEST(conn_reads_and_writes)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    s.on_data = echo;
    peer_say(&p, "hello");
    WAIT(p.got.len == 5);
    CHECK_SLICE(sio_buf_slice(&p.got), "hello");
    CHECK(sio_conn_loop(s.c) == &net.loop);
    CHECK(sio_conn_fd(s.c) >= 0);
    end(&s, &p);
}

static struct sio_blob *blob_of(char c, size_t len)
{
    struct sio_blob *b = sio_blob_new_raw(len);
    memset(b->data, c, len);
    return b;
}

TEST(conn_writes_once_per_tick)
{
    struct peer p;
    struct side s;
    struct sio_blob *b = sio_blob_new(SIO_LIT("xshared"));
    net_open();
    start(&s, peer_pair(&p, SOCK_SEQPACKET));
    for (int i = 0; i < 10; i++) {
        sio_conn_write(s.c, SIO_LIT("copied,"));
        sio_conn_write_blob(s.c, b, 1);
    }
    CHECK_EQ_INT(b->refs, 2); /* the batch's: ten short writes are copied */
    CHECK_EQ_INT(sio_conn_queued(s.c), 130);
    WAIT(p.got.len == 130);
    CHECK_EQ_INT(p.reads, 1);
    CHECK_EQ_INT(b->refs, 1);
    CHECK_EQ_INT(sio_conn_queued(s.c), 0);
    CHECK_EQ_INT(s.drains, 0);
    sio_blob_unref(b);
    end(&s, &p);
}

/* The first of them is too long for the batch, so all of them are in the queue. */
TEST(conn_writes_any_number_of_pieces)
{
    struct peer p;
    struct side s;
    struct sio_blob *b = sio_blob_new(SIO_LIT("0123456789"));
    struct sio_blob *first = blob_of('a', SIO_BATCH_PIECE_MAX + 1);
    net_open();
    start(&s, peer_pair(&p, SOCK_SEQPACKET));
    sio_conn_write_blob(s.c, first, 0);
    for (int i = 0; i < SIO_CONN_IOV_MAX * 2; i++)
        sio_conn_write_blob(s.c, b, (size_t)i % 10);
    CHECK_EQ_INT(b->refs, 1 + SIO_CONN_IOV_MAX * 2);
    WAIT(b->refs == 1);
    WAIT(p.reads == 3);
    CHECK_SLICE(sio_slice(p.got.p + first->len, 20), "01234567891234567892");
    sio_blob_unref(first);
    sio_blob_unref(b);
    end(&s, &p);
}

TEST(conn_keeps_the_order_of_short_and_long_writes)
{
    struct peer p;
    struct side s;
    struct sio_blob *lengthy = blob_of('-', SIO_BATCH_PIECE_MAX + 1);
    net_open();
    start(&s, peer_pair(&p, SOCK_SEQPACKET));
    sio_conn_write(s.c, SIO_LIT("short"));
    sio_conn_write_blob(s.c, lengthy, 0);
    CHECK_EQ_INT(lengthy->refs, 2);
    sio_conn_write(s.c, SIO_LIT("then"));
    CHECK_EQ_INT(sio_conn_queued(s.c), 9 + lengthy->len);
    WAIT(p.got.len == 9 + lengthy->len);
    CHECK_EQ_INT(p.reads, 1);
    CHECK_SLICE(sio_slice(p.got.p, 6), "short-");
    CHECK_SLICE(sio_slice(p.got.p + p.got.len - 5, 5), "-then");
    sio_blob_unref(lengthy);
    end(&s, &p);
}

TEST(conn_many_get_the_same_bytes)
{
    enum { N = 3 };
    struct peer p[N];
    struct side s[N];
    struct sio_blob *a = sio_blob_new(SIO_LIT("a;")), *b = sio_blob_new(SIO_LIT("b;"));
    net_open();
    for (int i = 0; i < N; i++)
        start(&s[i], peer_pair(&p[i], SOCK_STREAM));
    for (int i = 0; i < N; i++)
        sio_conn_write_blob(s[i].c, a, 0);
    sio_conn_write(s[1].c, SIO_LIT("own;"));
    for (int i = 0; i < N; i++)
        sio_conn_write_blob(s[i].c, b, 0);
    sio_conn_close(s[2].c);
    CHECK_EQ_INT(net.loop.batch.n_spans, 2);
    WAIT(p[0].got.len == 4);
    WAIT(p[1].got.len == 8);
    CHECK_SLICE(sio_buf_slice(&p[0].got), "a;b;");
    CHECK_SLICE(sio_buf_slice(&p[1].got), "a;own;b;");
    CHECK_EQ_INT(p[2].got.len, 0);
    CHECK(net.loop.batch.n_spans == 0 && a->refs == 1 && b->refs == 1);
    sio_blob_unref(a);
    sio_blob_unref(b);
    for (int i = 0; i + 1 < N; i++) {
        sio_conn_close(s[i].c);
        sio_buf_fini(&s[i].got);
        peer_fini(&p[i]);
    }
    leave(&s[N - 1], &p[N - 1]);
}

TEST(conn_flushes_at_once_when_asked)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_pair(&p, SOCK_STREAM));
    CHECK(sio_conn_flush(s.c));
    sio_conn_write(s.c, SIO_LIT("now"));
    CHECK(sio_conn_flush(s.c));
    peer_take(&p);
    CHECK_SLICE(sio_buf_slice(&p.got), "now");
    sio_conn_write(s.c, SIO_LIT(" and later"));
    WAIT(p.got.len == 13);
    end(&s, &p);
}

/* ---- back-pressure --------------------------------------------------------------------------- */

TEST(conn_holds_what_the_kernel_does_not_take)
{
    struct peer p;
    struct side s;
    size_t queued;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    write_pattern(s.c, 0, BIG);
    CHECK_EQ_INT(sio_conn_queued(s.c), BIG);
    CHECK(!sio_conn_congested(s.c));
    net_turn();
    queued = sio_conn_queued(s.c);
    CHECK(queued > 0 && queued < BIG && sio_conn_congested(s.c) && s.drains == 0);
    write_pattern(s.c, BIG, 1000);
    CHECK_EQ_INT(sio_conn_queued(s.c), queued + 1000);
    CHECK(!sio_conn_flush(s.c));
    peer_listen(&p);
    WAIT(p.got.len == BIG + 1000);
    WAIT(s.drains == 1);
    CHECK(is_pattern(sio_buf_slice(&p.got)));
    CHECK(!sio_conn_congested(s.c));
    end(&s, &p);
}

/* The kernel takes a part of what stands in the batch; the rest goes on from the queue. */
TEST(conn_holds_the_rest_of_short_writes)
{
    struct peer p;
    struct side s;
    size_t n = 0;
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    peer_be_deaf(&p);
    while (!sio_conn_congested(s.c) && n < 16 * BIG) {
        for (int i = 0; i < 3; i++, n += 1001)
            write_pattern(s.c, n, 1001);
        CHECK_EQ_INT(net.loop.batch.n_spans, 1);
        net_turn();
    }
    CHECK(sio_conn_congested(s.c) && sio_conn_queued(s.c) > 0);
    CHECK(net.loop.batch.n_spans == 0 && s.drains == 0);
    write_pattern(s.c, n, 10);
    CHECK_EQ_INT(net.loop.batch.n_spans, 0); /* behind the rest */
    peer_listen(&p);
    WAIT(s.drains == 1);
    WAIT(p.got.len == n + 10);
    CHECK(is_pattern(sio_buf_slice(&p.got)));
    end(&s, &p);
}

/* ---- reading ----------------------------------------------------------------------------------
 */

TEST(conn_reads_elsewhere_when_the_shared_buffer_is_in_use)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_pair(&p, SOCK_STREAM));
    net.loop.read_busy = true; /* as inside of an event that runs the loop */
    memset(net.loop.read_buf, 'x', 8);
    peer_say(&p, "elsewhere");
    WAIT(s.got.len == 9);
    CHECK_SLICE(sio_buf_slice(&s.got), "elsewhere");
    CHECK_EQ_INT(net.loop.read_buf[0], 'x');
    CHECK(net.loop.read_busy);
    net.loop.read_busy = false;
    peer_say(&p, "here");
    WAIT(s.got.len == 13);
    CHECK_EQ_INT(net.loop.read_buf[0], 'h');
    CHECK(!net.loop.read_busy);
    end(&s, &p);
}

TEST(conn_stops_and_starts_reading)
{
    struct peer p;
    struct side s;
    net_open();
    start(&s, peer_pair(&p, SOCK_STREAM));
    sio_conn_read_stop(s.c);
    sio_conn_read_stop(s.c);
    peer_say(&p, "wait");
    net_turn();
    CHECK_EQ_INT(s.got.len, 0);
    sio_conn_read_start(s.c);
    sio_conn_read_start(s.c);
    WAIT(s.got.len == 4);
    end(&s, &p);
}

static void check_address(int (*make)(struct peer *, int), int arg, const char *want)
{
    struct peer p;
    struct side s;
    struct sio_buf text = {0};
    net_open();
    start(&s, make(&p, arg));
    sio_conn_peer(s.c, &text);
    CHECK_EQ_SLICE(sio_buf_slice(&text), sio_slice_str(want));
    sio_buf_fini(&text);
    end(&s, &p);
}

TEST(conn_an_origin_hides_the_socket)
{
    struct peer p;
    struct side s;
    struct sio_origin origin = {.secure = true};
    struct sio_buf text = {0};
    net_open();
    start(&s, peer_tcp(&p, AF_INET));
    CHECK(sio_conn_origin(s.c) == NULL && !sio_conn_secure(s.c));
    sio_origin_set_address(&origin, SIO_LIT("2001:db8::1"));
    sio_conn_set_origin(s.c, &origin);
    origin = (struct sio_origin){0};
    sio_conn_peer(s.c, &text);
    CHECK_SLICE(sio_buf_slice(&text), "2001:db8::1");
    CHECK(sio_conn_secure(s.c));
    sio_conn_set_origin(s.c, &origin); /* a client without an address */
    sio_buf_clear(&text);
    sio_conn_peer(s.c, &text);
    CHECK_EQ_INT(text.len, 0);
    sio_buf_fini(&text);
    end(&s, &p);
}

static int peer_mapped(struct peer *p, int arg)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6};
    socklen_t len = sizeof a;
    int listening = socket(AF_INET6, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), fd;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    (void)arg;
    setsockopt(listening, IPPROTO_IPV6, IPV6_V6ONLY, &(int){0}, sizeof(int));
    if (bind(listening, (void *)&a, len) != 0 || listen(listening, 1) != 0)
        abort();
    getsockname(listening, (void *)&a, &len);
    to.sin_port = a.sin6_port;
    if (connect(client, (void *)&to, sizeof to) != 0)
        abort();
    fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listening);
    peer_init(p, client);
    return fd;
}

static bool have_ipv6(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool ok = fd >= 0 && bind(fd, (void *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

TEST(conn_names_its_peer)
{
    check_address(peer_tcp, AF_INET, "127.0.0.1");
    check_address(peer_pair, SOCK_STREAM, "");
    if (!have_ipv6())
        SKIP("no IPv6 here");
    check_address(peer_tcp, AF_INET6, "::1");
    check_address(peer_mapped, 0, "127.0.0.1");
}

TEST(conn_refuses_what_is_no_descriptor)
{
    net_open();
    CHECK(sio_conn_adopt(&net.loop, -1, &events, NULL) == NULL);
    CHECK_EQ_INT(errno, EBADF);
    CHECK(net_close());
}
