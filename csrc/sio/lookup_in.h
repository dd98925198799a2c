// SPDX-License-Identifier: MIT
/* The inside of lookup.c, for client: CONNECT packets, and the end of who sent them.
 *
 * Owns: as lookup.h says. Errors: none. Reenters: connect may call on_unknown_nsp or
 * on_connecting, end_all on_lookup_left.
 */
#ifndef SIO_SIO_LOOKUP_IN_H
#define SIO_SIO_LOOKUP_IN_H

#include "sio/server_in.h"

void sio_lookup_connect(struct sio_client *c, const struct sio_packet *p);
void sio_lookup_end_all(struct sio_client *c);

#endif
