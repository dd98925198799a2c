// SPDX-License-Identifier: MIT
/* Sessions that are asked for: by clients that go again, by several at once, over links that are
 * full, by thousands, and while what they are owed waits behind a blocked journal.
 *
 * Stands on worker_side.h. In some of these the sibling is the test, with its end of the link.
 */
#include "test.h"

#include "base/clock.h"
#include "worker_side.h"

static int sibling; /* the other end of worker 0's or 1's link */

static void link_to_test(unsigned slot)
{
    int ends[2];
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[slot].w, side[1 - slot].me, ends[0], dup(side[1 - slot].bell));
    sibling = ends[1];
}

/* The next message of `type` on the test's end; false: there is none. */
static bool hear(enum sio_mesh_type type, struct sio_mesh_msg *m)
{
    static char bytes[SIO_LINK_MESSAGE_MAX];
    for (;;) {
        ssize_t n = recv(sibling, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n <= 0)
            return false;
        CHECK_EQ_INT(sio_mesh_msg_decode(sio_slice(bytes, (size_t)n), m), 0);
        if (m->type == type)
            return true;
    }
}

static void say(unsigned slot, enum sio_mesh_type type, uint32_t request, uint8_t status,
                struct sio_slice payload)
{
    struct sio_mesh_msg m = {
        .type = type, .request = request, .status = status, .payload = payload};
    sio_worker_on_mesh(side[slot].w, 1 - slot, &m);
}

/* A client that says at worker `slot` that it is `u`, and waits. */
static void ask_for(struct user *u, unsigned slot, const struct user *who)
{
    char packet[160];
    snprintf(packet, sizeof packet, "40%s", auth_of(who));
    peer_at(&u->peer, slot);
    client_handshake(&u->peer, u->sid);
    client_post(&u->peer, u->sid, packet);
    EXPECT(&u->peer, 200, "ok");
}

static void leave(struct user *u, unsigned slot)
{
    client_post(&u->peer, u->sid, "1"); /* its transport closes, the session with it */
    WAIT(side[slot].w->n_claims == 0);
    peer_fini(&u->peer);
}

/* The owner does not answer, being stopped; when it does again, the client is there once more. */
TEST(claim_of_a_client_that_goes_is_taken_back)
{
    struct user a = {0}, b = {0}, c = {0};
    struct reply r = {0};
    host_open();
    user_begin(&a);
    ask_for(&b, 1, &a);
    CHECK_EQ_INT(side[1].w->n_claims, 1);
    leave(&b, 1);
    ask_for(&c, 1, &a);
    CHECK_EQ_INT(side[1].w->n_claims, 1);
    side_link();
    WAIT(side[1].w->n_claims == 0);
    CHECK_SIDE(1, "recovered ");
    user_poll(&c, &r);
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&c.peer);
    host_close();
}

/* The question of the one that went was on its way already: its answer finds nobody. */
TEST(claim_answered_too_late_gives_the_session_back)
{
    struct user a = {0}, b = {0};
    struct sio_mesh_msg m;
    host_open();
    link_to_test(1);
    user_begin(&a);
    ask_for(&b, 1, &a);
    REQUIRE(hear(SIO_MESH_CLAIM, &m));
    uint32_t request = m.request;
    leave(&b, 1);
    say(1, SIO_MESH_RELEASE, request, SIO_RELEASE_GIVEN, SIO_LIT("a record"));
    net_turn();
    REQUIRE(hear(SIO_MESH_TAKEN, &m));
    CHECK(m.request == request && m.status == 1);
    CHECK_EQ_INT(sio_mesh_send(side[1].w->mesh, 0, &m), 0); /* it lives */
    close(sibling);
    peer_fini(&a.peer);
    host_close();
}

/* Two siblings ask, as their clients came and went while we were stopped. */
TEST(claim_of_a_session_on_its_way_to_another)
{
    struct user a = {0};
    struct sio_mesh_msg m;
    struct sio_slice pid;
    host_open();
    link_to_test(0);
    user_begin(&a);
    pid = sio_slice_str(a.pid);
    say(0, SIO_MESH_CLAIM, 1, 0, pid);
    REQUIRE(hear(SIO_MESH_RELEASE, &m));
    CHECK(m.request == 1 && m.status == SIO_RELEASE_GIVEN);
    say(0, SIO_MESH_CLAIM, 2, 0, pid);
    REQUIRE(hear(SIO_MESH_RELEASE, &m));
    CHECK(m.request == 2 && m.status == SIO_RELEASE_LENT);
    say(0, SIO_MESH_TAKEN, 1, 1, SIO_LIT("")); /* nobody waited for it */
    say(0, SIO_MESH_CLAIM, 3, 0, pid);
    REQUIRE(hear(SIO_MESH_RELEASE, &m));
    CHECK(m.request == 3 && m.status == SIO_RELEASE_GIVEN && m.payload.len > 0);
    say(0, SIO_MESH_TAKEN, 3, 0, SIO_LIT(""));
    say(0, SIO_MESH_CLAIM, 4, 0, pid);
    REQUIRE(hear(SIO_MESH_RELEASE, &m));
    CHECK(m.request == 4 && m.status == SIO_RELEASE_NONE);
    close(sibling);
    peer_fini(&a.peer);
    host_close();
}

