// SPDX-License-Identifier: MIT
/* The inside of connection state recovery, for client, socket and server.
 *
 *     CONNECT with pid ─► claim (backing) ─► replay ─► restored
 *                            └────any failure────────► a fresh session
 *
 * The backing's scan first delivers the log to its end, then visits what was delivered. The socket
 * takes part in deliveries from the end of the replay on, with nothing between, so the two meet
 * without gap or double.
 *
 * Owns: claims. Errors: become fresh sessions. Reenters: as stated.
 */
#ifndef SIO_SIO_RECOVERY_IN_H
#define SIO_SIO_RECOVERY_IN_H

#include "sio/recovery.h"
#include "sio/server_in.h"

/* Starts a claim when `auth` has a private id, and returns true: then s is (or will be) started, or
 * restored. Reenters: may close another connection; may call on_connecting or on_connection. */
bool sio_recovery_begin(struct sio_socket *s, struct sio_slice auth);
/* s vanishes while WAITING. */
void sio_recovery_abandon(struct sio_socket *s);
/* s is about to be connected: a fresh one gets its private id, a restored one its missed packets.
 */
void sio_recovery_accept(struct sio_socket *s);
/* s is connected from now on, and its record says so. The private id for the CONNECT packet; false:
 * none, it cannot be recovered. */
bool sio_recovery_settle(struct sio_socket *s, char pid[SIO_ID_LEN + 1]);
/* s was CONNECTED, or restored and CONNECTING; parked or forgotten. */
void sio_recovery_part(struct sio_socket *s, bool was_connected, bool recoverable);
/* The position that an event sent to s outside of the log may carry. */
uint64_t sio_recovery_offset(const struct sio_socket *s);
void sio_recovery_fini(struct sio_server *s);

#endif
