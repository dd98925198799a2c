// SPDX-License-Identifier: MIT
/* Sockets in Lua: objects made when they connect, events in, emits out.
 *
 * Owns: the handle of a socket, from its first event to its last. Thread: loop. Reenters: the
 * events run handlers.
 */
#ifndef SIO_BIND_SOCKET_H
#define SIO_BIND_SOCKET_H

#include "bind/handle.h"
#include "sio/socket.h"

extern const char sio_socket_type[];

extern const struct sio_server_events sio_socket_events; /* owner: struct sio_app */

/* Pushes the socket's object; makes it when there is none yet. */
void sio_socket_push(struct sio_bind *b, lua_State *L, struct sio_socket *s);
/* The socket of the object in argument 1, or NULL when it is gone. */
struct sio_socket *sio_socket_self(lua_State *L);
/* bind->settle: encodes the `data` of sockets where it was looked at, hands on what changed. Raises
 * for a value that JSON cannot hold, naming it. */
void sio_socket_settle(lua_State *L, struct sio_bind *b);

/* Pushes the table `handshake`; auth: a JSON object, or "" for none. */
void sio_handshake_push(lua_State *L, struct sio_bind *b, const struct eio_first_request *first,
                        struct sio_slice auth);
/* Pushes `socket.data` of its JSON; "" is an empty table. */
void sio_socket_push_data(lua_State *L, struct sio_bind *b, struct sio_slice json);

/* Pushes the function that acknowledges event `id` of the socket whose object is at `index`. */
void sio_ack_push(lua_State *L, int index, uint64_t id);
/* (socket, id|nil, ack|nil, handler, ...): calls the handler and acknowledges event `id` with what
 * it returns, if that is anything and an answer was asked for. `ack` is the function that the
 * handler got. */
int sio_ack_call(lua_State *L);
int sio_socket_on(lua_State *L); /* core.socket_on, in socket_on.c */
/* sio_server_events.on_ack */
void sio_ack_on_answer(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                       const struct sio_incoming *in);

void lack_open(lua_State *L);       /* emit with acknowledgement */
void ldata_open(lua_State *L);      /* socket.data */
void lhandshake_open(lua_State *L); /* socket.handshake */

#endif
