// SPDX-License-Identifier: MIT
/* net/http_greeting: a PROXY header in front of HTTP, cut anywhere; who has none is closed. */
#include "test.h"
#include "net.h"
#include "http_app.h"

#define GET "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
#define LINE "PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n"
static const char v2[] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x14\xc0\0\2\1\xc6\x33\x64\1\x12\x34\1\xbb"
                         "\x20\0\5\1\0\0\0\0" GET;
static const char local[] = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" GET;

static struct sio_trust trust;

/* Answers "from <address> secure|plain". */
static void tell_origin(struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_origin o;
    char text[64];
    sio_http_conn_origin(c, r, &o);
    snprintf(text, sizeof text, "from %s %s", o.address, o.secure ? "secure" : "plain");
    sio_http_respond_text(c, 200, NULL, text);
}

static void start(struct peer *p)
{
    app_open();
    app.on_request = tell_origin;
    app.s.proxy_protocol = true;
    app_adopt(peer_tcp(p, AF_INET));
}

static void end(struct peer *p)
{
    peer_fini(p);
    app_close();
}

static void check_cut(struct sio_slice bytes, size_t cut, const char *want)
{
    struct peer p;
    snprintf(test_state.context, sizeof test_state.context, "cut at %zu", cut);
    start(&p);
    peer_send(&p, sio_slice(bytes.p, cut));
    net_turn();
    net_turn();
    peer_send(&p, sio_slice_from(bytes, cut));
    WAIT(peer_has(&p, want));
    peer_say(&p, GET); /* what it said counts for the connection, not for one request */
    WAIT(app.requests == 2);
    end(&p);
    test_state.context[0] = '\0';
}

TEST(greeting_version_1_cut_anywhere)
{
    for (size_t cut = 1; cut < sizeof LINE GET - 1; cut++)
        check_cut(SIO_LIT(LINE GET), cut, "from 192.0.2.1 plain");
}

TEST(greeting_version_2_cut_anywhere)
{
    for (size_t cut = 1; cut < sizeof v2 - 1; cut++)
        check_cut(sio_slice(v2, sizeof v2 - 1), cut, "from 192.0.2.1 secure");
}

TEST(greeting_of_the_proxy_itself)
{
    check_cut(sio_slice(local, sizeof local - 1), 16, "from 127.0.0.1 plain");
    check_cut(SIO_LIT("PROXY UNKNOWN\r\n" GET), 15, "from 127.0.0.1 plain");
}

static void check_closed(struct sio_slice bytes, const char *why)
{
    struct peer p;
    start(&p);
    peer_send(&p, bytes);
    WAIT(p.ended || p.reset);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK_EQ_INT(app.requests, 0);
    CHECK(strstr(net.logged, why) != NULL);
    end(&p);
}

TEST(greeting_is_a_must)
{
    check_closed(SIO_LIT(GET), "\"127.0.0.1\" is closed: it does not begin with a PROXY header");
    check_closed(SIO_LIT("PROXY TCP4 x\r\n" GET), "");
}

TEST(greeting_only_once)
{
    struct peer p;
    start(&p);
    peer_say(&p, LINE LINE GET);
    WAIT(peer_has(&p, "HTTP/1.1 400 "));
    CHECK_EQ_INT(app.requests, 0);
    end(&p);
}

TEST(greeting_by_trusted_peers_only)
{
    struct peer p, q;
    app_open();
    app.on_request = tell_origin;
    app.s.proxy_protocol = true;
    app.s.trust = &trust;
    trust = (struct sio_trust){0};
    REQUIRE(sio_trust_add(&trust, SIO_LIT("10.0.0.0/8")) == 0);
    app_adopt(peer_tcp(&p, AF_INET));
    WAIT(p.ended || p.reset);
    CHECK(strstr(net.logged, "only trusted proxies may speak PROXY") != NULL);
    REQUIRE(sio_trust_add(&trust, SIO_LIT("127.0.0.1")) == 0);
    app_adopt(peer_tcp(&q, AF_INET));
    peer_say(&q, LINE "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n");
    WAIT(peer_has(&q, "from 192.0.2.1 plain")); /* who is no proxy is not believed */
    peer_fini(&p);
    end(&q);
}

TEST(greeting_that_does_not_come)
{
    struct sio_http_limits limits = app_limits();
    struct peer p;
    limits.head_timeout_ms = 20;
    app_open_with(limits);
    app.s.proxy_protocol = true;
    app_adopt(peer_tcp(&p, AF_INET));
    peer_say(&p, "PROXY ");
    WAIT(p.ended || p.reset);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK(strstr(net.logged, "did not come in time") != NULL);
    end(&p);
}

TEST(greeting_while_the_server_closes)
{
    struct peer p, q;
    start(&p);
    app_adopt(peer_tcp(&q, AF_INET));
    peer_say(&p, "PROXY ");
    peer_fini(&q); /* a health check: comes and goes */
    WAIT(app.s.n_conns == 1);
    end(&p);
}

/* It has been greeted where it was accepted. */
TEST(greeting_is_over_when_a_connection_is_handed_over)
{
    struct sio_origin origin = {0};
    struct peer p;
    app_open();
    app.on_request = tell_origin;
    app.s.proxy_protocol = true;
    REQUIRE(sio_origin_set_address(&origin, SIO_LIT("192.0.2.1")));
    sio_http_server_adopt(&app.s, &(struct sio_arrival){.fd = peer_tcp(&p, AF_INET),
                                                        .hops = 1,
                                                        .origin = &origin,
                                                        .bytes = SIO_LIT(GET)});
    WAIT(peer_has(&p, "from 192.0.2.1 plain"));
    end(&p);
}
