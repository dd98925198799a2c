// SPDX-License-Identifier: MIT
/* The gentle end of a worker: who leaves when, what is still answered, when it is over.
 *
 * Stands on worker_side.h. Times are only looked at from below: nobody may leave too early.
 */
#include "test.h"

#include "base/clock.h"
#include "worker_side.h"

enum { USERS = 10, AGES = 600000 }; /* ms: longer than any test */

static struct user users[USERS];
static bool over;

static void drain(uint64_t spread_ms, uint64_t limit_ms)
{
    over = false;
    sio_worker_drain(side[0].w, spread_ms, limit_ms, eio_set_flag, &over);
}

/* `n` users at worker 0, each of another millisecond, whose polls wait. */
static void users_open(size_t n)
{
    struct reply r = {0};
    for (size_t i = 0; i < n; i++) {
        user_open(&users[i], 0, "", &r);
        client_get(&users[i].peer, users[i].sid);
        uint64_t now = sio_clock_wall_ms();
        WAIT(sio_clock_wall_ms() > now);
    }
    sio_buf_fini(&r.body);
    sio_buf_clear(&side[0].log);
}

static void users_fini(size_t n)
{
    for (size_t i = 0; i < n; i++) {
        peer_fini(&users[i].peer);
        users[i] = (struct user){0};
    }
}

static size_t n_left(size_t n)
{
    size_t left = 0;
    while (left < n && has_reply(&users[left].peer))
        left++;
    return left;
}

static size_t n_gone(size_t n)
{
    size_t gone = 0;
    for (size_t i = 0; i < n; i++)
        gone += has_reply(&users[i].peer);
    return gone;
}

/* ---- who leaves when ------------------------------------------------------------------------- */

TEST(drain_the_eldest_leaves_first_and_none_too_early)
{
    struct reply r = {0};
    host_open();
    users_open(USERS);
    uint64_t begin = sio_loop_now(&net.loop);
    drain(USERS * 20, AGES);
    for (size_t i = 0; i < USERS; i++) {
        WAIT(n_gone(USERS) > i); /* a late loop may catch up */
        CHECK_EQ_INT(n_gone(USERS), n_left(USERS));
        CHECK(sio_loop_now(&net.loop) - begin + SIO_DRAIN_STEP_MS >= i * 20);
    }
    WAIT(over);
    for (size_t i = 0; i < USERS; i++) {
        reply_take(&users[i].peer, &r);
        CHECK_EQ_SLICE(sio_buf_slice(&r.body), SIO_LIT("1"));
        CHECK(strstr(r.head, "Connection: close") != NULL);
    }
    CHECK(side_logged(0, "disconnect:server shutting down "));
    CHECK(!side_logged(0, "disconnect:forced"));
    sio_buf_fini(&r.body);
    users_fini(USERS);
    host_close();
}

TEST(drain_few_do_not_take_all_of_a_long_time)
{
    host_open();
    users_open(3);
    drain(AGES, AGES);
    WAIT(over);
    WAIT(n_left(3) == 3);
    users_fini(3);
    host_close();
}

TEST(drain_of_nobody_is_over_at_once)
{
    host_open();
    drain(AGES, AGES);
    CHECK(!over); /* not inside of the call */
    WAIT(over);
    host_close();
}

TEST(drain_in_no_time_lets_all_leave_at_once)
{
    host_open();
    users_open(USERS);
    drain(0, AGES);
    WAIT(n_left(USERS) > 0);
    CHECK_EQ_INT(sessions_of(0), 0);
    WAIT(over);
    users_fini(USERS);
    host_close();
}

