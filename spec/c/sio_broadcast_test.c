// SPDX-License-Identifier: MIT
/* Broadcasts: who is selected, in which order, over two workers, and what waits while the log is
 * blocked.
 */
#include "test.h"

#include "sio/room.h"
#include "sio_fake.h"

enum { N = 4 };

static struct eio_session *e[N];
static struct sio_socket *s[N];

/* Sockets 0..2 at worker 0, 3 at worker 1. */
static void begin(bool recovery)
{
    fake_prepare();
    sio.options.recovery = recovery;
    fake_open();
    for (unsigned i = 0; i < N; i++)
        s[i] = fake_join_root(i == 3, &e[i]);
}

static void end(void)
{
    for (unsigned i = 0; i < N; i++)
        fake_drop_session(e[i]);
    fake_close();
}

static void tail_all(void)
{
    fake_tail(&sio.worker[0]);
    fake_tail(&sio.worker[1]);
}

static const char *who(void)
{
    static char text[N + 1];
    tail_all();
    for (unsigned i = 0; i < N; i++) {
        text[i] = (char)(e[i]->n == 0 ? '.' : '0' + e[i]->n);
        forget_sent(e[i]);
    }
    return text;
}

static struct sio_slice id_of(unsigned i)
{
    return sio_slice_str(sio_socket_id(s[i]));
}

static void select_and_emit(struct sio_slice *rooms, size_t n_rooms, struct sio_slice *except,
                            size_t n_except)
{
    struct sio_outgoing out = event_of("[\"x\"]");
    struct sio_selection to = {rooms, n_rooms, except, n_except};
    CHECK_EQ_INT(sio_nsp_emit(root_of(0), &to, &out), 0);
}

TEST(selection_is_union_minus_union)
{
    begin(false);
    struct sio_slice a = SIO_LIT("a"), b = SIO_LIT("b"), none = SIO_LIT("none");
    sio_socket_join(s[0], a);
    sio_socket_join(s[1], a);
    sio_socket_join(s[1], b);
    sio_socket_join(s[3], b);
    select_and_emit(NULL, 0, NULL, 0);
    CHECK_EQ_STR(who(), "1111");
    select_and_emit(&a, 1, NULL, 0);
    CHECK_EQ_STR(who(), "11..");
    select_and_emit((struct sio_slice[]){a, b, a, none}, 4, NULL, 0);
    CHECK_EQ_STR(who(), "11.1");
    select_and_emit((struct sio_slice[]){a, b}, 2, &b, 1);
    CHECK_EQ_STR(who(), "1...");
    select_and_emit(NULL, 0, &a, 1);
    CHECK_EQ_STR(who(), "..11");
    select_and_emit(&none, 1, NULL, 0);
    CHECK_EQ_STR(who(), "....");
    end();
}

TEST(id_is_a_room)
{
    begin(false);
    struct sio_slice one = id_of(1), three = id_of(3), a = SIO_LIT("a");
    CHECK(sio_socket_in(s[1], one));
    CHECK_EQ_INT(sio_socket_join(s[1], one), 0);
    CHECK_EQ_INT(sio_socket_leave(s[1], one), 0);
    CHECK(sio_socket_in(s[1], one));
    select_and_emit((struct sio_slice[]){one, three}, 2, NULL, 0);
    CHECK_EQ_STR(who(), ".1.1");
    select_and_emit(NULL, 0, &one, 1);
    CHECK_EQ_STR(who(), "1.11");
    sio_socket_join(s[2], one); /* an explicit room of that name */
    sio_socket_join(s[1], a);
    select_and_emit((struct sio_slice[]){a, one}, 2, NULL, 0);
    CHECK_EQ_STR(who(), ".11.");
    select_and_emit(NULL, 0, &one, 1);
    CHECK_EQ_STR(who(), "1..1");
    CHECK_EQ_INT(emit(s[1], "[\"to one\"]"), 0);
    CHECK_EQ_STR(who(), ".1..");
    end();
}

