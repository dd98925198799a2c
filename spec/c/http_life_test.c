// SPDX-License-Identifier: MIT
/* net/http_conn: time limits, clients that vanish, upgrade, handing over, and the end of the
 * server. */
#include "test.h"
#include "net.h"
#include "http_app.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(target) "POST " target " HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
#define REFUSED_408 "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static struct peer p;

static void start_with(struct sio_http_limits l)
{
    app_open_with(l);
    app_adopt(peer_pair(&p, SOCK_STREAM));
}

static void start(void)
{
    start_with(app_limits());
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    app_close();
}

/* ---- time limits ----------------------------------------------------------------------------- */

TEST(http_limits_how_long_a_head_takes)
{
    const char *const starts[] = {"", "GET / HT"};
    for (size_t i = 0; i < 2; i++) {
        struct sio_http_limits l = app_limits();
        l.head_timeout_ms = 10;
        start_with(l);
        peer_say(&p, starts[i]);
        WAIT(p.ended);
        CHECK_SLICE(sio_buf_slice(&p.got), REFUSED_408);
        CHECK_EQ_INT(app.s.n_conns, 0);
        end();
    }
}

TEST(http_limits_how_long_the_next_head_takes)
{
    struct sio_http_limits l = app_limits();
    l.head_timeout_ms = 20;
    start_with(l);
    peer_say(&p, GET("/"));
    WAIT(peer_has(&p, "hello"));
    sio_buf_clear(&p.got);
    peer_say(&p, "GET ");
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), REFUSED_408);
    end();
}

TEST(http_limits_how_long_a_body_takes)
{
    struct sio_http_limits l = app_limits();
    l.body_timeout_ms = 10;
    start_with(l);
    app.on_request = app_accept;
    peer_say(&p, POST("/") "bod");
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), REFUSED_408);
    CHECK_EQ_INT(app.gone, 1);
    CHECK_EQ_INT(app.err, SIO_ETIMEDOUT);
    CHECK_EQ_INT(app.bodies, 0);
    end();
}

TEST(http_ends_a_connection_that_is_idle)
{
    struct sio_http_limits l = app_limits();
    l.keep_alive_timeout_ms = 10;
    start_with(l);
    peer_say(&p, GET("/"));
    WAIT(p.ended);
    CHECK(peer_has(&p, "hello") && !peer_has(&p, "408"));
    end();
}

static void hello_after_a_while(struct sio_http_conn *c, const struct sio_http_request *r)
{
    uint64_t until = sio_loop_now(&net.loop) + 30;
    app_hello(c, r);
    while (sio_loop_now(&net.loop) < until)
        uv_update_time(&net.loop.uv);
}

/* The clock is looked at while the answer is still with us: that is not the client's fault. */
TEST(http_ends_a_connection_that_is_idle_also_when_the_loop_was_late)
{
    struct sio_http_limits l = app_limits();
    l.keep_alive_timeout_ms = 10;
    start_with(l);
    app.on_request = hello_after_a_while;
    peer_say(&p, GET("/"));
    WAIT(p.ended);
    CHECK(peer_has(&p, "hello"));
    end();
}

TEST(http_has_no_limit_for_an_answer_that_is_being_made)
{
    struct sio_http_limits l = app_limits();
    uint64_t until;
    l.head_timeout_ms = l.body_timeout_ms = l.keep_alive_timeout_ms = 500;
    start_with(l);
    app.on_request = app_accept;
    peer_say(&p, POST("/") "body");
    WAIT(app.bodies == 1);
    until = sio_loop_now(&net.loop) + 550;
    WAIT(sio_loop_now(&net.loop) >= until);
    CHECK_EQ_INT(app.n_waiting, 1);
    CHECK_EQ_INT(p.got.len, 0);
    app_answer_first("late");
    WAIT(peer_has(&p, "late"));
    end();
}

TEST(http_watches_the_clock_only_while_there_are_connections)
{
    start();
    CHECK(uv_is_active((uv_handle_t *)&app.s.sweep));
    CHECK_EQ_INT(uv_timer_get_repeat(&app.s.sweep), 1000);
    peer_fini(&p);
    WAIT(app.s.n_conns == 0);
    CHECK(!uv_is_active((uv_handle_t *)&app.s.sweep));
    app_close();
}

/* ---- answers that are not read --------------------------------------------------------------- */

enum { BIG = 1000000 };
static char big[BIG + 1];

static void answer_big(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    memset(big, 'x', BIG);
    sio_http_respond_text(c, 200, NULL, big);
}

