// SPDX-License-Identifier: MIT
/* The lists of a Broadcast (lua/sio/broadcast.lua) as struct sio_selection.
 *
 * Thread: loop. Owns: nothing; the selection borrows from the lists, from the caller's struct
 * sio_names, and from userdata that is left on the stack. Errors: raises for what is no list of
 * strings. Reenters: no.
 */
#ifndef SIO_BIND_SELECTION_H
#define SIO_BIND_SELECTION_H

#include "bind/bind.h"
#include "sio/nsp.h"

struct sio_names {
    struct sio_slice only; /* where a list of one is, which most are */
    const struct sio_slice *list;
    size_t n;
};

/* The strings of the list at `arg`; none when that is no table. Pushes one value. */
void sio_selection_names(lua_State *L, int arg, struct sio_names *out);
/* Rooms and except are at `arg` and arg + 1. Pushes two values. */
struct sio_selection sio_selection_read(lua_State *L, int arg, struct sio_names *rooms,
                                        struct sio_names *except);

#endif
