// SPDX-License-Identifier: MIT
/* The joint: where a request goes, whose session it is, and what a broadcast waits for.
 *
 * Stands on worker/, a real loop, shared memory, links and socket pairs; see worker_side.h.
 */
#include "test.h"

#include "base/clock.h"
#include "worker_side.h"

/* ---- where requests go ----------------------------------------------------------------------- */

TEST(worker_least_connection_places_on_the_sibling)
{
    struct peer first, second;
    char a[SIO_ID_LEN + 1], b[SIO_ID_LEN + 1];
    host_open();
    side_link();
    peer_at(&first, 0);
    client_handshake(&first, a);
    CHECK_EQ_INT(slot_of(a), 0); /* a tie stays where it was accepted */
    peer_at(&second, 0);
    client_handshake(&second, b);
    CHECK_EQ_INT(slot_of(b), 1);
    CHECK(eio_server_find(sio_service_engine(side[1].service), sio_slice_str(b)) != NULL);
    CHECK_EQ_INT(sessions_of(0), 1);
    CHECK_EQ_INT(sessions_of(1), 1);
    client_post(&first, a, "1");
    EXPECT(&first, 200, "ok");
    client_post(&second, b, "1");
    EXPECT(&second, 200, "ok");
    CHECK_EQ_INT(sessions_of(0), 0);
    CHECK_EQ_INT(sessions_of(1), 0);
    peer_fini(&first);
    peer_fini(&second);
    host_close();
}

TEST(worker_without_a_link_it_serves_here)
{
    struct peer first, second;
    char a[SIO_ID_LEN + 1], b[SIO_ID_LEN + 1];
    host_open();
    peer_at(&first, 0);
    client_handshake(&first, a);
    peer_at(&second, 0);
    client_handshake(&second, b);
    CHECK_EQ_INT(slot_of(b), 0);
    CHECK_EQ_INT(sessions_of(0), 2);
    CHECK_EQ_INT(sessions_of(1), 0); /* the failed give was taken back */
    atomic_fetch_or(&host.journal->sleepers, UINT64_C(2));
    user_emit_all(0, "[\"x\"]");
    sio_journal_wake(&side[0].w->journal, side[0].w->bells);
    CHECK(atomic_load(&host.journal->sleepers) & 2); /* its bell is still to come */
    peer_fini(&first);
    peer_fini(&second);
    host_close();
}

/* A poll and a post of another worker's session; the request comes in two parts, cut at `at`. */
static void send_in_two(struct peer *p, const char *text, size_t at)
{
    peer_send(p, sio_slice(text, at));
    net_turn();
    net_turn();
    peer_send(p, sio_slice_from(sio_slice_str(text), at));
}

TEST(worker_a_foreign_sid_is_given_wherever_its_bytes_are_cut)
{
    struct peer own, p;
    char sid[SIO_ID_LEN + 1], request[320];
    host_open();
    side_link();
    peer_at(&own, 1);
    client_handshake(&own, sid);
    REQUIRE(slot_of(sid) == 1);
    snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3",
             client_target("polling", sid));
    for (size_t at = 1; at < strlen(request); at++) {
        peer_at(&p, 0);
        send_in_two(&p, request, at);
        EXPECT(&p, 200, "ok");
        peer_fini(&p);
    }
    CHECK_EQ_INT(sessions_of(0), 0);
    CHECK_EQ_INT(sessions_of(1), 1);
    peer_fini(&own);
    host_close();
}

