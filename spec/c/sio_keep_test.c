// SPDX-License-Identifier: MIT
/* Sessions that do not come back, what is saved and when, and recovery behind middlewares. */
#include "test.h"

#include "sio/keep.h"
#include "sio/replay.h"
#include "sio_client.h"

/* ---- what does not come back ---------------------------------------------------------------- */

TEST(goodbye_is_final)
{
    for (unsigned how = 0; how < 3; how++) {
        test_context("way %u", how);
        begin_with(true, true);
        if (how == 0)
            say(first, "1");
        else if (how == 1)
            sio_socket_disconnect(sio.socket, false);
        else
            fake_end(first, EIO_PARSE_ERROR, NULL);
        CHECK(fake_find(sio_slice_str(client.pid)) == NULL);
        struct eio_session *e = connect_as(0, &client);
        check_fresh(e, &client);
        end_with(e);
    }
}

static void check_auth_is_fresh(const char *auth)
{
    test_context("%s", auth);
    begin_with(true, false);
    char text[256];
    struct eio_session *e = fake_session(0);
    snprintf(text, sizeof text, auth, client.pid);
    say(e, text);
    check_fresh(e, &client);
    end_with(e);
}

TEST(bad_auth_is_a_fresh_session)
{
    check_auth_is_fresh("0{\"pid\":\"AAAAAAAAAAAAAAAAAAAA\"}");
    check_auth_is_fresh("0{\"pid\":5,\"x\":\"%s\"}");
    check_auth_is_fresh("0{\"pid\":\"__proto__\"}");
    check_auth_is_fresh("0{\"pid\":[\"%s\"]}");
    check_auth_is_fresh("0{\"x\":{\"pid\":\"%s\"}}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":5}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":null}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":\"\"}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":\"str\"}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":\"older:40\"}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":\"ep0ch:fffff\"}");
    check_auth_is_fresh("0{\"pid\":\"%s\",\"offset\":\"ep0ch:1001\"}");
}

TEST(nested_offset_does_not_count)
{
    begin_with(true, false);
    char text[256];
    struct eio_session *e = fake_session(0);
    snprintf(text, sizeof text, "0{\"pid\":\"%s\",\"x\":{\"offset\":5}}", client.pid);
    say(e, text);
    check_same(e, &client, 1);
    end_with(e);
}

TEST(lapped_offset_is_a_fresh_session)
{
    begin_with(true, false);
    broadcast(root_of(0), NULL, "[1]", 0);
    broadcast(root_of(0), NULL, "[2]", 0);
    sio.first = sio.n - 1;
    struct eio_session *e = connect_as(0, &client);
    check_fresh(e, &client);
    CHECK(fake_find(sio_slice_str(client.pid)) == NULL);
    end_with(e);
}

TEST(other_namespace_is_a_fresh_session)
{
    begin_with(true, false);
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/other"));
    struct eio_session *e = fake_session(0);
    char text[128];
    snprintf(text, sizeof text, "0/other,{\"pid\":\"%s\"}", client.pid);
    say(e, text);
    CHECK_EQ_INT(e->n, 1);
    CHECK(!sio_socket_recovered(sio.socket));
    end_with(e);
}

TEST(expired_session)
{
    begin_with(true, true);
    fake_kill(0);
    sio.worker[0].died_ms -= sio.options.max_disconnection_ms + 1; /* long ago */
    struct eio_session *e = connect_as(1, &client);
    check_fresh(e, &client);
    end_with(e);
}

TEST(session_that_expires_soon)
{
    begin_with(true, true);
    fake_kill(0);
    sio.worker[0].died_ms -= sio.options.max_disconnection_ms - 5000;
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 0);
    end_with(e);
}

TEST(parked_sessions_expire)
{
    fake_prepare();
    sio.options.recovery = true;
    sio.options.max_disconnection_ms = 20;
    fake_open();
    struct memory m = {0};
    first = fake_session(0);
    say(first, "0");
    remember(&m, first);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    CHECK(fake_find(sio_slice_str(m.pid)) != NULL);
    while (fake_find(sio_slice_str(m.pid)) != NULL)
        sio_loop_run_once(&sio.loop);
    struct eio_session *e = connect_as(0, &m);
    check_fresh(e, &m);
    end_with(e);
}

