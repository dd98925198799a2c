// SPDX-License-Identifier: MIT
/* Several servers on one worker: what is the one's never reaches the other, here and at a sibling,
 * and closing one leaves the other as it was.
 *
 * Stands on worker/ and worker_side.h; each side has a second server, and `talk_to` says to which
 * of them the helpers talk.
 */
#include "test.h"

#include "base/clock.h"
#include "base/err.h"
#include "sio/chorus.h"
#include "sio/server_side.h"
#include "worker_side.h"

static struct sio_service *services[2][2]; /* by slot and number */

static void talk_to(unsigned number)
{
    side[0].service = services[0][number];
    side[1].service = services[1][number];
}

static void two_open(void)
{
    host_open();
    side_link();
    for (unsigned slot = 0; slot < 2; slot++) {
        services[slot][0] = side[slot].service;
        services[slot][1] = side_serve(slot);
        CHECK_EQ_INT(sio_service_number(services[slot][1]), 1);
    }
}

/* New sessions stay at `slot`, where they come, until heartbeats have mended the counts. */
static void crowd_but(unsigned slot)
{
    atomic_store(&host.slots[slot].sessions, 0);
    atomic_store(&host.slots[1 - slot].sessions, 100);
}

static bool polled(struct user *u, const char *text)
{
    struct reply r = {0};
    user_poll(u, &r);
    bool found = r.body.len != 0 && memmem(r.body.p, r.body.len, text, strlen(text)) != NULL;
    sio_buf_fini(&r.body);
    return found;
}

TEST(service_a_broadcast_stays_in_its_server_on_every_worker)
{
    struct user users[2][2] = {0};
    struct reply r = {0};
    two_open();
    for (unsigned number = 0; number < 2; number++)
        for (unsigned slot = 0; slot < 2; slot++) {
            talk_to(number);
            user_open(&users[slot][number], slot, "", &r);
            CHECK_EQ_INT(slot_of(users[slot][number].sid), slot);
        }
    talk_to(1);
    user_emit_all(0, "[\"one\"]");
    talk_to(0);
    user_emit_all(0, "[\"zero\"]");
    for (unsigned slot = 0; slot < 2; slot++) {
        CHECK(polled(&users[slot][0], "42[\"zero\","));
        CHECK(polled(&users[slot][1], "42[\"one\","));
    }
    sio_buf_fini(&r.body);
    for (unsigned i = 0; i < 4; i++)
        peer_fini(&users[i / 2][i % 2].peer);
    host_close();
}

TEST(service_a_foreign_sid_finds_the_same_server_there_and_no_other)
{
    struct user u = {0};
    struct reply r = {0};
    struct peer p;
    two_open();
    talk_to(1);
    user_open(&u, 1, "", &r);
    peer_at(&p, 0); /* of worker 0 */
    client_post(&p, u.sid, "42[\"hello\"]");
    EXPECT(&p, 200, "ok");
    CHECK(side_logged(1, "event[\"hello\"] "));
    peer_fini(&p);
    talk_to(0);
    peer_at(&p, 0);
    client_post(&p, u.sid, "42[\"hello\"]");
    reply_take(&p, &r);
    CHECK_EQ_INT(r.status, 400);
    sio_buf_fini(&r.body);
    peer_fini(&p);
    peer_fini(&u.peer);
    host_close();
}

/* Private ids are for the server that gave them. */
static void claim_at_the_other(unsigned slot)
{
    struct user a = {0}, b = {0}, c = {0};
    struct reply r = {0};
    two_open();
    talk_to(1);
    user_open(&a, 0, "", &r);
    CHECK_SIDE(0, "connect ");
    talk_to(0);
    crowd_but(slot);
    user_open(&b, slot, auth_of(&a), &r);
    CHECK(strcmp(b.pid, a.pid) != 0);
    CHECK_SIDE(slot, "connect ");
    talk_to(1); /* the session is as it was */
    user_open(&c, slot, auth_of(&a), &r);
    CHECK_EQ_STR(c.pid, a.pid);
    CHECK(side_logged(slot, "recovered "));
    CHECK(side_logged(0, "disconnect:transport close "));
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    peer_fini(&c.peer);
    host_close();
}

TEST(service_a_private_id_is_nothing_to_another_server_here)
{
    claim_at_the_other(0);
}