TEST(worker_one_connection_carries_two_sids)
{
    struct peer a, b;
    char sid[2][SIO_ID_LEN + 1];
    host_open();
    side_link();
    peer_at(&a, 0);
    peer_at(&b, 1);
    client_handshake(&a, sid[0]);
    client_handshake(&b, sid[1]);
    REQUIRE(slot_of(sid[0]) == 0 && slot_of(sid[1]) == 1);
    for (unsigned i = 0; i < 6; i++) {
        client_post(&a, sid[i % 2], "3");
        EXPECT(&a, 200, "ok");
    }
    client_request(&a, "GET", "/page", "", NULL);
    EXPECT(&a, 200, "app");
    CHECK(side_logged(0, "request:/page ") || side_logged(1, "request:/page "));
    client_get(&a, "AAAAAAAAAAAAAAAAAAAA");
    EXPECT(&a, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    peer_fini(&a);
    peer_fini(&b);
    host_close();
}

/* A link whose other end, in the test's hand, is full. */
static void fill_link(int ends[2])
{
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    struct sio_arrival filler = {.fd = host.fd, .hops = 1, .bytes = SIO_LIT("filler")};
    while (sio_mesh_give(side[0].w->mesh, 1, &filler) == 0)
        ;
}

/* What was given over it: true when `text` was among it. */
static bool empty_link(int end, const char *text)
{
    char got[4096];
    bool found = false;
    for (ssize_t n; (n = recv(end, got, sizeof got, MSG_DONTWAIT)) > 0;)
        found |= memmem(got, (size_t)n, text, strlen(text)) != NULL;
    return found;
}

TEST(worker_a_give_waits_for_a_full_link)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    int ends[2];
    struct sio_origin origin = {.secure = true};
    host_open();
    sio_id_new(side[1].me, sid);
    fill_link(ends);
    sio_origin_set_address(&origin, SIO_LIT("192.0.2.7"));
    sio_http_server_adopt(
        &side[0].service->http,
        &(struct sio_arrival){.fd = peer_pair(&p, SOCK_STREAM), .origin = &origin});
    client_post(&p, sid, "3");
    WAIT(side[0].w->n_gives == 1);
    CHECK(!empty_link(ends[1], "192.0.2.7POST "));
    WAIT(side[0].w->n_gives == 0);
    CHECK(empty_link(ends[1],
                     "192.0.2.7POST ")); /* and there ended the descriptor, and the connection */
    WAIT(p.ended);
    CHECK_EQ_INT(p.got.len, 0);
    peer_fini(&p);
    close(ends[1]);
    host_close();
}

TEST(worker_a_give_is_taken_back_in_the_end)
{
    struct peer p, q, r;
    char sid[SIO_ID_LEN + 1];
    int ends[2];
    host_open();
    sio_id_new(side[1].me, sid);
    fill_link(ends);
    peer_at(&p, 0);
    client_post(&p, sid, "3");
    EXPECT(&p, 503, ""); /* not 400: the session may well live */
    CHECK_EQ_INT(side[0].w->n_gives, 0);
    peer_at(&q, 0);
    side[0].w->n_gives = SIO_GIVES_MAX;
    client_post(&q, sid, "3");
    EXPECT(&q, 503, "");
    CHECK(strstr(net.logged, "the link to worker 2 is full") != NULL);
    side[0].w->n_gives = 0;
    peer_at(&r, 0);
    client_post(&r, sid, "3");
    WAIT(side[0].w->n_gives == 1);
    side_close(0); /* with one waiting */
    peer_fini(&p);
    peer_fini(&q);
    peer_fini(&r);
    close(ends[1]);
    host_close();
}

TEST(worker_open_takes_its_descriptors_even_when_it_fails)
{
    int fds[2] = {open("/dev/null", O_RDWR | O_CLOEXEC), eventfd(0, EFD_CLOEXEC)};
    struct sio_worker *w = NULL;
    struct sio_worker_options o = {.shm_fd = fds[0], .bell_fd = fds[1]};
    host_open();
    CHECK_EQ_INT(sio_worker_open(&net.loop, &o, &w), SIO_EPROTO);
    CHECK(fcntl(fds[0], F_GETFD) < 0 && fcntl(fds[1], F_GETFD) < 0);
    o.shm_fd = dup(host.fd);
    o.bell_fd = open("/dev/null", O_RDWR | O_CLOEXEC); /* cannot be polled */
    o.me = side[0].me;
    CHECK_EQ_INT(sio_worker_open(&net.loop, &o, &w), SIO_ESYS);
    CHECK(fcntl(o.shm_fd, F_GETFD) < 0 && fcntl(o.bell_fd, F_GETFD) < 0);
    host_close();
}

TEST(worker_a_listener_that_cannot_be_polled_is_refused)
{
    host_open();
    sio_service_add_listener(side[0].service, open("/dev/null", O_RDWR | O_CLOEXEC));
    CHECK(strstr(net.logged, "listener refused") != NULL);
    CHECK_EQ_INT(side[0].service->n_listeners, 0);
    host_close();
}

/* ---- broadcasts ------------------------------------------------------------------------------ */

