// SPDX-License-Identifier: MIT
/* Where rooms change, inside of csrc/sio: what has happened is noted when somebody listens.
 *
 * A socket is in the room of its own id from its connection to its end, without a seat there.
 *
 * Owns: the notes, until they are told. Errors: none; a log line at the limit. Reenters: tell calls
 * on_room, the others nothing.
 */
#ifndef SIO_SIO_WATCH_IN_H
#define SIO_SIO_WATCH_IN_H

#include "sio/watch.h"

struct sio_watch {
    struct sio_list notes;
    struct sio_task task;
    size_t bytes;             /* of the notes */
    uint64_t n_noted, n_told; /* ever */
};

/* s has joined that room. */
void sio_watch_joined(struct sio_socket *s, struct sio_slice room);
/* s has left that room. */
void sio_watch_left(struct sio_socket *s, struct sio_slice room);
/* s is connected. */
void sio_watch_connected(struct sio_socket *s);
/* s is about to leave all rooms; with `own` the one of its id too. */
void sio_watch_leaving(struct sio_socket *s, bool own);
/* Tells what was noted before this call. */
void sio_watch_tell(struct sio_server *s);
void sio_watch_init(struct sio_server *s);
void sio_watch_fini(struct sio_server *s);

#endif