/* It could not leave when its turn had come; its next poll finds it still there. */
TEST(drain_waits_for_who_is_in_the_midst_of_something)
{
    struct reply r = {0};
    host_open();
    users_open(1);
    user_emit_all(0, "[\"one\"]");
    reply_take(&users[0].peer, &r); /* and it does not poll for a while */
    drain(20, AGES);
    WAIT(
        eio_session_leaving(eio_server_find(side[0].service->engine, sio_slice_str(users[0].sid))));
    struct peer poster;
    peer_at(&poster, 0);
    client_post(&poster, users[0].sid, "42[\"hi\"]");
    EXPECT(&poster, 200, "ok");
    CHECK_SIDE(0, "event[\"hi\"] ");
    user_emit_all(0, "[\"two\"]");
    peer_at(&users[1].peer, 0); /* the answers were the last of their connection */
    client_get(&users[1].peer, users[0].sid);
    reply_take(&users[1].peer, &r);
    CHECK(memmem(r.body.p, r.body.len, "[\"two\",", 7) != NULL);
    CHECK_SIDE(0, "disconnect:server shutting down ");
    user_emit_all(0, "[\"missed\"]");
    peer_at(&users[2].peer, 0);
    client_get(&users[2].peer, users[0].sid);
    const char last_words[] = {'6', 0x1e, '1', '\0'}; /* noop and close */
    EXPECT(&users[2].peer, 200, last_words);
    WAIT(over);
    sio_buf_fini(&r.body);
    peer_fini(&poster);
    users_fini(3);
    host_close();
}

TEST(drain_does_not_wait_for_a_poll_for_ever)
{
    struct reply r = {0};
    host_open();
    users_open(1);
    user_emit_all(0, "[\"one\"]");
    reply_take(&users[0].peer, &r);
    uint64_t begin = sio_loop_now(&net.loop);
    drain(20, AGES);
    WAIT(over);
    CHECK(sio_loop_now(&net.loop) - begin >= SIO_DRAIN_PATIENCE_MS);
    CHECK_SIDE(0, "disconnect:server shutting down ");
    sio_buf_fini(&r.body);
    users_fini(1);
    host_close();
}

/* Given by a sibling that did not know yet. */
TEST(drain_serves_who_still_comes_and_lets_it_leave)
{
    struct user late = {0};
    struct peer held;
    struct reply r = {0};
    host_open();
    users_open(1);
    peer_at(&held, 0);
    client_request(&held, "GET", "/held", "", NULL);
    WAIT(side[0].held != NULL);
    drain(400, AGES);
    WAIT(n_left(1) == 1);
    int fd = peer_pair(&late.peer, SOCK_STREAM);
    struct sio_arrival a = {.fd = fd, .hops = 1};
    sio_worker_on_give(side[0].w, 1, &a);
    client_handshake(&late.peer, late.sid);
    CHECK_EQ_INT(slot_of(late.sid), 0);
    peer_fini(&late.peer);
    peer_at(&late.peer, 0);
    client_get(&late.peer, late.sid);
    reply_take(&late.peer, &r);
    CHECK_EQ_SLICE(sio_buf_slice(&r.body), SIO_LIT("1"));
    CHECK(!over);
    sio_http_respond_text(side[0].held, 200, NULL, NULL);
    WAIT(over);
    CHECK_EQ_INT(sessions_of(0), 0);
    sio_buf_fini(&r.body);
    peer_fini(&held);
    peer_fini(&late.peer);
    users_fini(1);
    host_close();
}

/* ---- requests -------------------------------------------------------------------------------- */

static void get(struct peer *p, const char *path)
{
    client_request(p, "GET", path, "", NULL);
}

TEST(drain_waits_for_requests_and_ends_their_connections)
{
    struct peer held, asks;
    struct reply r = {0};
    host_open();
    peer_at(&held, 0);
    peer_at(&asks, 0);
    get(&held, "/held");
    get(&asks, "/first");
    reply_take(&asks, &r);
    CHECK(strstr(r.head, "Connection: close") == NULL);
    drain(400, AGES);
    get(&asks, "/second"); /* on its way while we begin */
    reply_take(&asks, &r);
    CHECK_EQ_INT(r.status, 200);
    CHECK(strstr(r.head, "Connection: close") != NULL);
    WAIT(asks.ended);
    CHECK(!over && !held.ended);
    sio_http_respond_text(side[0].held, 200, NULL, "at last");
    EXPECT(&held, 200, "at last");
    WAIT(over && held.ended);
    sio_buf_fini(&r.body);
    peer_fini(&held);
    peer_fini(&asks);
    host_close();
}

