// SPDX-License-Identifier: MIT
/* Clients of Socket.IO v2: connected to "/" without asking, queries in place of auth, their own
 * ids, errors as they are, no offsets.
 */
#include "test.h"

#include "codec/sio_packet.h"
#include "sio/v2.h"
#include "sio_fake.h"

static const char *const sid = "engine-session-sid-0";

TEST(is_connected_without_asking)
{
    fake_begin();
    struct eio_session *e = fake_session_v2(0);
    CHECK_LOG("connecting / {}|connection /|");
    CHECK_SLICE(sent(e, 0), "40");
    CHECK(strcmp(sio_socket_id(sio.socket), sid) == 0);
    CHECK(sio_nsp_find(root_of(0), sio_slice_str(sid)) == sio.socket);
    say(e, "27[\"hi\"]");
    CHECK_LOG("event 7 [\"hi\"]|");
    say(e, "1");
    CHECK_LOG("disconnecting client namespace disconnect|disconnect client namespace disconnect|");
    CHECK_EQ_INT(e->n, 1);
    CHECK(sio_nsp_find(root_of(0), sio_slice_str(sid)) == NULL);
    say(e, "0"); /* once more, under the same id */
    CHECK_LOG("connecting / {}|connection /|");
    fake_drop_session(e);
    fake_close();
}

TEST(other_namespaces)
{
    fake_begin();
    REQUIRE(sio_server_nsp(sio.worker[0].server, SIO_LIT("/chat")) != NULL);
    struct eio_session *e = fake_session_v2(0);
    sio_buf_clear(&sio.log);
    say(e, "0/chat?token=a%20b&x=1&x=%22&y,");
    CHECK_LOG("connecting /chat {\"token\":\"a b\",\"x\":\"1\",\"x\":\"\\\"\",\"y\":\"\"}|"
              "connection /chat|");
    CHECK_SLICE(last_sent(e), "40/chat,");
    CHECK(strcmp(sio_socket_id(sio.socket), "/chat#engine-session-sid-0") == 0);
    emit(sio.socket, "[\"x\"]");
    CHECK_SLICE(last_sent(e), "42/chat,[\"x\"]");
    say(e, "2/chat,[\"y\"]");
    CHECK_LOG("event [\"y\"]|");
    broadcast(sio_socket_nsp(sio.socket), "/chat#engine-session-sid-0", "[\"self\"]", 0);
    CHECK_SLICE(last_sent(e), "42/chat,[\"self\"]");
    say(e, "0/random?a=1");
    CHECK_SLICE(last_sent(e), "44/random,{\"message\":\"Invalid namespace\"}");
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    fake_drop_session(e);
    fake_close();
}

TEST(auth_of_connect_is_not_read)
{
    fake_begin();
    REQUIRE(sio_server_nsp(sio.worker[0].server, SIO_LIT("/chat")) != NULL);
    struct eio_session *e = fake_session_v2(0);
    sio_buf_clear(&sio.log);
    say(e, "0/chat#x?y,{\"token\":1}");
    CHECK_LOG("connecting /chat {}|connection /chat|");
    fake_drop_session(e);
    fake_close();
}

/* V26: what JavaScript's URL would make of it. */
TEST(urls_that_are_no_path)
{
    static const char *const bad[] = {"0//evil?x=1", "0//[", "2//[,[\"a\"]", "1//"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake_begin();
        struct eio_session *e = fake_session_v2(0);
        sio_buf_clear(&sio.log);
        say(e, bad[i]);
        CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
        CHECK_LOG("error Invalid URL|disconnecting forced close|disconnect forced close|");
        fake_drop_session(e);
        fake_close();
    }
}

