// SPDX-License-Identifier: MIT
/* Where a client comes from, for the worker: what balance hashes, and what a session keeps when its
 * connection has gone to a sibling.
 *
 * Two workers on socket pairs, see worker_side.h: a peer without an address.
 */
#include "test.h"

#include "worker_side.h"

enum { CLIENTS = 16 };

/* A handshake at worker 0 by who is forwarded for `address`; the slot of its session. */
static unsigned place_of(const char *address, char sid[SIO_ID_LEN + 1])
{
    char field[96];
    struct reply r = {0};
    struct peer p;
    snprintf(field, sizeof field, "X-Forwarded-For: %s\r\n", address);
    peer_at(&p, 0);
    client_request(&p, "GET", client_target("polling", ""), field, NULL);
    reply_take(&p, &r);
    member_of(sio_buf_slice(&r.body), "\"sid\":\"", sid, SIO_ID_LEN + 1);
    sio_buf_fini(&r.body);
    peer_fini(&p);
    return slot_of(sid);
}

/* The slots of clients with 16 addresses, as bits; `prefix` is what they write in front. */
static unsigned places(const char *prefix)
{
    char address[64], sid[SIO_ID_LEN + 1];
    unsigned bits = 0;
    for (unsigned i = 0; i < CLIENTS; i++) {
        snprintf(address, sizeof address, "%s192.0.2.%u", prefix, i);
        bits |= place_of(address, sid) << i;
    }
    return bits;
}

static const char *address_of(const char *sid)
{
    struct eio_server *e = sio_service_engine(side[slot_of(sid)].service);
    struct eio_session *s = eio_server_find(e, sio_slice_str(sid));
    return s != NULL ? eio_session_address(s) : "no session";
}

static void open_balanced(void)
{
    host_open();
    side_link();
    for (int i = 0; i < 2; i++)
        side[i].service->app.balance = SIO_FORWARDED_FOR;
}

static void trust(const char *word)
{
    for (int i = 0; i < 2; i++) {
        CHECK_EQ_INT(sio_trust_add(&side[i].service->app.trust, sio_slice_str(word)), 0);
        side[i].service->http.trust = &side[i].service->app.trust;
    }
}

TEST(worker_forwarded_for_without_trust_takes_the_first)
{
    char sid[SIO_ID_LEN + 1];
    open_balanced();
    unsigned spread = places("");
    CHECK(spread != 0 && spread != (1u << CLIENTS) - 1);
    CHECK(places("203.0.113.1, ") == 0 || places("203.0.113.1, ") == (1u << CLIENTS) - 1);
    place_of("192.0.2.1", sid);
    CHECK_SLICE(sio_slice_str(address_of(sid)), ""); /* where it goes, not who it is */
    host_close();
}

TEST(worker_forwarded_for_by_who_is_not_trusted_counts_for_nothing)
{
    open_balanced();
    trust("10.0.0.0/8");
    unsigned spread = places("");
    CHECK(spread == 0 || spread == (1u << CLIENTS) - 1);
    host_close();
}

TEST(worker_forwarded_for_by_a_trusted_proxy)
{
    char sid[SIO_ID_LEN + 1];
    bool met[2] = {false, false};
    open_balanced();
    trust("unix");
    unsigned spread = places("");
    CHECK(spread != 0 && spread != (1u << CLIENTS) - 1);
    CHECK_EQ_INT(places("203.0.113.1, "), spread); /* what the client wrote in front */
    for (int i = 0; i < CLIENTS; i++) {
        char address[32];
        snprintf(address, sizeof address, "192.0.2.%d", i);
        met[place_of(address, sid)] = true;
        CHECK_EQ_SLICE(sio_slice_str(address_of(sid)), sio_slice_str(address));
    }
    CHECK(met[0] && met[1]);
    host_close();
}

/* The sibling sees a socket pair; what it was told with the connection is all that it knows. */
TEST(worker_an_origin_goes_with_a_given_connection)
{
    struct sio_origin origin = {.secure = true};
    bool met[2] = {false, false};
    REQUIRE(sio_origin_set_address(&origin, SIO_LIT("2001:db8::7")));
    host_open();
    side_link();
    for (int i = 0; i < 4; i++) {
        struct peer p;
        char sid[SIO_ID_LEN + 1];
        sio_http_server_adopt(
            &side[0].service->http,
            &(struct sio_arrival){.fd = peer_pair(&p, SOCK_STREAM), .origin = &origin});
        client_handshake(&p, sid);
        met[slot_of(sid)] = true;
        CHECK_SLICE(sio_slice_str(address_of(sid)), "2001:db8::7");
        CHECK(eio_session_secure(
            eio_server_find(sio_service_engine(side[slot_of(sid)].service), sio_slice_str(sid))));
        peer_fini(&p);
    }
    CHECK(met[0] && met[1]);
    host_close();
}

/* ---- clients that have reset ----------------------------------------------------------------- */

/* What they asked can still be read, but nobody knows any more who they were. */
TEST(worker_serves_nobody_who_has_reset)
{
    static const char *const asks[] = {
        "GET /page HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n"};
    struct linger hard = {.l_onoff = 1};
    host_open();
    for (int i = 0; i < 2; i++) {
        struct peer p;
        int fd = peer_tcp(&p, AF_INET);
        peer_say(&p, asks[i]);
        setsockopt(p.fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        peer_fini(&p);
        sio_http_server_adopt(&side[0].service->http, &(struct sio_arrival){.fd = fd});
        WAIT(side[0].service->http.n_conns == 0);
        CHECK_SIDE(0, "");
        CHECK_EQ_INT(eio_server_count(side[0].service->engine), 0);
    }
    host_close();
}