TEST(service_a_private_id_is_nothing_to_another_server_at_a_sibling)
{
    claim_at_the_other(1);
}

TEST(service_a_replay_has_the_events_of_its_own_server)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    two_open();
    talk_to(1);
    user_open(&a, 0, "", &r);
    talk_to(0);
    user_emit_all(1, "[\"zero\"]");
    talk_to(1);
    user_emit_all(1, "[\"one\"]");
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_EQ_STR(b.pid, a.pid);
    CHECK(memmem(r.body.p, r.body.len, "[\"one\",", 7) != NULL);
    CHECK(memmem(r.body.p, r.body.len, "zero", 4) == NULL);
    user_end_both(&a, &b, &r);
}

TEST(service_a_dead_ones_session_is_nothing_to_another_server)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    two_open();
    talk_to(1);
    user_open(&a, 0, "", &r);
    side_close(0);
    sio_shm_bury(&host, 0, sio_clock_ms());
    talk_to(0);
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "connect ");
    CHECK(strcmp(b.pid, a.pid) != 0);
    user_end_both(&a, &b, &r);
}

static void close_one(unsigned slot, unsigned number)
{
    bool closed = false;
    sio_service_close(services[slot][number], eio_set_flag, &closed);
    sio_service_close(services[slot][number], eio_set_flag, NULL); /* no effect */
    WAIT(closed);
    services[slot][number] = NULL;
}

TEST(service_closing_one_leaves_the_other_and_its_sessions_to_siblings)
{
    struct user a = {0}, b = {0}, c = {0}, d = {0};
    struct reply r = {0};
    two_open();
    crowd_but(0);
    talk_to(0);
    user_open(&a, 0, "", &r);
    talk_to(1);
    user_open(&b, 0, "", &r);
    CHECK_SIDE(0, "connect connect ");
    close_one(0, 0);
    CHECK_SIDE(0, "disconnect:server shutting down ");
    client_post(&b.peer, b.sid, "42[\"still\"]");
    EXPECT(&b.peer, 200, "ok");
    CHECK_SIDE(0, "event[\"still\"] ");
    CHECK_EQ_INT(atomic_load(&host.slots[0].services), 2);
    talk_to(0);
    crowd_but(1);
    user_open(&c, 1, auth_of(&a), &r);
    CHECK_EQ_STR(c.pid, a.pid);
    CHECK_SIDE(1, "recovered ");
    /* The next one gets its number, and is found by it. */
    services[0][0] = side[0].service = side_serve(0);
    CHECK_EQ_INT(sio_service_number(services[0][0]), 0);
    CHECK_EQ_INT(atomic_load(&host.slots[0].services), 3);
    crowd_but(0);
    user_open(&d, 0, "", &r);
    user_emit_all(1, "[\"all\"]");
    CHECK(polled(&d, "42[\"all\","));
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    peer_fini(&c.peer);
    peer_fini(&d.peer);
    host_close();
}

/* ---- questions ------------------------------------------------------------------------------- */

static char asked[64]; /* what the last question came to: answers of workers, sockets */

static void on_counted(void *arg, const struct sio_asked *what)
{
    uint64_t sockets = 0;
    (void)arg;
    for (unsigned i = 0; i < what->n; i++) {
        struct sio_reader r = {.rest = what->answers[i].bytes};
        sockets += sio_reader_u64(&r);
    }
    snprintf(asked, sizeof asked, "%d: %u of %u, %u", what->err, what->n - what->missing, what->n,
             (unsigned)sockets);
}

static void count_at(unsigned slot, unsigned number)
{
    struct sio_nsp *root =
        sio_server_find_nsp(sio_service_sio(services[slot][number]), SIO_LIT("/"));
    struct sio_question q = {.kind = SIO_ASK_COUNT};
    asked[0] = '\0';
    CHECK_EQ_INT(sio_ask(root, &(struct sio_selection){0}, &q, on_counted, NULL), 0);
    WAIT(asked[0] != '\0');
}

