// SPDX-License-Identifier: MIT
/* The methods in C of what is for many: lua/sio/broadcast.lua has the rest, and makes the objects.
 *
 * Thread: loop. Owns: nothing. Errors: raises for what cannot be sent. Reenters: an emit runs
 * listeners of what is sent.
 */
#ifndef SIO_BIND_BROADCAST_H
#define SIO_BIND_BROADCAST_H

#include <lua.h>

void lbroadcast_open(lua_State *L);

#endif
