// SPDX-License-Identifier: MIT
/* Sessions on their way to a sibling: which is there to say that it has them, or dies first.
 *
 * Stands on worker_side.h. The sibling's end of the link is in the test's hand.
 */
#include "test.h"

#include "worker_side.h"

static int sibling; /* worker 1's end of the link to worker 0 */

static void sibling_up(void)
{
    int ends[2];
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    sibling = ends[1];
}

/* The sibling has a client that says it was `u`. */
static void claim(const struct user *u)
{
    struct sio_mesh_msg m = {
        .type = SIO_MESH_CLAIM, .request = 7, .payload = sio_slice_str(u->pid)};
    sio_worker_on_mesh(side[0].w, 1, &m);
}

static void say_taken(unsigned request, unsigned status)
{
    struct sio_mesh_msg m = {.type = SIO_MESH_TAKEN, .request = request, .status = (uint8_t)status};
    sio_worker_on_mesh(side[0].w, 1, &m);
}

static enum sio_arena_owner owner_of(const struct user *u)
{
    struct sio_place owner;
    return sio_arena_find(&side[0].w->arena, sio_slice_str(u->pid), &owner);
}

/* Comes back at worker 0, to what it missed. */
static void check_recovers(const struct user *u)
{
    struct user again = {0};
    struct reply r = {0};
    sio_buf_clear(&side[0].log);
    user_emit_all(0, "[\"missed\"]");
    user_open(&again, 0, auth_of(u), &r);
    CHECK_SIDE(0, "recovered ");
    CHECK_EQ_STR(again.pid, u->pid);
    CHECK(memmem(r.body.p, r.body.len, "[\"missed\",", 10) != NULL);
    sio_buf_fini(&r.body);
    peer_fini(&again.peer);
}

TEST(lent_stays_with_its_owner_when_the_sibling_has_died_before)
{
    struct user u = {0};
    host_open();
    user_begin(&u);
    claim(&u);
    CHECK_SIDE(0, "disconnect:transport close ");
    CHECK_EQ_INT(side[0].w->n_lent, 0);
    check_recovers(&u);
    peer_fini(&u.peer);
    host_close();
}

TEST(lent_comes_back_from_a_sibling_that_dies_before_it_was_taken)
{
    struct user u = {0};
    host_open();
    sibling_up();
    user_begin(&u);
    claim(&u);
    CHECK_EQ_INT(side[0].w->n_lent, 1);
    CHECK_EQ_INT(owner_of(&u), SIO_OWNER_SELF); /* whoever asks for it meanwhile asks us */
    say_taken(8, 0);                            /* another one */
    CHECK_EQ_INT(side[0].w->n_lent, 1);
    close(sibling);
    WAIT(side[0].w->n_lent == 0);
    CHECK_EQ_INT(owner_of(&u), SIO_OWNER_SELF);
    check_recovers(&u);
    peer_fini(&u.peer);
    host_close();
}

TEST(lent_comes_back_when_nobody_waits_for_it_any_more)
{
    struct user u = {0};
    host_open();
    sibling_up();
    user_begin(&u);
    claim(&u);
    say_taken(7, 1);
    CHECK_EQ_INT(side[0].w->n_lent, 0);
    check_recovers(&u);
    close(sibling);
    peer_fini(&u.peer);
    host_close();
}

TEST(lent_is_forgotten_when_it_was_taken)
{
    struct user u = {0};
    host_open();
    sibling_up();
    user_begin(&u);
    claim(&u);
    say_taken(7, 0);
    CHECK_EQ_INT(side[0].w->n_lent, 0);
    close(sibling);
    WAIT(!sio_mesh_has(side[0].w->mesh, 1));
    CHECK_EQ_INT(owner_of(&u), SIO_OWNER_NONE);
    peer_fini(&u.peer);
    host_close();
}

/* It died behind the save and before the word of it. */
TEST(lent_does_not_come_back_when_the_sibling_has_saved_it)
{
    struct user u = {0};
    host_open();
    sibling_up();
    user_begin(&u);
    claim(&u);
    CHECK_EQ_INT(sio_arena_put(&side[1].w->arena, sio_slice_str(u.pid), SIO_LIT("saved")), 0);
    close(sibling);
    WAIT(side[0].w->n_lent == 0);
    CHECK_EQ_INT(owner_of(&u), SIO_OWNER_ALIVE);
    peer_fini(&u.peer);
    host_close();
}

TEST(lent_to_a_living_sibling_is_taken)
{
    struct user a = {0}, b = {0};
    struct reply r = {0};
    host_open();
    side_link();
    user_begin(&a);
    user_open(&b, 1, auth_of(&a), &r);
    CHECK_SIDE(1, "recovered ");
    WAIT(side[0].w->n_lent == 0);
    CHECK_EQ_INT(owner_of(&a), SIO_OWNER_ALIVE);
    user_end_both(&a, &b, &r);
}

/* Neither is given away before there is room to remember it. */
TEST(lent_at_the_limit_waits)
{
    struct user u = {0}, v = {0};
    host_open();
    sibling_up();
    user_begin(&u);
    side[0].w->n_lent = SIO_LENT_MAX;
    claim(&u);
    CHECK_EQ_INT(side[0].w->n_owed, 1);
    CHECK_SIDE(0, "");
    side[0].w->n_lent = SIO_LENT_MAX - 1;
    WAIT(side[0].w->n_owed == 0); /* with the next heartbeat */
    CHECK_EQ_INT(side[0].w->n_lent, SIO_LENT_MAX);
    CHECK_SIDE(0, "disconnect:transport close ");
    side[0].w->n_lent = 1;
    side[0].w->lent_bytes += SIO_LENT_BYTES;
    user_begin(&v);
    claim(&v);
    CHECK_EQ_INT(side[0].w->n_owed, 1);
    say_taken(8, 0);
    CHECK_EQ_INT(side[0].w->n_owed, 1);
    side[0].w->lent_bytes -= SIO_LENT_BYTES;
    say_taken(7, 0); /* what frees some is followed by what waits */
    CHECK_EQ_INT(side[0].w->n_owed, 0);
    CHECK_EQ_INT(side[0].w->n_lent, 1);
    say_taken(7, 0);
    CHECK_EQ_INT(side[0].w->n_lent, 0);
    CHECK_EQ_INT(side[0].w->lent_bytes, 0);
    close(sibling);
    peer_fini(&u.peer);
    peer_fini(&v.peer);
    host_close();
}
