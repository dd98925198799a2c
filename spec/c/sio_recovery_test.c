// SPDX-License-Identifier: MIT
/* Connection state recovery over two workers with one log: what comes back and who owns it.
 */
#include "test.h"

#include "sio/keep.h"
#include "sio_client.h"

/* ---- what comes back ------------------------------------------------------------------------ */

static void check_comes_back(unsigned worker, bool kill)
{
    begin_with(true, kill);
    if (kill)
        fake_kill(0);
    broadcast(root_of(1), "r", "[\"missed 1\"]", 0);
    broadcast(root_of(1), "other", "[\"not mine\"]", 0);
    broadcast(root_of(1), NULL, "[\"missed 2\"]", 0);
    broadcast(root_of(1), NULL, "[\"volatile\"]", SIO_EMIT_VOLATILE);
    struct eio_session *e = connect_as(worker, &client);
    check_same(e, &client, 2);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"missed 1\",\"ep0ch:")));
    CHECK(sio_slice_starts(sent(e, 1), SIO_LIT("42[\"missed 2\",\"ep0ch:")));
    CHECK_LOG("connection /|");
    broadcast(root_of(1), "r", "[\"live\"]", 0);
    fake_tail(&sio.worker[worker]);
    CHECK(sio_slice_starts(sent(e, 3), SIO_LIT("42[\"live\"")));
    CHECK_EQ_INT(e->n, 4);
    end_with(e);
}

TEST(comes_back_here)
{
    check_comes_back(0, false);
}

TEST(comes_back_elsewhere)
{
    check_comes_back(1, false);
}

TEST(comes_back_after_its_worker_died)
{
    check_comes_back(1, true);
}

TEST(comes_back_again_and_again)
{
    begin_with(true, false);
    for (unsigned i = 0; i < 6; i++) {
        struct eio_session *e;
        broadcast(root_of(0), "r", "[\"missed\"]", 0);
        fake_tail(&sio.worker[1]);
        e = connect_as(i / 2 % 2, &client);
        check_same(e, &client, i % 2 == 0 ? 1 : 2);
        if (i % 2 == 1) /* else nothing arrived, and it asks from the same offset */
            note_offset(&client, sent(e, 1));
        fake_drop_session(e);
    }
    end_with(NULL);
}

TEST(client_that_received_nothing_comes_back)
{
    begin_with(true, false);
    client.offset[0] = '\0';
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 1);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"seen\"")));
    end_with(e);
}

TEST(nothing_from_before_its_connect)
{
    fake_begin_recovery();
    struct memory m = {0};
    broadcast(root_of(0), NULL, "[\"before\"]", 0);
    first = fake_session(0);
    say(first, "0");
    remember(&m, first);
    snprintf(m.offset, sizeof m.offset, "ep0ch:%x", 64); /* forged: where the log begins */
    struct eio_session *e = connect_as(0, &m);
    CHECK_EQ_INT(remember(&m, e), 0);
    CHECK(sio_socket_recovered(sio.socket));
    end_with(e);
}

TEST(volatile_offset_counts)
{
    begin_with(true, true);
    broadcast(root_of(0), NULL, "[\"v\"]", SIO_EMIT_VOLATILE);
    note_offset(&client, last_sent(first));
    fake_end(first, EIO_PING_TIMEOUT, NULL);
    broadcast(root_of(0), NULL, "[\"missed\"]", 0);
    struct eio_session *e = connect_as(0, &client);
    check_same(e, &client, 1);
    end_with(e);
}

TEST(directed_events_come_back)
{
    begin_with(true, true);
    struct sio_outgoing ask = event_of("[\"q\"]");
    emit(sio.socket, "[\"direct\"]");
    sio_socket_emit(sio.socket, &ask, 1, 0);
    fake_end(first, EIO_TRANSPORT_ERROR, NULL);
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 1);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"direct\"")));
    end_with(e);
}

static void emit_late(unsigned worker, const char *data, unsigned flags)
{
    struct sio_outgoing out = event_of(data);
    out.flags = flags;
    CHECK_EQ_INT(sio_socket_emit_late(root_of(worker), sio_slice_str(client.sid), &out), 0);
}

TEST(events_to_a_socket_that_has_gone_come_back)
{
    begin_with(true, false);
    emit_late(0, "[\"late\"]", 0);
    emit_late(0, "[\"volatile\"]", SIO_EMIT_VOLATILE);
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 1);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"late\",\"ep0ch:")));
    emit_late(0, "[\"later\"]", 0);
    fake_tail(&sio.worker[1]);
    CHECK(sio_slice_starts(last_sent(e), SIO_LIT("42[\"later\",\"ep0ch:")));
    end_with(e);
}

static void say_goodbye(struct sio_socket *s)
{
    emit(s, "[\"goodbye\"]");
}

TEST(events_while_it_disconnects_come_back)
{
    begin_with(true, true);
    sio.on_disconnecting = say_goodbye;
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    struct eio_session *e = connect_as(0, &client);
    check_same(e, &client, 1);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"goodbye\"")));
    end_with(e);
}

TEST(events_to_a_socket_that_has_gone_cost_nothing_without_recovery)
{
    fake_begin();
    size_t n = sio.n;
    snprintf(client.sid, sizeof client.sid, "AAAAAAAAAAAAAAAAAAAA");
    emit_late(0, "[\"late\"]", 0);
    CHECK_EQ_INT(sio.n, n);
    fake_close();
}

