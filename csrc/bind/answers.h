// SPDX-License-Identifier: MIT
/* Answers of many in Lua: `answers, err` for who waits, fn(err, answers) for a callback.
 *
 *     encode, check everything that may raise
 *     struct sio_answers *a = sio_answers_new(L, "emit_with_ack", waits);
 *     return sio_answers_end(L, a, sio_chorus_ask(..., sio_answers_on_asked, a));
 *
 * `answers` is always a list, of what has come, in the order in which it came; err says when it is
 * not all that there could be.
 *
 * Thread: loop. Owns: what waits. Errors: raises for what cannot be sent. Reenters: a callback may
 * run within the call, when nobody is to answer.
 */
#ifndef SIO_BIND_ANSWERS_H
#define SIO_BIND_ANSWERS_H

#include "bind/bind.h"
#include "sio/ask.h"

struct sio_answers;

/* Raises unless this coroutine may wait. Before anything is encoded. */
void sio_answers_check(lua_State *L, const char *name);
/* `waits`: this coroutine; else the function on top of the stack is called back. */
struct sio_answers *sio_answers_new(lua_State *L, const char *name, bool waits);
void sio_answers_on_asked(void *arg, const struct sio_asked *what);
/* What the function that asked returns; err is that of asking. */
int sio_answers_end(lua_State *L, struct sio_answers *a, int err);

#endif
