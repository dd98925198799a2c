// SPDX-License-Identifier: MIT
/* The room index against a table of booleans, under random joins and leaves. */
#include "test.h"

#include "sio/room.h"

enum { MEMBERS = 40, ROOMS = 60 };

static struct sio_rooms rooms;
static struct sio_member member[MEMBERS];
static bool in[MEMBERS][ROOMS];

static struct sio_slice name_of(unsigned room)
{
    static char text[16];
    snprintf(text, sizeof text, "room %u", room);
    return sio_slice_str(text);
}

static void check_room(unsigned room)
{
    const struct sio_room *r = sio_room_find(&rooms, name_of(room));
    unsigned want = 0;
    for (unsigned m = 0; m < MEMBERS; m++)
        want += in[m][room];
    CHECK_EQ_INT(r == NULL ? 0 : r->count, want);
    CHECK((r == NULL) == (want == 0));
    for (uint32_t i = 0; r != NULL && i < r->count; i++) {
        const struct sio_member *m = r->list[i].member;
        CHECK(in[m - member][room]);
        CHECK(m->seats[r->list[i].seat].room == r);
        CHECK_EQ_INT(m->seats[r->list[i].seat].at, i);
    }
}

static void check_all(void)
{
    for (unsigned room = 0; room < ROOMS; room++)
        check_room(room);
    for (unsigned m = 0; m < MEMBERS; m++) {
        unsigned want = 0;
        for (unsigned room = 0; room < ROOMS; room++) {
            want += in[m][room];
            CHECK(sio_room_in(&rooms, &member[m], name_of(room)) == in[m][room]);
        }
        CHECK_EQ_INT(member[m].count, want);
    }
}

TEST(index_agrees_with_a_table)
{
    uint32_t x = 12345;
    for (unsigned step = 0; step < 20000; step++) {
        x = x * 1664525 + 1013904223;
        unsigned m = (x >> 8) % MEMBERS, room = (x >> 16) % ROOMS;
        bool join = step < 8000 ? x >> 29 != 0 : x >> 29 == 0; /* fill, then drain */
        test_context("step %u", step);
        if (join)
            CHECK(sio_room_join(&rooms, &member[m], name_of(room)) == !in[m][room]);
        else
            CHECK(sio_room_leave(&rooms, &member[m], name_of(room)) == in[m][room]);
        in[m][room] = join;
        if (step % 500 == 0)
            check_all();
    }
    check_all();
    for (unsigned m = 0; m < MEMBERS; m++) {
        sio_room_leave_all(&rooms, &member[m]);
        memset(in[m], 0, sizeof in[m]);
        if (m % 10 == 0)
            check_all();
    }
    CHECK_EQ_INT(rooms.by_name.count, 0);
    sio_room_fini(&rooms);
}

TEST(room_may_have_an_empty_name)
{
    struct sio_rooms r = {0};
    struct sio_member m = {0};
    CHECK(sio_room_join(&r, &m, SIO_LIT("")));
    CHECK(!sio_room_join(&r, &m, SIO_LIT("")));
    CHECK(sio_room_in(&r, &m, SIO_LIT("")));
    CHECK(sio_room_leave(&r, &m, SIO_LIT("")));
    CHECK(!sio_room_leave(&r, &m, SIO_LIT("")));
    sio_room_leave_all(&r, &m);
    sio_room_fini(&r);
}
