// SPDX-License-Identifier: MIT
/* From the arguments of an emit to what sio sends: checks the event's name, encodes once.
 *
 * Thread: loop. Owns: nothing; the outgoing borrows bind's scratch buffer and the binaries' bytes,
 * both valid until the next encoding. Errors: raises, naming the argument. Reenters: end runs
 * listeners.
 */
#ifndef SIO_BIND_EMIT_H
#define SIO_BIND_EMIT_H

#include "bind/json.h"
#include "sio/nsp.h"

/* Stack first..last: event name, arguments. Raises for reserved names and what cannot be
 * encoded. */
void sio_emit_event(lua_State *L, struct sio_bind *b, int first, int last, unsigned flags,
                    struct sio_attachments *attachments, struct sio_outgoing *out);
/* Stack first..last: arguments of an acknowledgement. */
void sio_emit_args(lua_State *L, struct sio_bind *b, int first, int last,
                   struct sio_attachments *attachments, struct sio_outgoing *out);
/* true, with "pressure" when too much waits for the client (`session`, or NULL when it went to
 * many); or nil and why. Raises for SIO_ETOOBIG: that is the program's mistake. */
int sio_emit_result(lua_State *L, int err, const struct eio_session *session);
/* The same, after the listeners of what was sent were called. */
int sio_emit_end(lua_State *L, struct sio_bind *b, int err, const struct eio_session *session);

#endif
