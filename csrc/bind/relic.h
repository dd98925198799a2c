// SPDX-License-Identifier: MIT
/* What is left of a socket for who still holds its object after the disconnect: a handler that
 * waits there may go on to read handshake and data.
 *
 * A copy; handle.h keeps it until Lua collects the object.
 *
 * Thread: loop. Owns: the copy. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_RELIC_H
#define SIO_BIND_RELIC_H

#include "sio/socket.h"

struct sio_relic;

struct sio_relic *sio_relic_new(const struct sio_socket *s);
void sio_relic_free(struct sio_relic *r); /* NULL is allowed */
const struct eio_first_request *sio_relic_request(const struct sio_relic *r);
struct sio_slice sio_relic_auth(const struct sio_relic *r);
struct sio_slice sio_relic_data(const struct sio_relic *r); /* "" when there was none */

#endif
