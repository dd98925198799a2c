// SPDX-License-Identifier: MIT
/* net/http_conn over socket pairs: requests and bodies however they are cut, one answer at a time,
 * what is refused, and every way in which a connection leaves HTTP.
 */
#include "test.h"
#include "net.h"
#include "http_app.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"
#define OK(text, length)                                                                           \
    "HTTP/1.1 200 OK\r\nContent-Length: " length "\r\nConnection: keep-alive\r\n\r\n" text
#define REFUSED(reason) "HTTP/1.1 " reason "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

static struct peer p;

static void start(void)
{
    app_open();
    app_adopt(peer_pair(&p, SOCK_STREAM));
}

static void end(void)
{
    peer_fini(&p);
    net_turn();
    app_close();
}

#define CHECK_GOT(text)                                                                            \
    do {                                                                                           \
        WAIT(p.got.len >= strlen(text));                                                           \
        CHECK_EQ_SLICE(sio_buf_slice(&p.got), sio_slice_str(text));                                \
        sio_buf_clear(&p.got);                                                                     \
    } while (0)

/* ---- requests -------------------------------------------------------------------------------- */

TEST(http_answers_requests_on_one_connection)
{
    start();
    for (int i = 0; i < 3; i++) {
        peer_say(&p, GET("/a?b"));
        CHECK_GOT("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
                  "Connection: keep-alive\r\n\r\nhello");
    }
    CHECK_ASKED("GET /a?b;GET /a?b;GET /a?b;");
    CHECK_EQ_INT(app.s.n_conns, 1);
    end();
}

static void post_in_pieces(struct test_feed *f, void *arg)
{
    struct sio_slice piece;
    start();
    app.on_request = app_accept;
    app.on_body = app_echo;
    while (test_feed_next(f, &piece)) {
        peer_send(&p, piece);
        net_turn();
    }
    CHECK_GOT(OK("hello world", "11") OK("", "0"));
    CHECK_EQ_INT(app.gone, 0);
    CHECK_EQ_SLICE(sio_buf_slice(&app.asked), sio_slice_str(arg));
    end();
}

TEST(http_takes_a_body_however_it_is_cut)
{
    test_feed_all(SIO_LIT("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\nhello world"
                          "\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n"),
                  post_in_pieces, "POST /p;GET /g;");
}

