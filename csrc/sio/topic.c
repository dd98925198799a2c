// SPDX-License-Identifier: MIT
/* From a record to its topics. Stands on record; what replay.c looks for must be found by what is
 * said here, and sio_replay_test has a log that hides everything else from it.
 */
#include "sio/topic.h"

#include "base/mix.h"
#include "sio/record.h"

uint32_t sio_topic_everybody(uint64_t seed, struct sio_slice nsp)
{
    return (uint32_t)sio_mix(seed, nsp);
}

uint32_t sio_topic_room(uint64_t seed, struct sio_slice nsp, struct sio_slice room)
{
    return (uint32_t)sio_mix(sio_mix(seed, nsp), room);
}

unsigned sio_topic_list(uint64_t seed, struct sio_slice record, uint32_t list[SIO_TOPICS_MAX])
{
    struct sio_record r;
    if (sio_record_decode(record, &r) != 0 || !sio_record_is_replayed(&r))
        return 0;
    if (r.type == SIO_RECORD_JOIN || r.type == SIO_RECORD_LEAVE) {
        list[0] = sio_topic_room(seed, r.nsp, r.sid);
        return 1;
    }
    if (r.rooms.n == 0 || r.rooms.n > SIO_TOPICS_MAX) {
        list[0] = sio_topic_everybody(seed, r.nsp);
        return 1;
    }
    struct sio_reader at = r.rooms.at;
    for (uint32_t i = 0; i < r.rooms.n; i++)
        list[i] = sio_topic_room(seed, r.nsp, sio_reader_bytes(&at));
    return r.rooms.n;
}
