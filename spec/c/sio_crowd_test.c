// SPDX-License-Identifier: MIT
/* Changes of all sockets that a selection means, on two workers with one log; and what becomes of
 * them in a session that was away. The model of sio_replay_test has the rest.
 */
#include "test.h"

#include "sio/crowd.h"
#include "sio/keep.h"
#include "sio/replay.h"
#include "sio_client.h"

static struct eio_session *sessions[3];
static struct sio_socket *sockets[3];

/* Two clients of worker 0 and one of worker 1. */
static void connect_three(void)
{
    for (unsigned i = 0; i < 3; i++)
        sockets[i] = fake_join_root(i / 2, &sessions[i]);
}

static void begin(void)
{
    fake_begin();
    connect_three();
}

static void finish(void)
{
    for (unsigned i = 0; i < 3; i++)
        fake_drop_session(sessions[i]);
    fake_close();
}

/* From worker 0; room NULL: everybody. */
static int crowd(enum sio_crowd_kind kind, const char *room, const char *name, unsigned flags)
{
    struct sio_slice rooms = room == NULL ? SIO_LIT("") : sio_slice_str(room);
    struct sio_slice names = name == NULL ? SIO_LIT("") : sio_slice_str(name);
    struct sio_selection to = {.rooms = &rooms, .n_rooms = room != NULL};
    return sio_crowd_change(root_of(0), kind, &to, flags, &names, name != NULL);
}

static bool in(unsigned i, const char *room)
{
    return sio_socket_in(sockets[i], sio_slice_str(room));
}

TEST(everybody_joins_and_some_leave)
{
    begin();
    CHECK_EQ_INT(crowd(SIO_CROWD_JOIN, NULL, "a", 0), 0);
    CHECK(in(0, "a") && in(1, "a") && !in(2, "a"));
    fake_tail(&sio.worker[1]);
    CHECK(in(2, "a"));
    sio_socket_join(sockets[1], SIO_LIT("b"));
    sio_socket_join(sockets[2], SIO_LIT("b"));
    crowd(SIO_CROWD_LEAVE, "b", "a", 0);
    fake_tail(&sio.worker[1]);
    CHECK(in(0, "a") && !in(1, "a") && !in(2, "a"));
    crowd(SIO_CROWD_LEAVE, NULL, sio_socket_id(sockets[0]), 0);
    CHECK(in(0, sio_socket_id(sockets[0])));
    finish();
}

TEST(a_room_may_be_joined_by_its_own_members_and_left_by_them)
{
    begin();
    crowd(SIO_CROWD_JOIN, NULL, "a", 0);
    crowd(SIO_CROWD_JOIN, "a", "a", 0);
    crowd(SIO_CROWD_JOIN, "a", "b", 0);
    crowd(SIO_CROWD_LEAVE, "a", "a", 0);
    CHECK(!in(0, "a") && !in(1, "a") && in(0, "b") && in(1, "b"));
    finish();
}

TEST(here_means_this_worker)
{
    begin();
    crowd(SIO_CROWD_JOIN, NULL, "a", SIO_EMIT_HERE);
    fake_tail(&sio.worker[1]);
    CHECK(in(0, "a") && in(1, "a") && !in(2, "a"));
    finish();
}

TEST(it_is_in_order_with_emits)
{
    begin();
    broadcast(root_of(0), "a", "[1]", 0);
    crowd(SIO_CROWD_JOIN, NULL, "a", 0);
    broadcast(root_of(0), "a", "[2]", 0);
    crowd(SIO_CROWD_LEAVE, NULL, "a", 0);
    broadcast(root_of(0), "a", "[3]", 0);
    crowd(SIO_CROWD_DISCONNECT, sio_socket_id(sockets[2]), NULL, 0);
    broadcast(root_of(0), NULL, "[4]", 0);
    fake_tail(&sio.worker[1]);
    CHECK_EQ_INT(sessions[2]->n, 1);
    CHECK_SLICE(sent(sessions[2], 0), "42[2]");
    CHECK_EQ_INT(sessions[0]->n, 2);
    CHECK_SLICE(sent(sessions[0], 1), "42[4]");
    fake_tick();
    CHECK_SLICE(last_sent(sessions[2]), "41");
    finish();
}

