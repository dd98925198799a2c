// SPDX-License-Identifier: MIT
/* Acknowledgements both ways: each question is answered, times out or ends with its socket, once.
 */
#include "test.h"

#include "sio/server_in.h"
#include "sio_fake.h"

static int ask(struct sio_socket *s, uint64_t cookie, uint64_t timeout_ms)
{
    struct sio_outgoing out = event_of("[\"q\"]");
    return sio_socket_emit(s, &out, cookie, timeout_ms);
}

TEST(acks_find_their_question)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    CHECK_EQ_INT(ask(s, 100, 0), 0);
    CHECK_EQ_INT(ask(s, 101, 60000), 0);
    CHECK_SLICE(sent(e, 0), "420[\"q\"]");
    CHECK_SLICE(sent(e, 1), "421[\"q\"]");
    say(e, "31[\"b\"]");
    say(e, "30[]");
    say(e, "30[]");
    say(e, "377[]");
    say(e, "3[]");
    CHECK_LOG("ack 101 OK [\"b\"]|ack 100 OK []|");
    ask(s, 102, 0);
    say(e, "61-2[{\"_placeholder\":true,\"num\":0}]");
    say_binary(e, "bin");
    CHECK_LOG("ack 102 OK [{\"_placeholder\":true,\"num\":0}] <bin>|");
    CHECK_EQ_INT(e->state, EIO_STATE_OPEN);
    fake_drop_session(e);
    fake_close();
}

TEST(acks_time_out_in_order)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    ask(s, 3, 30);
    ask(s, 1, 10);
    ask(s, 9, 60000);
    ask(s, 2, 20);
    ask(s, 8, 0);
    say(e, "33[]"); /* the answer to 2 */
    while (sio.log.len < strlen("ack 2 OK []|ack 1 ETIMEDOUT |ack 3 ETIMEDOUT |"))
        sio_loop_run_once(&sio.loop);
    CHECK_LOG("ack 2 OK []|ack 1 ETIMEDOUT |ack 3 ETIMEDOUT |");
    say(e, "30[]");
    CHECK_LOG("");
    fake_end(e, EIO_TRANSPORT_ERROR, NULL);
    struct sio_slice log = sio_buf_slice(&sio.log);
    CHECK(memmem(log.p, log.len, "ack 9 ECLOSED |", 15) != NULL);
    CHECK(memmem(log.p, log.len, "ack 8 ECLOSED |", 15) != NULL);
    CHECK(sio_slice_starts(log, SIO_LIT("disconnecting transport error|ack ")));
    CHECK_EQ_INT(ask(s, 10, 0), SIO_ECLOSED);
    fake_drop_session(e);
    fake_close();
}

/* Random timeouts, answers and disconnects against the rule: each cookie is reported exactly once.
 */
static unsigned reported[3000];

static void on_ack_count(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                         const struct sio_incoming *in)
{
    (void)owner, (void)s, (void)err, (void)in;
    reported[cookie]++;
}

TEST(every_ack_is_reported_once)
{
    fake_prepare();
    fake_open();
    struct sio_server_events events = fake_events;
    events.on_ack = on_ack_count;
    sio_server_free(sio.worker[1].server);
    struct sio_backing b = fake_backing(1);
    sio.worker[1].server = sio_server_new(&sio.loop, &sio.options, &b, &events, NULL);
    struct eio_session *e[3];
    struct sio_socket *s[3];
    memset(reported, 0, sizeof reported);
    for (unsigned i = 0; i < 3; i++)
        s[i] = fake_join_root(1, &e[i]);
    uint32_t x = 1;
    char text[32];
    for (unsigned cookie = 1; cookie < 3000; cookie++) {
        x = x * 1664525 + 1013904223;
        ask(s[cookie % 3], cookie, (x >> 8) % 5);
        if (x >> 30 == 0) {
            snprintf(text, sizeof text, "3%u[]", cookie - 1 - (x >> 20) % 50 % cookie);
            say(e[(x >> 10) % 3], text);
        }
        if (cookie % 64 == 0)
            fake_tick();
    }
    for (unsigned i = 0; i < 3; i++)
        fake_drop_session(e[i]);
    for (unsigned cookie = 1; cookie < 3000; cookie++)
        CHECK_EQ_INT(reported[cookie], 1);
    fake_close();
}