TEST(here_means_its_last_worker)
{
    begin_with(true, false);
    broadcast(root_of(0), NULL, "[\"at 0\"]", SIO_EMIT_HERE);
    broadcast(root_of(1), NULL, "[\"at 1\"]", SIO_EMIT_HERE);
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 1);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[\"at 0\"")));
    end_with(e);
}

TEST(binary_comes_back)
{
    begin_with(true, false);
    struct sio_slice bin = SIO_LIT("bin");
    struct sio_outgoing out = {SIO_LIT("[\"b\",{\"_placeholder\":true,\"num\":0}]"), &bin, 1, 0};
    sio_nsp_emit(root_of(1), &(struct sio_selection){0}, &out);
    struct eio_session *e = connect_as(0, &client);
    check_same(e, &client, 2);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("451-[\"b\",{\"_placeholder\":true,\"num\":0},\"")));
    CHECK_SLICE(sent(e, 1), "bin");
    end_with(e);
}

TEST(membership_is_that_of_each_position)
{
    begin_with(true, true);
    struct sio_socket *s = sio.socket;
    broadcast(root_of(0), "a", "[0]", 0);
    sio_socket_join(s, SIO_LIT("a"));
    broadcast(root_of(0), "a", "[1]", 0);
    sio_socket_leave(s, SIO_LIT("r"));
    broadcast(root_of(0), "r", "[2]", 0);
    sio_socket_leave(s, SIO_LIT("a"));
    broadcast(root_of(0), "a", "[3]", 0);
    sio_socket_join(s, SIO_LIT("r"));
    broadcast(root_of(0), "r", "[4]", 0);
    fake_kill(0);
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 2);
    CHECK(sio_slice_starts(sent(e, 0), SIO_LIT("42[1,")));
    CHECK(sio_slice_starts(sent(e, 1), SIO_LIT("42[4,")));
    CHECK(!sio_socket_in(sio.socket, SIO_LIT("a")));
    end_with(e);
}

/* ---- ownership ------------------------------------------------------------------------------ */

static void check_steals(unsigned worker)
{
    begin_with(true, true);
    struct eio_session *e = connect_as(worker, &client);
    check_same(e, &client, 0);
    CHECK_EQ_INT(first->state, EIO_STATE_CLOSED);
    CHECK_LOG("disconnecting transport close|disconnect transport close|connection /|");
    CHECK_EQ_INT(sio_nsp_count(root_of(worker)), 1);
    struct sio_saved v;
    struct fake_saved *saved = fake_find(sio_slice_str(client.pid));
    REQUIRE(saved != NULL && sio_keep_decode(sio_blob_slice(saved->record), &v) == 0);
    CHECK_EQ_INT(v.generation, 1);
    CHECK_EQ_INT(v.gone_ms, 0);
    CHECK_EQ_INT(saved->owner, worker);
    end_with(e);
}

TEST(second_connection_takes_over)
{
    check_steals(0);
    check_steals(1);
}

TEST(release_of_an_unknown_session)
{
    fake_begin_recovery();
    struct sio_buf out = {0};
    CHECK_EQ_INT(sio_recovery_release(sio.worker[0].server, SIO_LIT("AAAAAAAAAAAAAAAAAAAA"), &out),
                 SIO_ENOENT);
    fake_close();
}

TEST(claim_is_answered_later)
{
    begin_with(true, false);
    sio.claim_later = true;
    struct eio_session *e = connect_as(1, &client);
    CHECK_EQ_INT(e->n, 0);
    say(e, "0"); /* ignored, as while connecting */
    CHECK_LOG("");
    broadcast(root_of(1), NULL, "[\"meanwhile\"]", 0);
    fake_answer_claims();
    check_same(e, &client, 1);
    end_with(e);
}

static void check_one_of_two(unsigned first_worker, unsigned second_worker)
{
    test_context("workers %u and %u", first_worker, second_worker);
    begin_with(true, false);
    sio.claim_later = true;
    struct eio_session *a = connect_as(first_worker, &client);
    struct eio_session *b = connect_as(second_worker, &client);
    fake_answer_claims(); /* the first one gets it, then the second one from the first */
    CHECK_EQ_INT(a->state, EIO_STATE_CLOSED);
    CHECK_EQ_INT(b->state, EIO_STATE_OPEN);
    check_same(b, &client, 0);
    CHECK_EQ_INT(sio_nsp_count(root_of(0)) + sio_nsp_count(root_of(1)), 1);
    sio.claim_later = false;
    fake_drop_session(a);
    broadcast(root_of(0), "r", "[\"missed\"]", 0);
    fake_drop_session(b);
    a = connect_as(0, &client);
    check_same(a, &client, 1);
    end_with(a);
}

TEST(two_that_ask_at_once)
{
    check_one_of_two(0, 1);
    check_one_of_two(1, 0);
    check_one_of_two(0, 0);
    check_one_of_two(1, 1);
}

TEST(client_goes_while_the_claim_is_pending)
{
    begin_with(true, false);
    sio.claim_later = true;
    struct eio_session *e = connect_as(1, &client);
    fake_drop_session(e);
    CHECK_LOG("");
    fake_answer_claims();
    sio.claim_later = false;
    broadcast(root_of(1), NULL, "[\"missed\"]", 0);
    e = connect_as(0, &client);
    check_same(e, &client, 1);
    end_with(e);
}

TEST(server_goes_while_the_claim_is_pending)
{
    begin_with(true, false);
    sio.claim_later = true;
    struct eio_session *e = connect_as(1, &client);
    fake_drop_session(e);
    fake_drop_session(first);
    struct fake_worker *w = &sio.worker[1];
    sio_server_free(w->server);
    fake_answer_claims();
    fake_open_worker(1);
    fake_close();
}
