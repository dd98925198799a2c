// SPDX-License-Identifier: MIT
/* Engine.IO sessions in Lua: those of sio.engine{}, and socket.conn.
 *
 * Owns: the handle of a session, until it has closed; for a Socket.IO client's it is made when
 * somebody asks for socket.conn. Errors: a handler's are logged. Thread: loop. Reenters: the events
 * run handlers.
 */
#ifndef SIO_BIND_SESSION_H
#define SIO_BIND_SESSION_H

#include "bind/handle.h"
#include "engine/session.h"

extern const char sio_session_type[];

/* sio_app_events.on_session; owner: struct sio_app */
void sio_session_start(void *owner, struct eio_session *s);

/* Pushes the session's object, making it when there is none. */
void sio_session_push(struct sio_bind *b, lua_State *L, struct eio_session *s);
/* Argument 1 of a method; NULL when the session is closed. */
struct eio_session *sio_session_self(lua_State *L);
/* What happens to a session; nothing when it has no object. owner: struct sio_app */
void sio_session_on_upgrade(void *owner, struct eio_session *s);
void sio_session_on_drain(void *owner, struct eio_session *s);
void sio_session_on_close(void *owner, struct eio_session *s, enum eio_reason reason,
                          const char *detail);

#endif
