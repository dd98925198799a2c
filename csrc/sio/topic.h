// SPDX-License-Identifier: MIT
/* What a record of the log is about, as numbers that the log can index: a room of a namespace, or
 * everybody there. A replay asks for the topics of the rooms that its session may have been in, and
 * gets at least the records that may mean it; topics that happen to share a number cost a look.
 *
 * By the same numbers a worker says for which rooms it has members: it keeps the topics of its
 * rooms and of its sockets' ids on its roll (base/roll.h). An id that says itself that it lives
 * here (base/id.h) is not on it; that of a session from elsewhere is.
 *
 * Called by worker (append), replay, room and nsp. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_TOPIC_H
#define SIO_SIO_TOPIC_H

#include <stdint.h>

#include "base/mix.h"

enum {
    SIO_TOPICS_MAX = 16, /* of one record; one to more rooms is about everybody */
};

/* `seed`: the backing's. */
uint32_t sio_topic_everybody(uint64_t seed, struct sio_slice nsp);
uint32_t sio_topic_room(uint64_t seed, struct sio_slice nsp, struct sio_slice room);
/* The same from what all rooms of a namespace have in common. */
uint64_t sio_topic_nsp(uint64_t seed, struct sio_slice nsp);
static inline uint32_t sio_topic_in(uint64_t of_nsp, struct sio_slice room)
{
    return (uint32_t)sio_mix(of_nsp, room);
}

/* Those of a record; how many. None: no replay needs it. */
unsigned sio_topic_list(uint64_t seed, struct sio_slice record, uint32_t list[SIO_TOPICS_MAX]);
/* The rooms whose members alone need a record, and the slots that ids among them name (a bit each).
 * None: who has no such member may need it too. */
unsigned sio_topic_rooms(uint64_t seed, struct sio_slice record, uint32_t list[SIO_TOPICS_MAX],
                         uint64_t *slots);

#endif
