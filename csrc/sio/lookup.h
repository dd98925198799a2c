// SPDX-License-Identifier: MIT
/* A client that asks for a namespace that is not there, while somebody finds out whether it may be
 * made: on_unknown_nsp gives it, sio_lookup_pass or _refuse ends it, now or later.
 *
 * It ends by itself when its client goes; on_lookup_left tells of its end, either way. While it
 * waits it counts as one of the client's namespaces (nsps_per_client), and CONNECT packets for the
 * same name are ignored.
 *
 * Thread: loop. Owns: name and auth. Errors: none. Reenters: pass may call on_connecting and
 * on_connection.
 */
#ifndef SIO_SIO_LOOKUP_H
#define SIO_SIO_LOOKUP_H

#include "sio/server.h"

struct sio_lookup;

/* The client enters `n`, which is opened when it is a child. */
void sio_lookup_pass(struct sio_lookup *l, struct sio_nsp *n);
/* `error`: JSON object for CONNECT_ERROR. */
void sio_lookup_refuse(struct sio_lookup *l, struct sio_slice error);

#endif
