// SPDX-License-Identifier: MIT
/* The Engine.IO server: handshakes, refusals in upstream's order, limits, the end. */
#include "test.h"

#include "eio.h"

static const char *const POLLING = "/engine.io/?EIO=4&transport=polling";

static void open_default(void)
{
    eio_prepare();
    eio_open();
}

/* One request on a connection of its own. */
static void ask(struct reply *r, const char *method, const char *target, const char *more)
{
    struct peer p;
    client_open(&p);
    client_request(&p, method, target, more, NULL);
    reply_take(&p, r);
    peer_fini(&p);
}

/* ---- handshake ------------------------------------------------------------------------------- */

TEST(polling_handshake)
{
    struct reply r = {0};
    open_default();
    ask(&r, "GET", POLLING, "User-Agent: lua\r\n");
    CHECK_EQ_INT(r.status, 200);
    CHECK(strstr(r.head, "Content-Type: text/plain; charset=UTF-8\r\n") != NULL);
    CHECK(strstr(r.head, "cache-control: no-store\r\n") != NULL);
    CHECK_LOG("open ");
    REQUIRE(r.body.len == 118);
    CHECK_SLICE(sio_slice(r.body.p, 9), "0{\"sid\":\"");
    CHECK_EQ_SLICE(sio_slice(r.body.p + 9, SIO_ID_LEN),
                   sio_slice_str(eio_session_sid(eio.session)));
    CHECK_SLICE(sio_slice_from(sio_buf_slice(&r.body), 29),
                "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                "\"pingTimeout\":20000,\"maxPayload\":1000000}");
    sio_buf_fini(&r.body);
    eio_close();
}

TEST(a_session_knows_its_request)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    open_default();
    client_open(&p);
    client_handshake(&p, sid);
    CHECK_EQ_STR(eio_session_sid(eio.session), sid);
    CHECK_EQ_STR(eio_session_transport(eio.session), "polling");
    CHECK_EQ_STR(eio_session_address(eio.session), "");
    CHECK(eio_session_since_ms(eio.session) > 1600000000000u);
    CHECK(eio_server_find(eio.server, sio_slice_str(sid)) == eio.session);
    CHECK_EQ_INT(eio_server_count(eio.server), 1);
    char head[100];
    CHECK(eio_session_request_len(eio.session) <= sizeof head);
    struct eio_first_request first = eio_session_first_request(eio.session, head);
    uint64_t since_ms = eio_session_since_ms(eio.session);
    CHECK_SLICE(first.head, "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK_EQ_STR(first.address, "");
    CHECK(!first.secure && first.since_ms == since_ms);
    peer_fini(&p);
    eio_close();
}

TEST(the_place_is_in_the_sid)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    struct sio_place where = {0};
    eio_prepare();
    eio.options.place = (struct sio_place){7, 4242};
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    CHECK_EQ_INT(sio_id_place(sio_slice_str(sid), &where), 0);
    CHECK_EQ_INT(where.slot, 7);
    CHECK_EQ_INT(where.generation, 4242);
    peer_fini(&p);
    eio_close();
}