static struct eio_session *who_waits;

static void end_who_waits(void)
{
    side_then = NULL;
    eio_session_end(who_waits, EIO_FORCED_CLOSE, NULL);
}

/* A handler that runs as the old connection closes ends the new one: nobody waits any more. */
TEST(claim_of_a_client_that_ends_while_its_session_is_released)
{
    struct user a = {0}, b = {0}, c = {0};
    struct reply r = {0};
    char packet[160];
    host_open();
    user_begin(&a);
    snprintf(packet, sizeof packet, "40%s", auth_of(&a));
    peer_at(&b.peer, 0);
    client_handshake(&b.peer, b.sid);
    who_waits = eio_server_find(sio_service_engine(side[0].service), sio_slice_str(b.sid));
    REQUIRE(who_waits != NULL);
    side_then = end_who_waits;
    client_post(&b.peer, b.sid, packet);
    WAIT(side_logged(0, "disconnect:transport close"));
    CHECK_SIDE(0, "disconnect:transport close ");
    CHECK_EQ_INT(side[0].w->n_claims, 0);
    user_open(&c, 0, auth_of(&a), &r); /* the session has stayed */
    CHECK_SIDE(0, "recovered ");
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    peer_fini(&c.peer);
    host_close();
}

/* The sibling was stopped with it in its queue; its client comes back to us. */
static void check_waits_here(bool sibling_dies)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    link_to_test(0);
    user_begin(&a);
    say(0, SIO_MESH_CLAIM, 1, 0, sio_slice_str(a.pid));
    CHECK_SIDE(0, "disconnect:transport close ");
    ask_for(&b, 0, &a);
    net_turn();
    sio_worker_check_claims(side[0].w);
    CHECK_EQ_INT(side[0].w->n_claims, 1);
    CHECK_SIDE(0, "");
    if (sibling_dies)
        close(sibling);
    else
        say(0, SIO_MESH_TAKEN, 1, 1, SIO_LIT(""));
    WAIT(side[0].w->n_claims == 0);
    user_poll(&b, &r);
    CHECK_SIDE(0, "recovered ");
    if (!sibling_dies)
        close(sibling);
    user_end_both(&a, &b, &r);
}

TEST(claim_of_what_we_have_lent_waits)
{
    check_waits_here(false);
    check_waits_here(true);
}

/* The sibling has died with its answer in its queue, and somebody has asked us for it since. */
TEST(claim_of_what_a_dead_sibling_has_lent_us)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    user_begin(&a);
    struct sio_slice pid = sio_slice_str(a.pid);
    CHECK_EQ_INT(sio_arena_lend(&side[0].w->arena, pid, &side[1].me), 0);
    sio_shm_bury(&host, 0, sio_clock_ms());
    say(1, SIO_MESH_CLAIM, 1, 0, pid);
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    user_end_both(&a, &b, &r);
}

/* Lent: asked again at the next heartbeat. Not there: whoever the arenas name now, and as often as
 * SIO_CLAIM_TURNS. */
TEST(claim_is_asked_again)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    struct sio_mesh_msg m;
    host_open();
    link_to_test(1);
    user_begin(&a);
    ask_for(&b, 1, &a);
    REQUIRE(hear(SIO_MESH_CLAIM, &m));
    say(1, SIO_MESH_RELEASE, m.request, SIO_RELEASE_LENT, SIO_LIT(""));
    CHECK(!hear(SIO_MESH_CLAIM, &m));
    WAIT(hear(SIO_MESH_CLAIM, &m));
    for (unsigned i = 1; i < SIO_CLAIM_TURNS; i++) {
        CHECK_EQ_INT(side[1].w->n_claims, 1);
        say(1, SIO_MESH_RELEASE, m.request, SIO_RELEASE_NONE, SIO_LIT(""));
        REQUIRE(hear(SIO_MESH_CLAIM, &m));
    }
    say(1, SIO_MESH_RELEASE, m.request, SIO_RELEASE_NONE, SIO_LIT(""));
    CHECK_EQ_INT(side[1].w->n_claims, 0);
    user_poll(&b, &r);
    CHECK_SIDE(1, "connect ");
    close(sibling);
    user_end_both(&a, &b, &r);
}

