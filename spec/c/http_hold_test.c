// SPDX-License-Identifier: MIT
/* net/http_conn: requests that somebody thinks about before anything is done with them, and the
 * fields that are added to their answers meanwhile. */
#include "test.h"
#include "net.h"
#include "http_app.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define POST(target, fields) "POST " target " HTTP/1.1\r\nHost: x\r\n" fields "\r\n"

static struct peer p;
static struct sio_http_conn *held;

static void hold(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    held = c;
    sio_http_hold(c, &app_handler, &app);
}

static void start(void)
{
    app_open();
    app.on_request = hold;
    held = NULL;
    app_adopt(peer_pair(&p, SOCK_STREAM));
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    app_close();
}

static void app_hello_body(struct sio_http_conn *c, struct sio_slice body)
{
    (void)body;
    app_hello(c, NULL);
}

static void add(const char *name, const char *value)
{
    CHECK_EQ_INT(sio_http_add_field(held, sio_slice_str(name), sio_slice_str(value)), 0);
}

/* ---- holding --------------------------------------------------------------------------------- */

TEST(a_held_request_is_answered_later)
{
    start();
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(held != NULL);
    net_turn();
    CHECK_EQ_INT(app.requests, 1);
    app.on_request = app_hello;
    sio_http_respond_text(held, 200, NULL, "first ");
    WAIT(peer_has(&p, "hello"));
    CHECK(peer_has(&p, "first "));
    CHECK_EQ_INT(app.gone, 0);
    end();
}

TEST(a_held_body_waits_until_it_is_accepted)
{
    start();
    app.on_body = app_echo;
    peer_say(&p, POST("/", "Content-Length: 9\r\n") "some");
    WAIT(held != NULL);
    peer_say(&p, " body");
    net_turn();
    CHECK_EQ_INT(app.bodies, 0);
    sio_http_accept(held, &app_handler, &app, 9);
    WAIT(peer_has(&p, "some body"));
    CHECK_EQ_INT(app.bodies, 1);
    end();
}

TEST(a_held_request_without_a_body_is_accepted_later)
{
    start();
    app.on_body = app_echo;
    peer_say(&p, GET("/"));
    WAIT(held != NULL);
    sio_http_accept(held, &app_handler, &app, 0);
    WAIT(peer_has(&p, "200 OK"));
    CHECK_EQ_INT(app.bodies, 1);
    end();
}

TEST(a_body_that_is_too_long_is_refused_when_it_is_accepted)
{
    start();
    peer_say(&p, POST("/", "Content-Length: 9\r\n"));
    WAIT(held != NULL);
    CHECK_EQ_INT(app.gone, 0);
    sio_http_accept(held, &app_handler, &app, 8);
    CHECK_EQ_INT(app.err, SIO_ETOOBIG);
    WAIT(peer_has(&p, "413"));
    end();
}

TEST(a_held_body_that_nobody_wants_is_drained)
{
    start();
    peer_say(&p, POST("/", "Content-Length: 4\r\n") "body" GET("/next"));
    WAIT(held != NULL);
    app.on_request = app_hello;
    sio_http_respond_text(held, 403, NULL, "no");
    WAIT(peer_has(&p, "hello"));
    CHECK_ASKED("POST /;GET /next;");
    end();
}

TEST(nothing_is_continued_before_it_is_accepted)
{
    start();
    app.on_body = app_echo;
    peer_say(&p, POST("/", "Expect: 100-continue\r\nContent-Length: 4\r\n"));
    WAIT(held != NULL);
    net_turn();
    peer_take(&p);
    CHECK_EQ_INT(p.got.len, 0);
    sio_http_accept(held, &app_handler, &app, 4);
    WAIT(peer_has(&p, "100 Continue"));
    peer_say(&p, "body");
    WAIT(peer_has(&p, "\r\n\r\nbody"));
    end();
}

/* Sends as much of `s` as the kernel takes while the loop turns; returns how much. */
static size_t send_some(struct sio_slice s)
{
    size_t sent = 0;
    for (unsigned idle = 0; idle < 3 && sent < s.len; net_turn()) {
        ssize_t n = send(p.fd, s.p + sent, s.len - sent, MSG_NOSIGNAL);
        idle = n > 0 ? 0 : idle + 1;
        sent += n > 0 ? (size_t)n : 0;
    }
    return sent;
}

