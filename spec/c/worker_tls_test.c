// SPDX-License-Identifier: MIT
/* worker/: TLS clients whose requests belong to the other worker. */
#include "test.h"
#include "worker_side.h"
#include "tls_side.h"

static struct identity id;

static void serve_tls(unsigned slot)
{
    struct sio_tls_options o;
    struct sio_tls_context *context;
    if (id.cert[0] == '\0')
        identity_make(&id, "localhost", NULL);
    o = options_of(&id);
    context = context_of(&o);
    sio_service_set_tls(side[slot].service, context);
    sio_tls_context_unref(context);
}

static void client_at(struct tls_client *c, unsigned slot)
{
    int fd;
    memset(c, 0, sizeof *c);
    fd = peer_pair(&c->peer, SOCK_STREAM);
    sio_http_server_adopt(&side[slot].service->http, &(struct sio_arrival){.fd = fd});
    client_init(c, client_context());
    WAIT(client_step(c) && SSL_is_init_finished(c->ssl));
}

static void client_leave(struct tls_client *c)
{
    peer_fini(&c->peer);
    client_fini(c);
}

static bool has(const struct tls_client *c, const char *text)
{
    return c->got.len != 0 && memmem(c->got.p, c->got.len, text, strlen(text)) != NULL;
}

/* Sends a request and waits until `text` was in the answer. */
static void ask(struct tls_client *c, const char *method, const char *target, const char *body,
                const char *text)
{
    char request[512];
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s",
             method, target, strlen(body), body);
    sio_buf_clear(&c->got);
    client_say(c, sio_slice_str(request));
    WAIT(client_step(c) && has(c, text));
}

static void host_with_tls(void)
{
    host_open();
    side_link();
    serve_tls(0);
    serve_tls(1);
}

/* A session at `slot`, made there. */
static void session_at(struct tls_client *c, unsigned slot, char sid[SIO_ID_LEN + 1])
{
    client_at(c, slot);
    ask(c, "GET", client_target("polling", ""), "", "\"sid\":\"");
    member_of(sio_buf_slice(&c->got), "\"sid\":\"", sid, SIO_ID_LEN + 1);
    CHECK_EQ_INT(slot_of(sid), slot);
}

TEST(worker_tls_sessions_stay_where_they_were_accepted)
{
    struct tls_client a, b;
    char sid[2][SIO_ID_LEN + 1];
    host_with_tls();
    session_at(&a, 0, sid[0]);
    session_at(&b, 0, sid[1]);
    CHECK_EQ_INT(sessions_of(0), 2);
    CHECK_EQ_INT(side[0].w->relays.n, 0);
    client_leave(&a);
    client_leave(&b);
    host_close();
}

TEST(worker_tls_sessions_are_placed_when_counts_drift_apart)
{
    struct tls_client a;
    host_with_tls();
    sio_load_add(&host, 0, SIO_RELAY_SKEW);
    session_at(&a, 0, (char[SIO_ID_LEN + 1]){0}); /* at the limit */
    client_leave(&a);
    sio_load_add(&host, 0, 1);
    client_at(&a, 0);
    ask(&a, "GET", client_target("polling", ""), "", "\"sid\":\"");
    CHECK_EQ_INT(sessions_of(1), 1);
    CHECK_EQ_INT(side[0].w->relays.n, 1);
    client_leave(&a);
    host_close();
}

TEST(worker_tls_requests_for_both_workers_on_one_connection)
{
    struct tls_client a, b;
    char sid[2][SIO_ID_LEN + 1];
    host_with_tls();
    session_at(&a, 0, sid[0]);
    session_at(&b, 1, sid[1]);
    for (unsigned i = 0; i < 6; i++)
        ask(&a, "POST", client_target("polling", sid[i % 2]), "3", "\r\n\r\nok");
    CHECK_EQ_INT(side[0].w->relays.n, 1); /* it comes back by its descriptor */
    ask(&a, "GET", client_target("polling", "AAAAAAAAAAAAAAAAAAAA"), "", "Session ID unknown");
    client_leave(&a);
    WAIT(side[0].w->relays.n == 0);
    client_leave(&b);
    host_close();
}

TEST(worker_tls_says_where_a_relayed_client_is)
{
    struct tls_client a, b;
    char sid[SIO_ID_LEN + 1];
    struct eio_session *s;
    host_with_tls();
    session_at(&b, 1, sid);
    s = eio_server_find(sio_service_engine(side[1].service), sio_slice_str(sid));
    CHECK(s != NULL && eio_session_secure(s));
    client_leave(&b);
    sio_load_add(&host, 0, 2 * SIO_RELAY_SKEW);
    client_at(&a, 0);
    ask(&a, "GET", client_target("polling", ""), "", "\"sid\":\"");
    member_of(sio_buf_slice(&a.got), "\"sid\":\"", sid, sizeof sid);
    CHECK_EQ_INT(slot_of(sid), 1);
    s = eio_server_find(sio_service_engine(side[1].service), sio_slice_str(sid));
    CHECK(s != NULL && eio_session_secure(s));
    client_leave(&a);
    host_close();
}

/* Only the request is lost: the session lives elsewhere. */
TEST(worker_tls_refuses_a_request_when_there_are_too_many_relays)
{
    struct tls_client a, b;
    char sid[SIO_ID_LEN + 1];
    host_with_tls();
    session_at(&b, 1, sid);
    side[0].w->relays.n = SIO_RELAYS_MAX;
    client_at(&a, 0);
    ask(&a, "POST", client_target("polling", sid), "3", "HTTP/1.1 503 ");
    CHECK(strstr(net.logged, "no more of them") != NULL);
    side[0].w->relays.n = SIO_RELAYS_MAX - 1;
    client_leave(&a);
    client_at(&a, 0);
    ask(&a, "POST", client_target("polling", sid), "3", "\r\n\r\nok");
    CHECK_EQ_INT(side[0].w->relays.n, SIO_RELAYS_MAX);
    side[0].w->relays.n = 1;
    client_leave(&a);
    client_leave(&b);
    host_close();
}

