// SPDX-License-Identifier: MIT
/* What one client address may have of a worker: connections at a time, handshakes per second.
 *
 * An IPv6 address stands for its /64, which is what one subscriber gets. A peer without an address
 * (a Unix socket) has no limits, nor has anybody where a limit is 0.
 *
 *     place: an address with connections, or one whose handshakes of the last second are
 * remembered; at most SIO_QUOTA_IDLE_MAX of the second kind, the oldest is forgotten first
 *
 * Thread: loop. Owns: its places. Errors: none. Reenters: no.
 */
#ifndef SIO_NET_QUOTA_H
#define SIO_NET_QUOTA_H

#include <stdint.h>

#include "base/slice.h"

enum { SIO_QUOTA_IDLE_MAX = 65536 };

struct sio_quota;
struct sio_quota_place;

/* Limits of one address; 0: none. NULL when both are 0; the functions below take NULL. */
struct sio_quota *sio_quota_new(uint32_t connections, uint32_t handshakes_per_second);
/* No more calls but sio_quota_leave; freed with the last connection. */
void sio_quota_close(struct sio_quota *q);

/* A connection of `address`: counted, and *place tells whose it is until sio_quota_leave; NULL when
 * it is not counted. False, and not counted: it has as many as it may; never when `moved`, for one
 * that comes from another worker exists already. */
bool sio_quota_enter(struct sio_quota *q, struct sio_slice address, bool moved,
                     struct sio_quota_place **place);
void sio_quota_leave(struct sio_quota_place *place); /* NULL is allowed */
/* A handshake of `address`, now. False: too many within the last second. */
bool sio_quota_handshake(struct sio_quota *q, struct sio_slice address, uint64_t now_ms);

#endif