TEST(replay_is_limited_in_packets)
{
    fake_prepare();
    sio.options.recovery = true;
    sio.options.max_missed_packets = 5;
    fake_open();
    struct memory m = {0};
    first = fake_session(0);
    say(first, "0");
    remember(&m, first);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    struct sio_slice bin = SIO_LIT("bin");
    struct sio_outgoing out = {SIO_LIT("[\"b\",{\"_placeholder\":true,\"num\":0}]"), &bin, 1, 0};
    for (unsigned i = 0; i < 5; i++)
        sio_nsp_emit(root_of(0), &(struct sio_selection){0}, &out);
    for (unsigned i = 0; i < 5; i++) /* none of them counts */
        broadcast(root_of(0), i == 0 ? "r" : NULL, "[\"v\"]", i == 0 ? 0 : SIO_EMIT_VOLATILE);
    struct eio_session *e = connect_as(0, &m);
    CHECK_EQ_INT(remember(&m, e), 10);
    CHECK(sio_socket_recovered(sio.socket));
    fake_drop_session(e);
    CHECK_EQ_INT(sio.log_lines, 0);
    broadcast(root_of(0), NULL, "[\"one more\"]", 0);
    e = connect_as(0, &m);
    check_fresh(e, &m);
    CHECK(sio.log_lines > 0);
    CHECK(fake_find(sio_slice_str(m.pid)) == NULL);
    end_with(e);
}

TEST(replay_is_limited)
{
    begin_with(true, false);
    size_t len = sio.options.max_missed_bytes / 4;
    char *big = malloc(len + 1);
    memset(big, '1', len);
    big[0] = '[', big[len - 1] = ']', big[len] = '\0';
    for (unsigned i = 0; i < 3; i++)
        broadcast(root_of(0), NULL, big, 0);
    struct eio_session *e = connect_as(0, &client);
    check_same(e, &client, 3);
    fake_drop_session(e);
    broadcast(root_of(0), NULL, big, 0);
    e = connect_as(0, &client);
    check_fresh(e, &client);
    CHECK(sio.log_lines > 0);
    free(big);
    end_with(e);
}

/* ---- saving --------------------------------------------------------------------------------- */

TEST(saved_once_per_tick)
{
    begin_with(true, true);
    unsigned saves = sio.saves;
    struct sio_saved v;
    char name[16];
    for (unsigned i = 0; i < 30; i++) {
        snprintf(name, sizeof name, "room %u", i);
        sio_socket_join(sio.socket, sio_slice_str(name));
        sio_socket_join(sio.socket, sio_slice_str(name));
    }
    sio_socket_set_data(sio.socket, SIO_LIT("[1]"));
    CHECK_EQ_INT(sio.saves, saves);
    fake_tick();
    CHECK_EQ_INT(sio.saves, saves + 1);
    sio_socket_set_data(sio.socket, SIO_LIT("[1]"));
    fake_tick();
    CHECK_EQ_INT(sio.saves, saves + 1);
    struct fake_saved *saved = fake_find(sio_slice_str(client.pid));
    REQUIRE(saved != NULL && sio_keep_decode(sio_blob_slice(saved->record), &v) == 0);
    CHECK_EQ_INT(v.rooms.n, 31);
    CHECK_SLICE(v.data, "[1]");
    CHECK_SLICE(v.nsp, "/");
    end_with(NULL);
}

TEST(session_too_big_to_save)
{
    begin_with(true, true);
    sio.save_max = 200;
    char data[202];
    memset(data, '1', sizeof data);
    sio_socket_set_data(sio.socket, sio_slice(data, sizeof data));
    fake_tick();
    CHECK(fake_find(sio_slice_str(client.pid)) == NULL);
    CHECK_EQ_INT(sio.log_lines, 1);
    CHECK(sio_socket_connected(sio.socket));
    CHECK_EQ_INT(sio_socket_join(sio.socket, SIO_LIT("x")), 0);
    fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    sio.save_max = 64 * 1024;
    struct eio_session *e = connect_as(0, &client);
    check_fresh(e, &client);
    end_with(e);
}

