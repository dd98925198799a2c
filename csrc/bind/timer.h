// SPDX-License-Identifier: MIT
/* Timers of Lua code. Owns: each timer's memory, until libuv has closed it. Thread: loop. Reenters:
 * runs handlers. */
#ifndef SIO_BIND_TIMER_H
#define SIO_BIND_TIMER_H

#include "bind/bind.h"

void sio_timer_close_all(struct sio_bind *b); /* at lua_close */

#endif
