// SPDX-License-Identifier: MIT
/* Raw Engine.IO sessions in Lua (sio.engine{}).
 *
 * Owns: the handle of a session, until it has closed. Thread: loop. Reenters: the events run
 * handlers.
 */
#ifndef SIO_BIND_SESSION_H
#define SIO_BIND_SESSION_H

#include "bind/handle.h"
#include "engine/session.h"

#define SIO_SESSION "sio.session"

/* sio_app_events.on_session; owner: struct sio_app */
void sio_session_start(void *owner, struct eio_session *s);

#endif
