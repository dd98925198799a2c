// SPDX-License-Identifier: MIT
/* What a namespace tells of its rooms: nsp.adapter.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: on_room runs handlers.
 */
#ifndef SIO_BIND_ADAPTER_H
#define SIO_BIND_ADAPTER_H

#include <lua.h>

#include "sio/nsp.h"

/* Of struct sio_server_events. */
void sio_adapter_on_room(void *owner, struct sio_nsp *n, const struct sio_room_event *e);

void ladapter_open(lua_State *L);

#endif