TEST(here_stays_here)
{
    begin(false);
    broadcast(root_of(0), NULL, "[\"x\"]", SIO_EMIT_HERE);
    CHECK_EQ_STR(who(), "111.");
    broadcast(root_of(1), NULL, "[\"x\"]", SIO_EMIT_HERE);
    CHECK_EQ_STR(who(), "...1");
    end();
}

TEST(volatile_is_dropped_per_session)
{
    begin(false);
    e[1]->unwritable = true;
    broadcast(root_of(0), NULL, "[\"x\"]", SIO_EMIT_VOLATILE);
    CHECK_EQ_STR(who(), "1.11");
    broadcast(root_of(0), NULL, "[\"x\"]", 0);
    CHECK_EQ_STR(who(), "1111");
    end();
}

TEST(who_is_listened_to_is_told_once)
{
    begin(false);
    struct sio_slice one = id_of(1), bin = SIO_LIT("\1"), none[1];
    struct sio_outgoing out = {SIO_LIT("[\"b\",{\"_placeholder\":true,\"num\":0}]"), &bin, 1, 0};
    sio_buf_clear(&sio.log);
    broadcast(root_of(0), NULL, "[\"nobody listens\"]", 0);
    CHECK_LOG("");
    sio_socket_set_outgoing(s[0], true);
    sio_socket_set_outgoing(s[1], true);
    sio_socket_join(s[1], SIO_LIT("a"));
    broadcast(root_of(1), NULL, "[\"x\"]", 0);
    tail_all();
    CHECK_LOG("outgoing 2 [\"x\"]|");
    select_and_emit((struct sio_slice[]){SIO_LIT("a"), one}, 2, NULL, 0);
    CHECK_LOG("outgoing 1 [\"x\"]|");
    select_and_emit(NULL, 0, (struct sio_slice[]){id_of(0), one}, 2);
    CHECK_LOG("");
    sio_nsp_emit(root_of(0), &(struct sio_selection){&one, 1, none, 0}, &out);
    CHECK_LOG("outgoing 1 [\"b\",{\"_placeholder\":true,\"num\":0}] <\1>|");
    e[0]->unwritable = true;
    broadcast(root_of(0), NULL, "[\"dropped\"]", SIO_EMIT_VOLATILE);
    CHECK_LOG("outgoing 2 [\"dropped\"]|");
    CHECK_EQ_INT(emit(s[0], "[\"direct\"]"), 0);
    CHECK_LOG("outgoing 1 [\"direct\"]|");
    CHECK_EQ_INT(emit(s[2], "[\"nobody listens\"]"), 0);
    CHECK_EQ_INT(sio_socket_ack(s[0], 7, &out), 0);
    sio_socket_set_outgoing(s[0], false);
    CHECK_EQ_INT(emit(s[0], "[\"not any more\"]"), 0);
    CHECK_LOG("");
    end();
}

TEST(packet_is_shared_and_binary)
{
    begin(false);
    struct sio_slice bin = SIO_LIT("\1\2"), none[1];
    struct sio_outgoing out = {SIO_LIT("[\"b\",{\"_placeholder\":true,\"num\":0}]"), &bin, 1, 0};
    sio_nsp_emit(root_of(1), &(struct sio_selection){none, 0, none, 0}, &out);
    tail_all();
    for (unsigned i = 0; i < N; i++) {
        CHECK_SLICE(sent(e[i], 0), "451-[\"b\",{\"_placeholder\":true,\"num\":0}]");
        CHECK_SLICE(sent(e[i], 1), "\1\2");
        CHECK(e[i]->binary[1]);
    }
    end();
}

TEST(order_is_the_order_of_calls)
{
    for (int recovery = 0; recovery < 2; recovery++) {
        begin(recovery);
        broadcast(root_of(1), NULL, "[\"theirs\"]", 0);
        broadcast(root_of(0), NULL, "[\"a\"]", 0);
        emit(s[0], "[\"b\"]");
        sio_socket_join(s[0], SIO_LIT("r"));
        broadcast(root_of(0), "r", "[\"c\"]", 0);
        sio_socket_leave(s[0], SIO_LIT("r"));
        broadcast(root_of(0), "r", "[\"d\"]", 0);
        CHECK_EQ_INT(e[0]->n, 4);
        CHECK(sio_slice_starts(sent(e[0], 0), SIO_LIT("42[\"theirs\"")));
        CHECK(sio_slice_starts(sent(e[0], 1), SIO_LIT("42[\"a\"")));
        CHECK(sio_slice_starts(sent(e[0], 2), SIO_LIT("42[\"b\"")));
        CHECK(sio_slice_starts(sent(e[0], 3), SIO_LIT("42[\"c\"")));
        end();
    }
}