TEST(http_does_nothing_more_for_a_client_that_does_not_read)
{
    app_open();
    app_adopt(peer_tcp(&p, AF_INET));
    app.on_request = answer_big;
    peer_be_deaf(&p);
    peer_say(&p, GET("/1") GET("/2") GET("/3"));
    WAIT(app.requests == 1);
    for (int i = 0; i < 20; i++)
        net_turn();
    CHECK_EQ_INT(app.requests, 1);
    peer_listen(&p);
    WAIT(p.got.len > 3 * (size_t)BIG);
    CHECK_ASKED("GET /1;GET /2;GET /3;");
    end();
}

TEST(http_cuts_a_client_that_never_reads_its_answer)
{
    struct sio_http_limits l = app_limits();
    l.body_timeout_ms = l.keep_alive_timeout_ms = 10;
    app_open_with(l);
    app_adopt(peer_tcp(&p, AF_INET));
    app.on_request = answer_big;
    peer_be_deaf(&p);
    peer_say(&p, GET("/1"));
    WAIT(app.requests == 1);
    WAIT(app.s.n_conns == 0);
    peer_listen(&p);
    WAIT(p.ended || p.reset);
    CHECK(p.reset); /* nothing waits for it in the kernel either */
    CHECK(p.got.len < BIG);
    end();
}

TEST(http_waits_for_a_client_that_reads_slowly)
{
    struct sio_http_limits l = app_limits();
    uint64_t began;
    l.body_timeout_ms = l.keep_alive_timeout_ms = 100;
    app_open_with(l);
    app_adopt(peer_tcp(&p, AF_INET));
    app.on_request = answer_big;
    peer_be_deaf(&p);
    peer_say(&p, GET("/1"));
    WAIT(app.requests == 1);
    began = sio_loop_now(&net.loop);
    while (p.got.len < BIG && app.s.n_conns == 1) {
        uint64_t until = sio_loop_now(&net.loop) + 8;
        ssize_t n = recv(p.fd, sio_buf_reserve(&p.got, 16384), 16384, 0);
        p.got.len += n > 0 ? (size_t)n : 0;
        WAIT(sio_loop_now(&net.loop) >= until);
    }
    CHECK(sio_loop_now(&net.loop) > began + 3 * 100);
    peer_listen(&p); /* the end of it is in the kernel's buffer by now */
    WAIT(p.ended);
    CHECK(p.got.len >= BIG);
    end();
}

/* Only then does the client have the turn. */
TEST(http_idle_time_begins_when_the_answer_is_taken)
{
    struct sio_http_limits l = app_limits();
    l.keep_alive_timeout_ms = 10;
    app_open_with(l);
    app_adopt(peer_tcp(&p, AF_INET));
    app.on_request = answer_big;
    peer_be_deaf(&p);
    peer_say(&p, GET("/1"));
    WAIT(app.requests == 1);
    uint64_t until = sio_loop_now(&net.loop) + 30;
    WAIT(sio_loop_now(&net.loop) >= until);
    peer_listen(&p);
    WAIT(p.ended);
    CHECK(p.got.len > BIG);
    end();
}

/* ---- clients that vanish --------------------------------------------------------------------- */

TEST(http_tells_who_waits_that_the_client_is_gone)
{
    const char *const asks[] = {GET("/"), POST("/") "body", POST("/") "bo", GET("/") GET("/2")};
    for (size_t i = 0; i < 4; i++) {
        test_context("%s", asks[i]);
        start();
        app.on_request = app_accept;
        peer_say(&p, asks[i]);
        WAIT(app.requests == 1);
        net_turn();
        shutdown(p.fd, SHUT_WR);
        WAIT(app.gone == 1);
        CHECK_EQ_INT(app.err, SIO_ECLOSED);
        CHECK_EQ_INT(app.s.n_conns, 0);
        CHECK_EQ_INT(app.requests, 1);
        WAIT(p.ended);
        CHECK_EQ_INT(p.got.len, 0);
        end();
    }
}

TEST(http_says_nothing_about_a_client_that_goes_after_its_answer)
{
    start();
    app.on_request = app_accept;
    app.on_body = app_echo;
    peer_say(&p, GET("/"));
    WAIT(peer_has(&p, "200"));
    shutdown(p.fd, SHUT_WR);
    WAIT(p.ended);
    CHECK_EQ_INT(app.gone, 0);
    end();
}

static void abort_it(struct sio_http_conn *c, const struct sio_http_request *r)
{
    app_accept(c, r);
    sio_http_abort(c);
    sio_http_abort(c);
    CHECK_EQ_INT(sio_http_respond(c, &(struct sio_http_response){.status = 200}), SIO_ECLOSED);
}

