// SPDX-License-Identifier: MIT
/* The engine's hooks in Lua: who decides about requests, who hears of refusals, who adds headers.
 *
 * Owns: the handle of a request that waits, until it has left the gate. Errors: a hook's are
 * logged; of one that decides they refuse the request. Thread: loop. Reenters: runs hooks.
 */
#ifndef SIO_BIND_GATE_H
#define SIO_BIND_GATE_H

#include "bind/server.h"

extern const char sio_gate_type[];

/* For a server that was just made from the options in argument 1; nothing is wanted yet. */
void sio_gate_install(lua_State *L, struct sio_app *app);

#endif
