// SPDX-License-Identifier: MIT
/* Addresses of sockets as text. Stands on libc; net/conn calls it.
 *
 * Owns: nothing. Errors: none; what has no address has the empty one. Reenters: no.
 */
#ifndef SIO_NET_ADDRESS_H
#define SIO_NET_ADDRESS_H

#include "base/buf.h"

/* Appends "127.0.0.1" (also for an IPv4 peer of a dual-stack socket) or "::1"; nothing for a Unix
 * socket, one without a peer, or -1. */
void sio_address_of_peer(int fd, struct sio_buf *out);

#endif