/* Who asks has stopped reading: its claim waits for room, and is dropped with it. */
TEST(claim_over_a_full_link_is_owed)
{
    static char filler[SIO_MESH_MSG_MAX - SIO_MESH_HEAD];
    struct user a = {0};
    struct sio_mesh_msg m = {.type = SIO_MESH_TAKEN, .payload = sio_slice(filler, sizeof filler)};
    host_open();
    link_to_test(0);
    user_begin(&a);
    while (sio_mesh_has_room(side[0].w->mesh, 1))
        CHECK_EQ_INT(sio_mesh_send(side[0].w->mesh, 1, &m), 0);
    say(0, SIO_MESH_CLAIM, 1, 0, sio_slice_str(a.pid));
    CHECK_EQ_INT(side[0].w->n_owed, 1);
    CHECK_SIDE(0, ""); /* its client is still here */
    WAIT(hear(SIO_MESH_RELEASE, &m));
    CHECK(m.request == 1 && m.status == SIO_RELEASE_GIVEN);
    CHECK_EQ_INT(side[0].w->n_owed, 0);
    CHECK_SIDE(0, "disconnect:transport close ");
    side[0].w->n_lent = SIO_LENT_MAX;
    say(0, SIO_MESH_CLAIM, 2, 0, sio_slice_str(a.pid));
    CHECK_EQ_INT(side[0].w->n_owed, 1);
    side[0].w->n_owed = SIO_OWED_MAX;
    say(0, SIO_MESH_CLAIM, 3, 0, sio_slice_str(a.pid));
    CHECK_EQ_INT(side[0].w->n_owed, SIO_OWED_MAX);
    CHECK(strstr(net.logged, "one is dropped") != NULL);
    side[0].w->n_owed = side[0].w->n_lent = 1;
    side[0].w->lent_bytes += SIO_LENT_BYTES;
    say(0, SIO_MESH_CLAIM, 4, 0, sio_slice_str(a.pid));
    CHECK_EQ_INT(side[0].w->n_owed, 2);
    side[0].w->lent_bytes -= SIO_LENT_BYTES;
    close(sibling);
    WAIT(side[0].w->n_owed == 0);
    peer_fini(&a.peer);
    host_close();
}

/* ---- thousands ------------------------------------------------------------------------------- */

enum { MANY = 10000 };

static unsigned n_given, n_empty;

static struct many_claim {
    char pid[SIO_ID_LEN + 1];
    void *ticket;
} many[MANY];

static void on_claimed(void *arg, struct sio_slice record, uint64_t died_ms)
{
    struct many_claim *c = arg;
    struct sio_slice pid = sio_slice(c->pid, SIO_ID_LEN);
    (void)died_ms;
    n_given += record.len != 0;
    n_empty += record.len == 0;
    CHECK(c->ticket == NULL);
    if (record.len != 0)
        CHECK_EQ_INT(sio_arena_put(&side[1].w->arena, pid, record), 0);
}

/* The sessions of worker 0, all parked as after its drain: each with rooms and data. */
static void park_many(const struct user *u)
{
    static char data[600];
    struct sio_buf record = {0};
    memset(data, 'd', sizeof data);
    data[0] = data[sizeof data - 1] = '"';
    sio_socket_set_data(side[0].socket, sio_slice(data, sizeof data));
    struct sio_server *s = sio_service_sio(side[0].service);
    REQUIRE(sio_recovery_release(s, sio_slice_str(u->pid), &record) == 0);
    for (unsigned i = 0; i < MANY; i++) {
        sio_id_new(side[0].me, many[i].pid);
        sio_recovery_take_back(s, sio_slice(many[i].pid, SIO_ID_LEN), sio_buf_slice(&record));
    }
    sio_buf_fini(&record);
}

TEST(claim_of_ten_thousand_sessions_at_once)
{
    struct user a = {0};
    host_open_with(&(struct sio_shm_config){
        .slots = 2, .journal_bytes = 65536, .arena_bytes = 64 << 20, .arena_sessions = MANY + 10});
    side_link();
    user_begin(&a);
    park_many(&a);
    n_given = n_empty = 0;
    for (unsigned i = 0; i < MANY; i++)
        sio_service_claim(side[1].service, sio_slice(many[i].pid, SIO_ID_LEN), on_claimed, &many[i],
                          &many[i].ticket);
    CHECK(side[1].w->n_claims > 1024);
    WAIT(n_given + n_empty == MANY);
    CHECK_EQ_INT(n_empty, 0);
    CHECK_EQ_INT(side[1].w->n_claims, 0);
    WAIT(side[0].w->n_lent == 0);
    CHECK_EQ_INT(side[0].w->n_owed, 0);
    CHECK_EQ_INT(side[0].w->lent_bytes, 0);
    peer_fini(&a.peer);
    host_close();
}

