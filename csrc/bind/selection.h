// SPDX-License-Identifier: MIT
/* The lists of a Broadcast (lua/sio/broadcast.lua) as struct sio_selection.
 *
 * Thread: loop. Owns: nothing; the selection borrows from the lists, and from userdata that is left
 * on the stack. Errors: raises for what is no list of strings. Reenters: no.
 */
#ifndef SIO_BIND_SELECTION_H
#define SIO_BIND_SELECTION_H

#include "bind/bind.h"
#include "sio/nsp.h"

/* Rooms and except are at `arg` and arg + 1, lists or nil. Pushes two values. */
void sio_selection_read(lua_State *L, int arg, struct sio_selection *out);
/* The strings of the list at `arg` (nil: none). Pushes one value. */
const struct sio_slice *sio_selection_names(lua_State *L, int arg, size_t *n);

#endif