TEST(drain_ends_idle_connections_only_when_nothing_else_is_left)
{
    struct peer held, idle, fresh;
    host_open();
    peer_at(&held, 0);
    peer_at(&idle, 0);
    peer_at(&fresh, 0);
    get(&held, "/held");
    get(&idle, "/");
    EXPECT(&idle, 200, "app");
    drain(400, AGES);
    uint64_t begin = sio_loop_now(&net.loop);
    WAIT(sio_loop_now(&net.loop) > begin + 2 * (uint64_t)SIO_DRAIN_STEP_MS);
    CHECK(!idle.ended && !fresh.ended);
    get(&fresh, "/"); /* its first request */
    EXPECT(&fresh, 200, "app");
    sio_http_respond_text(side[0].held, 200, NULL, NULL);
    WAIT(over && idle.ended);
    peer_fini(&held);
    peer_fini(&idle);
    peer_fini(&fresh);
    host_close();
}

TEST(drain_ends_at_its_limit_and_serves_nothing_more)
{
    struct peer held, late;
    struct reply r = {0};
    host_open();
    users_open(1);
    user_emit_all(0, "[\"one\"]");
    reply_take(&users[0].peer, &r); /* and never polls again */
    peer_at(&held, 0);
    get(&held, "/held");
    WAIT(side[0].held != NULL);
    sio_buf_clear(&side[0].log);
    drain(20, 60);
    WAIT(over);
    CHECK_SIDE(0, "disconnect:server shutting down ");
    CHECK_EQ_STR(strchr(net.logged, 'd'), "drain: its time is over with 1 clients and 1 requests "
                                          "left");
    CHECK(side[0].held != NULL && !held.ended); /* the application's to drop */
    peer_at(&late, 0);
    get(&late, "/late");
    EXPECT(&late, 503, "");
    peer_fini(&late);
    peer_at(&late, 0);
    client_post(&late, users[0].sid, "42[\"hi\"]");
    EXPECT(&late, 200, "ok");
    CHECK_SIDE(0, "");
    sio_http_respond_text(side[0].held, 503, NULL, NULL);
    sio_buf_fini(&r.body);
    peer_fini(&late);
    peer_fini(&held);
    users_fini(1);
    host_close();
}

TEST(drain_hands_handshakes_on_and_turns_them_away_when_all_drain)
{
    struct peer p;
    char sid[SIO_ID_LEN + 1];
    struct reply r = {0};
    host_open();
    side_link();
    atomic_store(&host.slots[1].sessions, 100);
    peer_at(&p, 0);
    drain(400, AGES);
    client_handshake(&p, sid);
    CHECK_EQ_INT(slot_of(sid), 1);
    peer_fini(&p);
    peer_at(&p, 0);
    sio_worker_stop_listening(side[1].w);
    client_get(&p, "");
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 503);
    CHECK(strstr(r.head, "Retry-After: 1") != NULL);
    sio_buf_fini(&r.body);
    peer_fini(&p);
    host_close();
}

/* ---- siblings -------------------------------------------------------------------------------- */

