// SPDX-License-Identifier: MIT
/* Namespaces as Lua objects, which are made in Lua. Those of the app live as long as its server,
 * which drops their handles; children (parent.c) come and go.
 *
 * Thread: loop. Owns: nothing. Errors: as stated. Reenters: on_gone runs a hook that cannot wait.
 */
#ifndef SIO_BIND_NAMESPACE_H
#define SIO_BIND_NAMESPACE_H

#include <lua.h>

#include "sio/nsp.h"

extern const char sio_namespace_type[];

/* The namespace of the object in argument 1, made anew when it is a child that had gone. NULL when
 * the server is closed (what is sent then is dropped, as after a disconnect) or has too many. */
struct sio_nsp *sio_namespace_self(lua_State *L);

/* Makes the child again whose object is argument 1; NULL: it is none, or as above. */
struct sio_nsp *sio_parent_revive(lua_State *L);
/* Of struct sio_server_events. */
void sio_parent_on_gone(void *owner, struct sio_nsp *nsp);

/* What a namespace has people's functions for, its parent's among them. Nothing is called, and no
 * object made, for a socket that nobody listens to. Bits. */
enum {
    SIO_WANT_MIDDLEWARES = 1,
    SIO_WANT_CONNECTION = 2,
    SIO_WANT_EVENTS = 4,  /* of any of its sockets */
    SIO_WANT_GOODBYE = 8, /* disconnecting, disconnect */
};

bool sio_namespace_wants(const struct sio_nsp *nsp, unsigned what);

#endif
