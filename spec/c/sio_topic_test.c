// SPDX-License-Identifier: MIT
/* What records are about, and for whom. That replays find all they need is checked by
 * sio_replay_test. */
#include "test.h"

#include "sio/record.h"
#include "sio/topic.h"

enum { SEED = 11 };

static uint32_t list[SIO_TOPICS_MAX];

static uint32_t room(const char *name)
{
    return sio_topic_room(SEED, SIO_LIT("/chat"), sio_slice_str(name));
}

/* Of an event with these flags to n rooms, "0" and so on. */
static unsigned event(unsigned flags, size_t n)
{
    static char names[SIO_TOPICS_MAX + 1][24];
    struct sio_slice rooms[SIO_TOPICS_MAX + 1];
    struct sio_record head = {.type = SIO_RECORD_EVENT, .flags = flags, .nsp = SIO_LIT("/chat")};
    for (size_t i = 0; i < n; i++) {
        snprintf(names[i], sizeof names[i], "%zu", i);
        rooms[i] = sio_slice_str(names[i]);
    }
    struct sio_buf b = {0};
    sio_record_append_packet(&b, &head, &(struct sio_selection){.rooms = rooms, .n_rooms = n},
                             &(struct sio_outgoing){.data = SIO_LIT("[1]")});
    unsigned topics = sio_topic_list(SEED, sio_buf_slice(&b), list);
    sio_buf_fini(&b);
    return topics;
}

TEST(an_event_is_about_its_rooms)
{
    CHECK_EQ_INT(event(0, 2), 2);
    CHECK(list[0] == room("0") && list[1] == room("1") && list[0] != list[1]);
    CHECK_EQ_INT(event(0, 0), 1);
    CHECK(list[0] == sio_topic_everybody(SEED, SIO_LIT("/chat")));
    CHECK(list[0] != sio_topic_everybody(SEED, SIO_LIT("/")));
    CHECK(room("0") != sio_topic_room(SEED, SIO_LIT("/"), SIO_LIT("0")));
}

TEST(to_more_rooms_than_topics_it_is_about_everybody)
{
    CHECK_EQ_INT(event(0, SIO_TOPICS_MAX), SIO_TOPICS_MAX);
    CHECK(list[SIO_TOPICS_MAX - 1] == room("15"));
    CHECK_EQ_INT(event(0, SIO_TOPICS_MAX + 1), 1);
    CHECK(list[0] == sio_topic_everybody(SEED, SIO_LIT("/chat")));
}

TEST(what_is_not_replayed_is_about_nothing)
{
    CHECK_EQ_INT(event(SIO_EMIT_VOLATILE, 1), 0);
    CHECK_EQ_INT(event(SIO_RECORD_HAS_ID, 1), 0);
    CHECK_EQ_INT(event(SIO_RECORD_ASKS, 1), 0);
    CHECK_EQ_INT(sio_topic_list(SEED, SIO_LIT("no record"), list), 0);
}

TEST(joining_is_about_the_socket)
{
    struct sio_buf b = {0};
    sio_record_append_room(&b, &(struct sio_record){.type = SIO_RECORD_JOIN,
                                                    .nsp = SIO_LIT("/chat"),
                                                    .sid = SIO_LIT("me"),
                                                    .room = SIO_LIT("r")});
    CHECK_EQ_INT(sio_topic_list(SEED, sio_buf_slice(&b), list), 1);
    CHECK(list[0] == room("me"));
    sio_buf_fini(&b);
}

TEST(a_crowd_is_about_its_rooms)
{
    struct sio_buf b = {0};
    struct sio_slice rooms = SIO_LIT("a"), names = SIO_LIT("b");
    sio_record_append_crowd(
        &b, &(struct sio_record){.type = SIO_RECORD_CROWD, .nsp = SIO_LIT("/chat"), .kind = 1},
        &(struct sio_selection){.rooms = &rooms, .n_rooms = 1}, &names, 1);
    CHECK_EQ_INT(sio_topic_list(SEED, sio_buf_slice(&b), list), 1);
    CHECK(list[0] == room("a"));
    sio_buf_fini(&b);
}

/* ---- who needs it ---------------------------------------------------------------------------- */

static uint64_t slots;

