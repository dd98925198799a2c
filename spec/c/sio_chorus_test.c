// SPDX-License-Identifier: MIT
/* Broadcasts with acknowledgements: two workers with one log. What a question came to is a text:
 * "2 of 2: [1] [2] <bytes>|" (workers that answered, then the answers, worker by worker).
 */
#include "test.h"

#include "sio/chorus.h"
#include "sio/server_in.h"
#include "sio/server_side.h"
#include "sio_fake.h"

static struct sio_buf heard;
static void (*in_answer)(void);

static void print_voice(const struct sio_voice *v)
{
    struct sio_reader at = v->attachments.at;
    sio_buf_printf(&heard, " %.*s", (int)v->data.len, v->data.p);
    for (uint32_t i = 0; i < v->attachments.n; i++) {
        struct sio_slice bytes = sio_reader_bytes(&at);
        sio_buf_printf(&heard, "<%.*s>", (int)bytes.len, bytes.p);
    }
}

static void on_asked(void *arg, const struct sio_asked *what)
{
    struct sio_voice v;
    (void)arg;
    sio_buf_printf(&heard, "%s%u of %u:", what->err == 0 ? "" : sio_err_name(what->err),
                   what->n - what->missing, what->n);
    for (unsigned i = 0; i < what->n; i++) {
        struct sio_reader r = {.rest = what->answers[i].bytes};
        while (sio_voice_next(&r, &v))
            print_voice(&v);
    }
    sio_buf_append_char(&heard, '|');
    if (in_answer != NULL)
        in_answer();
}

#define CHECK_HEARD(text)                                                                          \
    do {                                                                                           \
        CHECK_EQ_SLICE(sio_buf_slice(&heard), sio_slice_str(text));                                \
        sio_buf_clear(&heard);                                                                     \
    } while (0)

static struct eio_session *sessions[3];
static struct sio_socket *sockets[3];

/* Two clients of worker 0 and one of worker 1. */
static void begin(void)
{
    for (unsigned i = 0; i < 3; i++)
        sockets[i] = fake_join_root(i / 2, &sessions[i]);
}

static void finish(void)
{
    for (unsigned i = 0; i < 3; i++)
        if (sessions[i] != NULL)
            fake_drop_session(sessions[i]);
    fake_close();
    sio_buf_fini(&heard);
    in_answer = NULL;
}

static void drop(unsigned i)
{
    fake_drop_session(sessions[i]);
    sessions[i] = NULL;
}

static int ask_room(const char *room, unsigned flags)
{
    struct sio_slice rooms = room == NULL ? SIO_LIT("") : sio_slice_str(room);
    struct sio_selection to = {.rooms = &rooms, .n_rooms = room != NULL};
    struct sio_outgoing out = event_of("[\"q\"]");
    out.flags = flags;
    return sio_chorus_ask(root_of(0), &to, &out, 60000, on_asked, NULL);
}

static int ask(void)
{
    return ask_room(NULL, 0);
}

/* The other worker delivers, and what is on its way arrives. */
static void arrive(void)
{
    fake_tail(&sio.worker[1]);
    fake_carry(true);
    fake_tick();
}

TEST(chorus_each_client_is_asked_and_answers_once)
{
    fake_begin();
    begin();
    CHECK_EQ_INT(ask(), 0);
    arrive();
    for (unsigned i = 0; i < 3; i++)
        CHECK_SLICE(last_sent(sessions[i]), "420[\"q\"]");
    say(sessions[1], "30[\"one\"]");
    say(sessions[0], "30[0,\"more\"]");
    say(sessions[0], "30[\"again\"]");
    CHECK_HEARD("");
    say(sessions[2], "61-0[{\"_placeholder\":true,\"num\":0}]");
    say_binary(sessions[2], "bytes");
    arrive();
    CHECK_HEARD("2 of 2: [\"one\"] [0,\"more\"] [{\"_placeholder\":true,\"num\":0}]<bytes>|");
    CHECK_LOG("");
    finish();
}

TEST(chorus_with_nobody_it_ends_within_the_tick)
{
    fake_begin();
    begin();
    ask_room("nobody", 0);
    arrive();
    CHECK_HEARD("2 of 2:|");
    ask_room("nobody", SIO_EMIT_HERE);
    fake_tick();
    CHECK_HEARD("1 of 1:|");
    finish();
}

TEST(chorus_here_asks_this_worker_alone)
{
    fake_begin();
    begin();
    ask_room(NULL, SIO_EMIT_HERE);
    arrive();
    CHECK_EQ_INT(sessions[2]->n, 0);
    say(sessions[0], "30[]");
    say(sessions[1], "30[]");
    fake_tick();
    CHECK_HEARD("1 of 1: [] []|");
    finish();
}

