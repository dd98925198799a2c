// SPDX-License-Identifier: MIT
/* What questions over the cluster come to in Lua: `value, err`.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_ASK_H
#define SIO_BIND_ASK_H

#include "bind/bind.h"
#include "sio/ask.h"

/* Pushes what is wrong with an answer: nil when it is whole, else "timeout", "closed" or
 * "missing 1 of 4 workers". */
void sio_ask_push_error(lua_State *L, const struct sio_asked *what);
void lask_open(lua_State *L);
void lremote_open(lua_State *L);

#endif
