// SPDX-License-Identifier: MIT
/* net/http_stream: answers in pieces, their framing, writers that must wait, clients that go. */
#include "test.h"
#include "net.h"
#include "http_app.h"
#include "net/http_stream.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define HEAD_CHUNKED                                                                               \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"

static struct peer p;

/* What streams: one answer at a time. */
static struct {
    struct sio_http_conn *c; /* begun, not ended */
    int status;
    uint64_t length;
    size_t written; /* bytes by write_until_full */
    unsigned drains, gone;
    int err; /* of on_gone */
    void (*on_drain)(struct sio_http_conn *c);
} w;

static void on_drain(void *self, struct sio_http_conn *c)
{
    CHECK(self == &w);
    w.drains++;
    if (w.on_drain != NULL)
        w.on_drain(c);
}

static void on_gone(void *self, struct sio_http_conn *c, int err)
{
    CHECK(self == &w);
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("x")), SIO_ECLOSED);
    sio_http_stream_end(c);
    sio_http_stream_cut(c);
    w.gone++;
    w.err = err;
    w.c = NULL;
}

static const struct sio_http_handler writer = {.on_gone = on_gone, .on_drain = on_drain};

static void begin(struct sio_http_conn *c)
{
    const struct sio_http_response r = {.status = w.status};
    CHECK_EQ_INT(sio_http_stream_begin(c, &r, w.length, &writer, &w), 0);
    w.c = c;
}

static void begin_at_once(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    sio_http_accept(c, &(struct sio_http_handler){0}, &w, 0);
    begin(c);
}

static void write_abc(struct sio_http_conn *c)
{
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("ab")), 0);
    CHECK_EQ_INT(sio_http_stream_write(c, sio_slice(NULL, 0)), 0);
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("c")), 0);
}

static void stream_abc(struct sio_http_conn *c, const struct sio_http_request *r)
{
    begin_at_once(c, r);
    write_abc(c);
    sio_http_stream_end(c);
}

static void stream_abc_after_body(struct sio_http_conn *c, struct sio_slice body)
{
    (void)body;
    begin(c);
    write_abc(c);
    sio_http_stream_end(c);
}

static void open_with(struct sio_http_limits l)
{
    app_open_with(l);
    memset(&w, 0, sizeof w);
    w.status = 200;
    w.length = SIO_HTTP_CHUNKED;
    app.on_request = begin_at_once;
}

static void start_with(struct sio_http_limits l)
{
    open_with(l);
    app_adopt(peer_pair(&p, SOCK_STREAM));
}

static void start(void)
{
    start_with(app_limits());
}

/* With small buffers in the kernel. */
static void start_narrow(struct sio_http_limits l)
{
    open_with(l);
    app_adopt(peer_tcp(&p, AF_INET));
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    app_close();
}

/* ---- framing --------------------------------------------------------------------------------- */

#define ABC "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"

TEST(stream_goes_in_chunks_and_keeps_the_connection)
{
    start();
    app.on_request = stream_abc;
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(peer_has(&p, ABC "HTTP/1.1") && p.got.len == 2 * (sizeof HEAD_CHUNKED ABC - 1));
    CHECK_SLICE(sio_buf_slice(&p.got), HEAD_CHUNKED ABC HEAD_CHUNKED ABC);
    CHECK_ASKED("GET /1;GET /2;");
    end();
}

TEST(stream_after_a_body)
{
    start();
    app.on_request = app_accept;
    app.on_body = stream_abc_after_body;
    peer_say(&p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody");
    peer_say(&p,
             "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n");
    WAIT(p.got.len == 2 * (sizeof HEAD_CHUNKED ABC - 1));
    CHECK_SLICE(sio_buf_slice(&p.got), HEAD_CHUNKED ABC HEAD_CHUNKED ABC);
    CHECK_EQ_INT(app.bodies, 2);
    end();
}

TEST(stream_with_a_length)
{
    static const char whole[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: keep-alive\r\n\r\nabc";
    start();
    w.length = 3;
    app.on_request = stream_abc;
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(app.requests == 2);
    WAIT(p.got.len == 2 * (sizeof whole - 1));
    CHECK(memcmp(p.got.p, whole, sizeof whole - 1) == 0);
    end();
}

TEST(stream_to_http_1_0_ends_with_the_connection)
{
    start();
    app.on_request = stream_abc;
    peer_say(&p, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc");
    end();
}

TEST(stream_without_a_body)
{
    static const struct {
        const char *method;
        int status;
        const char *head;
    } cases[] = {
        {"HEAD", 200, HEAD_CHUNKED},
        {"GET", 204, "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n"},
        {"GET", 304, "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sio_buf ask = {0};
        test_context("%s %d", cases[i].method, cases[i].status);
        start();
        w.status = cases[i].status;
        app.on_request = stream_abc;
        sio_buf_printf(&ask, "%s / HTTP/1.1\r\nHost: x\r\n\r\n", cases[i].method);
        peer_send(&p, sio_buf_slice(&ask));
        peer_send(&p, sio_buf_slice(&ask));
        WAIT(app.requests == 2 && p.got.len == 2 * strlen(cases[i].head));
        CHECK(peer_has(&p, cases[i].head));
        sio_buf_fini(&ask);
        end();
    }
}

static void write_too_much(struct sio_http_conn *c, const struct sio_http_request *r)
{
    begin_at_once(c, r);
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("abcd")), SIO_ETOOBIG);
    write_abc(c);
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("d")), SIO_ETOOBIG);
    sio_http_stream_end(c);
}

