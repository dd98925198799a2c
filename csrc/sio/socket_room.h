// SPDX-License-Identifier: MIT
/* Rooms of a socket as the log has them: for server, which delivers, and crowd.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_SOCKET_ROOM_H
#define SIO_SIO_SOCKET_ROOM_H

#include "sio/server_in.h"

/* What a JOIN or LEAVE of the log, which ends at `end`, does here: nothing when the socket is
 * elsewhere. */
void sio_socket_room_apply(struct sio_nsp *n, const struct sio_record *r, uint64_t end);
/* Whether it changed anything; one in too many rooms joins no more (logged). */
bool sio_socket_room_join(struct sio_socket *s, struct sio_slice room);
bool sio_socket_room_leave(struct sio_socket *s, struct sio_slice room);

#endif