TEST(worker_tls_relays_end_with_their_worker)
{
    struct tls_client a, b;
    char sid[SIO_ID_LEN + 1];
    host_with_tls();
    session_at(&b, 1, sid);
    client_at(&a, 0);
    ask(&a, "POST", client_target("polling", sid), "3", "\r\n\r\nok");
    CHECK_EQ_INT(side[0].w->relays.n, 1);
    side_close(0);
    WAIT(client_step(&a) && a.ended && a.peer.ended);
    client_leave(&a);
    client_leave(&b);
    host_close();
}

/* The link is full for as long as it is waited for: the request comes back, over its own relay. */
TEST(worker_tls_takes_back_what_cannot_be_given)
{
    struct tls_client a;
    char sid[SIO_ID_LEN + 1];
    int ends[2];
    host_open();
    serve_tls(0);
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    while (sio_mesh_give(
               side[0].w->mesh, 1,
               &(struct sio_arrival){.fd = host.fd, .hops = 1, .bytes = SIO_LIT("filler")}) == 0)
        ;
    sio_id_new(side[1].me, sid);
    client_at(&a, 0);
    ask(&a, "POST", client_target("polling", sid), "3", "HTTP/1.1 503 ");
    WAIT(client_step(&a) && a.ended);
    CHECK_EQ_INT(side[0].w->n_gives, 0);
    client_leave(&a);
    close(ends[1]);
    host_close();
}

/* The time for the first head covers the handshake too. */
TEST(worker_tls_closes_who_does_not_shake_hands_in_time)
{
    struct peer p;
    struct sio_http_server slow;
    struct sio_http_limits limits;
    struct sio_tls_options o;
    struct sio_tls_context *context;
    bool closed = false;
    net_open();
    sio_http_limits_default(&limits);
    limits.head_timeout_ms = 20;
    sio_http_server_init(&slow, &net.loop, &limits, NULL, NULL);
    o = options_of(&id);
    context = context_of(&o);
    sio_http_server_set_tls(&slow, context);
    sio_tls_context_unref(context);
    sio_http_server_adopt(&slow, &(struct sio_arrival){.fd = peer_tcp(&p, AF_INET)});
    peer_say(&p, "\x16\x03\x01");
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    CHECK_EQ_INT(slow.n_conns, 0);
    peer_fini(&p);
    sio_http_server_close(&slow, eio_set_flag, &closed);
    WAIT(closed);
    CHECK(net_close());
}

/* The header, the handshake's first bytes and the cut between them are where they like to be. */
TEST(worker_tls_begins_behind_a_proxy_header)
{
    static const char header[] = "PROXY TCP4 192.0.2.7 192.0.2.8 4000 443\r\n";
    struct tls_client c;
    char sid[SIO_ID_LEN + 1];
    host_with_tls();
    side[0].service->http.proxy_protocol = true;
    for (size_t at = 1; at <= sizeof header + 2; at++) {
        int fd;
        memset(&c, 0, sizeof c);
        atomic_store(&host.slots[1].sessions, 1000); /* it stays here */
        fd = peer_pair(&c.peer, SOCK_STREAM);
        sio_http_server_adopt(&side[0].service->http, &(struct sio_arrival){.fd = fd});
        client_init(&c, client_context());
        sio_buf_append(&c.held, header, sizeof header - 1);
        c.hold = true;
        client_step(&c);
        peer_send(&c.peer, sio_slice(c.held.p, at));
        net_turn();
        peer_send(&c.peer, sio_slice(c.held.p + at, c.held.len - at));
        c.hold = false;
        sio_buf_clear(&c.held);
        WAIT(client_step(&c) && SSL_is_init_finished(c.ssl));
        ask(&c, "GET", client_target("polling", ""), "", "\"sid\":\"");
        member_of(sio_buf_slice(&c.got), "\"sid\":\"", sid, sizeof sid);
        struct eio_session *s =
            eio_server_find(sio_service_engine(side[0].service), sio_slice_str(sid));
        REQUIRE(s != NULL);
        CHECK(eio_session_secure(s));
        CHECK_EQ_STR(eio_session_address(s), "192.0.2.7");
        client_leave(&c);
    }
    host_close();
}

/* Who is one too many gets no handshake, and nothing in plain text either. */
TEST(worker_tls_turns_away_without_a_word)
{
    struct peer p;
    host_with_tls();
    side[0].service->http.limits.max_connections = 0;
    sio_http_server_adopt(&side[0].service->http,
                          &(struct sio_arrival){.fd = peer_tcp(&p, AF_INET)});
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    peer_fini(&p);
    side[0].service->http.limits.max_connections = 100;
    side[0].service->http.quota = sio_quota_new(1, 0);
    for (int i = 0; i < 2; i++) {
        struct peer first, second;
        int fd = peer_tcp(&first, AF_INET);
        sio_http_server_adopt(&side[0].service->http, &(struct sio_arrival){.fd = fd});
        fd = peer_tcp(&second, AF_INET);
        sio_http_server_adopt(&side[0].service->http, &(struct sio_arrival){.fd = fd});
        WAIT(second.ended);
        CHECK_EQ_INT(second.got.len, 0);
        CHECK(!first.ended);
        peer_fini(&first);
        peer_fini(&second);
        WAIT(side[0].service->http.n_conns == 0);
        net_turn();
    }
    host_close();
}