/* Recipients are sent to by the dozen; see fanout.c. */
TEST(everybody_in_a_large_room_gets_each_once)
{
    enum { MANY = 100 };
    struct eio_session *sessions[MANY];
    fake_prepare();
    fake_open();
    for (unsigned n = 0; n < MANY; n++) {
        sio_socket_join(fake_join_root(0, &sessions[n]), SIO_LIT("r"));
        broadcast(root_of(0), "r", "[\"x\"]", 0);
        for (unsigned i = 0; i <= n; i++) {
            CHECK_EQ_INT(sessions[i]->n, 1);
            forget_sent(sessions[i]);
        }
    }
    for (unsigned i = 0; i < MANY; i++)
        fake_drop_session(sessions[i]);
    fake_close();
}

TEST(offsets_are_positions)
{
    begin(true);
    char want[64];
    broadcast(root_of(0), NULL, "[\"a\",\"str\"]", 0);
    snprintf(want, sizeof want, "42[\"a\",\"str\",\"ep0ch:%llx\"]",
             (unsigned long long)sio.records[sio.n - 1].end);
    CHECK_EQ_SLICE(sent(e[0], 0), sio_slice_str(want));
    fake_tail(&sio.worker[1]);
    CHECK_EQ_SLICE(sent(e[3], 0), sio_slice_str(want));
    broadcast(root_of(0), NULL, "[\"v\"]", SIO_EMIT_VOLATILE);
    snprintf(want, sizeof want, "42[\"v\",\"ep0ch:%llx\"]",
             (unsigned long long)sio.records[sio.n - 1].end);
    CHECK_EQ_SLICE(sent(e[0], 1), sio_slice_str(want));
    emit(s[0], "[1]");
    snprintf(want, sizeof want, "42[1,\"ep0ch:%llx\"]",
             (unsigned long long)sio.records[sio.n - 1].end);
    CHECK_EQ_SLICE(sent(e[0], 2), sio_slice_str(want));
    size_t records = sio.n;
    struct sio_outgoing out = event_of("[\"q\"]");
    sio_socket_emit(s[0], &out, 1, 0);
    CHECK_SLICE(sent(e[0], 3), "420[\"q\"]");
    CHECK_EQ_INT(sio.n, records);
    e[0]->unwritable = true;
    out.flags = SIO_EMIT_VOLATILE;
    CHECK_EQ_INT(sio_socket_emit(s[0], &out, 0, 0), SIO_EAGAIN);
    end();
}

/* ---- a blocked log -------------------------------------------------------------------------- */

static void check_blocked(bool recovery)
{
    begin(recovery);
    struct sio_outgoing out = event_of("[\"q\"]"), answer = event_of("[]");
    sio.worker[0].blocked = true;
    CHECK_EQ_INT(broadcast(root_of(0), NULL, "[\"a\"]", 0), 0);
    CHECK_EQ_INT(emit(s[0], "[\"b\"]"), 0);
    CHECK_EQ_INT(sio_socket_emit(s[0], &out, 7, 0), 0);
    CHECK_EQ_INT(sio_socket_ack(s[0], 5, &answer), 0);
    CHECK_EQ_INT(sio_socket_join(s[0], SIO_LIT("r")), 0);
    CHECK_EQ_INT(broadcast(root_of(0), "r", "[\"c\"]", 0), 0);
    CHECK_EQ_INT(sio_socket_leave(s[0], SIO_LIT("r")), 0);
    CHECK_EQ_INT(broadcast(root_of(0), "r", "[\"d\"]", 0), 0);
    CHECK_EQ_STR(who(), "....");
    fake_unblock(&sio.worker[0]);
    CHECK_EQ_INT(e[0]->n, 5);
    CHECK(sio_slice_starts(sent(e[0], 0), SIO_LIT("42[\"a\"")));
    CHECK(sio_slice_starts(sent(e[0], 1), SIO_LIT("42[\"b\"")));
    CHECK_SLICE(sent(e[0], 2), "420[\"q\"]");
    CHECK_SLICE(sent(e[0], 3), "435[]");
    CHECK(sio_slice_starts(sent(e[0], 4), SIO_LIT("42[\"c\"")));
    say(e[0], "30[1]");
    CHECK_LOG("ack 7 OK [1]|");
    CHECK(!sio_socket_in(s[0], SIO_LIT("r")));
    end();
}

