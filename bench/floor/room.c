// SPDX-License-Identifier: MIT
/* Rooms as arrays of descriptors. Everybody is in exactly one; room 0 is that of who joined none.
 *
 * Invariant: rooms[conn->room].members[conn->place] is conn's descriptor.
 */
#include "floor.h"

void floor_room_leave(struct floor_server *s, struct floor_conn *conn)
{
    struct floor_room *room = &s->rooms[conn->room];
    uint32_t last = room->members[--room->n];
    room->members[conn->place] = last;
    s->conns[last].place = conn->place;
}

static struct floor_room *room_of(struct floor_server *s, uint32_t number)
{
    if (number >= s->n_rooms) {
        s->rooms = floor_grow(s->rooms, (number + 1) * sizeof *s->rooms);
        while (s->n_rooms <= number)
            s->rooms[s->n_rooms++] = (struct floor_room){0};
    }
    return &s->rooms[number];
}

void floor_room_join(struct floor_server *s, struct floor_conn *conn, uint32_t number)
{
    struct floor_room *room = room_of(s, number);
    if (room->n == room->cap) {
        room->cap = 2 * room->cap + 4;
        room->members = floor_grow(room->members, room->cap * sizeof *room->members);
    }
    conn->room = number;
    conn->place = room->n;
    room->members[room->n++] = (uint32_t)conn->fd;
}
