// SPDX-License-Identifier: MIT
/* The names of a Broadcast (lua/sio/broadcast.lua) as struct sio_selection.
 *
 * Thread: loop. Owns: nothing; the selection borrows from the strings, from the caller's struct
 * sio_names, and from userdata that is left on the stack. Errors: raises for what is no list of
 * strings. Reenters: no.
 */
#ifndef SIO_BIND_SELECTION_H
#define SIO_BIND_SELECTION_H

#include "bind/bind.h"
#include "sio/nsp.h"

struct sio_names {
    struct sio_slice only; /* where the name is when there is one */
    const struct sio_slice *list;
    size_t n;
};

/* The string at `arg`, or those of the list; none when it is neither. Pushes one value. */
void sio_selection_names(lua_State *L, int arg, struct sio_names *out);
/* Rooms and except are at `arg` and arg + 1. Pushes two values. */
struct sio_selection sio_selection_read(lua_State *L, int arg, struct sio_names *rooms,
                                        struct sio_names *except);

#endif
