// SPDX-License-Identifier: MIT
/* sio.binary: bytes that travel as a binary attachment, a view of a blob. Immutable.
 *
 * Attachments that came in are such views without a copy, and so relaying them costs a reference.
 * Thread: loop. Owns: the userdata holds one reference to its blob. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_BINARY_H
#define SIO_BIND_BINARY_H

#include "bind/bind.h"

#define SIO_BINARY "sio.binary"

/* Pushes a view of [from, from + len) of the blob; takes its own reference. */
void sio_binary_push(lua_State *L, struct sio_blob *blob, size_t from, size_t len);
/* The bytes at `index`, valid while the userdata is; false when it is something else. */
bool sio_binary_get(lua_State *L, int index, struct sio_slice *out);

#endif
