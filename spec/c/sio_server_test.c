// SPDX-License-Identifier: MIT
/* Clients, namespaces and packets: what a client says and what comes of it. */
#include "test.h"

#include "codec/sio_packet.h"
#include "sio_fake.h"

static void check_connect(struct sio_slice packet, const char *before)
{
    CHECK(sio_slice_starts(packet, sio_slice_str(before)));
    CHECK_EQ_INT(packet.len, strlen(before) + strlen("{\"sid\":\"\"}") + SIO_ID_LEN);
    CHECK(memmem(packet.p, packet.len, sio_socket_id(sio.socket), SIO_ID_LEN) != NULL);
}

TEST(connect_event_disconnect)
{
    fake_begin();
    struct eio_session *e = fake_session(0);
    say(e, "0");
    check_connect(sent(e, 0), "40");
    say(e, "2[\"hi\",{\"a\":1}]");
    say(e, "217[\"hi\"]");
    say(e, "1");
    CHECK_LOG("connecting / {}|connection /|event [\"hi\",{\"a\":1}]|event 17 [\"hi\"]|"
              "disconnecting client namespace disconnect|disconnect client namespace disconnect|");
    CHECK_EQ_INT(e->n, 1);
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    say(e, "0");
    CHECK_LOG("connecting / {}|connection /|");
    fake_drop_session(e);
    CHECK_LOG("disconnecting transport close|disconnect transport close|");
    fake_close();
}

TEST(auth_is_given)
{
    fake_begin();
    struct eio_session *e = fake_session(0);
    say(e, "0{\"token\":\"x\"}");
    CHECK_LOG("connecting / {\"token\":\"x\"}|connection /|");
    CHECK_SLICE(sio_socket_auth(sio.socket), "{\"token\":\"x\"}");
    fake_drop_session(e);
    fake_close();
}

TEST(namespaces_are_apart)
{
    fake_begin();
    REQUIRE(sio_server_nsp(sio.worker[0].server, SIO_LIT("/chat")) != NULL);
    struct eio_session *e = fake_session(0);
    say(e, "0/chat,{}");
    check_connect(sent(e, 0), "40/chat,");
    struct sio_socket *chat = sio.socket;
    say(e, "0");
    CHECK_EQ_INT(e->n, 2);
    CHECK(memcmp(sio_socket_id(chat), sio_socket_id(sio.socket), SIO_ID_LEN) != 0);
    sio_buf_clear(&sio.log);
    emit(chat, "[\"x\"]");
    CHECK_SLICE(last_sent(e), "42/chat,[\"x\"]");
    say(e, "1/chat,");
    CHECK_LOG("disconnecting client namespace disconnect|disconnect client namespace disconnect|");
    say(e, "2[1]");
    CHECK_LOG("event [1]|");
    fake_drop_session(e);
    fake_close();
}

TEST(unknown_namespace_is_refused)
{
    fake_begin();
    struct eio_session *e = fake_session(0);
    say(e, "0/nope,");
    CHECK_SLICE(sent(e, 0), "44/nope,{\"message\":\"Invalid namespace\"}");
    say(e, "0/admin?token=ok,{}");
    CHECK_SLICE(sent(e, 1), "44/admin?token=ok,{\"message\":\"Invalid namespace\"}");
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    fake_drop_session(e);
    CHECK_LOG("");
    fake_close();
}

TEST(namespace_names_are_checked)
{
    fake_begin();
    struct sio_server *s = sio.worker[0].server;
    char name[SIO_NSP_NAME_MAX + 2] = "/";
    memset(name + 1, 'n', SIO_NSP_NAME_MAX);
    CHECK(sio_server_nsp(s, sio_slice(name, SIO_NSP_NAME_MAX)) != NULL);
    CHECK(sio_server_nsp(s, sio_slice(name, SIO_NSP_NAME_MAX + 1)) == NULL);
    CHECK(sio_server_nsp(s, SIO_LIT("")) == NULL);
    CHECK(sio_server_nsp(s, SIO_LIT("chat")) == NULL);
    CHECK(sio_server_nsp(s, SIO_LIT("/a,b")) == NULL);
    CHECK(sio_server_nsp(s, SIO_LIT("/")) == root_of(0));
    fake_close();
}

