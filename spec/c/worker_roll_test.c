// SPDX-License-Identifier: MIT
/* Whom a broadcast to rooms wakes, from the joining of a socket to its end. Worker 0 emits, worker
 * 1 has the clients; both share a loop, so here a turn reads what nobody was woken for, and what
 * worker 1 is rung for is looked at before that. Stands on worker_side.h.
 */
#include "test.h"

#include "base/clock.h"
#include "worker_side.h"

static void emit_to(const char *room, const char *data)
{
    struct sio_outgoing out = {.data = sio_slice_str(data)};
    struct sio_slice rooms = sio_slice_str(room);
    struct sio_selection to = {.rooms = &rooms, .n_rooms = 1};
    struct sio_nsp *root = sio_server_find_nsp(sio_service_sio(side[0].service), SIO_LIT("/"));
    CHECK_EQ_INT(sio_nsp_emit(root, &to, &out), 0);
}

/* Whether an emit to this room rings for worker 1, which sleeps. */
static bool wakes(const char *room)
{
    uint64_t n = 0;
    struct sio_journal *j = &side[0].w->journal;
    sio_worker_tail(side[1].w, 0);
    CHECK(sio_journal_sleep(&side[1].w->journal));
    emit_to(room, "[\"x\"]");
    sio_journal_wake(j, side[0].w->bells);
    bool rung = read(side[1].bell, &n, sizeof n) == (ssize_t)sizeof n;
    sio_journal_awake(&side[1].w->journal);
    return rung;
}

/* A client of worker 1 that has polled all there is. */
static void open_there(struct user *u)
{
    struct reply r = {0};
    sio_service_place_here(side[1].service);
    user_open(u, 1, "", &r);
    REQUIRE(slot_of(u->sid) == 1);
    sio_buf_fini(&r.body);
}

static unsigned bits_of(unsigned slot)
{
    const struct sio_roll_page *page = sio_shm_roll(&host, slot);
    unsigned n = 0;
    for (unsigned i = 0; i < SIO_ROLL_WORDS; i++)
        n += (unsigned)__builtin_popcountll(atomic_load(&page->words[i]));
    return n;
}

TEST(roll_begins_with_the_first_sibling)
{
    struct user u = {0};
    host_open();
    open_there(&u);
    CHECK_EQ_INT(sio_socket_join(side[1].socket, SIO_LIT("before")), 0);
    CHECK_EQ_INT(atomic_load(&sio_shm_roll(&host, 1)->all), 1);
    CHECK_EQ_INT(bits_of(1), 0);
    side_link();
    CHECK_EQ_INT(atomic_load(&sio_shm_roll(&host, 1)->all), 0);
    CHECK(wakes("before"));
    CHECK(!wakes("other"));
    CHECK_EQ_INT(sio_socket_leave(side[1].socket, SIO_LIT("before")), 0);
    CHECK(!wakes("before"));
    CHECK_EQ_INT(bits_of(1), 0);
    peer_fini(&u.peer);
    host_close();
}

TEST(roll_has_a_room_from_its_first_member_to_its_last)
{
    struct user a = {0}, b = {0};
    host_open();
    side_link();
    open_there(&a);
    struct sio_socket *first = side[1].socket;
    open_there(&b);
    CHECK(!wakes("r"));
    CHECK_EQ_INT(sio_socket_join(first, SIO_LIT("r")), 0);
    CHECK_EQ_INT(sio_socket_join(side[1].socket, SIO_LIT("r")), 0);
    CHECK(wakes("r"));
    CHECK_EQ_INT(sio_socket_leave(first, SIO_LIT("r")), 0);
    CHECK(wakes("r"));
    sio_socket_disconnect(side[1].socket, false);
    CHECK(!wakes("r"));
    CHECK_EQ_INT(bits_of(1), 0);
    peer_fini(&a.peer);
    peer_fini(&b.peer);
    host_close();
}