TEST(http_aborts_without_a_word)
{
    start();
    app.on_request = abort_it;
    peer_say(&p, GET("/"));
    WAIT(p.ended || p.reset);
    CHECK(app.gone == 0 && p.got.len == 0);
    end();
}

enum { CROWD = 200 };

static void abort_all(struct sio_http_conn *c, const struct sio_http_request *r)
{
    if (!sio_slice_eq(r->path, SIO_LIT("/end"))) {
        app_accept(c, r);
        return;
    }
    sio_http_abort(c);
    for (unsigned i = 0; i < app.n_waiting; i++)
        sio_http_abort(app.waiting[i]);
}

static void close_crowd(void (*on_request)(struct sio_http_conn *, const struct sio_http_request *))
{
    static struct peer crowd[CROWD];
    app_open();
    app.on_request = on_request;
    for (int i = 0; i < CROWD; i++) {
        app_adopt(peer_pair(&crowd[i], SOCK_STREAM));
        peer_say(&crowd[i], GET("/wait") GET("/more"));
    }
    WAIT(app.requests == CROWD);
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, GET("/end"));
    for (int i = 0; i < CROWD; i++)
        WAIT(crowd[i].ended || crowd[i].reset);
    for (int i = 0; i < CROWD; i++)
        peer_fini(&crowd[i]);
    end();
}

TEST(http_survives_all_being_aborted_from_one_event)
{
    close_crowd(abort_all);
}

static void close_server(struct sio_http_conn *c, const struct sio_http_request *r)
{
    if (!sio_slice_eq(r->path, SIO_LIT("/end"))) {
        app_accept(c, r);
        return;
    }
    sio_http_server_close(&app.s, app_on_closed, &app);
    while (app.n_waiting > 0)
        app_answer_first("bye");
    sio_http_respond_text(c, 200, NULL, "bye");
}

TEST(http_survives_the_server_being_closed_from_an_event)
{
    close_crowd(close_server);
}

static unsigned swept;

static void on_gone_abort_others(void *self, struct sio_http_conn *c, int err)
{
    app_on_gone(self, c, err);
    swept++;
    while (app.n_waiting > 0) {
        struct sio_http_conn *other = app.waiting[--app.n_waiting];
        sio_http_abort(other);
    }
}

static const struct sio_http_handler abort_others = {.on_body = app_on_body,
                                                     .on_gone = on_gone_abort_others};

static void accept_abort_others(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    app.waiting[app.n_waiting++] = c;
    sio_http_accept(c, &abort_others, &app, 100);
}

TEST(http_survives_all_being_aborted_while_the_clock_is_looked_at)
{
    static struct peer crowd[CROWD];
    struct sio_http_limits l = app_limits();
    l.body_timeout_ms = 20;
    app_open_with(l);
    swept = 0;
    app.on_request = accept_abort_others;
    for (int i = 0; i < CROWD; i++) {
        app_adopt(peer_pair(&crowd[i], SOCK_STREAM));
        peer_say(&crowd[i], POST("/"));
    }
    WAIT(app.requests == CROWD);
    WAIT(app.s.n_conns == 0);
    CHECK_EQ_INT(swept, 1);
    for (int i = 0; i < CROWD; i++)
        peer_fini(&crowd[i]);
    app_close();
}

/* ---- the end of the server ------------------------------------------------------------------- */

TEST(http_server_closes_idle_connections_and_waits_for_the_others)
{
    struct peer idle, half, body;
    start();
    app_adopt(peer_pair(&idle, SOCK_STREAM));
    app_adopt(peer_pair(&half, SOCK_STREAM));
    app_adopt(peer_pair(&body, SOCK_STREAM));
    app.on_request = app_accept;
    peer_say(&p, GET("/"));
    WAIT(app.requests == 1);
    peer_say(&half, "GET / HTTP/1.1\r\n");
    peer_say(&body, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab");
    WAIT(app.requests == 2);
    net_turn();
    sio_http_server_close(&app.s, app_on_closed, &app);
    sio_http_server_close(&app.s, app_on_closed, &app);
    WAIT(idle.ended && half.ended && body.ended); /* nobody keeps it open by sending nothing */
    CHECK(peer_has(&body, "503"));
    CHECK_EQ_INT(app.s.n_conns, 1);
    app_answer_first("last");
    WAIT(p.ended);
    CHECK(peer_has(&p, "Connection: close\r\n\r\nlast"));
    WAIT(app.closed);
    peer_fini(&idle);
    peer_fini(&half);
    peer_fini(&body);
    app_adopt(peer_pair(&idle, SOCK_STREAM));
    WAIT(peer_has(&idle, "503"));
    peer_fini(&idle);
    end();
}