TEST(number_of_namespaces_is_limited)
{
    fake_begin();
    char name[16];
    for (unsigned i = 1; i < 10000; i++) {
        snprintf(name, sizeof name, "/%u", i);
        REQUIRE(sio_server_nsp(sio.worker[0].server, sio_slice_str(name)) != NULL);
    }
    CHECK(sio_server_nsp(sio.worker[0].server, SIO_LIT("/one-more")) == NULL);
    CHECK_EQ_INT(sio.log_lines, 1);
    fake_close();
}

TEST(namespaces_per_client_are_limited)
{
    fake_prepare();
    sio.options.nsps_per_client = 2;
    fake_open();
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/a"));
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/b"));
    struct eio_session *e = fake_session(0);
    say(e, "0");
    say(e, "0/a,");
    say(e, "0/b,");
    CHECK_SLICE(last_sent(e), "44/b,{\"message\":\"too many namespaces\"}");
    say(e, "1");
    say(e, "0/b,");
    check_connect(last_sent(e), "40/b,");
    CHECK(sio.log_lines > 0);
    fake_drop_session(e);
    fake_close();
}

/* ---- middlewares ---------------------------------------------------------------------------- */

TEST(refuse_sends_the_error)
{
    fake_begin();
    sio.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0");
    sio_socket_join(sio.socket, SIO_LIT("r"));
    sio_socket_refuse(sio.socket, SIO_LIT("{\"message\":\"no\",\"data\":{\"a\":1}}"));
    CHECK_SLICE(sent(e, 0), "44{\"message\":\"no\",\"data\":{\"a\":1}}");
    CHECK_LOG("connecting / {}|disconnect -|");
    CHECK_EQ_INT(sio_nsp_count(root_of(0)), 0);
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    fake_drop_session(e);
    fake_close();
}

TEST(second_connect_is_ignored_while_connecting)
{
    fake_begin();
    sio.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0");
    struct sio_socket *s = sio.socket;
    say(e, "0");
    CHECK_LOG("connecting / {}|");
    sio_socket_accept(s);
    sio_socket_accept(s);
    CHECK_LOG("connection /|");
    CHECK_EQ_INT(e->n, 1);
    say(e, "0"); /* in the tick of the first: the client cannot have seen the answer */
    CHECK_LOG("");
    CHECK_EQ_INT(e->n, 1);
    fake_tick();
    say(e, "0");
    CHECK_LOG("disconnecting forced close|disconnect forced close|");
    fake_drop_session(e);
    fake_close();
}

TEST(client_goes_during_middleware)
{
    fake_begin();
    sio.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0");
    struct sio_socket *s = sio.socket;
    fake_end(e, EIO_TRANSPORT_CLOSE, NULL);
    CHECK_LOG("connecting / {}|disconnect -|");
    sio_socket_accept(s); /* still in the same tick */
    sio_socket_refuse(s, SIO_LIT("{}"));
    CHECK_LOG("");
    fake_drop_session(e);
    fake_close();
}

TEST(middleware_may_emit_and_join)
{
    fake_begin();
    sio.hold = true;
    struct eio_session *e = fake_session(0);
    say(e, "0");
    struct sio_socket *s = sio.socket;
    CHECK(!sio_socket_connected(s));
    CHECK(sio_nsp_find(root_of(0), sio_slice_str(sio_socket_id(s))) == NULL);
    CHECK_EQ_INT(sio_socket_join(s, SIO_LIT("r")), 0);
    CHECK_EQ_INT(emit(s, "[\"early\"]"), 0);
    broadcast(root_of(0), "r", "[\"not yet\"]", 0);
    broadcast(root_of(0), NULL, "[\"not yet\"]", 0);
    sio_socket_accept(s);
    broadcast(root_of(0), "r", "[\"now\"]", 0);
    CHECK_EQ_INT(e->n, 3);
    CHECK_SLICE(sent(e, 0), "42[\"early\"]");
    check_connect(sent(e, 1), "40");
    CHECK_SLICE(sent(e, 2), "42[\"now\"]");
    fake_drop_session(e);
    fake_close();
}