TEST(claims_are_limited)
{
    struct user a = {0};
    host_open();
    user_begin(&a);
    side[1].w->n_claims = SIO_CLAIMS_MAX;
    n_empty = 0;
    memcpy(many[0].pid, a.pid, sizeof a.pid);
    sio_service_claim(side[1].service, sio_slice_str(a.pid), on_claimed, &many[0], &many[0].ticket);
    CHECK_EQ_INT(n_empty, 1);
    CHECK(strstr(net.logged, "one refused") != NULL);
    side[1].w->n_claims = SIO_CLAIMS_MAX - 1;
    sio_service_claim(side[1].service, sio_slice_str(a.pid), on_claimed, &many[0], &many[0].ticket);
    CHECK_EQ_INT(side[1].w->n_claims, SIO_CLAIMS_MAX);
    sio_service_unclaim(side[1].service, many[0].ticket);
    side[1].w->n_claims = 0;
    peer_fini(&a.peer);
    host_close();
}

/* ---- a blocked journal ----------------------------------------------------------------------- */

static unsigned count(const struct sio_buf *in, const char *text)
{
    unsigned n = 0;
    for (const char *at = in->p, *end = in->p + in->len;
         (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL; at++)
        n++;
    return n;
}

/* What a handler did for its socket waits here, and the socket goes on at the sibling. */
TEST(what_waits_in_the_log_finds_a_session_that_has_moved)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    struct sio_outgoing out = {.data = SIO_LIT("[\"direct\"]")};
    host_open();
    side_link();
    user_begin(&a);
    REQUIRE(sio_journal_lock(host.journal) == 0); /* as a stopped writer has it */
    CHECK_EQ_INT(sio_socket_join(side[0].socket, SIO_LIT("r")), 0);
    CHECK_EQ_INT(sio_socket_emit(side[0].socket, &out, 0, 0), 0);
    CHECK(!sio_socket_in(side[0].socket, SIO_LIT("r")));
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    CHECK_EQ_INT(count(&r.body, "direct"), 0);
    sio_journal_unlock(host.journal);
    user_poll(&b, &r);
    CHECK_EQ_INT(count(&r.body, "[\"direct\","), 1);
    CHECK(sio_socket_in(side[1].socket, SIO_LIT("r")));
    user_end_both(&a, &b, &r);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* The worker was killed so long ago, and its client comes back at the other one. */
static void check_absence(uint64_t away_ms, const char *expected)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    test_context("away for %u ms", (unsigned)away_ms);
    host_open();
    side_link();
    user_begin(&a);
    net_turn();
    sio_shm_bury(&host, 0, sio_clock_ms() - away_ms);
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, expected);
    user_end_both(&a, &b, &r);
    test_context("%s", "");
}

/* max_disconnection_duration is 120 s here. */
TEST(claim_of_a_session_that_was_away_for_long)
{
    check_absence(110000, "recovered ");
    check_absence(120000, "connect ");
}

/* The arenas are swept by then too. */
TEST(claim_of_a_session_whose_arena_was_given_up)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    net_turn();
    sio_shm_bury(&host, 0, sio_clock_ms());
    sio_shm_sweep(&host, sio_clock_ms() + 120000, 120000);
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "connect ");
    user_end_both(&a, &b, &r);
}

/* A client that heard nothing for longer than the journal goes back has missed nothing of that. */
TEST(claim_of_a_quiet_client_begins_where_the_journal_does)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    for (unsigned i = 0; i < 40; i++) { /* for other rooms */
        struct sio_outgoing out = {.data = SIO_LIT("[\"other\"]")};
        struct sio_slice room = SIO_LIT("other");
        struct sio_selection to = {.rooms = &room, .n_rooms = 1};
        CHECK_EQ_INT(
            sio_nsp_emit(sio_server_find_nsp(sio_service_sio(side[0].service), SIO_LIT("/")), &to,
                         &out),
            0);
    }
    net_turn();
    net_turn();
    sio_journal_expire(&host, 1, 1000);
    sio_journal_expire(&host, 2001, 1000);
    CHECK(sio_journal_floor(&side[1].w->journal) > SIO_JOURNAL_START + 1000);
    user_emit_all(1, "[\"missed\"]");
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    CHECK_EQ_INT(count(&r.body, "[\"missed\","), 1);
    CHECK_EQ_INT(count(&r.body, "other"), 0);
    user_end_both(&a, &b, &r);
}