TEST(waits_while_the_log_is_blocked)
{
    begin();
    sio.worker[0].blocked = true;
    crowd(SIO_CROWD_JOIN, NULL, "a", SIO_EMIT_HERE);
    CHECK(!in(0, "a"));
    fake_unblock(&sio.worker[0]);
    CHECK(in(0, "a"));
    finish();
}

TEST(limits)
{
    fake_prepare();
    sio.options.rooms_per_socket = 1;
    fake_open();
    connect_three();
    char name[SIO_ROOM_NAME_MAX + 2];
    memset(name, 'x', sizeof name - 1);
    name[SIO_ROOM_NAME_MAX + 1] = '\0';
    CHECK_EQ_INT(crowd(SIO_CROWD_JOIN, NULL, name, 0), SIO_ETOOBIG);
    name[SIO_ROOM_NAME_MAX] = '\0';
    CHECK_EQ_INT(crowd(SIO_CROWD_JOIN, NULL, name, 0), 0);
    CHECK(in(0, name));
    unsigned lines = sio.log_lines;
    CHECK_EQ_INT(crowd(SIO_CROWD_JOIN, NULL, "b", 0), 0);
    CHECK(!in(0, "b") && sio.log_lines == lines + 1);
    finish();
}

/* ---- disconnects ----------------------------------------------------------------------------- */

TEST(they_are_disconnected_at_the_end_of_the_tick)
{
    begin();
    sio_socket_join(sockets[0], SIO_LIT("a"));
    sio_socket_join(sockets[2], SIO_LIT("a"));
    crowd(SIO_CROWD_DISCONNECT, "a", NULL, 0);
    CHECK_LOG("");
    CHECK_EQ_INT(emit(sockets[0], "[1]"), 0);
    CHECK_EQ_INT(sio_socket_join(sockets[0], SIO_LIT("b")), SIO_ECLOSED);
    struct sio_outgoing out = event_of("[1]");
    CHECK_EQ_INT(sio_socket_emit(sockets[0], &out, 7, 0), SIO_ECLOSED);
    say(sessions[0], "2[\"unheard\"]");
    CHECK_LOG("");
    fake_tick();
    CHECK_LOG("disconnecting server namespace disconnect|disconnect server namespace disconnect|");
    CHECK_EQ_INT(sessions[0]->n, 1);
    CHECK_SLICE(last_sent(sessions[0]), "41");
    CHECK_EQ_INT(sessions[0]->state, EIO_STATE_OPEN);
    CHECK_EQ_INT(sessions[1]->n, 0);
    fake_tail(&sio.worker[1]);
    fake_tick();
    CHECK_SLICE(last_sent(sessions[2]), "41");
    finish();
}

TEST(with_close_the_connections_end)
{
    begin();
    crowd(SIO_CROWD_CLOSE, NULL, NULL, 0);
    fake_tick();
    CHECK_EQ_INT(sessions[0]->state, EIO_STATE_CLOSED);
    CHECK_EQ_INT(sessions[1]->state, EIO_STATE_CLOSED);
    CHECK_EQ_INT(sessions[2]->state, EIO_STATE_OPEN);
    finish();
}

TEST(one_that_goes_before_is_gone)
{
    begin();
    crowd(SIO_CROWD_DISCONNECT, NULL, NULL, 0);
    fake_end(sessions[0], EIO_TRANSPORT_CLOSE, NULL);
    CHECK_LOG("disconnecting transport close|disconnect transport close|");
    fake_tick();
    CHECK_LOG("disconnecting server namespace disconnect|disconnect server namespace disconnect|");
    crowd(SIO_CROWD_CLOSE, NULL, NULL, 0);
    fake_tick();
    CHECK_LOG("");
    finish();
}

static void crowd_again(struct sio_socket *s)
{
    (void)s;
    crowd(SIO_CROWD_CLOSE, NULL, NULL, 0);
    broadcast(root_of(0), NULL, "[\"bye\"]", 0);
}

TEST(handlers_may_do_the_same)
{
    begin();
    sio.on_disconnecting = crowd_again;
    crowd(SIO_CROWD_DISCONNECT, sio_socket_id(sockets[0]), NULL, 0);
    fake_tick();
    CHECK_EQ_INT(sessions[1]->state, EIO_STATE_CLOSED);
    CHECK_EQ_INT(sessions[1]->n, 1); /* 41, and none of the goodbyes */
    sio.on_disconnecting = NULL;
    finish();
}