TEST(accept_while_the_session_closes_does_nothing)
{
    fake_begin();
    sio.hold = true;
    struct eio_session *e = fake_session(0);
    e->waits = true;
    say(e, "0");
    struct sio_socket *s = sio.socket;
    say(e, "9"); /* an invalid packet */
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSING);
    sio_socket_accept(s);
    CHECK_LOG("connecting / {}|");
    fake_drop_session(e);
    CHECK_LOG("disconnect -|");
    fake_close();
}

/* ---- violations ----------------------------------------------------------------------------- */

static void check_violation(const char *packet, const char *log, bool polling)
{
    test_context("%s", packet);
    fake_begin();
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/other"));
    struct eio_session *e;
    fake_join_root(0, &e);
    e->waits = polling;
    fake_tick();
    say(e, packet);
    if (packet[0] == '5')
        say_binary(e, "b");
    CHECK_EQ_INT(e->state, polling ? EIO_STATE_CLOSING : EIO_STATE_CLOSED);
    CHECK_LOG(log);
    CHECK_EQ_INT(e->n, 0);
    fake_drop_session(e);
    fake_close();
}

TEST(violations_close_the_connection)
{
    static const char *const bad[] = {
        "2/other,[1]", "3/other,1[]", "1/other,",
        "1/nope,",     "2/nope,[1]",  "4\"x\"",
        "4{}",         "0",           "51-/other,[\"b\",{\"_placeholder\":true,\"num\":0}]"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check_violation(bad[i], "disconnecting forced close|disconnect forced close|", false);
        check_violation(bad[i], "disconnecting forced server close|disconnect forced server close|",
                        true);
    }
}

TEST(invalid_packets_are_reported_first)
{
    check_violation("2abc",
                    "error invalid payload|disconnecting forced close|"
                    "disconnect forced close|",
                    false);
    check_violation("2{}", "error invalid payload|", true); /* upstream: until the next poll */
    check_violation("5[1]",
                    "error Illegal attachments|disconnecting forced close|"
                    "disconnect forced close|",
                    false);
}

TEST(event_before_connect_is_a_violation)
{
    fake_begin();
    struct eio_session *e = fake_session(0);
    say(e, "2[\"x\"]");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    CHECK_LOG("");
    fake_drop_session(e);
    sio.hold = true;
    e = fake_session(0);
    say(e, "0");
    say(e, "2[\"x\"]");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    CHECK_LOG("connecting / {}|disconnect -|");
    fake_drop_session(e);
    fake_close();
}

static void disconnect_it(struct sio_socket *s, const struct sio_incoming *in)
{
    sio_socket_disconnect(s, in->data.len > 4);
    sio_socket_disconnect(s, false);
}

TEST(nothing_after_disconnect_in_one_segment)
{
    fake_begin();
    struct eio_session *e;
    fake_join_root(0, &e);
    say(e, "1");
    say(e, "2[\"x\"]");
    CHECK_LOG("disconnecting client namespace disconnect|disconnect client namespace disconnect|");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    fake_drop_session(e);
    fake_close();
}

/* ---- disconnect ----------------------------------------------------------------------------- */

TEST(server_disconnects_one_namespace)
{
    fake_begin();
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/a"));
    struct eio_session *e;
    struct sio_socket *root = fake_join_root(0, &e);
    say(e, "0/a,");
    forget_sent(e);
    sio_buf_clear(&sio.log);
    sio_socket_disconnect(root, false);
    CHECK_SLICE(sent(e, 0), "41");
    CHECK_EQ_INT(e->n, 1);
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    CHECK_LOG("disconnecting server namespace disconnect|disconnect server namespace disconnect|");
    CHECK_EQ_INT(emit(root, "[\"late\"]"), 0);
    CHECK_EQ_INT(e->n, 1);
    fake_drop_session(e);
    fake_close();
}