TEST(worker_a_broadcast_wakes_the_sibling_and_keeps_order_behind_a_blocked_journal)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_open(&a, 0, "", &r);
    user_open(&b, 0, "", &r);
    CHECK_EQ_INT(slot_of(b.sid), 1);
    client_get(&b.peer, b.sid);
    user_emit_all(0, "[\"first\"]");
    reply_take(&b.peer, &r);
    CHECK(sio_slice_starts(sio_buf_slice(&r.body), SIO_LIT("42[\"first\",")));
    REQUIRE(sio_journal_lock(host.journal) == 0); /* as a stopped writer has it */
    user_emit_all(0, "[\"a\"]");
    user_emit_all(0, "[\"b\"]");
    CHECK(sio_worker_backing(side[0].service).blocked(side[0].service));
    sio_journal_unlock(host.journal);
    user_emit_all(0, "[\"c\"]"); /* could be appended now, but not ahead of the others */
    WAIT(!sio_worker_backing(side[0].service).blocked(side[0].service));
    user_poll(&b, &r);
    const char *at[3];
    sio_buf_append_char(&r.body, '\0');
    for (unsigned i = 0; i < 3; i++)
        at[i] = strstr(r.body.p, (const char *[]){"[\"a\",", "[\"b\",", "[\"c\","}[i]);
    CHECK(at[0] != NULL && at[0] < at[1] && at[1] < at[2]);
    user_end_both(&a, &b, &r);
}

static bool blocks;

static void look(void *ctx)
{
    (void)ctx;
    blocks = !uv_is_active((uv_handle_t *)&net.loop.idle);
}

static struct sio_hook probe = {.after_block = look};

static void emit_late(void *ctx)
{
    sio_loop_remove_hook(ctx);
    user_emit_all(0, "[\"late\"]");
    sio_loop_add_hook(&net.loop, &probe);
}

/* As a handler does when a write has shown that its client is gone. */
TEST(worker_what_is_emitted_behind_the_end_of_a_tick_wakes_siblings_at_once)
{
    struct sio_hook late = {.before_block = emit_late, .ctx = &late};
    host_open();
    side_link();
    net_turn();
    sio_loop_add_hook(&net.loop, &late); /* behind the worker's */
    blocks = true;
    net_turn();
    CHECK(!blocks);
    sio_loop_remove_hook(&probe);
    host_close();
}

TEST(worker_the_deferred_queue_is_bounded)
{
    char big[4096] = "[\"";
    struct sio_slice record = {big, sizeof big};
    host_open();
    REQUIRE(sio_journal_lock(host.journal) == 0);
    side[0].w->deferred_bytes = SIO_DEFERRED_BYTES - sizeof big; /* as after two thousand of it */
    CHECK_EQ_INT(sio_worker_backing(side[0].service).publish(side[0].service, record, 0), 0);
    CHECK_EQ_INT(sio_worker_backing(side[0].service).publish(side[0].service, record, 0),
                 SIO_EFULL);
    CHECK(strstr(net.logged, "its queue is full") != NULL);
    sio_journal_unlock(host.journal);
    side[0].w->deferred_bytes = sizeof big;
    host_close();
}

TEST(worker_a_replaced_sibling_is_still_woken)
{
    uint64_t rings = 0;
    int ends[2];
    host_open();
    side_link();
    REQUIRE(sio_link_pair(ends) == 0); /* its successor's link, before the old one's end is seen */
    int bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(bell));
    CHECK(side[0].w->bells[1] >= 0);
    atomic_fetch_or(&host.journal->sleepers, UINT64_C(2));
    user_emit_all(0, "[\"x\"]");
    sio_journal_wake(&side[0].w->journal, side[0].w->bells);
    CHECK(read(bell, &rings, sizeof rings) == sizeof rings);
    close(ends[1]);
    close(bell);
    host_close();
}

/* ---- recovery -------------------------------------------------------------------------------- */

TEST(worker_a_session_moves_from_a_living_owner_and_back)
{
    struct user a = {0}, b = {0}, c = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    user_emit_all(1, "[\"missed\"]");
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_EQ_INT(slot_of(b.sid), 1);
    CHECK_SIDE(1, "recovered ");
    CHECK_SIDE(0, "disconnect:transport close ");
    CHECK_EQ_STR(b.pid, a.pid);
    CHECK(memmem(r.body.p, r.body.len, "[\"missed\",", 10) != NULL);
    CHECK_EQ_INT(sessions_of(0), 0);
    /* The first owner has nothing left that would stand in the way. */
    WAIT(side[0].w->n_lent == 0);
    struct sio_place owner;
    CHECK_EQ_INT(sio_arena_find(&side[0].w->arena, sio_slice_str(a.pid), &owner), SIO_OWNER_ALIVE);
    CHECK_EQ_INT(owner.slot, 1);
    user_open(&c, 0, auth_of(&a), &r);
    CHECK_EQ_INT(slot_of(c.sid), 0);
    CHECK_SIDE(0, "recovered ");
    CHECK_SIDE(1, "disconnect:transport close ");
    CHECK_EQ_STR(c.pid, a.pid);
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    peer_fini(&c.peer);
    host_close();
}

