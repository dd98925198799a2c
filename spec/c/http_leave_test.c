// SPDX-License-Identifier: MIT
/* net/http_conn: a connection leaves HTTP, for another protocol or for another worker. */
#include "test.h"
#include "net.h"
#include "http_app.h"

#define GET(target) "GET " target " HTTP/1.1\r\nHost: x\r\n\r\n"

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

static struct {
    struct sio_conn *c;
    struct sio_buf rest, got;
} raw;

static void raw_on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    CHECK(owner == &raw && c == raw.c);
    sio_buf_append_slice(&raw.got, data);
}

static void raw_on_close(void *owner, struct sio_conn *c, int err)
{
    (void)owner;
    (void)c;
    CHECK_EQ_INT(err, 0);
    raw.c = NULL;
}

static const struct sio_conn_events raw_events = {raw_on_data, raw_on_close, NULL};

static void upgrade(struct sio_http_conn *c)
{
    struct sio_slice rest;
    raw.c = sio_http_upgrade(c, &rest);
    CHECK(raw.c == sio_http_conn_stream(c));
    sio_buf_append_slice(&raw.rest, rest);
    sio_conn_set_events(raw.c, &raw_events, &raw);
    sio_conn_write(raw.c, SIO_LIT("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    CHECK(sio_http_upgrade(c, &rest) == NULL);
}

static void upgrade_now(struct sio_http_conn *c, const struct sio_http_request *r)
{
    if (r->upgrade)
        upgrade(c);
    else
        app_hello(c, r);
}

#define UPGRADE "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

static void check_upgraded(void)
{
    CHECK_EQ_INT(app.s.n_conns, 0);
    CHECK(peer_has(&p, "101 Switching Protocols\r\n\r\n"));
    peer_say(&p, "more");
    WAIT(raw.got.len == 4);
    CHECK_SLICE(sio_buf_slice(&raw.rest), "other protocol");
    CHECK_EQ_INT(app.gone, 0);
    peer_fini(&p);
    WAIT(raw.c == NULL);
    sio_buf_fini(&raw.rest);
    sio_buf_fini(&raw.got);
    app_close();
}

TEST(http_upgrades_with_the_bytes_behind_the_head)
{
    start();
    app.on_request = upgrade_now;
    peer_say(&p, UPGRADE "other protocol");
    WAIT(p.got.len > 0);
    check_upgraded();
}

TEST(http_upgrades_after_earlier_requests)
{
    start();
    app.on_request = upgrade_now;
    peer_say(&p, GET("/1") GET("/2") UPGRADE "other protocol");
    WAIT(peer_has(&p, "101"));
    CHECK_EQ_INT(app.requests, 3);
    check_upgraded();
}

TEST(http_upgrades_later)
{
    start();
    app.on_request = app_accept;
    peer_say(&p, UPGRADE "other ");
    WAIT(app.requests == 1);
    peer_say(&p, "protocol");
    net_turn();
    upgrade(app.waiting[0]);
    WAIT(p.got.len > 0);
    check_upgraded();
}

static struct {
    int fd;
    struct sio_buf bytes;
    unsigned hops;
} given;

static void give(struct sio_http_conn *c, const struct sio_http_request *r)
{
    if (!sio_slice_eq(r->path, SIO_LIT("/give")) || sio_http_conn_hops(c) > 0) {
        given.hops = sio_http_conn_hops(c);
        app_hello(c, r);
        return;
    }
    given.fd = fcntl(sio_http_conn_fd(c), F_DUPFD_CLOEXEC, 0);
    sio_buf_clear(&given.bytes);
    sio_http_conn_bytes(c, &given.bytes);
    sio_http_release(c);
}

/* To ourselves, as if we were the other worker. */
TEST(http_gives_a_connection_away_and_takes_one)
{
    start();
    app.on_request = give;
    peer_say(&p, GET("/1") GET("/give") GET("/2") "GET /3 HT");
    WAIT(app.requests == 2);
    CHECK_SLICE(sio_buf_slice(&given.bytes), GET("/give") GET("/2") "GET /3 HT");
    peer_take(&p);
    CHECK(peer_has(&p, "hello")); /* the answer to /1 had left before */
    CHECK(!p.ended && !p.reset);
    CHECK_EQ_INT(app.s.n_conns, 0);
    sio_http_server_adopt(
        &app.s,
        &(struct sio_arrival){.fd = given.fd, .hops = 1, .bytes = sio_buf_slice(&given.bytes)});
    CHECK_EQ_INT(app.requests, 4);
    CHECK_EQ_INT(given.hops, 0); /* of /2: the hop was for /give */
    peer_say(&p, "TP/1.1\r\nHost: x\r\n\r\n");
    WAIT(app.requests == 5);
    CHECK_ASKED("GET /1;GET /give;GET /give;GET /2;GET /3;");
    CHECK(!p.ended);
    sio_buf_fini(&given.bytes);
    end();
}
