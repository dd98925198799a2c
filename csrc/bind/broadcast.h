// SPDX-License-Identifier: MIT
/* What an emit to many is called on: the objects, and those of their methods that are called for
 * each message. lua/sio/broadcast.lua has the class.
 *
 * Thread: loop. Owns: nothing. Errors: raises for what cannot be sent. Reenters: an emit runs
 * listeners of what is sent.
 */
#ifndef SIO_BIND_BROADCAST_H
#define SIO_BIND_BROADCAST_H

#include <lua.h>

void lbroadcast_open(lua_State *L);

#endif
