// SPDX-License-Identifier: MIT
/* Answers that we wait for: a map from ack id per socket, and one min-heap of deadlines per server.
 *
 * Called by socket, chorus (add), client (settle), socket (take, close) and server (expire).
 *
 * Owns: the entries. Errors: SIO_EFULL. Reenters: settle, expire and close tell who waits, each
 * entry exactly once and after it was unlinked.
 */
#ifndef SIO_SIO_ACK_H
#define SIO_SIO_ACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sio_chorus;
struct sio_incoming;
struct sio_server;
struct sio_socket;
struct sio_ack;

/* Who waits. */
struct sio_acker {
    uint64_t cookie;           /* for on_ack */
    struct sio_chorus *chorus; /* instead, when it is not NULL */
};

/* The heap: those with a deadline. Zeroed: empty. */
struct sio_acks {
    struct sio_ack **heap;
    size_t count, cap;
};

/* due_ms 0: no deadline. SIO_EFULL: acks_per_socket are waited for. */
int sio_ack_add(struct sio_socket *s, uint64_t id, struct sio_acker who, uint64_t due_ms);
/* Forgets `id`; false when nobody waits for it. */
bool sio_ack_take(struct sio_socket *s, uint64_t id, struct sio_acker *who);
/* An answer has come; nothing when nobody waits for it. */
void sio_ack_settle(struct sio_socket *s, uint64_t id, const struct sio_incoming *in);
/* Reports SIO_ECLOSED for all that s waits for. */
void sio_ack_close(struct sio_socket *s);
/* Reports SIO_ETIMEDOUT for what is due. Returns the next deadline, 0: none. */
uint64_t sio_ack_expire(struct sio_server *s, uint64_t now_ms);
void sio_ack_fini(struct sio_acks *a); /* no socket is left */

#endif