TEST(upgrades_are_named_when_they_are_possible)
{
    static const struct {
        unsigned transports;
        bool allow;
        const char *expected;
    } cases[] = {{EIO_POLLING, true, "\"upgrades\":[],"},
                 {EIO_POLLING | EIO_WEBSOCKET, false, "\"upgrades\":[],"},
                 {EIO_POLLING | EIO_WEBSOCKET, true, "\"upgrades\":[\"websocket\"],"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = {0};
        eio_prepare();
        eio.options.transports = cases[i].transports;
        eio.options.allow_upgrades = cases[i].allow;
        eio_open();
        ask(&r, "GET", POLLING, "");
        sio_buf_append_char(&r.body, '\0');
        CHECK(strstr(r.body.p, cases[i].expected) != NULL);
        sio_buf_fini(&r.body);
        eio_close();
    }
}

TEST(websocket_handshake)
{
    struct peer p;
    open_default();
    client_open(&p);
    client_websocket(&p, "");
    WAIT(p.got.len >= 2 + 107);
    CHECK_SLICE(sio_slice(p.got.p, 10), "\x81\x6b"
                                        "0{\"sid\":");
    CHECK(peer_has(&p, "\"upgrades\":[],\"pingInterval\":25000,"));
    CHECK_EQ_STR(eio_session_transport(eio.session), "websocket");
    CHECK_LOG("open ");
    peer_fini(&p);
    WAIT(eio_logged("gone"));
    CHECK_LOG("open close:transport close gone ");
    eio_close();
}

static void greet(struct eio_session *s)
{
    CHECK_EQ_INT(eio_say(s, "hi", 0), 0);
}

/* The handshake's answer has the open packet only; later packets wait for the first poll. */
TEST(what_is_sent_at_once_follows_the_open_packet)
{
    struct peer p, w;
    char sid[SIO_ID_LEN + 1];
    open_default();
    eio.on_open = greet;
    client_open(&p);
    client_handshake(&p, sid);
    CHECK_EQ_INT(p.got.len, 0);
    client_get(&p, sid);
    EXPECT(&p, 200, "4hi");
    client_open(&w);
    client_websocket(&w, "");
    WAIT(peer_has(&w, "\x81\x03"
                      "4hi"));
    CHECK_EQ_INT(w.reads, 1); /* 101, open packet and message in one write */
    peer_fini(&p);
    peer_fini(&w);
    eio_close();
}

/* W31: upstream loses frames that come glued to the upgrade request. */
TEST(frames_behind_the_upgrade_request_are_read)
{
    struct peer p;
    struct sio_buf b = {0};
    open_default();
    client_open(&p);
    sio_buf_printf(&b, "GET %s HTTP/1.1\r\nHost: x\r\n" WS_HEADERS "\r\n",
                   client_target("websocket", ""));
    sio_buf_append(&b, "\x81\x83\0\0\0\0004hi", 9);
    peer_send(&p, sio_buf_slice(&b));
    sio_buf_fini(&b);
    WAIT(eio_logged("message"));
    CHECK_LOG("open message:hi ");
    peer_fini(&p);
    eio_close();
}

/* ---- refusals -------------------------------------------------------------------------------- */

#define J0 "{\"code\":0,\"message\":\"Transport unknown\"}"
#define J1 "{\"code\":1,\"message\":\"Session ID unknown\"}"
#define J2 "{\"code\":2,\"message\":\"Bad handshake method\"}"
#define J3 "{\"code\":3,\"message\":\"Bad request\"}"
#define J5 "{\"code\":5,\"message\":\"Unsupported protocol version\"}"

static const struct {
    const char *method, *query, *body;
} refusals[] = {
    {"GET", "EIO=4", J0},
    {"GET", "EIO=4&transport=foo", J0},
    {"GET", "EIO=4&transport=POLLING", J0},
    {"GET", "EIO=4&transport=__proto__", J0},
    {"GET", "EIO=4&transport=webtransport", J0},
    {"GET", "EIO=4&transport=foo&sid=abc", J0},
    {"GET", "EIO=4&transport=polling&sid=abc", J1},
    {"GET", "EIO=3&transport=polling&sid=%00", J1},
    {"POST", "EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAAAAAA", J1},
    {"POST", "EIO=4&transport=polling", J2},
    {"PUT", "EIO=3&transport=polling", J2},
    {"OPTIONS", "EIO=4&transport=websocket", J2},
    {"GET", "EIO=3&transport=websocket", J3},
    {"GET", "EIO=4&transport=polling&transport=websocket", J3},
    {"GET", "transport=polling", J5},
    {"GET", "EIO=3&transport=polling", J5},
    {"GET", "EIO=04&transport=polling", J5},
    {"GET", "EIO=4&EIO=3&transport=polling", J5},
};

TEST(refusals_in_upstreams_order)
{
    open_default();
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct reply r = {0};
        char target[128];
        snprintf(target, sizeof target, "/engine.io/?%s", refusals[i].query);
        test_context("%s %s", refusals[i].method, target);
        ask(&r, refusals[i].method, target, "");
        CHECK_EQ_INT(r.status, 400);
        CHECK(strstr(r.head, "Content-Type: application/json\r\n") != NULL);
        CHECK_EQ_SLICE(sio_buf_slice(&r.body), sio_slice_str(refusals[i].body));
        sio_buf_fini(&r.body);
    }
    CHECK_EQ_INT(eio_server_count(eio.server), 0);
    eio_close();
}

/* An empty sid, an sid in brackets and escapes: a new session, as upstream. */
TEST(odd_queries_that_are_handshakes)
{
    static const char *const queries[] = {"EIO=4&transport=polling&sid=",
                                          "sid[]=x&EIO=4&"
                                          "transport=polling",
                                          "a=%zz&EIO=%34&transport=poll%69ng"};
    open_default();
    for (size_t i = 0; i < 3; i++) {
        struct reply r = {0};
        char target[128];
        snprintf(target, sizeof target, "/engine.io/?%s", queries[i]);
        test_context("%s", target);
        ask(&r, "GET", target, "");
        CHECK_EQ_INT(r.status, 200);
        sio_buf_fini(&r.body);
    }
    CHECK_EQ_INT(eio_server_count(eio.server), 3);
    eio_close();
}