TEST(service_a_question_is_for_the_servers_of_one_number)
{
    struct user a = {0}, b = {0}, c = {0};
    struct reply r = {0};
    two_open();
    talk_to(0);
    user_open(&a, 0, "", &r);
    talk_to(1);
    user_open(&b, 1, "", &r);
    crowd_but(0);
    user_open(&c, 0, "", &r);
    count_at(0, 0);
    CHECK_EQ_STR(asked, "0: 2 of 2, 1");
    count_at(0, 1);
    CHECK_EQ_STR(asked, "0: 2 of 2, 2");
    count_at(1, 1);
    CHECK_EQ_STR(asked, "0: 2 of 2, 2");
    close_one(1, 1); /* nobody there is asked any more */
    count_at(0, 1);
    CHECK_EQ_STR(asked, "0: 1 of 1, 1");
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    peer_fini(&c.peer);
    host_close();
}

static void on_sung(void *arg, const struct sio_asked *what)
{
    (void)arg;
    snprintf(asked, sizeof asked, "%d: %u of %u", what->err, what->n - what->missing, what->n);
}

/* Its clients leave with it, and it says so: nothing is missing. */
TEST(service_a_question_does_not_wait_for_a_server_that_closes)
{
    struct user a = {0};
    struct reply r = {0};
    two_open();
    talk_to(1);
    user_open(&a, 1, "", &r);
    struct sio_nsp *root = sio_server_find_nsp(sio_service_sio(services[0][1]), SIO_LIT("/"));
    struct sio_outgoing out = {.data = SIO_LIT("[\"q\"]")};
    asked[0] = '\0';
    CHECK_EQ_INT(sio_chorus_ask(root, &(struct sio_selection){0}, &out, 60000, on_sung, NULL), 0);
    CHECK(polled(&a, "420[\"q\"]"));
    CHECK_EQ_STR(asked, "");
    close_one(1, 1);
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 2 of 2");
    sio_buf_fini(&r.body);
    peer_fini(&a.peer);
    host_close();
}

TEST(service_what_a_closed_server_still_owed_is_not_waited_for)
{
    two_open();
    struct sio_nsp *root = sio_server_find_nsp(sio_service_sio(services[0][1]), SIO_LIT("/"));
    struct sio_outgoing out = {.data = SIO_LIT("[\"q\"]")};
    asked[0] = '\0';
    CHECK_EQ_INT(sio_server_side_ask(root, &out, on_sung, NULL), 0);
    WAIT(side_logged(1, "question[\"q\"]"));
    CHECK_EQ_STR(asked, "");
    close_one(1, 0); /* another one */
    CHECK_EQ_STR(asked, "");
    close_one(1, 1);
    WAIT(asked[0] != '\0');
    CHECK_EQ_STR(asked, "0: 1 of 1");
    host_close();
}

TEST(service_a_worker_without_the_server_gets_no_sessions_of_it)
{
    struct peer first, second;
    char sid[SIO_ID_LEN + 1];
    two_open();
    close_one(1, 1);
    side[0].service = services[0][1];
    peer_at(&first, 0);
    client_handshake(&first, sid);
    peer_at(&second, 0);
    client_handshake(&second, sid); /* the other has fewer */
    CHECK_EQ_INT(slot_of(sid), 0);
    /* What was on its way when it closed ends. */
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    REQUIRE(sio_mesh_give(side[0].w->mesh, 1, &(struct sio_arrival){.fd = ends[0], .service = 1}) ==
            0);
    close(ends[0]);
    char byte;
    net_turn();
    net_turn();
    CHECK_EQ_INT(read(ends[1], &byte, 1), 0);
    close(ends[1]);
    peer_fini(&first);
    peer_fini(&second);
    host_close();
}

TEST(service_there_is_a_limit_and_room_again_behind_it)
{
    struct sio_service *all[SIO_SERVICES_MAX];
    struct sio_app_options app = {0};
    host_open();
    all[0] = side[0].service;
    for (unsigned i = 1; i < SIO_SERVICES_MAX; i++)
        all[i] = side_serve(0);
    CHECK_EQ_INT(sio_service_number(all[SIO_SERVICES_MAX - 1]), SIO_SERVICES_MAX - 1);
    eio_options_default(&app.engine);
    CHECK_EQ_INT(sio_service_new(side[0].w, &app, &side_events, &side[0], &all[1]), SIO_EFULL);
    bool closed = false;
    sio_service_close(all[7], eio_set_flag, &closed);
    WAIT(closed);
    CHECK_EQ_INT(sio_service_number(side_serve(0)), 7);
    host_close();
}