TEST(no_private_id_when_it_cannot_be_saved)
{
    fake_prepare();
    sio.options.recovery = true;
    sio.save_err = SIO_EFULL;
    fake_open();
    struct memory m;
    first = fake_session(0);
    say(first, "0");
    remember(&m, first);
    CHECK_EQ_STR(m.pid, "");
    CHECK_EQ_INT(strlen(m.sid), SIO_ID_LEN);
    end_with(NULL);
}

TEST(shutdown_leaves_sessions_recoverable)
{
    begin_with(true, true);
    sio_server_shutdown(sio.worker[0].server);
    fake_kill(0);
    broadcast(root_of(1), NULL, "[\"missed\"]", 0);
    struct eio_session *e = connect_as(1, &client);
    check_same(e, &client, 1);
    end_with(e);
}

TEST(lapped_worker_forgets_its_sessions)
{
    begin_with(true, true);
    sio_server_lapped(sio.worker[0].server);
    CHECK_EQ_INT(first->state, EIO_STATE_CLOSED);
    CHECK_LOG("disconnecting transport error|disconnect transport error|");
    CHECK(fake_find(sio_slice_str(client.pid)) == NULL);
    struct eio_session *e = connect_as(0, &client);
    check_fresh(e, &client);
    end_with(e);
}

/* ---- middlewares ---------------------------------------------------------------------------- */

TEST(middlewares_run_before_the_replay)
{
    begin_with(false, false);
    sio.hold = true;
    broadcast(root_of(0), "r", "[\"missed 1\"]", 0);
    struct eio_session *e = connect_as(1, &client);
    CHECK_EQ_INT(e->n, 0);
    CHECK(sio_socket_recovered(sio.socket));
    CHECK(sio_socket_in(sio.socket, SIO_LIT("r")));
    CHECK_EQ_STR(sio_socket_id(sio.socket), client.sid);
    broadcast(root_of(0), "r", "[\"missed 2\"]", 0);
    sio_socket_join(sio.socket, SIO_LIT("late"));
    broadcast(root_of(1), "late", "[\"missed 3\"]", 0);
    emit(sio.socket, "[\"early\"]");
    note_offset(&client, sent(e, 0));
    sio_socket_accept(sio.socket);
    CHECK(sio_slice_starts(sent(e, 1), SIO_LIT("42[\"missed 1\"")));
    CHECK(sio_slice_starts(sent(e, 2), SIO_LIT("42[\"missed 2\"")));
    CHECK(sio_slice_starts(sent(e, 3), SIO_LIT("42[\"missed 3\"")));
    check_same(e, &client, 4);
    fake_drop_session(e);
    sio.hold = false;
    e = connect_as(0, &client); /* the early event's offset did not hide what was missed */
    check_same(e, &client, 3);
    end_with(e);
}

TEST(refused_session_stays_recoverable)
{
    begin_with(false, false);
    sio.hold = true;
    struct eio_session *e = connect_as(1, &client);
    sio_socket_refuse(sio.socket, SIO_LIT("{\"message\":\"no\"}"));
    CHECK_SLICE(last_sent(e), "44{\"message\":\"no\"}");
    sio.hold = false;
    fake_drop_session(e);
    e = connect_as(0, &client);
    check_same(e, &client, 0);
    end_with(e);
}

TEST(lapped_during_middlewares)
{
    begin_with(false, false);
    sio.hold = true;
    struct eio_session *e = connect_as(0, &client);
    broadcast(root_of(0), NULL, "[1]", 0);
    broadcast(root_of(0), NULL, "[2]", 0);
    sio.first = sio.n - 1;
    sio_socket_accept(sio.socket);
    struct memory now;
    CHECK_EQ_INT(remember(&now, e), 0);
    CHECK(!sio_socket_recovered(sio.socket));
    CHECK_EQ_STR(now.sid, client.sid);
    CHECK(strcmp(now.pid, client.pid) != 0);
    CHECK(fake_find(sio_slice_str(client.pid)) == NULL);
    end_with(e);
}
