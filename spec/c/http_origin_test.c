// SPDX-License-Identifier: MIT
/* net/http_origin: a request's words count only from a trusted peer, request by request. */
#include "test.h"
#include "net.h"
#include "http_app.h"

/* Answers "address secure host". */
static void tell_origin(struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_origin o;
    struct sio_slice host = sio_http_conn_host(c, r);
    char text[256];
    sio_http_conn_origin(c, r, &o);
    snprintf(text, sizeof text, "%s %s %.*s", o.address[0] ? o.address : "-",
             o.secure ? "secure" : "plain", (int)host.len, host.p);
    sio_http_respond_text(c, 200, NULL, text);
}

#define CLAIMS                                                                                     \
    "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: "                 \
    "out.example\r\n"

static void ask(struct peer *p, const char *fields, const char *want)
{
    char request[512];
    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: in.example\r\n%s\r\n", fields);
    sio_buf_clear(&p->got);
    peer_say(p, request);
    WAIT(peer_has(p, ".example"));
    CHECK(peer_has(p, want));
}

TEST(http_nobody_is_believed_by_default)
{
    struct peer p;
    app_open();
    app.on_request = tell_origin;
    app_adopt(peer_tcp(&p, AF_INET));
    ask(&p, CLAIMS, "127.0.0.1 plain in.example");
    peer_fini(&p);
    app_close();
}

TEST(http_a_trusted_proxy_is_believed_for_each_request)
{
    struct sio_trust t = {0};
    struct peer p;
    app_open();
    app.on_request = tell_origin;
    REQUIRE(sio_trust_add(&t, SIO_LIT("127.0.0.1")) == 0);
    app.s.trust = &t;
    app_adopt(peer_tcp(&p, AF_INET));
    ask(&p, CLAIMS, "192.0.2.1 secure out.example");
    ask(&p, "", "127.0.0.1 plain in.example");
    ask(&p, "X-Forwarded-For: x\r\nX-Forwarded-Host: a b\r\n", "127.0.0.1 plain in.example");
    CHECK(strcmp(net.logged, "http: X-Forwarded-For is malformed: \"x\"") == 0);
    peer_fini(&p);
    t = (struct sio_trust){0};
    REQUIRE(sio_trust_add(&t, SIO_LIT("10.0.0.0/8")) == 0);
    app_adopt(peer_tcp(&p, AF_INET));
    ask(&p, CLAIMS, "127.0.0.1 plain in.example");
    peer_fini(&p);
    app_close();
}

TEST(http_a_unix_sockets_peer_is_trusted_when_it_is_listed)
{
    struct sio_trust t = {0};
    struct peer p;
    app_open();
    app.on_request = tell_origin;
    app.s.trust = &t;
    app_adopt(peer_pair(&p, SOCK_STREAM));
    ask(&p, CLAIMS, "- plain in.example");
    REQUIRE(sio_trust_add(&t, SIO_LIT("unix")) == 0);
    ask(&p, CLAIMS, "192.0.2.1 secure out.example");
    peer_fini(&p);
    app_close();
}

/* Who is trusted is decided by where the connection really comes from. */
TEST(http_an_origin_counts_instead_of_the_socket)
{
    struct sio_trust t = {0};
    struct sio_origin origin = {.secure = true};
    struct peer p;
    app_open();
    app.on_request = tell_origin;
    REQUIRE(sio_trust_add(&t, SIO_LIT("127.0.0.1")) == 0);
    app.s.trust = &t;
    REQUIRE(sio_origin_set_address(&origin, SIO_LIT("203.0.113.9")));
    sio_http_server_adopt(
        &app.s, &(struct sio_arrival){.fd = peer_tcp(&p, AF_INET), .hops = 1, .origin = &origin});
    ask(&p, CLAIMS, "203.0.113.9 secure in.example");
    peer_fini(&p);
    app_close();
}

/* ---- a peer that has reset its connection ---------------------------------------------------- */

static struct sio_origin seen;
static bool may_shake;

static void note_origin(struct sio_http_conn *c, const struct sio_http_request *r)
{
    sio_http_conn_origin(c, r, &seen);
    may_shake = sio_http_conn_may_shake(c, r);
    sio_http_respond_text(c, 200, NULL, "nobody");
}

static void reset(struct peer *p)
{
    struct linger hard = {.l_onoff = 1};
    setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    peer_fini(p);
}

/* What it said before can still be read, but its socket has no address any more. Unix sockets have
 * none either, and these may be trusted. */
TEST(http_who_is_gone_is_not_taken_for_a_unix_sockets_peer)
{
    struct sio_trust t = {.unix_sockets = true};
    struct peer p;
    app_open();
    app.on_request = note_origin;
    app.s.trust = &t;
    app.s.quota = sio_quota_new(0, 1);
    int fd = peer_tcp(&p, AF_INET);
    peer_say(&p, "GET / HTTP/1.1\r\nHost: x\r\n" CLAIMS "\r\n");
    reset(&p);
    app_adopt(fd);
    WAIT(app.requests == 1);
    CHECK_SLICE(sio_origin_address(&seen), "");
    CHECK(!seen.secure && !may_shake);
    sio_quota_close(app.s.quota);
    app_close();
}

TEST(http_who_is_gone_may_not_speak_proxy)
{
    struct sio_trust t = {.unix_sockets = true};
    struct peer p;
    app_open();
    app.on_request = note_origin;
    app.s.trust = &t;
    app.s.proxy_protocol = true;
    int fd = peer_tcp(&p, AF_INET);
    peer_say(&p, "PROXY TCP4 192.0.2.1 198.51.100.1 1 2\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
    reset(&p);
    app_adopt(fd);
    WAIT(app.s.n_conns == 0);
    CHECK_EQ_INT(app.requests, 0);
    app_close();
}
