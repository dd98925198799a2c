// SPDX-License-Identifier: MIT
/* The short way from an event to its handler: nearly always an event has one listener and nothing
 * stands in front of it, so C looks for that one. All else (several listeners, catch-all listeners,
 * middlewares, parents) is for lua/sio/dispatch.lua, which has the whole order.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_LISTENER_H
#define SIO_BIND_LISTENER_H

#include "bind/bind.h"
#include "sio/socket.h"

enum sio_listener {
    SIO_LISTENER_UNKNOWN, /* ask dispatch.lua */
    SIO_LISTENER_SOCKETS, /* f(arguments...) */
    SIO_LISTENER_NSPS,    /* f(socket, arguments...) */
};

/* Pushes the only listener of an event of s; nothing when that is unknown. `object` and `event` are
 * stack indices: the socket's object, and the name, a string. */
enum sio_listener sio_listener_find(lua_State *L, const struct sio_bind *b,
                                    const struct sio_socket *s, int object, int event);
/* Pushes the only function that hears of new sockets of `nsp`; false, with nothing pushed, when
 * that is not so simple. */
bool sio_listener_push_connection(lua_State *L, const struct sio_bind *b,
                                  const struct sio_nsp *nsp);
/* Whether the object of socket `s` has listeners for an event; false without an object. */
bool sio_listener_has(const struct sio_bind *b, const struct sio_socket *s, const char *event);
/* Whether the function on top of the stack can see what is behind its first n arguments. */
bool sio_listener_takes_more(lua_State *L, int n);

#endif