TEST(worker_a_session_too_large_to_hand_over_begins_anew)
{
    static char data[SIO_MESH_MSG_MAX + 2];
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    memset(data, 'x', sizeof data);
    data[0] = data[sizeof data - 1] = '"';
    user_open(&b, 1, "", &r); /* so that the loop turns no more between data and claim */
    sio_buf_clear(&side[1].log);
    struct sio_mesh_msg claim = {
        .type = SIO_MESH_CLAIM, .request = 7, .payload = sio_slice_str(a.pid)};
    sio_socket_set_data(side[0].socket, sio_slice(data, sizeof data));
    sio_worker_on_mesh(side[0].w, 1, &claim);
    CHECK_SIDE(0, "disconnect:transport close ");
    CHECK(strstr(net.logged, "handed over") != NULL);
    struct sio_place owner;
    CHECK_EQ_INT(sio_arena_find(&side[0].w->arena, sio_slice_str(a.pid), &owner), SIO_OWNER_NONE);
    user_end_both(&a, &b, &r);
}

TEST(worker_a_session_of_a_dead_owner_is_claimed)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    net_turn();
    sio_shm_bury(&host, 0, sio_clock_ms()); /* its record tells of no end, as after a kill */
    user_emit_all(1, "[\"missed\"]");
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    CHECK_EQ_STR(b.pid, a.pid);
    CHECK(memmem(r.body.p, r.body.len, "[\"missed\",", 10) != NULL);
    user_end_both(&a, &b, &r);
}

/* The owner's end of the link is in the test's hand, which never answers. */
TEST(worker_an_owner_that_dies_while_asked)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    const uint64_t one = 1;
    int ends[2];
    host_open();
    user_begin(&a);
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[1].w, side[0].me, ends[0], dup(side[0].bell));
    char packet[160];
    snprintf(packet, sizeof packet, "40%s", auth_of(&a));
    peer_at(&b.peer, 1);
    client_handshake(&b.peer, b.sid);
    client_post(&b.peer, b.sid, packet);
    EXPECT(&b.peer, 200, "ok");
    CHECK_EQ_INT(side[1].w->n_claims, 1);
    CHECK_SIDE(1, "");
    sio_shm_bury(&host, 0, sio_clock_ms());
    CHECK(write(side[1].bell, &one, sizeof one) == sizeof one);
    WAIT(side[1].w->n_claims == 0);
    user_poll(&b, &r);
    CHECK_SIDE(1, "recovered ");
    close(ends[1]);
    user_end_both(&a, &b, &r);
}

TEST(worker_a_claim_before_the_link_is_there_is_asked_later)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    char packet[160];
    host_open();
    user_begin(&a);
    snprintf(packet, sizeof packet, "40%s", auth_of(&a));
    peer_at(&b.peer, 1);
    client_handshake(&b.peer, b.sid);
    client_post(&b.peer, b.sid, packet);
    EXPECT(&b.peer, 200, "ok");
    CHECK_EQ_INT(side[1].w->n_claims, 1);
    side_link();
    WAIT(side[1].w->n_claims == 0);
    CHECK_SIDE(1, "recovered ");
    user_end_both(&a, &b, &r);
}

/* Whoever waits for a claim when its worker ends is told, and nothing is left behind. */
TEST(worker_closing_ends_claims)
{
    struct user a = {0}, b = {0};
    char packet[160];
    host_open();
    user_begin(&a);
    snprintf(packet, sizeof packet, "40%s", auth_of(&a));
    peer_at(&b.peer, 1);
    client_handshake(&b.peer, b.sid);
    client_post(&b.peer, b.sid, packet);
    EXPECT(&b.peer, 200, "ok");
    side_close(1);
    CHECK(!side_logged(1, "recovered"));
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    host_close();
}

/* A request may be long in coming: the engine is gone, the heartbeat goes on. */
TEST(worker_closing_waits_for_an_answer_with_its_heart_beating)
{
    struct peer p;
    host_open();
    peer_at(&p, 0);
    peer_send(&p, SIO_LIT("GET /held HTTP/1.1\r\nHost: x\r\n\r\n"));
    WAIT(side[0].held != NULL);
    sio_worker_close(side[0].w, eio_set_flag, &side[0].closed);
    WAIT(sio_service_engine(side[0].service) == NULL);
    uint64_t then = sio_clock_ms();
    WAIT(atomic_load(&host.slots[0].heartbeat_ms) > then);
    CHECK(!side[0].closed);
    sio_worker_skipped(side[0].w); /* found lapped, when the mesh has gone */
    CHECK(!side[0].closed);
    sio_http_respond_text(side[0].held, 200, "text/plain", "at last");
    WAIT(side[0].closed);
    peer_fini(&p);
    host_close();
}
