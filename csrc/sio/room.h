// SPDX-License-Identifier: MIT
/* Rooms of one namespace: a two-way index between rooms and their members.
 *
 *     room:   [ member, its seat | ... ]     member: [ room, its place in there | ... ]
 *
 * Both sides are dense arrays that point at each other's places, so a broadcast walks an array and
 * leaving swaps with the last in O(1). A member with more than a few rooms gets a map as well. The
 * mark in a member is how a selection visits nobody twice.
 *
 * Owns: rooms (a room is freed with its last member) and the members' arrays. A member is embedded
 * in its socket and must be cleared before that is freed. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_ROOM_H
#define SIO_SIO_ROOM_H

#include "base/map.h"
#include "base/roll.h"

enum {
    SIO_ROOM_NAME_MAX = 1024, /* bytes */
    SIO_ROOM_SCAN_MAX = 16,   /* rooms of one member that are searched without a map */
};

struct sio_room;

struct sio_seat {
    struct sio_room *room;
    uint32_t at; /* place in room->list */
};

/* Zeroed: a member of nothing. */
struct sio_member {
    struct sio_seat *seats; /* &first while there is one at most; NULL: none yet */
    struct sio_seat first;
    uint32_t count, cap;     /* cap: of a list on the heap */
    struct sio_map *by_name; /* room name -> seat + 1; NULL up to SIO_ROOM_SCAN_MAX seats */
    uint64_t mark;           /* the last selection that saw it */
};

struct sio_occupant {
    struct sio_member *member;
    uint32_t seat; /* place in member->seats */
};

struct sio_room {
    struct sio_occupant *list;
    uint32_t count, cap;
    size_t name_len;
    char name[];
};

/* Zeroed: no rooms. */
struct sio_rooms {
    struct sio_map by_name;
    uint64_t mark;
    struct sio_roll *roll; /* has the topic of each, once it has begun; NULL: none */
    uint64_t of_nsp;       /* see sio_topic_in */
};

static inline struct sio_slice sio_room_name(const struct sio_room *r)
{
    return sio_slice(r->name, r->name_len);
}

struct sio_room *sio_room_find(const struct sio_rooms *rooms, struct sio_slice name);
bool sio_room_in(const struct sio_rooms *rooms, const struct sio_member *m, struct sio_slice name);
/* False when it was in already. */
bool sio_room_join(struct sio_rooms *rooms, struct sio_member *m, struct sio_slice name);
/* False when it was not in. */
bool sio_room_leave(struct sio_rooms *rooms, struct sio_member *m, struct sio_slice name);
void sio_room_leave_all(struct sio_rooms *rooms, struct sio_member *m);
/* A value that no member's mark has. 64 bits do not come round. */
static inline uint64_t sio_room_next_mark(struct sio_rooms *rooms)
{
    return ++rooms->mark;
}
void sio_room_enroll(const struct sio_rooms *rooms); /* all of them: the roll begins */
void sio_room_fini(struct sio_rooms *rooms);         /* every member has left */

#endif