TEST(what_waits_behind_a_held_head_is_limited)
{
    static char body[1 << 20];
    size_t sent;
    start();
    peer_say(&p, POST("/", "Content-Length: 1048576\r\n"));
    WAIT(held != NULL);
    sent = send_some(sio_slice(body, sizeof body));
    CHECK(sent > SIO_HTTP_PENDING_MAX && sent < sizeof body);
    CHECK_EQ_INT(app.bodies, 0);
    app.on_body = app_hello_body;
    sio_http_accept(held, &app_handler, &app, sizeof body);
    while (sent < sizeof body && !net.late)
        sent += send_some(sio_slice(body + sent, sizeof body - sent));
    WAIT(peer_has(&p, "hello"));
    CHECK_EQ_INT(app.body.len, sizeof body);
    end();
}

TEST(who_holds_hears_that_the_client_left)
{
    start();
    peer_say(&p, POST("/", "Content-Length: 4\r\n") "bo");
    WAIT(held != NULL);
    add("X-A", "1");
    peer_fini(&p);
    WAIT(app.gone == 1);
    CHECK_EQ_INT(app.err, SIO_ECLOSED);
    app_close();
}

TEST(a_server_that_closes_waits_for_who_holds)
{
    start();
    peer_say(&p, POST("/", "Content-Length: 4\r\n") "body");
    WAIT(held != NULL);
    sio_http_server_close(&app.s, app_on_closed, &app);
    net_turn();
    CHECK(!app.closed);
    sio_http_respond_text(held, 503, NULL, NULL);
    WAIT(app.closed);
    peer_fini(&p);
    net_turn();
    sio_buf_fini(&app.asked);
    CHECK(net_close());
}

/* ---- fields ---------------------------------------------------------------------------------- */

TEST(fields_are_added_to_one_answer)
{
    start();
    peer_say(&p, GET("/1") GET("/2"));
    WAIT(held != NULL);
    add("X-Added", "1");
    add("content-type", "text/html");
    CHECK_EQ_INT(sio_http_add_field(held, SIO_LIT("X"), SIO_LIT("a\rb")), SIO_EINVAL);
    app.on_request = app_hello;
    sio_http_respond_text(held, 200, "text/plain", "first ");
    WAIT(peer_has(&p, "hello"));
    CHECK_SLICE(sio_buf_slice(&p.got),
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Added: 1\r\n"
                "Content-Length: 6\r\nConnection: keep-alive\r\n\r\nfirst "
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
                "Content-Length: 5\r\nConnection: keep-alive\r\n\r\nhello");
    CHECK_EQ_INT(sio_http_add_field(held, SIO_LIT("X"), SIO_LIT("late")), SIO_ECLOSED);
    end();
}

TEST(fields_are_on_what_a_limit_answers)
{
    start();
    peer_say(&p, POST("/", "Content-Length: 9\r\n"));
    WAIT(held != NULL);
    add("X-Added", "1");
    sio_http_accept(held, &app_handler, &app, 1);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), "HTTP/1.1 413 Payload Too Large\r\nX-Added: 1\r\n"
                                       "Content-Length: 0\r\nConnection: close\r\n\r\n");
    end();
}

TEST(fields_can_be_taken_along_by_an_upgrade)
{
    struct sio_slice rest;
    struct sio_conn *stream;
    start();
    peer_say(&p, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly");
    WAIT(held != NULL);
    CHECK(sio_http_added(held) == NULL);
    add("X-Added", "1");
    net_turn();
    stream = sio_http_upgrade(held, &rest);
    CHECK_SLICE(rest, "early");
    CHECK_SLICE(sio_http_added(held)->at[0].value, "1");
    sio_conn_close(stream);
    end();
}

/* ---- time ------------------------------------------------------------------------------------ */

static void hold_for_10_ms(struct sio_http_conn *c, const struct sio_http_request *r)
{
    sio_http_answer_within(c, 10);
    hold(c, r);
}

TEST(an_answer_may_have_to_come_in_time)
{
    struct sio_http_limits l = app_limits();
    l.head_timeout_ms = 20; /* how often somebody looks */
    app_open_with(l);
    app.on_request = hold_for_10_ms;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, GET("/"));
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK_EQ_INT(app.gone, 1);
    CHECK_EQ_INT(app.err, SIO_ETIMEDOUT);
    end();
}

TEST(an_answer_in_time_is_an_answer)
{
    struct sio_http_limits l = app_limits();
    uint64_t until;
    l.head_timeout_ms = 20;
    app_open_with(l);
    app.on_request = hold_for_10_ms;
    held = NULL;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, GET("/"));
    WAIT(held != NULL);
    sio_http_respond_text(held, 200, NULL, "soon");
    until = sio_loop_now(&net.loop) + 50;
    WAIT(sio_loop_now(&net.loop) >= until);
    CHECK(peer_has(&p, "soon") && !p.ended);
    CHECK_EQ_INT(app.gone, 0);
    end();
}
