// SPDX-License-Identifier: MIT
/* Questions: two workers with one log, answers that are on their way for a while. What a question
 * came to is a text: "2 of 2: 0:whole 8, 1:cut 0|" (whose answer, how many bytes).
 */
#include "test.h"

#include "sio/answer.h"
#include "sio/server_in.h"
#include "sio_fake.h"

static struct sio_buf heard;
static struct sio_buf answers[2]; /* the last question's, by slot */
static void (*in_answer)(void);

static void on_asked(void *arg, const struct sio_asked *what)
{
    sio_buf_printf(&heard, "%s%s %u of %u:", (const char *)arg,
                   what->err == 0 ? "" : sio_err_name(what->err), what->n - what->missing, what->n);
    for (unsigned i = 0; i < what->n; i++) {
        const struct sio_ask_answer *a = &what->answers[i];
        sio_buf_printf(&heard, " %u:%s", a->from.slot, a->whole ? "whole" : "cut");
        sio_buf_clear(&answers[a->from.slot]);
        sio_buf_append_slice(&answers[a->from.slot], a->bytes);
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

static int ask_as(unsigned worker, const char *name, enum sio_ask_kind kind, const char *room,
                  unsigned flags)
{
    struct sio_slice rooms = room == NULL ? SIO_LIT("") : sio_slice_str(room);
    struct sio_selection to = {.rooms = &rooms, .n_rooms = room != NULL};
    struct sio_question q = {.kind = kind, .flags = flags, .what = event_of("[1]")};
    return sio_ask(root_of(worker), &to, &q, on_asked, (void *)name);
}

static int ask(enum sio_ask_kind kind, const char *room)
{
    return ask_as(0, "", kind, room, 0);
}

static void arrive(void)
{
    fake_tail(&sio.worker[1]);
    fake_carry(true);
    fake_tick();
}

static uint64_t counted(unsigned slot)
{
    struct sio_reader r = {.rest = sio_buf_slice(&answers[slot])};
    return sio_reader_u64(&r);
}

static struct eio_session *sessions[3];
static struct sio_socket *sockets[3];

/* Two clients of worker 0 and one of worker 1. */
static void begin(void)
{
    fake_begin();
    for (unsigned i = 0; i < 3; i++)
        sockets[i] = fake_join_root(i / 2, &sessions[i]);
}

static void finish(void)
{
    for (unsigned i = 0; i < 3; i++)
        fake_drop_session(sessions[i]);
    fake_close();
    sio_buf_fini(&heard);
    sio_buf_fini(&answers[0]);
    sio_buf_fini(&answers[1]);
    in_answer = NULL;
}

TEST(a_count_of_all_workers)
{
    begin();
    CHECK_EQ_INT(ask(SIO_ASK_COUNT, NULL), 0);
    CHECK_HEARD("");
    arrive();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    CHECK_EQ_INT(counted(0), 2);
    CHECK_EQ_INT(counted(1), 1);
    finish();
}

TEST(a_question_sees_what_was_written_before_it_and_nothing_later)
{
    begin();
    sio_socket_join(sockets[0], SIO_LIT("r"));
    ask(SIO_ASK_COUNT, "r");
    sio_socket_join(sockets[1], SIO_LIT("r"));
    sio_socket_join(sockets[2], SIO_LIT("r")); /* there, which takes in the record first */
    arrive();
    CHECK_EQ_INT(counted(0), 1);
    CHECK_EQ_INT(counted(1), 0);
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    finish();
}

TEST(waits_in_a_blocked_log_behind_what_was_written_before)
{
    begin();
    sio.worker[0].blocked = true;
    broadcast(root_of(0), NULL, "[\"x\"]", 0);
    sio_socket_join(sockets[0], SIO_LIT("r"));
    CHECK_EQ_INT(ask(SIO_ASK_COUNT, "r"), 0);
    CHECK_EQ_INT(ask_as(0, "here", SIO_ASK_COUNT, "r", SIO_EMIT_HERE), 0);
    CHECK_HEARD("");
    fake_unblock(&sio.worker[0]);
    CHECK_HEARD(""); /* not inside a delivery */
    fake_tick();
    CHECK_HEARD("here 1 of 1: 0:whole|");
    CHECK_EQ_INT(counted(0), 1);
    arrive();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    finish();
}

/* Nobody else gets its record, so nobody else is waited for. */
TEST(one_for_this_worker_alone_expects_no_other_when_it_was_lapped)
{
    begin();
    sio.worker[0].blocked = true;
    broadcast(root_of(0), NULL, "[\"x\"]", 0);
    CHECK_EQ_INT(ask_as(0, "here", SIO_ASK_COUNT, NULL, SIO_EMIT_HERE), 0);
    sio_server_lapped(sio.worker[0].server);
    fake_tick();
    CHECK_HEARD("here 0 of 1: 0:cut|");
    fake_unblock(&sio.worker[0]);
    finish();
}

static uint32_t last_number_of_a_new_server(void)
{
    const struct sio_backing *b = &sio.worker[0].server->backing;
    struct sio_server *s = sio_server_new(&sio.loop, &sio.options, b, &fake_events, NULL);
    uint32_t last = s->asks.last_request;
    sio_server_free(s);
    return last;
}

/* The next server of the same worker may ask before all answers to this one's have come. */
TEST(questions_of_two_servers_are_told_apart)
{
    begin();
    uint32_t first = last_number_of_a_new_server();
    CHECK(last_number_of_a_new_server() != first);
    finish();
}

TEST(alone_it_is_answered_within_the_call_and_without_the_log)
{
    begin();
    size_t before = sio.n;
    ask_as(0, "here", SIO_ASK_COUNT, NULL, SIO_EMIT_HERE);
    CHECK_HEARD("here 1 of 1: 0:whole|");
    CHECK_EQ_INT(counted(0), 2);
    fake_mesh.alone = true;
    ask(SIO_ASK_COUNT, NULL);
    CHECK_HEARD(" 1 of 1: 0:whole|");
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    CHECK_HEARD(" 0 of 0:|");
    CHECK_EQ_INT(sio.n, before);
    finish();
}

TEST(a_worker_that_goes_is_missing_at_once)
{
    begin();
    ask(SIO_ASK_COUNT, NULL);
    sio_ask_gone(sio.worker[0].server, fake_place(1), false);
    fake_tick();
    CHECK_HEARD(" 1 of 2: 0:whole 1:cut|");
    arrive(); /* its answer, too late */
    CHECK_HEARD("");
    finish();
}

TEST(a_worker_that_left_in_order_is_not_missing)
{
    begin();
    ask(SIO_ASK_COUNT, NULL);
    sio_ask_gone(sio.worker[0].server, fake_place(1), true);
    fake_tick();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    CHECK_EQ_INT(answers[1].len, 0);
    finish();
}

TEST(who_cannot_answer_is_not_waited_for)
{
    begin();
    fake_mesh.suspect[1] = true;
    ask(SIO_ASK_COUNT, NULL);
    CHECK_HEARD(" 1 of 2: 0:whole 1:cut|");
    finish();
}

TEST(an_answer_of_another_incarnation_or_request_is_dropped)
{
    begin();
    struct sio_place later = {.slot = 1, .generation = FAKE_GENERATION + 1};
    ask(SIO_ASK_COUNT, NULL);
    sio_ask_gone(sio.worker[0].server, later, false);
    sio_ask_take(sio.worker[0].server, later, 1, SIO_LIT("8 bytes!"), SIO_ANSWER_LAST);
    sio_ask_take(sio.worker[0].server, fake_place(1), 2, SIO_LIT("8 bytes!"), SIO_ANSWER_LAST);
    sio_ask_take(sio.worker[0].server, fake_place(9), 1, SIO_LIT("8 bytes!"), SIO_ANSWER_LAST);
    fake_tick();
    CHECK_HEARD("");
    arrive();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    CHECK_EQ_INT(counted(1), 1);
    finish();
}

TEST(an_answer_comes_in_parts_and_may_fail)
{
    begin();
    struct sio_server *s = sio.worker[0].server;
    ask(SIO_ASK_COUNT, NULL);
    sio_ask_take(s, fake_place(1), 1, SIO_LIT("one "), SIO_ANSWER_MORE);
    sio_ask_take(s, fake_place(1), 1, SIO_LIT("two"), SIO_ANSWER_LAST);
    sio_ask_take(s, fake_place(1), 1, SIO_LIT("three"), SIO_ANSWER_LAST);
    fake_tick();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    CHECK_SLICE(sio_buf_slice(&answers[1]), "one two");
    ask(SIO_ASK_COUNT, NULL);
    sio_ask_take(s, fake_place(1), 2, SIO_LIT("one "), SIO_ANSWER_MORE);
    sio_ask_take(s, fake_place(1), 2, SIO_LIT(""), SIO_ANSWER_FAILED);
    fake_tick();
    CHECK_HEARD(" 1 of 2: 0:whole 1:cut|");
    CHECK_SLICE(sio_buf_slice(&answers[1]), "one ");
    finish();
}

TEST(the_time_limit_ends_it_with_what_is_there)
{
    begin();
    struct sio_question q = {.kind = SIO_ASK_COUNT, .timeout_ms = 1};
    CHECK_EQ_INT(sio_ask(root_of(0), &(struct sio_selection){0}, &q, on_asked, (void *)""), 0);
    while (heard.len == 0)
        fake_tick(); /* a blocking one may hear it first and then wait for the next timer */
    CHECK_HEARD("ETIMEDOUT 1 of 2: 0:whole 1:cut|");
    arrive();
    CHECK_HEARD("");
    finish();
}

TEST(shutting_down_ends_all_questions)
{
    begin();
    ask(SIO_ASK_COUNT, NULL);
    ask_as(0, "b", SIO_ASK_ROOMS, NULL, 0);
    sio_server_shutdown(sio.worker[0].server);
    CHECK_HEARD("ECLOSED 1 of 2: 0:whole 1:cut|bECLOSED 1 of 2: 0:whole 1:cut|");
    CHECK_EQ_INT(ask(SIO_ASK_COUNT, NULL), SIO_ECLOSED);
    finish();
}

static void ask_again(void)
{
    in_answer = NULL;
    ask_as(0, "again", SIO_ASK_COUNT, NULL, SIO_EMIT_HERE);
    ask_as(0, "more", SIO_ASK_COUNT, NULL, 0);
}

TEST(who_hears_may_ask_again)
{
    begin();
    in_answer = ask_again;
    ask(SIO_ASK_COUNT, NULL);
    arrive();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|again 1 of 1: 0:whole|");
    arrive();
    CHECK_HEARD("more 2 of 2: 0:whole 1:whole|");
    finish();
}

TEST(no_more_questions_than_the_limit)
{
    begin();
    for (unsigned i = 0; i < SIO_ASKS_MAX; i++)
        CHECK_EQ_INT(ask(SIO_ASK_COUNT, NULL), 0);
    unsigned lines = sio.log_lines;
    CHECK_EQ_INT(ask(SIO_ASK_COUNT, NULL), SIO_EFULL);
    CHECK_EQ_INT(sio.log_lines, lines + 1);
    arrive();
    sio_buf_clear(&heard);
    CHECK_EQ_INT(ask(SIO_ASK_COUNT, NULL), 0);
    finish();
}

TEST(no_more_bytes_of_answers_than_the_limit)
{
    begin();
    struct sio_server *s = sio.worker[0].server;
    struct sio_blob *part = sio_blob_new_raw(SIO_ASK_BYTES_MAX / 2);
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    sio_ask_take(s, fake_place(1), 1, sio_blob_slice(part), SIO_ANSWER_MORE);
    sio_ask_take(s, fake_place(1), 2, sio_blob_slice(part), SIO_ANSWER_MORE);
    unsigned lines = sio.log_lines;
    sio_ask_take(s, fake_place(1), 2, SIO_LIT("x"), SIO_ANSWER_MORE);
    CHECK_EQ_INT(sio.log_lines, lines + 1);
    fake_tick();
    CHECK_HEARD(" 0 of 1: 1:cut|");
    sio_ask_take(s, fake_place(1), 1, SIO_LIT("x"), SIO_ANSWER_LAST);
    fake_tick();
    CHECK_HEARD(" 1 of 1: 1:whole|");
    CHECK_EQ_INT(answers[1].len, SIO_ASK_BYTES_MAX / 2 + 1);
    sio_blob_unref(part);
    finish();
}

TEST(rooms_with_their_members)
{
    begin();
    sio_socket_join(sockets[0], SIO_LIT("a"));
    sio_socket_join(sockets[1], SIO_LIT("a"));
    sio_socket_join(sockets[1], SIO_LIT("b"));
    sio_socket_join(sockets[2], SIO_LIT("c"));
    ask(SIO_ASK_ROOMS, "b");
    arrive();
    CHECK_EQ_INT(answers[0].len, 2 * (4 + 1 + 4));
    CHECK(memmem(answers[0].p, answers[0].len, "\1\0\0\0a\1\0\0\0", 9) != NULL);
    CHECK(memmem(answers[0].p, answers[0].len, "\1\0\0\0b\1\0\0\0", 9) != NULL);
    CHECK_EQ_INT(answers[1].len, 0);
    ask(SIO_ASK_ROOMS, NULL);
    arrive();
    CHECK(memmem(answers[0].p, answers[0].len, "\1\0\0\0a\2\0\0\0", 9) != NULL);
    CHECK_SLICE(sio_buf_slice(&answers[1]), "\1\0\0\0c\1\0\0\0");
    finish();
}

TEST(sockets_of_another_worker_with_all_that_is_known)
{
    begin();
    struct sio_answer_socket s;
    sio_socket_set_data(sockets[2], SIO_LIT("{\"name\":\"x\"}"));
    sio_socket_join(sockets[2], SIO_LIT("r"));
    ask(SIO_ASK_FETCH, NULL);
    arrive();
    CHECK_EQ_INT(answers[0].len, 2 * (4 + SIO_ID_LEN));
    struct sio_reader r = {.rest = sio_buf_slice(&answers[1])};
    REQUIRE(sio_answer_decode(sio_reader_bytes(&r), &s) == 0);
    CHECK(!r.bad && r.rest.len == 0);
    CHECK_EQ_SLICE(s.id, sio_slice_str(sio_socket_id(sockets[2])));
    CHECK_SLICE(s.data, "{\"name\":\"x\"}");
    CHECK_SLICE(s.auth, "{}");
    CHECK(sio_slice_starts(s.request, SIO_LIT("GET ")));
    CHECK_SLICE(s.address, "192.0.2.7");
    CHECK_EQ_INT(s.since_ms, 1700000000000);
    CHECK(s.secure);
    CHECK_EQ_INT(s.rooms.n, 1);
    CHECK_SLICE(sio_reader_bytes(&s.rooms.at), "r");
    struct sio_slice whole = sio_slice_from(sio_buf_slice(&answers[1]), 4);
    for (size_t len = 0; len < whole.len; len++)
        CHECK_EQ_INT(sio_answer_decode(sio_slice(whole.p, len), &s), SIO_EPROTO);
    finish();
}

TEST(a_long_answer_leaves_in_parts)
{
    begin();
    enum { LONG = SIO_ANSWER_PART_MAX * 3 };
    struct sio_blob *data = sio_blob_new_raw(LONG);
    struct sio_answer_socket s;
    memset((char *)sio_blob_slice(data).p, 'x', LONG);
    sio_socket_set_data(sockets[2], sio_blob_slice(data));
    ask(SIO_ASK_FETCH, NULL);
    fake_tail(&sio.worker[1]);
    CHECK(fake_mesh.n > 3);
    arrive();
    struct sio_reader r = {.rest = sio_buf_slice(&answers[1])};
    REQUIRE(sio_answer_decode(sio_reader_bytes(&r), &s) == 0);
    CHECK_EQ_SLICE(s.data, sio_blob_slice(data));
    sio_blob_unref(data);
    finish();
}

TEST(an_answer_that_nobody_takes_is_not_made_to_the_end)
{
    begin();
    ask(SIO_ASK_FETCH, NULL);
    fake_mesh.err = SIO_EFULL;
    fake_tail(&sio.worker[1]);
    CHECK_EQ_INT(fake_mesh.n, 0);
    fake_mesh.err = 0;
    finish();
}

TEST(a_namespace_that_another_worker_does_not_have)
{
    begin();
    struct sio_nsp *n = sio_server_nsp(sio.worker[0].server, SIO_LIT("/only-here"));
    struct sio_question q = {.kind = SIO_ASK_FETCH};
    sio_ask(n, &(struct sio_selection){0}, &q, on_asked, (void *)"");
    arrive();
    CHECK_HEARD(" 2 of 2: 0:whole 1:whole|");
    finish();
}

TEST(a_question_for_bind_is_asked_at_the_end_of_the_tick)
{
    begin();
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    fake_tail(&sio.worker[1]);
    CHECK_LOG("");
    fake_tick();
    CHECK_LOG("question / [1] to 0.1|");
    sio_answer_send(sio.worker[1].server, sio.asker, SIO_LIT("well"), SIO_ANSWER_MORE);
    sio_answer_send(sio.worker[1].server, sio.asker, SIO_LIT(" now"), SIO_ANSWER_LAST);
    CHECK_HEARD("");
    arrive();
    CHECK_HEARD(" 1 of 1: 1:whole|");
    CHECK_SLICE(sio_buf_slice(&answers[1]), "well now");
    finish();
}

TEST(too_many_questions_for_bind_are_answered_as_failed)
{
    begin();
    struct sio_server *s = sio.worker[0].server;
    struct sio_record nobody_waits = {
        .type = SIO_RECORD_QUESTION, .kind = SIO_ASK_SERVER_SIDE_EMIT, .nsp = SIO_LIT("/nowhere")};
    for (unsigned i = 0; i < SIO_ANSWERS_HELD_MAX; i++) {
        struct sio_buf record = sio_server_scratch(s);
        sio_record_append_packet(&record, &nobody_waits, &(struct sio_selection){0},
                                 &(struct sio_outgoing){.data = SIO_LIT("[1]")});
        sio_server_publish(s, &record, 0);
    }
    unsigned lines = sio.log_lines;
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    fake_tail(&sio.worker[1]);
    CHECK_EQ_INT(sio.log_lines, lines + 1);
    arrive();
    CHECK_HEARD(" 0 of 1: 1:cut|");
    CHECK_LOG("");
    ask(SIO_ASK_SERVER_SIDE_EMIT, NULL);
    arrive();
    CHECK_LOG("question / [1] to 0.2|");
    finish();
}