TEST(everything_waits_behind_a_blocked_log)
{
    check_blocked(false);
    check_blocked(true);
}

TEST(full_local_queue_is_an_error)
{
    begin(false);
    sio.worker[0].blocked = true;
    for (unsigned i = 0; i < FAKE_QUEUE_MAX; i++)
        CHECK_EQ_INT(broadcast(root_of(0), NULL, "[\"a\"]", 0), 0);
    CHECK_EQ_INT(broadcast(root_of(0), NULL, "[\"a\"]", 0), SIO_EFULL);
    CHECK_EQ_INT(emit(s[0], "[1]"), SIO_EFULL);
    CHECK_EQ_INT(sio_socket_join(s[0], SIO_LIT("r")), SIO_EFULL);
    CHECK(sio.log_lines > 0);
    fake_unblock(&sio.worker[0]);
    end();
}

/* ---- limits --------------------------------------------------------------------------------- */

TEST(rooms_per_socket_are_limited)
{
    fake_prepare();
    sio.options.rooms_per_socket = 2;
    fake_open();
    struct eio_session *one;
    struct sio_socket *x = fake_join_root(0, &one);
    char name[SIO_ROOM_NAME_MAX + 1];
    memset(name, 'r', sizeof name);
    CHECK_EQ_INT(sio_socket_join(x, sio_slice(name, sizeof name)), SIO_ETOOBIG);
    CHECK_EQ_INT(sio_socket_join(x, sio_slice(name, sizeof name - 1)), 0);
    CHECK_EQ_INT(sio_socket_join(x, SIO_LIT("b")), 0);
    CHECK_EQ_INT(sio_socket_join(x, SIO_LIT("b")), 0);
    CHECK_EQ_INT(sio_socket_join(x, SIO_LIT("c")), SIO_EFULL);
    CHECK_EQ_INT(sio.log_lines, 1);
    CHECK_EQ_INT(sio_socket_leave(x, SIO_LIT("b")), 0);
    CHECK_EQ_INT(sio_socket_leave(x, SIO_LIT("b")), 0);
    CHECK_EQ_INT(sio_socket_join(x, SIO_LIT("c")), 0);
    fake_drop_session(one);
    fake_close();
}

TEST(emit_larger_than_a_record)
{
    begin(false);
    size_t len = 1 << 20;
    char *big = malloc(len + 1);
    memset(big, '1', len);
    big[0] = '[', big[len - 1] = ']', big[len] = '\0';
    CHECK_EQ_INT(broadcast(root_of(0), NULL, big, 0), SIO_ETOOBIG);
    CHECK_EQ_STR(who(), "....");
    free(big);
    end();
}

TEST(foreign_record_is_left_out)
{
    begin(false);
    sio_server_deliver(sio.worker[0].server, SIO_LIT("\x01\x02garbage"), 4096, false);
    CHECK_EQ_STR(who(), "....");
    CHECK_EQ_INT(sio.log_lines, 1);
    end();
}

static void leave_it(void *ctx, struct sio_socket *x)
{
    unsigned *visits = ctx;
    ++*visits;
    for (unsigned i = 0; i < 3; i++)
        if (s[i] != x)
            sio_socket_disconnect(s[i], true);
}

TEST(each_visits_a_snapshot)
{
    begin(false);
    unsigned visits = 0;
    sio_nsp_each(root_of(0), leave_it, &visits);
    CHECK_EQ_INT(visits, 1);
    CHECK_EQ_INT(sio_nsp_count(root_of(0)), 1);
    end();
}