TEST(a_server_that_ends_meanwhile)
{
    begin();
    crowd(SIO_CROWD_DISCONNECT, NULL, NULL, 0);
    sio_server_shutdown(sio.worker[0].server);
    CHECK_EQ_INT(crowd(SIO_CROWD_DISCONNECT, NULL, NULL, 0), 0);
    fake_tick();
    finish();
}

/* ---- sessions that were away ----------------------------------------------------------------- */

TEST(who_was_away_has_joined_and_left)
{
    begin_with(true, false); /* in "r" */
    crowd(SIO_CROWD_JOIN, "r", "s", 0);
    broadcast(root_of(1), "s", "[1]", 0);
    crowd(SIO_CROWD_LEAVE, "s", "s", 0);
    broadcast(root_of(1), "s", "[2]", 0);
    crowd(SIO_CROWD_JOIN, "nobody", "t", 0);
    broadcast(root_of(1), "t", "[3]", 0);
    crowd(SIO_CROWD_JOIN, NULL, "u", 0);
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, 1);
    CHECK(sio_slice_starts(sent(second, 0), SIO_LIT("42[1,")));
    CHECK(!sio_socket_in(sio.socket, SIO_LIT("s")) && !sio_socket_in(sio.socket, SIO_LIT("t")));
    CHECK(sio_socket_in(sio.socket, SIO_LIT("u")));
    end_with(second);
}

/* Each room becomes known by what is said to the one before: more than replay asks the log for. */
TEST(who_was_away_has_gone_from_room_to_room)
{
    enum { ROOMS = SIO_REPLAY_PASSES_MAX + 3 };
    char from[16] = "r", to[16], data[16];
    begin_with(true, false); /* in "r" */
    for (unsigned i = 0; i < ROOMS; i++) {
        snprintf(to, sizeof to, "r%u", i);
        snprintf(data, sizeof data, "[%u]", i);
        crowd(SIO_CROWD_JOIN, from, to, 0);
        broadcast(root_of(1), to, data, 0);
        memcpy(from, to, sizeof from);
    }
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, ROOMS);
    CHECK(sio_socket_in(sio.socket, sio_slice_str(to)));
    end_with(second);
}

TEST(what_it_knew_of_itself_before_it_went_counts)
{
    begin_with(true, true);
    broadcast(root_of(0), "s", "[1]", 0); /* not in yet */
    crowd(SIO_CROWD_JOIN, "r", "s", 0);
    broadcast(root_of(0), "s", "[2]", 0);
    crowd(SIO_CROWD_JOIN, "r", "s", 0); /* changes nothing */
    crowd(SIO_CROWD_LEAVE, "r", "s", 0);
    broadcast(root_of(0), "s", "[3]", 0);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL); /* none of it has arrived */
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, 1);
    CHECK(sio_slice_starts(sent(second, 0), SIO_LIT("42[2,")));
    struct eio_session *third = connect_as(0, &client); /* nor has that */
    check_same(third, &client, 1);
    CHECK(sio_slice_starts(sent(third, 0), SIO_LIT("42[2,")));
    fake_drop_session(third);
    end_with(second);
}

/* That it was in "q" is learnt from the end of the log, and what happened to "s" from "q". */
TEST(changes_that_become_known_late_count)
{
    begin_with(true, true);
    struct sio_socket *s = sio.socket;
    sio_socket_join(s, SIO_LIT("q"));
    sio_socket_join(s, SIO_LIT("s"));
    broadcast(root_of(0), NULL, "[0]", 0);
    note_offset(&client, sent(first, first->n - 1));
    broadcast(root_of(0), "s", "[1]", 0);
    crowd(SIO_CROWD_LEAVE, "q", "s", 0);
    broadcast(root_of(0), "s", "[2]", 0);
    sio_socket_join(s, SIO_LIT("s"));
    sio_socket_leave(s, SIO_LIT("q"));
    broadcast(root_of(0), "s", "[3]", 0);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, 2);
    CHECK(sio_slice_starts(sent(second, 0), SIO_LIT("42[1,")));
    CHECK(sio_slice_starts(sent(second, 1), SIO_LIT("42[3,")));
    end_with(second);
}

