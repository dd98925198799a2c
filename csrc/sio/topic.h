// SPDX-License-Identifier: MIT
/* What a record of the log is about, as numbers that the log can index: a room of a namespace, or
 * everybody there. A replay asks for the topics of the rooms that its session may have been in, and
 * gets at least the records that may mean it; topics that happen to share a number cost a look.
 *
 * Called by worker (append) and replay. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_TOPIC_H
#define SIO_SIO_TOPIC_H

#include <stdint.h>

#include "base/slice.h"

enum {
    SIO_TOPICS_MAX = 16, /* of one record; one to more rooms is about everybody */
};

/* `seed`: the backing's. */
uint32_t sio_topic_everybody(uint64_t seed, struct sio_slice nsp);
uint32_t sio_topic_room(uint64_t seed, struct sio_slice nsp, struct sio_slice room);
/* Those of a record; how many. None: no replay needs it. */
unsigned sio_topic_list(uint64_t seed, struct sio_slice record, uint32_t list[SIO_TOPICS_MAX]);

#endif
