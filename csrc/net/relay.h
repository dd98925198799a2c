// SPDX-License-Identifier: MIT
/* Relays: two connections joined, so that what one brings goes out on the other. For TLS, whose
 * keys cannot leave the process when another worker shall serve the connection.
 *
 * Reading one side stops while the other has SIO_RELAY_BYTES to send, so a relay holds little and
 * the ends feel each other's pressure. When one side ends, the other is finished: what it was sent
 * still goes out. Timeouts are those of the worker that serves; only a side that has ended while
 * nobody reads from the other is noticed here.
 *
 * Thread: loop. Owns: both connections of each relay. Errors: none. Reenters: no.
 */
#ifndef SIO_NET_RELAY_H
#define SIO_NET_RELAY_H

#include "net/conn.h"

enum {
    SIO_RELAYS_MAX = 65536,  /* of a worker; each takes two descriptors here */
    SIO_RELAY_BYTES = 65536, /* that wait on one side; with more the other is not read */
};

/* The relays of one owner. */
struct sio_relays {
    struct sio_list all;
    size_t n;
};

void sio_relays_init(struct sio_relays *r);
/* Finishes both sides of the eldest, if there is one. */
void sio_relays_close_one(struct sio_relays *r);
/* The same with all. */
void sio_relays_close(struct sio_relays *r);
/* Joins `conn` with the stream socket `fd`; takes both. The caller looks at SIO_RELAYS_MAX. */
void sio_relay_open(struct sio_relays *r, struct sio_conn *conn, int fd);

#endif
