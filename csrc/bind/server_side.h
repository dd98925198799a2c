// SPDX-License-Identifier: MIT
/* Events from server to server, see sio/server_side.h.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: on_event runs handlers.
 */
#ifndef SIO_BIND_SERVER_SIDE_H
#define SIO_BIND_SERVER_SIDE_H

#include "bind/bind.h"
#include "sio/ask.h"

/* sio_server_events.on_question */
void sio_server_side_on_event(void *owner, struct sio_nsp *n, struct sio_asker from,
                              const struct sio_incoming *in);
void lserver_side_open(lua_State *L);

#endif
