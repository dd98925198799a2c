// SPDX-License-Identifier: MIT
/* The room index: joining, leaving, searching. Stands on base/map and topic.
 *
 * Invariant: r->list[i].member->seats[r->list[i].seat] is {r, i}, and the other way round.
 */
#include "sio/room.h"

#include "base/mem.h"
#include "sio/topic.h"

struct sio_room *sio_room_find(const struct sio_rooms *rooms, struct sio_slice name)
{
    return sio_map_get(&rooms->by_name, name);
}

static struct sio_room *room_new(struct sio_rooms *rooms, struct sio_slice name)
{
    struct sio_room *r = sio_alloc(sizeof *r + name.len);
    *r = (struct sio_room){.name_len = name.len};
    if (name.len != 0)
        memcpy(r->name, name.p, name.len);
    sio_map_put(&rooms->by_name, sio_room_name(r), r);
    if (sio_roll_begun(rooms->roll))
        sio_roll_add(rooms->roll, sio_topic_in(rooms->of_nsp, name));
    return r;
}

static void room_free(struct sio_rooms *rooms, struct sio_room *r)
{
    if (sio_roll_begun(rooms->roll))
        sio_roll_remove(rooms->roll, sio_topic_in(rooms->of_nsp, sio_room_name(r)));
    sio_map_del(&rooms->by_name, sio_room_name(r));
    sio_free(r->list);
    sio_free(r);
}

/* The seat of m in r, or -1. */
static int64_t find_seat(const struct sio_member *m, const struct sio_room *r)
{
    if (m->by_name != NULL)
        return (int64_t)(uintptr_t)sio_map_get(m->by_name, sio_room_name(r)) - 1;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->seats[i].room == r)
            return i;
    return -1;
}

bool sio_room_in(const struct sio_rooms *rooms, const struct sio_member *m, struct sio_slice name)
{
    const struct sio_room *r = sio_room_find(rooms, name);
    return r != NULL && find_seat(m, r) >= 0;
}

static void map_seat(struct sio_member *m, uint32_t seat)
{
    sio_map_put(m->by_name, sio_room_name(m->seats[seat].room), (void *)((uintptr_t)seat + 1));
}

static void note_seat(struct sio_member *m, uint32_t seat)
{
    if (m->by_name != NULL) {
        map_seat(m, seat);
    } else if (m->count > SIO_ROOM_SCAN_MAX) {
        m->by_name = sio_calloc(1, sizeof *m->by_name);
        for (uint32_t i = 0; i < m->count; i++)
            map_seat(m, i);
    }
}

/* Room for one more; lists that shrank to a quarter give half back. */
static void *fit(void *list, uint32_t count, uint32_t *cap, size_t item)
{
    if (count > *cap)
        *cap = *cap == 0 ? 2 : *cap * 2;
    else if (*cap > 8 && count <= *cap / 4)
        *cap /= 2;
    else
        return list;
    return sio_realloc(list, *cap * item);
}

static void fit_seats(struct sio_member *m, uint32_t count)
{
    struct sio_seat *list = m->seats != &m->first ? m->seats : NULL;
    if (list == NULL && count <= 1) {
        m->seats = &m->first;
        return;
    }
    list = fit(list, count, &m->cap, sizeof *list);
    if (m->seats == &m->first)
        list[0] = m->first;
    m->seats = list;
}

bool sio_room_join(struct sio_rooms *rooms, struct sio_member *m, struct sio_slice name)
{
    struct sio_room *r = sio_room_find(rooms, name);
    if (r == NULL)
        r = room_new(rooms, name);
    else if (find_seat(m, r) >= 0)
        return false;
    r->list = fit(r->list, r->count + 1, &r->cap, sizeof *r->list);
    fit_seats(m, m->count + 1);
    r->list[r->count] = (struct sio_occupant){m, m->count};
    m->seats[m->count] = (struct sio_seat){r, r->count};
    r->count++;
    m->count++;
    note_seat(m, m->count - 1);
    return true;
}

/* Takes the occupant at `at` out of r; frees r when it was the last. */
static void vacate(struct sio_rooms *rooms, struct sio_room *r, uint32_t at)
{
    struct sio_occupant last = r->list[--r->count];
    if (r->count == 0) {
        room_free(rooms, r);
        return;
    }
    if (at != r->count) {
        r->list[at] = last;
        last.member->seats[last.seat].at = at;
    }
    r->list = fit(r->list, r->count, &r->cap, sizeof *r->list);
}

bool sio_room_leave(struct sio_rooms *rooms, struct sio_member *m, struct sio_slice name)
{
    struct sio_room *r = sio_room_find(rooms, name);
    int64_t found = r == NULL ? -1 : find_seat(m, r);
    if (found < 0)
        return false;
    uint32_t seat = (uint32_t)found;
    if (m->by_name != NULL)
        sio_map_del(m->by_name, sio_room_name(r));
    vacate(rooms, r, m->seats[seat].at);
    struct sio_seat last = m->seats[--m->count];
    if (seat != m->count) {
        m->seats[seat] = last;
        last.room->list[last.at].seat = seat;
        if (m->by_name != NULL)
            map_seat(m, seat);
    }
    fit_seats(m, m->count);
    return true;
}

void sio_room_leave_all(struct sio_rooms *rooms, struct sio_member *m)
{
    if (m->by_name != NULL) {
        sio_map_fini(m->by_name);
        sio_free(m->by_name);
    }
    for (uint32_t i = m->count; i-- > 0;)
        vacate(rooms, m->seats[i].room, m->seats[i].at);
    if (m->seats != &m->first)
        sio_free(m->seats);
    *m = (struct sio_member){.mark = m->mark};
}

void sio_room_enroll(const struct sio_rooms *rooms)
{
    const struct sio_room *r;
    for (size_t pos = 0; (r = sio_map_next(&rooms->by_name, &pos)) != NULL;)
        sio_roll_add(rooms->roll, sio_topic_in(rooms->of_nsp, sio_room_name(r)));
}

void sio_room_fini(struct sio_rooms *rooms)
{
    sio_map_fini(&rooms->by_name);
}
