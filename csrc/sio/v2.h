// SPDX-License-Identifier: MIT
/* What clients of Socket.IO v2 (Engine.IO v3) are told otherwise, as far as it is text: they send
 * query parameters in place of `auth`, make their sockets' ids themselves, and get an error as it
 * is.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_V2_H
#define SIO_SIO_V2_H

#include "base/buf.h"

/* Appends the query of CONNECT's namespace as a JSON object of strings. */
void sio_v2_append_auth(struct sio_buf *out, struct sio_slice query);
/* The id that such a client has in this namespace (its session's sid in "/"), without a NUL.
 * Returns its length; `out` may be NULL for that alone. */
size_t sio_v2_id(char *out, struct sio_slice nsp, struct sio_slice sid);
/* What it gets of a CONNECT_ERROR's object: `data` unless JavaScript takes that for false, else
 * `message`. JSON, borrowed from `error`; "" when there is neither. */
struct sio_slice sio_v2_error(struct sio_slice error);

#endif