TEST(roll_has_no_id_that_tells_where_it_lives)
{
    struct user u = {0};
    char id[SIO_ID_LEN + 1];
    host_open();
    side_link();
    open_there(&u);
    CHECK(wakes(sio_socket_id(side[1].socket)));
    CHECK_EQ_INT(bits_of(1), 0);
    sio_id_new(side[0].me, id);
    CHECK(!wakes(id));
    peer_fini(&u.peer);
    host_close();
}

/* Its id says that it lives at worker 0. */
TEST(roll_has_the_id_of_a_session_that_has_moved)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    char id[SIO_ID_LEN + 1];
    host_open();
    side_link();
    user_begin(&a);
    CHECK_EQ_INT(sio_socket_join(side[0].socket, SIO_LIT("r")), 0);
    snprintf(id, sizeof id, "%s", sio_socket_id(side[0].socket));
    CHECK(!wakes(id));
    CHECK(!wakes("r"));
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    CHECK(wakes(id));
    CHECK(wakes("r"));
    CHECK_EQ_INT(bits_of(0), 0);
    sio_socket_disconnect(side[1].socket, false);
    CHECK(!wakes(id));
    CHECK_EQ_INT(bits_of(1), 0);
    user_end_both(&a, &b, &r);
}

/* What was emitted before it joined is not for it, also when its worker has not read that yet. */
static void check_early(bool recovery)
{
    struct user u = {0};
    struct reply r = {0};
    test_context("recovery %d", recovery);
    side_forgets = !recovery;
    host_open();
    side_link();
    open_there(&u);
    emit_to("r", "[\"early\"]");
    CHECK(side[1].w->journal.cursor < sio_journal_tail(&side[1].w->journal));
    CHECK_EQ_INT(sio_socket_join(side[1].socket, SIO_LIT("r")), 0);
    emit_to("r", "[\"late\"]");
    user_poll(&u, &r);
    sio_buf_append_char(&r.body, '\0');
    CHECK(strstr(r.body.p, "early") == NULL);
    CHECK(strstr(r.body.p, "late") != NULL);
    sio_buf_fini(&r.body);
    peer_fini(&u.peer);
    host_close();
    side_forgets = false;
    test_context("%s", "");
}

TEST(roll_who_joins_hears_nothing_from_before)
{
    check_early(true);
    check_early(false);
}

/* A client that comes back gets what its new worker was not woken for, and gets it once. */
TEST(roll_a_replay_reads_what_its_worker_slept_through)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    CHECK_EQ_INT(sio_socket_join(side[0].socket, SIO_LIT("r")), 0);
    emit_to("r", "[\"missed\"]");
    CHECK(side[1].w->journal.cursor < sio_journal_tail(&side[1].w->journal));
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    emit_to("r", "[\"mark\"]");
    while (r.body.len == 0 || memmem(r.body.p, r.body.len, "mark", 4) == NULL) {
        struct reply more = {0};
        user_poll(&b, &more);
        sio_buf_append_slice(&r.body, sio_buf_slice(&more.body));
        sio_buf_fini(&more.body);
    }
    sio_buf_append_char(&r.body, '\0');
    const char *missed = strstr(r.body.p, "[\"missed\",");
    CHECK(missed != NULL && strstr(missed + 1, "[\"missed\",") == NULL);
    user_end_both(&a, &b, &r);
}

/* Its rooms are still there when the slot is taken again, and go. */
TEST(roll_of_the_dead_goes_when_the_slot_is_taken)
{
    struct user u = {0};
    host_open();
    side_link();
    open_there(&u);
    CHECK_EQ_INT(sio_socket_join(side[1].socket, SIO_LIT("r")), 0);
    CHECK(bits_of(1) > 0);
    side_close(1);
    sio_shm_bury(&host, 1, sio_clock_ms());
    atomic_store(&sio_shm_roll(&host, 1)->words[7], 1); /* as one that was killed leaves it */
    sio_buf_fini(&side[1].log);
    close(side[1].bell);
    side_open(1);
    CHECK_EQ_INT(atomic_load(&sio_shm_roll(&host, 1)->all), 1);
    side_link();
    CHECK_EQ_INT(bits_of(1), 0);
    CHECK(!wakes("r"));
    peer_fini(&u.peer);
    host_close();
}
