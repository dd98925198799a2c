// SPDX-License-Identifier: MIT
/* Broadcasts with acknowledgements: emit(..., fn) and emit_with_ack of what is for many.
 *
 * Thread: loop. Owns: nothing. Errors: raises for what cannot be sent. Reenters: see answers.h.
 */
#ifndef SIO_BIND_CHORUS_H
#define SIO_BIND_CHORUS_H

#include "bind/bind.h"
#include "sio/nsp.h"

/* An event to many; the function on top of the stack is called with what they answer. nsp NULL: it
 * has gone. */
int sio_chorus_emit(lua_State *L, struct sio_nsp *nsp, const struct sio_selection *to,
                    const struct sio_outgoing *out, uint64_t timeout_ms);
void lchorus_open(lua_State *L);

#endif