TEST(drain_hands_sessions_to_siblings_all_the_while)
{
    struct user back = {0};
    struct peer held;
    struct reply r = {0};
    host_open();
    side_link();
    peer_at(&held, 0);
    get(&held, "/held");
    WAIT(side[0].held != NULL);
    sio_buf_clear(&side[0].log);
    user_begin(&users[0]);
    client_get(&users[0].peer, users[0].sid);
    sio_buf_clear(&side[0].log);
    drain(20, AGES);
    EXPECT(&users[0].peer, 200, "1");
    user_emit_all(0, "[\"missed\"]");
    user_open(&back, 1, auth_of(&users[0]), &r);
    CHECK_SIDE(1, "recovered ");
    CHECK_EQ_STR(back.pid, users[0].pid);
    CHECK(memmem(r.body.p, r.body.len, "[\"missed\",", 10) != NULL);
    CHECK(!over);
    sio_http_respond_text(side[0].held, 200, NULL, NULL);
    WAIT(over);
    CHECK_EQ_INT(side[0].w->n_lent, 0);
    sio_buf_fini(&r.body);
    peer_fini(&held);
    peer_fini(&back.peer);
    users_fini(1);
    host_close();
}

TEST(drain_waits_until_a_session_has_arrived_at_a_sibling)
{
    int ends[2];
    host_open();
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    user_begin(&users[0]);
    struct sio_mesh_msg claim = {
        .type = SIO_MESH_CLAIM, .request = 7, .payload = sio_slice_str(users[0].pid)};
    sio_worker_on_mesh(side[0].w, 1, &claim);
    CHECK_EQ_INT(side[0].w->n_lent, 1);
    drain(400, AGES);
    uint64_t begin = sio_loop_now(&net.loop);
    WAIT(sio_loop_now(&net.loop) > begin + 2 * (uint64_t)SIO_DRAIN_QUIET_MS);
    CHECK(!over);
    struct sio_mesh_msg taken = {.type = SIO_MESH_TAKEN, .request = 7};
    sio_worker_on_mesh(side[0].w, 1, &taken);
    WAIT(over);
    close(ends[1]);
    users_fini(1);
    host_close();
}

TEST(drain_ends_relays_one_by_one)
{
    struct peer client[3], server[3];
    host_open();
    for (int i = 0; i < 3; i++) {
        struct sio_conn *c =
            sio_conn_adopt(&net.loop, peer_pair(&client[i], SOCK_STREAM), NULL, NULL);
        sio_relay_open(&side[0].w->relays, c, peer_pair(&server[i], SOCK_STREAM));
    }
    drain(AGES, AGES);
    for (size_t i = 0; i < 3; i++) {
        WAIT(client[i].ended && server[i].ended);
        CHECK(over || side[0].w->relays.n == 2 - i);
    }
    WAIT(over);
    for (int i = 0; i < 3; i++) {
        peer_fini(&client[i]);
        peer_fini(&server[i]);
    }
    host_close();
}

/* ---- ends in the midst ----------------------------------------------------------------------- */

static void close_worker(void)
{
    sio_worker_close(side[0].w, eio_set_flag, &side[0].closed);
}

TEST(drain_whose_worker_closes_in_the_midst_tells_nobody)
{
    host_open();
    users_open(USERS);
    side_then = close_worker;
    drain(0, AGES);
    WAIT(side[0].closed);
    side_then = NULL;
    CHECK(!over);
    users_fini(USERS);
    host_close();
}

TEST(drain_goes_on_when_one_of_the_servers_closes)
{
    struct user other = {0};
    struct reply r = {0};
    host_open();
    users_open(2);
    struct sio_service *first = side[0].service;
    side[0].service = side_serve(0);
    user_open(&other, 0, "", &r);
    client_get(&other.peer, other.sid);
    sio_buf_clear(&side[0].log);
    drain(AGES, AGES);
    sio_service_close(first, NULL, NULL);
    WAIT(over);
    WAIT(n_left(2) == 2);
    EXPECT(&other.peer, 200, "1");
    CHECK_SIDE(0, "disconnect:server shutting down disconnect:server shutting down "
                  "disconnect:server shutting down ");
    sio_buf_fini(&r.body);
    peer_fini(&other.peer);
    users_fini(2);
    host_close();
}