TEST(the_longest_query) /* SIO_NSP_QUERY_MAX, SIO_NSP_NAME_MAX */
{
    static char text[1 + SIO_NSP_NAME_MAX + 1 + SIO_NSP_QUERY_MAX + 2];
    struct sio_packet p;
    const char *why = NULL;
    memset(text, 'x', sizeof text);
    memcpy(text, "0/", 2);
    text[1 + SIO_NSP_NAME_MAX] = '?';
    struct sio_slice whole = sio_slice(text, 1 + SIO_NSP_NAME_MAX + 1 + SIO_NSP_QUERY_MAX);
    CHECK_EQ_INT(sio_packet_decode_v2(whole, &p, NULL, &why), 0);
    CHECK_EQ_INT(p.nsp.len, SIO_NSP_NAME_MAX);
    CHECK_EQ_INT(p.query.len, SIO_NSP_QUERY_MAX);
    whole.len++;
    CHECK_EQ_INT(sio_packet_decode_v2(whole, &p, NULL, &why), SIO_EPROTO);
    text[1 + SIO_NSP_NAME_MAX] = 'x';
    CHECK_EQ_INT(sio_packet_decode_v2(sio_slice(text, 2 + SIO_NSP_NAME_MAX), &p, NULL, &why),
                 SIO_EPROTO);
    CHECK_EQ_INT(sio_packet_decode(SIO_LIT("0/a?x=1"), &p, NULL, &why), 0); /* in v5 it is a name */
    CHECK_SLICE(p.nsp, "/a?x=1");
    CHECK_EQ_INT(p.query.len, 0);
}

static void refuses(const char *error, const char *wanted)
{
    fake_prepare();
    sio.hold = true;
    fake_open();
    struct eio_session *e = fake_session_v2(0);
    sio_socket_refuse(sio.socket, sio_slice_str(error));
    CHECK_EQ_SLICE(last_sent(e), sio_slice_str(wanted));
    fake_drop_session(e);
    fake_close();
}

TEST(errors_come_bare)
{
    refuses("{\"message\":\"no entry\"}", "44\"no entry\"");
    refuses("{\"message\":\"no\",\"data\":{\"code\":[1,{}]}}", "44{\"code\":[1,{}]}");
    refuses("{\"data\" : 7 ,\"message\":\"no\"}", "447");
    refuses("{\"message\":\"no\",\"data\":null}", "44\"no\"");
    refuses("{\"data\":false,\"message\":\"no\"}", "44\"no\"");
    refuses("{\"data\":0,\"message\":\"no\"}", "44\"no\"");
    refuses("{\"data\":\"\",\"message\":\"no\"}", "44\"no\"");
    refuses("{\"x\":{\"data\":1},\"message\":\"no\"}", "44\"no\"");
    refuses("{}", "44");
}

TEST(no_offsets_with_recovery)
{
    struct eio_session *old, *new;
    fake_begin_recovery();
    old = fake_session_v2(0);
    struct sio_socket *s = sio.socket;
    new = fake_session(0);
    say(new, "0");
    CHECK_SLICE(sent(old, 0), "40");
    broadcast(root_of(0), NULL, "[\"a\"]", 0);
    CHECK_SLICE(last_sent(old), "42[\"a\"]");
    CHECK(sio_slice_starts(last_sent(new), SIO_LIT("42[\"a\",\"ep0ch:")));
    emit(s, "[\"b\"]");
    CHECK_SLICE(last_sent(old), "42[\"b\"]");
    CHECK_EQ_INT(sio_socket_join(s, SIO_LIT("room")), 0);
    broadcast(root_of(1), "room", "[\"c\"]", 0);
    fake_tail(&sio.worker[0]);
    CHECK_SLICE(last_sent(old), "42[\"c\"]");
    fake_drop_session(old);
    fake_drop_session(new);
    fake_close();
}

TEST(a_pid_in_a_query_recovers_nothing)
{
    fake_begin_recovery();
    REQUIRE(sio_server_nsp(sio.worker[0].server, SIO_LIT("/chat")) != NULL);
    struct eio_session *e = fake_session_v2(0);
    sio_buf_clear(&sio.log);
    say(e, "0/chat?pid=AAAAAAAAAAAAAAAAAAAA&offset=ep0ch:40");
    CHECK_LOG("connecting /chat {\"pid\":\"AAAAAAAAAAAAAAAAAAAA\",\"offset\":\"ep0ch:40\"}|"
              "connection /chat|");
    CHECK(!sio_socket_recovered(sio.socket));
    fake_drop_session(e);
    fake_close();
}

TEST(queries_that_are_no_text)
{
    struct sio_buf b = {0};
    sio_v2_append_auth(&b, SIO_LIT("a=%ff&%zz=%&&="));
    CHECK_SLICE(sio_buf_slice(&b), "{\"a\":\"\xef\xbf\xbd\",\"%zz\":\"%\",\"\":\"\"}");
    sio_buf_fini(&b);
}