TEST(server_disconnects_the_connection)
{
    fake_begin();
    sio_server_nsp(sio.worker[0].server, SIO_LIT("/a"));
    struct eio_session *e;
    struct sio_socket *root = fake_join_root(0, &e);
    say(e, "0/a,");
    forget_sent(e);
    sio_buf_clear(&sio.log);
    sio_socket_disconnect(root, true);
    CHECK_SLICE(sent(e, 0), "41");
    CHECK_SLICE(sent(e, 1), "41/a,");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    CHECK_LOG("disconnecting server namespace disconnect|disconnect server namespace disconnect|"
              "disconnecting server namespace disconnect|disconnect server namespace disconnect|");
    fake_drop_session(e);
    fake_close();
}

TEST(disconnect_inside_an_event)
{
    fake_begin();
    sio.on_event = disconnect_it;
    struct eio_session *e;
    fake_join_root(0, &e);
    say(e, "2[1]");
    CHECK_LOG("event [1]|disconnecting server namespace disconnect|"
              "disconnect server namespace disconnect|");
    say(e, "0");
    sio_buf_clear(&sio.log);
    say(e, "2[\"close\"]");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    CHECK_LOG("event [\"close\"]|disconnecting server namespace disconnect|"
              "disconnect server namespace disconnect|");
    fake_drop_session(e);
    fake_close();
}

static unsigned rooms_seen;

static void count_room(void *ctx, struct sio_slice room)
{
    (void)ctx, (void)room;
    rooms_seen++;
}

static void look_and_disconnect(struct sio_socket *s)
{
    rooms_seen = 0;
    sio_socket_each_room(s, count_room, NULL);
    CHECK_EQ_INT(sio_nsp_count(root_of(0)), 1);
    sio_socket_disconnect(s, true);
    CHECK_EQ_INT(sio_socket_join(s, SIO_LIT("x")), SIO_ECLOSED);
}

TEST(rooms_are_full_while_disconnecting)
{
    fake_begin();
    sio.on_disconnecting = look_and_disconnect;
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    sio_socket_join(s, SIO_LIT("r"));
    fake_end(e, EIO_PING_TIMEOUT, NULL);
    CHECK_EQ_INT(rooms_seen, 2);
    CHECK_EQ_INT(sio_nsp_count(root_of(0)), 0);
    CHECK_LOG("disconnecting ping timeout|disconnect ping timeout|");
    fake_drop_session(e);
    fake_close();
}

TEST(shutdown_says_nothing_to_clients)
{
    fake_begin();
    struct eio_session *e;
    fake_join_root(0, &e);
    sio_server_shutdown(sio.worker[0].server);
    CHECK_LOG("disconnecting server shutting down|disconnect server shutting down|");
    CHECK_EQ_INT(e->n, 0);
    say(e, "0");
    CHECK_EQ_INT(e->n, 0);
    fake_drop_session(e);
    CHECK_LOG("");
    fake_close();
}

static bool ended_in_disconnecting;

static void note_ended(struct sio_socket *s)
{
    ended_in_disconnecting = sio_socket_ended(s);
}

TEST(ended_is_a_socket_that_nobody_hears_of_any_more)
{
    struct eio_session *e;
    fake_begin();
    struct sio_socket *s = fake_join_root(0, &e);
    CHECK(!sio_socket_ended(s));
    ended_in_disconnecting = true;
    sio.on_disconnecting = note_ended;
    sio_socket_disconnect(s, false);
    CHECK(!ended_in_disconnecting);
    CHECK(sio_socket_ended(s)); /* its memory stays until the end of the tick */
    fake_drop_session(e);
    fake_close();
}

TEST(connect_timeout)
{
    fake_prepare();
    sio.options.connect_timeout_ms = 20;
    fake_open();
    struct eio_session *idle = fake_session(0), *joined = fake_session(0), *waits = fake_session(0);
    sio.hold = true;
    say(waits, "0");
    sio.hold = false;
    say(joined, "0");
    say(joined, "1");
    sio_buf_clear(&sio.log);
    while (idle->state == EIO_STATE_OPEN || waits->state == EIO_STATE_OPEN)
        sio_loop_run_once(&sio.loop);
    CHECK_EQ_INT(joined->state, EIO_STATE_OPEN);
    CHECK_LOG("disconnect -|");
    fake_drop_session(idle);
    fake_drop_session(joined);
    fake_drop_session(waits);
    fake_close();
}