TEST(chorus_who_leaves_is_not_waited_for)
{
    fake_begin();
    begin();
    ask();
    arrive();
    say(sessions[2], "30[2]");
    drop(0);
    arrive();
    CHECK_HEARD("");
    drop(1);
    fake_tick();
    CHECK_HEARD("2 of 2: [2]|");
    finish();
}

TEST(chorus_a_worker_that_dies_leaves_what_it_has_said)
{
    fake_begin();
    begin();
    ask();
    arrive();
    say(sessions[0], "30[0]");
    say(sessions[1], "30[1]");
    struct eio_session *late;
    fake_join_root(1, &late); /* was not asked */
    fake_carry(true);
    sio_ask_gone(sio.worker[0].server, fake_place(1), false);
    fake_tick();
    CHECK_HEARD("1 of 2: [0] [1]|");
    fake_drop_session(late);
    finish();
}

TEST(chorus_ids_are_the_counter_that_single_sockets_use)
{
    fake_begin();
    begin();
    struct sio_outgoing single = event_of("[\"s\"]");
    sio_socket_emit(sockets[0], &single, 7, 0);
    ask();
    sio_socket_emit(sockets[0], &single, 8, 0);
    arrive();
    CHECK_SLICE(sent(sessions[0], 0), "420[\"s\"]");
    CHECK_SLICE(sent(sessions[0], 1), "421[\"q\"]");
    CHECK_SLICE(sent(sessions[0], 2), "422[\"s\"]");
    CHECK_SLICE(last_sent(sessions[2]), "420[\"q\"]"); /* the other worker's own */
    say(sessions[0], "32[]");
    say(sessions[0], "31[\"q\"]");
    say(sessions[0], "30[]");
    CHECK_LOG("ack 8 OK []|ack 7 OK []|");
    say(sessions[1], "31[]");
    say(sessions[2], "30[]");
    arrive();
    CHECK_HEARD("2 of 2: [\"q\"] [] []|");
    finish();
}

TEST(chorus_its_packets_have_no_offset_and_are_not_replayed)
{
    fake_begin_recovery();
    begin();
    ask();
    arrive();
    CHECK_SLICE(last_sent(sessions[0]), "420[\"q\"]");
    finish();
    fake_tick();
}

TEST(chorus_in_a_blocked_log_it_waits_in_order)
{
    fake_begin();
    begin();
    sio.worker[0].blocked = true;
    broadcast(root_of(0), NULL, "[\"before\"]", 0);
    ask();
    broadcast(root_of(0), NULL, "[\"behind\"]", 0);
    CHECK_EQ_INT(sessions[0]->n, 0);
    fake_unblock(&sio.worker[0]);
    CHECK_SLICE(sent(sessions[0], 0), "42[\"before\"]");
    CHECK_SLICE(sent(sessions[0], 1), "420[\"q\"]");
    CHECK_SLICE(sent(sessions[0], 2), "42[\"behind\"]");
    arrive();
    for (unsigned i = 0; i < 3; i++)
        say(sessions[i], "30[]");
    arrive();
    CHECK_HEARD("2 of 2: [] [] []|");
    finish();
}

TEST(chorus_a_client_with_too_many_questions_is_asked_and_not_waited_for)
{
    fake_prepare();
    sio.options.acks_per_socket = 1;
    fake_open();
    begin();
    struct sio_outgoing single = event_of("[\"s\"]");
    sio_socket_emit(sockets[0], &single, 7, 0);
    ask_room(NULL, SIO_EMIT_HERE);
    CHECK_SLICE(last_sent(sessions[0]), "421[\"q\"]");
    CHECK_EQ_INT(sio.log_lines, 1);
    say(sessions[1], "31[1]");
    say(sessions[0], "31[0]");
    fake_tick();
    CHECK_HEARD("0 of 1: [1]|");
    finish();
}

