// SPDX-License-Identifier: MIT
/* Events of rooms: which begin and end, who joins and leaves them; of this worker's sockets.
 *
 * They are noted where rooms change, in the midst of deliveries, and told at the end of the tick in
 * the order of the changes. Of what nobody listens to nothing is noted.
 *
 * Thread: loop. Owns: the notes. Errors: none; a log line at the limit. Reenters: on_room may call
 * anything.
 */
#ifndef SIO_SIO_WATCH_H
#define SIO_SIO_WATCH_H

#include "sio/nsp.h"

/* Bytes of events that are still to be told; more are lost. */
enum { SIO_WATCH_BYTES_MAX = 16 << 20 };

/* Bits. A room is created before it is joined, and deleted after it was left. */
enum sio_room_kind {
    SIO_ROOM_CREATED = 1,
    SIO_ROOM_DELETED = 2,
    SIO_ROOM_JOINED = 4,
    SIO_ROOM_LEFT = 8,
};

struct sio_room_event {
    enum sio_room_kind kind;
    struct sio_slice room;
    struct sio_slice sid; /* "" for a room that is created or deleted */
};

/* From now on events of these kinds reach on_room. */
void sio_watch_set(struct sio_nsp *n, unsigned kinds);

#endif
