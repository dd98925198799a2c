// SPDX-License-Identifier: MIT
/* From a record to its topics. Stands on record; what replay.c looks for must be found by what is
 * said here, and sio_replay_test has a log that hides everything else from it.
 */
#include "sio/topic.h"

#include "base/id.h"
#include "sio/record.h"

uint32_t sio_topic_everybody(uint64_t seed, struct sio_slice nsp)
{
    return (uint32_t)sio_mix(seed, nsp);
}

uint64_t sio_topic_nsp(uint64_t seed, struct sio_slice nsp)
{
    return sio_mix(seed, nsp);
}

uint32_t sio_topic_room(uint64_t seed, struct sio_slice nsp, struct sio_slice room)
{
    return sio_topic_in(sio_topic_nsp(seed, nsp), room);
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

/* Of a parent the children have the members, and what asks is answered by everybody. */
static bool is_for_rooms(const struct sio_record *r)
{
    return (r->type == SIO_RECORD_EVENT || r->type == SIO_RECORD_ACK) && r->rooms.n > 0 &&
           r->rooms.n <= SIO_TOPICS_MAX && (r->flags & SIO_RECORD_ASKS) == 0 && r->nsp.len > 0 &&
           r->nsp.p[0] == '/';
}

unsigned sio_topic_rooms(uint64_t seed, struct sio_slice record, uint32_t list[SIO_TOPICS_MAX],
                         uint64_t *slots)
{
    struct sio_record r;
    struct sio_place home;
    *slots = 0;
    if (sio_record_decode(record, &r) != 0 || !is_for_rooms(&r))
        return 0;
    uint64_t of_nsp = sio_topic_nsp(seed, r.nsp);
    struct sio_reader at = r.rooms.at;
    for (uint32_t i = 0; i < r.rooms.n; i++) {
        struct sio_slice room = sio_reader_bytes(&at);
        list[i] = sio_topic_in(of_nsp, room);
        if (sio_id_place(room, &home) == 0)
            *slots |= UINT64_C(1) << home.slot;
    }
    return r.rooms.n;
}
