// SPDX-License-Identifier: MIT
/* A transport as its session sees it: a named table of functions (polling.c, websocket.c).
 *
 * Calls go down through the table; events come up by name through eio_session_on_* in session_in.h.
 * Embedded in the session, which outlives it.
 *
 * Thread: loop. Errors: none; a transport that fails says so with eio_session_on_error.
 * Reenters: answering a poll may let the next request of that connection in.
 */
#ifndef SIO_ENGINE_TRANSPORT_H
#define SIO_ENGINE_TRANSPORT_H

#include "engine/message.h"

struct eio_transport {
    const struct eio_transport_ops *ops;
    struct eio_session *session;
};

struct eio_transport_ops {
    const char *name;
    /* Messages go down as they are sent; else they wait in the session's queue for the tick's end.
     */
    bool at_once;
    /* Bytes may be handed over now, and nothing is queued below. */
    bool (*writable)(const struct eio_transport *t);
    /* Hands messages over. Takes its own references. Polling: only while writable. */
    void (*send)(struct eio_transport *t, const struct eio_msg *msgs, size_t n);
    size_t (*queued)(const struct eio_transport *t); /* bytes below */
    size_t (*unread)(const struct eio_transport *t); /* and in the kernel; NULL: it cannot tell */
    /* Gives the kernel what it takes now, before a limit strikes. May be NULL. */
    void (*relieve)(struct eio_transport *t);
    /* Reads no more, or goes on. May be NULL. */
    void (*pause)(struct eio_transport *t, bool paused);
    /* Hands over the session's last messages where it can, says goodbye (polling: `1` to a pending
     * GET; websocket: a close frame) and lets go of its connections. Idempotent. */
    void (*close)(struct eio_transport *t, const struct eio_msg *msgs, size_t n);
};

#endif