/* The heap against a table, with a clock of its own. */
TEST(acks_expire_when_due)
{
    enum { ACKS = 400, LATER = 1 << 30 };
    static uint64_t due[ACKS];
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    uint32_t x = 3;
    struct sio_acker who;
    for (unsigned i = 0; i < ACKS; i++) {
        x = x * 1664525 + 1013904223;
        due[i] = LATER + (x >> 8) % 1000;
        CHECK_EQ_INT(sio_ack_add(s, i, (struct sio_acker){.cookie = i}, due[i]), 0);
    }
    for (unsigned i = 0; i < ACKS / 2; i++) {
        x = x * 1664525 + 1013904223;
        unsigned gone = (x >> 8) % ACKS;
        if (sio_ack_take(s, gone, &who))
            CHECK_EQ_INT(who.cookie, gone);
        due[gone] = 0;
    }
    for (uint64_t now = LATER; now <= LATER + 1000; now++) {
        uint64_t next = 0;
        for (unsigned i = 0; i < ACKS; i++)
            if (due[i] > now && (next == 0 || due[i] < next))
                next = due[i];
        if (!CHECK_EQ_INT(sio_ack_expire(sio.worker[0].server, now), next))
            break;
    }
    fake_drop_session(e);
    fake_close();
}

TEST(pending_acks_are_limited)
{
    fake_prepare();
    sio.options.acks_per_socket = 2;
    fake_open();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    CHECK_EQ_INT(ask(s, 1, 0), 0);
    CHECK_EQ_INT(ask(s, 2, 1000), 0);
    CHECK_EQ_INT(ask(s, 3, 0), SIO_EFULL);
    CHECK_EQ_INT(e->n, 2);
    CHECK_EQ_INT(sio.log_lines, 1);
    say(e, "30[]");
    CHECK_EQ_INT(ask(s, 4, 0), 0);
    fake_drop_session(e);
    fake_close();
}

TEST(failed_question_has_no_ack)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    e->full = true;
    CHECK_EQ_INT(ask(s, 1, 0), SIO_EFULL);
    e->full = false;
    e->unwritable = true;
    struct sio_outgoing out = event_of("[\"q\"]");
    out.flags = SIO_EMIT_VOLATILE;
    CHECK_EQ_INT(sio_socket_emit(s, &out, 2, 0), SIO_EAGAIN);
    CHECK_EQ_INT(sio_socket_emit(s, &out, 0, 0), SIO_EAGAIN);
    fake_drop_session(e);
    CHECK_LOG("disconnecting transport close|disconnect transport close|");
    fake_close();
}

TEST(answers_go_out)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    struct sio_slice bin = SIO_LIT("bin");
    struct sio_outgoing out = event_of("[]");
    CHECK_EQ_INT(sio_socket_ack(s, 12, &out), 0);
    CHECK_SLICE(sent(e, 0), "4312[]");
    out = (struct sio_outgoing){SIO_LIT("[{\"_placeholder\":true,\"num\":0}]"), &bin, 1, 0};
    CHECK_EQ_INT(sio_socket_ack(s, 13, &out), 0);
    CHECK_SLICE(sent(e, 1), "461-13[{\"_placeholder\":true,\"num\":0}]");
    CHECK_SLICE(sent(e, 2), "bin");
    CHECK(e->binary[2]);
    sio_socket_disconnect(s, false);
    forget_sent(e);
    CHECK_EQ_INT(sio_socket_ack(s, 14, &out), 0);
    CHECK_EQ_INT(e->n, 0);
    fake_drop_session(e);
    fake_close();
}

TEST(bad_arguments_are_refused)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    struct sio_outgoing out = event_of("[\"x\"]");
    CHECK_EQ_INT(emit(s, "[]"), SIO_EINVAL);
    CHECK_EQ_INT(emit(s, "{}"), SIO_EINVAL);
    CHECK_EQ_INT(broadcast(root_of(0), NULL, "", 0), SIO_EINVAL);
    out.n_attachments = 65;
    CHECK_EQ_INT(sio_socket_emit(s, &out, 0, 0), SIO_ETOOBIG);
    CHECK_EQ_INT(e->n, 0);
    fake_drop_session(e);
    fake_close();
}