/* How many rooms an event of these is only for. */
static unsigned needed(unsigned flags, const char *nsp, const struct sio_slice *rooms, size_t n)
{
    struct sio_buf b = {0};
    struct sio_slice but = SIO_LIT("but");
    sio_record_append_packet(
        &b,
        &(struct sio_record){.type = SIO_RECORD_EVENT, .flags = flags, .nsp = sio_slice_str(nsp)},
        &(struct sio_selection){.rooms = rooms, .n_rooms = n, .except = &but, .n_except = 1},
        &(struct sio_outgoing){.data = SIO_LIT("[1]")});
    unsigned found = sio_topic_rooms(SEED, sio_buf_slice(&b), list, &slots);
    sio_buf_fini(&b);
    return found;
}

TEST(an_event_to_rooms_is_for_their_members)
{
    struct sio_slice two[] = {SIO_LIT("a"), SIO_LIT("b")};
    CHECK_EQ_INT(needed(0, "/chat", two, 2), 2);
    CHECK(list[0] == room("a") && list[1] == room("b"));
    CHECK_EQ_INT(slots, 0);
    CHECK_EQ_INT(needed(SIO_EMIT_VOLATILE | SIO_EMIT_PLAIN, "/chat", two, 2), 2);
    CHECK_EQ_INT(needed(SIO_RECORD_DIRECT, "/chat", two, 1), 1);
}

TEST(an_id_names_the_slot_where_it_lives)
{
    char id[SIO_ID_LEN + 1];
    sio_id_new((struct sio_place){.slot = 5, .generation = 3}, id);
    struct sio_slice two[] = {SIO_LIT("a"), sio_slice_str(id)};
    CHECK_EQ_INT(needed(0, "/chat", two, 2), 2);
    CHECK(list[1] == room(id)); /* its session may have moved */
    CHECK_EQ_INT(slots, 1 << 5);
}

TEST(everybody_needs_what_is_not_for_rooms_only)
{
    struct sio_slice rooms[SIO_TOPICS_MAX + 1];
    for (size_t i = 0; i <= SIO_TOPICS_MAX; i++)
        rooms[i] = sio_slice_str("room");
    CHECK_EQ_INT(needed(0, "/chat", rooms, 0), 0);
    CHECK_EQ_INT(needed(0, "/chat", rooms, SIO_TOPICS_MAX), SIO_TOPICS_MAX);
    CHECK_EQ_INT(needed(0, "/chat", rooms, SIO_TOPICS_MAX + 1), 0);
    CHECK_EQ_INT(needed(SIO_RECORD_ASKS, "/chat", rooms, 1), 0); /* everybody answers */
    CHECK_EQ_INT(needed(0, "_0", rooms, 1), 0);                  /* its children have the rooms */
    CHECK_EQ_INT(sio_topic_rooms(SEED, SIO_LIT("no record"), list, &slots), 0);
}

TEST(everybody_needs_what_changes_rooms_or_asks)
{
    struct sio_buf b = {0};
    struct sio_slice one = SIO_LIT("a");
    struct sio_selection to = {.rooms = &one, .n_rooms = 1};
    sio_record_append_crowd(
        &b, &(struct sio_record){.type = SIO_RECORD_CROWD, .nsp = SIO_LIT("/chat")}, &to, &one, 1);
    CHECK_EQ_INT(sio_topic_rooms(SEED, sio_buf_slice(&b), list, &slots), 0);
    sio_buf_clear(&b);
    sio_record_append_packet(&b,
                             &(struct sio_record){.type = SIO_RECORD_QUESTION,
                                                  .flags = SIO_RECORD_ASKS,
                                                  .nsp = SIO_LIT("/chat")},
                             &to, &(struct sio_outgoing){.data = SIO_LIT("[1]")});
    CHECK_EQ_INT(sio_topic_rooms(SEED, sio_buf_slice(&b), list, &slots), 0);
    sio_buf_clear(&b);
    sio_record_append_room(
        &b, &(struct sio_record){
                .type = SIO_RECORD_JOIN, .nsp = SIO_LIT("/chat"), .sid = one, .room = one});
    CHECK_EQ_INT(sio_topic_rooms(SEED, sio_buf_slice(&b), list, &slots), 0);
    sio_buf_fini(&b);
}
