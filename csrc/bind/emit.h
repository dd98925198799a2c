// SPDX-License-Identifier: MIT
/* From the arguments of an emit to what sio sends: checks the event's name, encodes once.
 *
 * Thread: loop. Owns: nothing; the outgoing borrows bind's scratch buffer and the binaries' bytes,
 * both valid until the next encoding. Errors: raises, naming the argument. Reenters: no.
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
/* Ends an emit: calls the listeners of what was sent. Leaves true, with "pressure" when too much
 * waits for the client (`session`, or NULL when it went to many); or nil and why. Raises for
 * SIO_ETOOBIG: that is the program's mistake. */
int sio_emit_result(lua_State *L, int err, const struct eio_session *session);

#endif