static const struct {
    const char *method, *query, *headers, *body;
} upgrade_refusals[] = {
    {"GET", "EIO=4&transport=websocket&sid=abc", WS_HEADERS, "Session ID unknown"},
    {"GET", "EIO=3&transport=websocket", WS_HEADERS, "Unsupported protocol version"},
    {"GET", "EIO=4&transport=polling", WS_HEADERS, "Bad request"},
    {"POST", "EIO=4&transport=websocket", WS_HEADERS, "Bad handshake method"},
    {"GET", "EIO=4", WS_HEADERS, "Transport unknown"},
    {"GET", "EIO=4&transport=websocket", "Connection: Upgrade\r\nUpgrade: h2c\r\n",
     "Invalid Upgrade header"},
};

TEST(upgrades_are_refused_before_the_101)
{
    open_default();
    for (size_t i = 0; i < sizeof upgrade_refusals / sizeof upgrade_refusals[0]; i++) {
        struct reply r = {0};
        char target[128];
        snprintf(target, sizeof target, "/engine.io/?%s", upgrade_refusals[i].query);
        test_context("%s %s", upgrade_refusals[i].method, target);
        ask(&r, upgrade_refusals[i].method, target, upgrade_refusals[i].headers);
        CHECK_EQ_INT(r.status, 400);
        CHECK(strstr(r.head, "Content-Type: text/html\r\n") != NULL);
        CHECK(strstr(r.head, "Connection: close\r\n") != NULL);
        CHECK_EQ_SLICE(sio_buf_slice(&r.body), sio_slice_str(upgrade_refusals[i].body));
        sio_buf_fini(&r.body);
    }
    CHECK_LOG("");
    eio_close();
}

TEST(a_wrong_websocket_version_is_told_the_right_one)
{
    struct reply r = {0};
    open_default();
    ask(&r, "GET", "/engine.io/?EIO=4&transport=websocket",
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 12\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    CHECK_EQ_INT(r.status, 400);
    CHECK(strstr(r.head, "Sec-WebSocket-Version: 13\r\n") != NULL);
    sio_buf_fini(&r.body);
    eio_close();
}

/* Java's client offers h2c on plain HTTP; RFC 9110 §7.8 lets a server ignore it. */
TEST(another_upgrade_offer_on_polling_is_ignored)
{
    struct reply r = {0};
    open_default();
    ask(&r, "GET", POLLING, "Connection: Upgrade\r\nUpgrade: h2c\r\n");
    CHECK_EQ_INT(r.status, 200);
    sio_buf_fini(&r.body);
    eio_close();
}

TEST(only_listed_transports)
{
    struct reply r = {0};
    eio_prepare();
    eio.options.transports = EIO_WEBSOCKET;
    eio_open();
    ask(&r, "GET", POLLING, "");
    CHECK_SLICE(sio_buf_slice(&r.body), J0);
    sio_buf_fini(&r.body);
    eio_close();
    eio_prepare();
    eio.options.transports = EIO_POLLING;
    eio_open();
    ask(&r, "GET", "/engine.io/?EIO=4&transport=websocket", WS_HEADERS);
    CHECK_SLICE(sio_buf_slice(&r.body), "Transport unknown");
    sio_buf_fini(&r.body);
    eio_close();
}

static const struct {
    const char *path;
    int status;
} paths[] = {
    {"/engine.io/", 200},   {"/engine.io/foo/bar", 200}, {"/engine.io", 404},
    {"//engine.io/", 404},  {"/ENGINE.IO/", 404},        {"/engine.io/../engine.io/", 404},
    {"/engine%2eio/", 404},
};

TEST(the_path_is_a_prefix)
{
    open_default();
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct reply r = {0};
        char target[128];
        snprintf(target, sizeof target, "%s?EIO=4&transport=polling", paths[i].path);
        test_context("%s", target);
        ask(&r, "GET", target, "");
        CHECK_EQ_INT(r.status, paths[i].status);
        sio_buf_fini(&r.body);
    }
    eio_close();
}

/* ---- requests of known sessions -------------------------------------------------------------- */