/* Of one worker; the packets are left out. */
TEST(chorus_voices_are_limited)
{
    fake_prepare();
    sio.options.acks_per_socket = 2 * SIO_CHORUS_VOICES_MAX;
    fake_open();
    begin();
    for (unsigned more = 0; more < 2; more++) {
        struct sio_record r = {
            .type = SIO_RECORD_EVENT, .flags = SIO_EMIT_HERE, .nsp = SIO_LIT("/")};
        struct sio_ask *a;
        REQUIRE(sio_ask_open(root_of(0), 60000, false, on_asked, NULL, &r, &a) == 0);
        struct sio_chorus *c = sio_chorus_new(sio.worker[0].server, &r);
        for (uint64_t id = 0; id < SIO_CHORUS_VOICES_MAX + more; id++)
            sio_chorus_expect(c, sockets[0], id);
        sio_ask_written(sio.worker[0].server, &r);
        sio_chorus_seal(c);
        say(sessions[0], "30[]");
        drop(0);
        sockets[0] = fake_join_root(0, &sessions[0]);
        fake_tick();
        CHECK_HEARD(more == 0 ? "1 of 1: []|" : "0 of 1: []|");
    }
    finish();
}

static void ask_again(void)
{
    in_answer = NULL;
    ask_room("nobody", SIO_EMIT_HERE);
}

TEST(chorus_may_be_asked_from_an_answer)
{
    fake_begin();
    begin();
    in_answer = ask_again;
    ask_room("nobody", SIO_EMIT_HERE);
    fake_tick();
    CHECK_HEARD("1 of 1:|1 of 1:|");
    finish();
}

TEST(chorus_the_asker_closes_and_answers_go_nowhere)
{
    fake_begin();
    begin();
    ask();
    arrive();
    sio_server_shutdown(sio.worker[0].server);
    CHECK_HEARD("ECLOSED1 of 2:|"); /* its own clients have left with it */
    say(sessions[2], "30[]");
    fake_carry(true);
    fake_tick();
    CHECK_HEARD("");
    finish();
}

TEST(chorus_what_cannot_be_sent_asks_nobody)
{
    fake_begin();
    begin();
    struct sio_outgoing out = event_of("[]");
    struct sio_selection all = {0};
    CHECK_EQ_INT(sio_chorus_ask(root_of(0), &all, &out, 0, on_asked, NULL), SIO_EINVAL);
    out = event_of("{}");
    CHECK_EQ_INT(sio_server_side_emit(root_of(0), &out), SIO_EINVAL);
    sio_server_shutdown(sio.worker[0].server);
    out = event_of("[\"q\"]");
    CHECK_EQ_INT(sio_chorus_ask(root_of(0), &all, &out, 0, on_asked, NULL), SIO_ECLOSED);
    CHECK_EQ_INT(sio_server_side_emit(root_of(0), &out), SIO_ECLOSED);
    CHECK_HEARD("");
    finish();
}

/* Wherever an answer was cut, what is whole before it is there. */
TEST(voices_end_where_they_were_cut)
{
    struct sio_buf b = {0};
    struct sio_slice attachment = SIO_LIT("bin");
    sio_voice_append(&b, SIO_LIT("[1]"), NULL, 0);
    size_t first = b.len;
    sio_voice_append(&b, SIO_LIT("[2]"), &attachment, 1);
    for (size_t len = 0; len <= b.len; len++) {
        struct sio_reader r = {.rest = sio_slice(b.p, len)};
        struct sio_voice v;
        unsigned n = 0;
        while (sio_voice_next(&r, &v))
            n++;
        CHECK_EQ_INT(n, (len >= first) + (len == b.len));
    }
    sio_buf_fini(&b);
}

TEST(server_side_events_carry_bytes_to_the_other_and_an_answer_back)
{
    fake_begin();
    begin();
    struct sio_slice attachment = SIO_LIT("bin");
    struct sio_outgoing out = {.data = SIO_LIT("[\"e\",{\"_placeholder\":true,\"num\":0}]"),
                               .attachments = &attachment,
                               .n_attachments = 1};
    CHECK_EQ_INT(sio_server_side_emit(root_of(0), &out), 0);
    CHECK_EQ_INT(sio_server_side_ask(root_of(0), &out, on_asked, NULL), 0);
    fake_tail(&sio.worker[1]);
    fake_tick();
    struct sio_asker asker = {.place = fake_place(0), .request = 1};
    struct sio_outgoing answer = event_of("[42]");
    CHECK_EQ_INT(sio_server_side_answer(sio.worker[1].server, asker, &answer), 0);
    fake_carry(true);
    fake_tick();
    CHECK_HEARD("1 of 1: [42]|");
    sio_server_side_ask(root_of(0), &out, on_asked, NULL);
    asker.request = 2;
    CHECK_EQ_INT(sio_server_side_answer(sio.worker[1].server, asker, NULL), 0);
    fake_tail(&sio.worker[1]);
    fake_carry(true);
    fake_tick();
    CHECK_HEARD("1 of 1:|"); /* nobody there listens */
    sio_buf_clear(&sio.log);
    finish();
}