TEST(http_takes_a_chunked_body_however_it_is_cut)
{
    test_feed_all(SIO_LIT("POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                          "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n" GET("/d")),
                  post_in_pieces, "POST /c;GET /d;");
}

TEST(http_parses_the_next_request_after_the_answer)
{
    start();
    app.on_request = app_accept;
    peer_say(&p, GET("/1") GET("/2") GET("/3"));
    WAIT(app.requests == 1);
    net_turn();
    CHECK_ASKED("GET /1;");
    app_answer_first("one");
    WAIT(app.requests == 2);
    CHECK_GOT(OK("one", "3"));
    app_answer_first("two");
    WAIT(app.requests == 3);
    app_answer_first("three");
    CHECK_GOT(OK("two", "3") OK("three", "5"));
    CHECK_EQ_INT(app.gone, 0);
    end();
}

/* A client that sends and sends while an answer is pending is not read without end. */
TEST(http_keeps_a_limited_number_of_unparsed_bytes)
{
    static char flood[3 * SIO_HTTP_PENDING_MAX];
    size_t sent = 0, asks = 0;
    start();
    for (size_t at = 0; at + 27 <= sizeof flood; at += 27, asks++)
        memcpy(flood + at, GET("/"), 27);
    app.on_request = app_accept;
    peer_say(&p, GET("/first"));
    for (int i = 0; i < 20; i++) {
        ssize_t n = send(p.fd, flood + sent, asks * 27 - sent, MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        net_turn();
    }
    CHECK_EQ_INT(app.requests, 1);
    CHECK(recv(sio_conn_fd(sio_http_conn_stream(app.waiting[0])), flood, 1, MSG_PEEK) == 1);
    app.on_request = app_hello;
    app_answer_first("");
    WAIT(app.requests > sent / 27);
    CHECK_EQ_INT(app.requests, 1 + sent / 27);
    CHECK_EQ_INT(app.gone, 0);
    end();
}

static void take_nothing(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)c;
    (void)r;
}

TEST(http_answers_500_when_nobody_takes_a_request)
{
    start();
    app.on_request = take_nothing;
    peer_say(&p, GET("/"));
    WAIT(p.got.len > 0);
    CHECK(peer_has(&p, "HTTP/1.1 500 Internal Server Error\r\n"));
    CHECK_EQ_STR(net.logged, "http: nobody took a request");
    end();
}

/* ---- answers --------------------------------------------------------------------------------- */

static struct sio_http_response next_response;
static int next_result;

static void respond_next(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    next_result = sio_http_respond(c, &next_response);
    CHECK_EQ_INT(sio_http_respond(c, &next_response), SIO_ECLOSED);
}

static void check_answer(const char *request, struct sio_http_response r, const char *want)
{
    test_context("%.40s", request);
    start();
    app.on_request = respond_next;
    next_response = r;
    peer_say(&p, request);
    CHECK_GOT(want);
    CHECK_EQ_INT(next_result, 0);
    end();
}

TEST(http_writes_answers)
{
    struct sio_blob *b = sio_blob_new(SIO_LIT("..shared"));
    struct sio_http_response text = {.status = 200, .body = SIO_LIT("text")};
    check_answer(GET("/"), text, OK("text", "4"));
    check_answer(GET("/"), (struct sio_http_response){.status = 200, .blob = b, .blob_from = 2},
                 OK("shared", "6"));
    check_answer(GET("/"), (struct sio_http_response){.status = 200, .blob = b, .blob_from = 9},
                 OK("", "0"));
    check_answer("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", text, OK("", "4"));
    check_answer(GET("/"), (struct sio_http_response){.status = 204, .body = SIO_LIT("no")},
                 "HTTP/1.1 204 No Content\r\nConnection: keep-alive\r\n\r\n");
    check_answer(GET("/"), (struct sio_http_response){.status = 304, .blob = b},
                 "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
    CHECK_EQ_INT(b->refs, 1);
    sio_blob_unref(b);
}

static void check_last_answer(const char *request, struct sio_http_response r)
{
    test_context("%.60s", request);
    start();
    app.on_request = respond_next;
    next_response = r;
    peer_say(&p, request);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got),
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    CHECK_EQ_INT(app.requests, 1);
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

TEST(http_closes_after_an_answer)
{
    struct sio_http_response ok = {.status = 200, .body = SIO_LIT("ok")};
    struct sio_http_response last = ok;
    last.close = true;
    check_last_answer(GET("/") GET("/"), last);
    check_last_answer("GET / HTTP/1.0\r\n\r\n" GET("/"), ok);
    check_last_answer("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET("/"), ok);
    check_last_answer(
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n" GET("/"), ok);
    check_last_answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\nabc", ok);
    check_last_answer("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
                      "Expect: 100-continue\r\n\r\n" GET("/"),
                      ok);
}

TEST(http_goes_on_after_http_10_with_keep_alive)
{
    start();
    for (int i = 0; i < 2; i++)
        peer_say(&p, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    WAIT(app.requests == 2);
    end();
}

TEST(http_refuses_fields_that_would_split_the_answer)
{
    const struct sio_http_field bad = {SIO_LIT("X"), SIO_LIT("a\r\nSet-Cookie: b")};
    const struct sio_http_response cases[] = {
        {.status = 200, .fields = &bad, .n_fields = 1}, {.status = 101}, {.status = 1000}};
    for (size_t i = 0; i < 3; i++) {
        start();
        app.on_request = respond_next;
        next_response = cases[i];
        peer_say(&p, GET("/"));
        WAIT(p.ended);
        CHECK_EQ_INT(next_result, SIO_EINVAL);
        CHECK_SLICE(sio_buf_slice(&p.got), REFUSED("500 Internal Server Error"));
        end();
    }
}

/* ---- bodies ---------------------------------------------------------------------------------- */

TEST(http_reads_past_a_short_body_that_nobody_wanted)
{
    start();
    peer_say(&p, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    WAIT(app.requests == 1);
    peer_say(&p, "56789" GET("/b"));
    WAIT(app.requests == 2);
    CHECK_ASKED("POST /a;GET /b;");
    end();
}

TEST(http_reads_past_a_short_body_of_a_late_answer)
{
    start();
    app.on_request = app_accept;
    peer_say(&p, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
    WAIT(app.requests == 1);
    app_answer_first("enough");
    CHECK_GOT(OK("enough", "6"));
    peer_say(&p, "56789" GET("/b"));
    WAIT(app.requests == 2);
    CHECK_EQ_INT(app.bodies, 1); /* of /b: empty */
    end();
}

TEST(http_stops_reading_past_a_chunked_body_that_is_long)
{
    static char chunk[SIO_HTTP_DRAIN_MAX + 1];
    memset(chunk, 'x', sizeof chunk);
    start();
    peer_say(&p, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n");
    WAIT(app.requests == 1);
    peer_send(&p, sio_slice(chunk, sizeof chunk));
    WAIT(p.ended);
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

TEST(http_answers_once_when_the_unwanted_body_is_malformed)
{
    start();
    peer_say(&p, "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    WAIT(peer_has(&p, "hello"));
    peer_say(&p, "no chunk\r\n");
    WAIT(p.ended);
    CHECK(peer_has(&p, "200 OK") && !peer_has(&p, "400"));
    end();
}

TEST(http_takes_a_body_up_to_its_limit)
{
    const char *const exact[] = {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody",
                                 "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
                                 "chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n"};
    for (size_t i = 0; i < 2; i++) {
        start();
        app.on_request = app_accept;
        app.on_body = app_echo;
        app.max_body = 4;
        peer_say(&p, exact[i]);
        CHECK_GOT(OK("body", "4"));
        end();
    }
}

static void check_refused_body(const char *request, const char *want, int err)
{
    test_context("%.80s", request);
    start();
    app.on_request = app_accept;
    app.max_body = 4;
    peer_say(&p, request);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), sio_slice_str(want));
    CHECK_EQ_INT(app.gone, 1);
    CHECK_EQ_INT(app.err, err);
    CHECK_EQ_INT(app.bodies, 0);
    end();
}

TEST(http_refuses_bodies)
{
    check_refused_body("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n",
                       REFUSED("413 Payload Too Large"), SIO_ETOOBIG);
    check_refused_body("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3\r\nabc\r\n2\r\nde",
                       REFUSED("413 Payload Too Large"), SIO_ETOOBIG);
    check_refused_body("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
                       REFUSED("400 Bad Request"), SIO_ECLOSED);
}

TEST(http_sends_100_when_it_is_waited_for)
{
    start();
    app.on_request = app_accept;
    app.on_body = app_echo;
    peer_say(&p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    CHECK_GOT("HTTP/1.1 100 Continue\r\n\r\n");
    peer_say(&p, "body");
    CHECK_GOT(OK("body", "4"));
    peer_say(&p,
             "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nb");
    CHECK_GOT(OK("b", "1"));
    end();
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void check_refused(const char *request, const char *want)
{
    test_context("%.60s", request);
    start();
    peer_say(&p, request);
    WAIT(p.ended);
    CHECK_EQ_SLICE(sio_buf_slice(&p.got), sio_slice_str(want));
    CHECK_EQ_INT(app.requests, 0);
    CHECK_EQ_INT(app.s.n_conns, 0);
    end();
}

TEST(http_refuses_what_is_no_request)
{
    static char long_head[SIO_HTTP_HEAD_MAX + 100] = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
    check_refused("FOO / HTTP/1.1\r\n\r\n", REFUSED("400 Bad Request"));
    check_refused("GET /\r\n", REFUSED("400 Bad Request"));
    check_refused("GET / HTTP/1.1\r\n\r\n", REFUSED("400 Bad Request"));
    check_refused("GET / HTTP/2.0\r\nHost: x\r\n\r\n", REFUSED("505 HTTP Version Not Supported"));
    check_refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n",
                  REFUSED("501 Not Implemented"));
    memset(long_head + strlen(long_head), 'y', sizeof long_head - 1 - strlen(long_head));
    check_refused(long_head, REFUSED("431 Request Header Fields Too Large"));
    CHECK_EQ_STR(net.logged, "http: request refused: 431 Request Header Fields Too Large");
}

/* Closing with bytes unread would reset the connection and may take the answer with it. */
TEST(http_lets_the_client_read_a_refusal_while_it_is_sending)
{
    static char upload[100000];
    size_t sent = 0;
    app_open();
    app_adopt(peer_tcp(&p, AF_INET));
    app.on_request = app_accept;
    app.max_body = 10;
    peer_be_deaf(&p);
    peer_say(&p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    while (sent < 1000000) {
        ssize_t n = send(p.fd, upload, sizeof upload, MSG_NOSIGNAL);
        REQUIRE(n > 0 || errno == EAGAIN);
        sent += n > 0 ? (size_t)n : 0;
        net_turn();
    }
    peer_listen(&p);
    WAIT(p.ended);
    CHECK_SLICE(sio_buf_slice(&p.got), REFUSED("413 Payload Too Large"));
    end();
}

TEST(http_turns_connections_away_beyond_its_limit)
{
    struct sio_http_limits l = app_limits();
    struct peer second, third;
    l.max_connections = 1;
    app_open_with(l);
    app_adopt(peer_pair(&p, SOCK_STREAM));
    app_adopt(peer_pair(&second, SOCK_STREAM));
    peer_say(&second, GET("/"));
    WAIT(second.ended);
    CHECK_SLICE(sio_buf_slice(&second.got), REFUSED("503 Service Unavailable"));
    CHECK_EQ_STR(net.logged, "http: max_connections (1) reached, answering 503");
    peer_fini(&p);
    WAIT(net.loop.n_clients == 0);
    app_adopt(peer_pair(&third, SOCK_STREAM));
    peer_say(&third, GET("/"));
    WAIT(peer_has(&third, "hello"));
    peer_fini(&second);
    peer_fini(&third);
    net_turn();
    app_close();
}

static void with_a_date(struct sio_http_conn *c, const struct sio_http_request *r)
{
    static const struct sio_http_field field = {{"date", 4}, {"today", 5}};
    (void)r;
    sio_http_respond(c,
                     &(struct sio_http_response){.status = 200, .fields = &field, .n_fields = 1});
}

TEST(answers_are_dated_once)
{
    const char *first;
    app_open();
    app.s.dated = true;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    peer_say(&p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT(peer_has(&p, "hello"));
    first = memmem(p.got.p, p.got.len, "\r\nDate: ", 8);
    REQUIRE(first != NULL);
    CHECK_SLICE(sio_slice(first + 8 + SIO_HTTP_DATE_LEN - 4, 4 + 4), " GMT\r\n\r\n");
    sio_buf_clear(&p.got);
    app.on_request = with_a_date;
    peer_say(&p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    WAIT(peer_has(&p, "date: today"));
    CHECK(!peer_has(&p, "Date:"));
    sio_buf_clear(&p.got);
    peer_say(&p, "GET\r\n\r\n"); /* also where nobody answers but we */
    WAIT(peer_has(&p, "400 Bad Request"));
    CHECK(peer_has(&p, "\r\nDate: "));
    peer_fini(&p);
    app_close();
}
