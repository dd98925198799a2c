// SPDX-License-Identifier: MIT
/* Changes of all sockets that a selection means, on every worker: join rooms, leave rooms, be
 * disconnected.
 *
 * One record of the log. Each worker applies it to its own sockets at its place in the order, and
 * so does a replay to the session that it restores.
 *
 * Called by bind (change) and server (apply). Owns: the sockets to be disconnected at the end of
 * the tick. Errors: as stated. Reenters: change and apply call no event; the disconnects' come at
 * the end of the tick, but from the record's place on these sockets take and send nothing more.
 */
#ifndef SIO_SIO_CROWD_H
#define SIO_SIO_CROWD_H

#include "sio/record.h"

enum sio_crowd_kind {
    SIO_CROWD_JOIN = 1,
    SIO_CROWD_LEAVE,
    SIO_CROWD_DISCONNECT, /* from the namespace */
    SIO_CROWD_CLOSE,      /* with their connections */
};

/* `rooms` (n_rooms of them) are what is joined or left; flags: SIO_EMIT_HERE. A socket that is in
 * rooms_per_socket rooms joins no more, which is logged; its own room it cannot leave. Errors:
 * SIO_ETOOBIG (a name over SIO_ROOM_NAME_MAX; the record), SIO_EFULL (the log's queue). */
int sio_crowd_change(struct sio_nsp *n, enum sio_crowd_kind kind, const struct sio_selection *to,
                     unsigned flags, const struct sio_slice *rooms, size_t n_rooms);
/* The CROWD r, which ends at `end`. */
void sio_crowd_apply(struct sio_nsp *n, const struct sio_record *r, uint64_t end);

#endif
