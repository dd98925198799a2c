// SPDX-License-Identifier: MIT
/* A transport as its session sees it: a named table of functions (polling.c, websocket.c).
 *
 * Calls go down through the table; events come up by name through eio_session_on_* in session_in.h.
 * What a transport has to remember is in the session.
 *
 * Thread: loop. Errors: none; a transport that fails says so with eio_session_on_error.
 * Reenters: answering a poll may let the next request of that connection in.
 */
#ifndef SIO_ENGINE_TRANSPORT_H
#define SIO_ENGINE_TRANSPORT_H

#include "engine/message.h"

struct eio_session;

struct eio_transport {
    const char *name;
    /* Messages go down as they are sent; else they wait in the session's queue for the tick's end.
     */
    bool at_once;
    /* Bytes may be handed over now, and nothing is queued below. */
    bool (*writable)(const struct eio_session *s);
    /* Hands messages over. Takes its own references. Polling: only while writable. */
    void (*send)(struct eio_session *s, const struct eio_msg *msgs, size_t n);
    /* Sends a text frame to this session as it stands; false: it wants a message. NULL: it always
     * does. */
    bool (*send_short)(struct eio_session *s, struct sio_slice frame);
    size_t (*queued)(const struct eio_session *s); /* bytes below */
    size_t (*unread)(const struct eio_session *s); /* and in the kernel; NULL: it cannot tell */
    /* Gives the kernel what it takes now, before a limit strikes. May be NULL. */
    void (*relieve)(struct eio_session *s);
    /* Reads no more, or goes on. May be NULL. */
    void (*pause)(struct eio_session *s, bool paused);
    /* Hands over the session's last messages where it can, says goodbye (polling: `1` to a pending
     * GET; websocket: a close frame) and lets go of its connections. Idempotent. */
    void (*close)(struct eio_session *s, const struct eio_msg *msgs, size_t n);
};

extern const struct eio_transport eio_polling, eio_websocket;

#endif