TEST(stream_never_exceeds_its_length)
{
    start();
    w.length = 3;
    app.on_request = write_too_much;
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(app.requests == 2 && peer_has(&p, "abcHTTP"));
    end();
}

TEST(stream_that_ends_too_early_ends_the_connection)
{
    start();
    w.length = 4;
    app.on_request = stream_abc;
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(p.ended);
    CHECK(peer_has(&p, "Content-Length: 4\r\n") && peer_has(&p, "\r\n\r\nabc"));
    CHECK_EQ_INT(app.requests, 1);
    CHECK_EQ_INT(w.gone, 0);
    end();
}

TEST(stream_that_is_cut_has_no_last_chunk)
{
    start();
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(w.c != NULL);
    write_abc(w.c);
    sio_http_stream_cut(w.c);
    CHECK_EQ_INT(w.gone, 1);
    CHECK_EQ_INT(w.err, SIO_ECLOSED);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), HEAD_CHUNKED "2\r\nab\r\n1\r\nc\r\n");
    CHECK_EQ_INT(app.requests, 1);
    end();
}

static void begin_with_bad_field(struct sio_http_conn *c, const struct sio_http_request *r)
{
    const struct sio_http_field field = {SIO_LIT("X"), SIO_LIT("a\r\nB: c")};
    const struct sio_http_response response = {.status = 200, .fields = &field, .n_fields = 1};
    (void)r;
    CHECK_EQ_INT(sio_http_stream_begin(c, &response, 3, &writer, &w), SIO_ECLOSED);
    sio_http_accept(c, &(struct sio_http_handler){0}, &w, 0);
    CHECK_EQ_INT(sio_http_stream_begin(c, &response, 3, &writer, &w), SIO_EINVAL);
    CHECK_EQ_INT(sio_http_stream_begin(c, &response, 3, &writer, &w), SIO_ECLOSED);
    CHECK_EQ_INT(sio_http_stream_write(c, SIO_LIT("abc")), SIO_ECLOSED);
}

/* To HTTP/1.0 the end of the stream is the end of the body, so a body that is not whole must end
 * in another way. */
TEST(stream_that_is_cut_is_no_whole_body_to_http_1_0)
{
    open_with(app_limits());
    app_adopt(peer_tcp(&p, AF_INET));
    peer_say(&p, "GET / HTTP/1.0\r\n\r\n");
    WAIT(w.c != NULL);
    CHECK_EQ_INT(sio_http_stream_write(w.c, SIO_LIT("half")), 0);
    WAIT(peer_has(&p, "half"));
    sio_http_stream_cut(w.c);
    WAIT(p.ended || p.reset);
    CHECK(p.reset);
    CHECK_EQ_INT(w.gone, 1);
    end();
}

TEST(stream_with_a_bad_field_is_answered_500)
{
    start();
    app.on_request = begin_with_bad_field;
    peer_say(&p, GET("/"));
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n"
                                       "Connection: close\r\n\r\n");
    CHECK_EQ_INT(w.gone, 0);
    end();
}

TEST(stream_holds_back_the_next_request)
{
    start();
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(peer_has(&p, HEAD_CHUNKED));
    for (int i = 0; i < 10; i++)
        net_turn();
    CHECK_ASKED("GET /1;");
    peer_say(&p, GET("/3"));
    sio_http_stream_end(w.c);
    WAIT(app.requests == 2);
    sio_http_stream_end(w.c);
    WAIT(app.requests == 3);
    CHECK_ASKED("GET /1;GET /2;GET /3;");
    end();
}

static void begin_after_body(struct sio_http_conn *c, struct sio_slice body)
{
    (void)body;
    begin(c);
}

TEST(stream_begun_in_on_body_holds_back_the_next_request)
{
    start();
    app.on_request = app_accept;
    app.on_body = begin_after_body;
    peer_say(&p, "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb" GET("/2"));
    WAIT(peer_has(&p, HEAD_CHUNKED));
    for (int i = 0; i < 10; i++)
        net_turn();
    CHECK_ASKED("POST /1;");
    sio_http_stream_end(w.c);
    WAIT(app.requests == 2);
    sio_http_stream_end(w.c);
    WAIT(p.got.len == 2 * (sizeof HEAD_CHUNKED "0\r\n\r\n" - 1));
    end();
}

/* ---- back-pressure --------------------------------------------------------------------------- */

static char piece[16384];

static int write_until_full(struct sio_http_conn *c)
{
    int rc;
    do {
        rc = sio_http_stream_write(c, sio_slice(piece, sizeof piece));
        w.written += rc == 0 || rc == SIO_EAGAIN ? sizeof piece : 0;
    } while (rc == 0);
    return rc;
}