TEST(a_known_session_insists_on_its_protocol)
{
    static const struct {
        const char *method, *transport, *eio, *headers, *body;
        int status;
    } cases[] = {
        {"GET", "polling", "3", "", J3, 400},
        {"POST", "polling", "", "", J3, 400},
        {"GET", "websocket", "4", "", J3, 400},
        {"GET", "websocket", "3", WS_HEADERS, "Bad request", 400},
        {"GET", "polling", "4", WS_HEADERS, "Bad request", 400},
        {"PUT", "polling", "4", "", "", 405},
        {"OPTIONS", "polling", "4", "", "", 405},
    };
    struct peer p;
    char sid[SIO_ID_LEN + 1], target[128];
    open_default();
    client_open(&p);
    client_handshake(&p, sid);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct reply r = {0};
        snprintf(target, sizeof target, "/engine.io/?EIO=%s&transport=%s&sid=%s", cases[i].eio,
                 cases[i].transport, sid);
        test_context("%s %s", cases[i].method, target);
        ask(&r, cases[i].method, target, cases[i].headers);
        CHECK_EQ_INT(r.status, cases[i].status);
        CHECK_EQ_SLICE(sio_buf_slice(&r.body), sio_slice_str(cases[i].body));
        sio_buf_fini(&r.body);
    }
    test_context("%s", "");
    CHECK_LOG("open ");
    client_post(&p, sid, "4still here");
    EXPECT(&p, 200, "ok");
    CHECK_LOG("open message:still here ");
    peer_fini(&p);
    eio_close();
}

TEST(polling_is_refused_on_a_websocket_session)
{
    struct peer w;
    struct reply r = {0};
    open_default();
    client_open(&w);
    client_websocket(&w, "");
    ask(&r, "GET", client_target("polling", eio_session_sid(eio.session)), "");
    CHECK_EQ_INT(r.status, 400);
    CHECK_SLICE(sio_buf_slice(&r.body), J3);
    CHECK_LOG("open ");
    sio_buf_fini(&r.body);
    peer_fini(&w);
    eio_close();
}

TEST(the_sid_of_a_request)
{
    struct sio_http_request r = {.query = SIO_LIT("EIO=4&sid=a%20b")};
    CHECK_SLICE(eio_server_request_sid(&r), "a%20b");
    r.query = SIO_LIT("EIO=4&sid=");
    CHECK(eio_server_request_sid(&r).p == NULL);
    r.query = SIO_LIT("EIO=4");
    CHECK(eio_server_request_sid(&r).p == NULL);
}

/* ---- limits and the end ---------------------------------------------------------------------- */

TEST(max_sessions)
{
    struct reply r = {0};
    eio_prepare();
    eio.options.max_sessions = 2;
    eio_open();
    for (int i = 0; i < 3; i++) {
        ask(&r, "GET", POLLING, "");
        CHECK_EQ_INT(r.status, i < 2 ? 200 : 503);
    }
    CHECK_EQ_INT(eio_server_count(eio.server), 2);
    CHECK(strstr(net.logged, "max_sessions 2") != NULL);
    sio_buf_fini(&r.body);
    eio_close();
}

static struct eio_session *all[5];

static void end_all(void *ctx, struct eio_session *s)
{
    unsigned *calls = ctx;
    CHECK_EQ_INT(eio_session_state(s), EIO_STATE_OPEN);
    (*calls)++;
    for (int i = 0; i < 5; i++)
        eio_session_end(all[i], EIO_TRANSPORT_CLOSE, NULL);
}

TEST(each_may_close_sessions)
{
    struct reply r = {0};
    unsigned calls = 0;
    open_default();
    for (int i = 0; i < 5; i++) {
        ask(&r, "GET", POLLING, "");
        all[i] = eio.session;
    }
    sio_buf_fini(&r.body);
    eio_server_each(eio.server, end_all, &calls);
    CHECK_EQ_INT(calls, 1);
    CHECK_EQ_INT(eio_server_count(eio.server), 0);
    eio_close();
}

TEST(closing_tells_every_client)
{
    struct peer p, w;
    char sid[SIO_ID_LEN + 1];
    open_default();
    client_open(&p);
    client_handshake(&p, sid);
    client_get(&p, sid);
    client_open(&w);
    client_websocket(&w, "");
    WAIT(w.got.len >= 2 + 107);
    sio_buf_clear(&w.got);
    eio_close_engine();
    EXPECT(&p, 200, "1");
    EXPECT_FRAMES(&w, "\x88\x00");
    CHECK_LOG("open open close:forced close gone close:forced close gone ");
    peer_fini(&p);
    peer_fini(&w);
    eio_close();
}
