// SPDX-License-Identifier: MIT
/* A server as Lua made it (sio.server{} or sio.engine{}): its service and the way back to its
 * object.
 *
 * Owns: the service. The worker below it is the process's: opened with the first server, unless
 * the CLI has opened it, and closed behind the last. Thread: loop. Reenters: its events run
 * handlers.
 */
#ifndef SIO_BIND_SERVER_H
#define SIO_BIND_SERVER_H

#include "bind/handle.h"
#include "worker/service.h"

extern const char sio_app_type[];

struct sio_app {
    struct sio_bind *bind;
    struct sio_service *service;
    struct sio_list link;          /* in bind->apps */
    struct sio_lua_parser *parser; /* the option `parser`, when it is a table */
    size_t max_body;               /* bytes of a request's body */
    uint64_t slow_ms;              /* slow_handler; 0: off */
    bool closing;
    struct sio_list requests; /* not answered yet; see request.c */
};

/* The server of the object in argument 1; raises when it is closed. */
struct sio_app *sio_app_self(lua_State *L);
/* Closes all; they are gone once bind->apps is empty. */
void sio_server_close_apps(struct sio_bind *b);
/* At lua_close. */
void sio_server_close_all(struct sio_bind *b);

#endif