TEST(a_join_that_was_overtaken_is_none)
{
    begin_with(true, true);
    struct sio_socket *s = sio.socket;
    struct sio_slice rooms = SIO_LIT("r"), names = SIO_LIT("s");
    struct sio_selection to = {.rooms = &rooms, .n_rooms = 1};
    sio_crowd_change(root_of(1), SIO_CROWD_JOIN, &to, 0, &names, 1);
    broadcast(root_of(1), NULL, "[1]", 0);
    broadcast(root_of(1), "s", "[2]", 0);
    CHECK(!sio_socket_in(s, names));
    sio_socket_join(s, names); /* behind the others in the log */
    note_offset(&client, sent(first, first->n - 2));
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, 1);
    CHECK(sio_slice_starts(sent(second, 0), SIO_LIT("42[2,")));
    end_with(second);
}

TEST(who_was_disconnected_while_away_comes_back_as_new)
{
    begin_with(true, false);
    crowd(SIO_CROWD_DISCONNECT, "r", NULL, 0);
    struct eio_session *second = connect_as(1, &client);
    check_fresh(second, &client);
    end_with(second);
}

TEST(who_is_disconnected_cannot_be_recovered)
{
    begin_with(true, true);
    crowd(SIO_CROWD_DISCONNECT, "r", NULL, 0);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL); /* before the end of the tick */
    struct eio_session *second = connect_as(1, &client);
    check_fresh(second, &client);
    end_with(second);
}

static struct sio_socket *held;

static void hold(struct sio_socket *s)
{
    held = s;
}

TEST(a_restored_one_takes_part_while_its_middlewares_run)
{
    begin_with(false, false);
    sio.hold = true;
    sio.on_connecting = hold;
    struct eio_session *second = connect_as(1, &client);
    crowd(SIO_CROWD_JOIN, NULL, "s", 0);
    broadcast(root_of(0), "s", "[1]", 0);
    fake_tail(&sio.worker[1]);
    CHECK(sio_socket_in(held, SIO_LIT("s")));
    crowd(SIO_CROWD_LEAVE, "s", "s", 0); /* read by the replay alone */
    broadcast(root_of(0), "s", "[2]", 0);
    sio_socket_accept(held);
    check_same(second, &client, 1);
    CHECK(sio_slice_starts(sent(second, 0), SIO_LIT("42[1,")));
    CHECK(!sio_socket_in(held, SIO_LIT("s")));
    end_with(second);
}

TEST(a_restored_one_that_is_disconnected_meanwhile_is_new)
{
    for (unsigned seen = 0; seen < 2; seen++) {
        begin_with(false, false);
        sio.hold = true;
        sio.on_connecting = hold;
        struct eio_session *second = connect_as(1, &client);
        crowd(SIO_CROWD_DISCONNECT, "r", NULL, 0);
        if (seen != 0)
            fake_tail(&sio.worker[1]);
        sio_socket_accept(held);
        CHECK(!sio_socket_recovered(held));
        CHECK(sio_socket_connected(held));
        CHECK(!sio_socket_in(held, SIO_LIT("r")));
        end_with(second);
    }
}

TEST(notes_beyond_their_limit_end_the_recovery_of_what_is_older)
{
    begin_with(true, true);
    struct memory old = client;
    enum { NOTES = SIO_KEEP_NOTES_BYTES / (8 + 1 + 4 + 1) };
    for (unsigned i = 0; i < NOTES; i++)
        crowd(i % 2 == 0 ? SIO_CROWD_JOIN : SIO_CROWD_LEAVE, "r", "s", 0);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    struct eio_session *second = connect_as(1, &old);
    check_same(second, &old, 0);
    crowd(SIO_CROWD_JOIN, "r", "t", 0);
    fake_tail(&sio.worker[1]);
    fake_end(second, EIO_TRANSPORT_CLOSE, NULL);
    struct eio_session *third = connect_as(1, &old);
    check_fresh(third, &old);
    fake_drop_session(third);
    end_with(second);
}

TEST(the_limit_of_rooms_holds_for_who_is_away)
{
    begin_with(true, false);
    sio.worker[1].server->options.rooms_per_socket = 2;
    crowd(SIO_CROWD_JOIN, NULL, "a", 0);
    crowd(SIO_CROWD_JOIN, NULL, "b", 0);
    broadcast(root_of(0), "b", "[1]", 0);
    struct eio_session *second = connect_as(1, &client);
    check_same(second, &client, 0);
    CHECK(sio_socket_in(sio.socket, SIO_LIT("a")) && !sio_socket_in(sio.socket, SIO_LIT("b")));
    end_with(second);
}