static void write_more(struct sio_http_conn *c)
{
    if (w.written < 4000000)
        CHECK_EQ_INT(write_until_full(c), SIO_EAGAIN);
    else
        sio_http_stream_end(c);
}

TEST(stream_writer_waits_for_a_client_that_does_not_read)
{
    start_narrow(app_limits());
    w.on_drain = write_more;
    peer_be_deaf(&p);
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(w.c != NULL);
    CHECK_EQ_INT(write_until_full(w.c), SIO_EAGAIN);
    CHECK_EQ_INT(w.written, SIO_HTTP_STREAM_HIGH);
    WAIT(sio_conn_congested(sio_http_conn_stream(w.c)));
    CHECK(w.written < 1000000);
    CHECK_EQ_INT(sio_http_stream_write(w.c, SIO_LIT("one more byte")), SIO_EAGAIN);
    CHECK(sio_conn_queued(sio_http_conn_stream(w.c)) < SIO_HTTP_STREAM_HIGH + 1000);
    peer_listen(&p);
    WAIT(app.requests == 2); /* all of the first is with the kernel */
    WAIT(p.got.len > w.written);
    CHECK(w.written >= 4000000);
    CHECK(peer_has(&p, "\r\n0\r\n\r\nHTTP/1.1 200"));
    end();
}

TEST(stream_writer_pauses_for_others_when_the_kernel_takes_all)
{
    start();
    peer_say(&p, GET("/"));
    WAIT(w.c != NULL);
    CHECK_EQ_INT(write_until_full(w.c), SIO_EAGAIN);
    CHECK_EQ_INT(w.written, SIO_HTTP_STREAM_HIGH);
    WAIT(w.drains == 1);
    CHECK_EQ_INT(write_until_full(w.c), SIO_EAGAIN);
    WAIT(w.drains == 2);
    end();
}

static struct sio_http_limits short_limits(void)
{
    struct sio_http_limits l = app_limits();
    l.body_timeout_ms = l.keep_alive_timeout_ms = 20;
    return l;
}

TEST(stream_to_a_client_that_never_reads_is_cut)
{
    start_narrow(short_limits());
    w.on_drain = write_more;
    peer_be_deaf(&p);
    peer_say(&p, GET("/"));
    WAIT(w.c != NULL);
    write_until_full(w.c);
    WAIT(w.gone == 1);
    CHECK_EQ_INT(w.err, SIO_ETIMEDOUT);
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

TEST(stream_has_no_limit_for_a_writer_that_takes_its_time)
{
    uint64_t until;
    start_with(short_limits());
    peer_say(&p, GET("/"));
    WAIT(w.c != NULL);
    for (int i = 0; i < 3; i++) {
        CHECK_EQ_INT(sio_http_stream_write(w.c, SIO_LIT("x")), 0);
        until = sio_loop_now(&net.loop) + 60;
        WAIT(sio_loop_now(&net.loop) >= until);
    }
    CHECK_EQ_INT(w.gone, 0);
    sio_http_stream_end(w.c);
    WAIT(peer_has(&p, "0\r\n\r\n"));
    end();
}

/* ---- ends ------------------------------------------------------------------------------------ */

TEST(stream_writer_learns_that_the_client_went)
{
    start();
    peer_say(&p, GET("/"));
    WAIT(w.c != NULL);
    shutdown(p.fd, SHUT_WR);
    WAIT(w.gone == 1);
    CHECK_EQ_INT(w.err, SIO_ECLOSED);
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

static void cut_it(struct sio_http_conn *c)
{
    sio_http_stream_cut(c);
}

static void end_it(struct sio_http_conn *c)
{
    sio_http_stream_end(c);
}

static void abort_it(struct sio_http_conn *c)
{
    sio_http_abort(c);
}

TEST(stream_may_end_in_every_way_inside_on_drain)
{
    void (*const ways[])(struct sio_http_conn *) = {cut_it, end_it, abort_it};
    for (size_t i = 0; i < 3; i++) {
        test_context("way %zu", i);
        start_narrow(app_limits());
        w.on_drain = ways[i];
        peer_say(&p, GET("/"));
        WAIT(w.c != NULL);
        write_until_full(w.c);
        WAIT(w.drains == 1);
        CHECK_EQ_INT(w.gone, ways[i] == cut_it);
        WAIT(p.ended || p.reset || ways[i] == end_it);
        end();
    }
}

TEST(stream_is_waited_for_by_a_closing_server_and_then_ends_the_connection)
{
    start();
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(w.c != NULL);
    sio_http_server_close(&app.s, app_on_closed, &app);
    write_abc(w.c);
    CHECK_EQ_INT(app.s.n_conns, 1);
    sio_http_stream_end(w.c);
    WAIT(p.ended && app.closed);
    CHECK_SLICE(sio_buf_slice(&p.got), HEAD_CHUNKED ABC);
    CHECK_EQ_INT(app.requests, 1);
    end();
}
