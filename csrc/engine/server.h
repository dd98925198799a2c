// SPDX-License-Identifier: MIT
/* The Engine.IO server: requests in, sessions out. Knows its sessions by sid, checks requests in
 * upstream's order, keeps every heartbeat with one timer (all intervals are equal, so queues
 * ordered by due time suffice).
 *
 * Thread: loop. Owns: the sessions. Errors: clients are answered; nothing fails here. Reenters:
 * yes, through events.
 */
#ifndef SIO_ENGINE_SERVER_H
#define SIO_ENGINE_SERVER_H

#include "engine/options.h"
#include "engine/session.h"
#include "net/http_conn.h"

struct eio_server_events {
    /* A new session, its open packet queued. Call eio_session_set_events in it. What is sent in it
     * follows the open packet on websocket; with polling it waits for the next GET. */
    void (*on_session)(void *owner, struct eio_session *s);
    /* A session has gone (after its own on_close). For counting. May be NULL. */
    void (*on_gone)(void *owner, struct eio_session *s);
    /* A handshake begins to wait for hooks (1), or waits no more (-1): then it is a session
     * already, or will not be one. For counting. May be NULL. */
    void (*on_waiting)(void *owner, int change);
};

struct eio_server *eio_server_new(struct sio_loop *loop, const struct eio_options *options,
                                  const struct eio_server_events *events, void *owner);
/* Ends every session ("forced close"), then frees itself once nothing refers to it. on_closed may
 * be NULL. Requests that come until then are answered 503. */
void eio_server_close(struct eio_server *e, sio_loop_fn on_closed, void *ctx);

/* The worker goes away: polls and posts for sessions of ours that have ended are answered with a
 * goodbye from now on, not refused. */
void eio_server_depart(struct eio_server *e);

/* A message that follows each open packet; takes its own reference. */
void eio_server_set_initial(struct eio_server *e, const struct eio_msg *m);

/* Whether the request's path is ours (prefix match on the raw path, as upstream). */
bool eio_server_matches(const struct eio_server *e, struct sio_slice path);
/* The sid that the request names, still encoded; p == NULL when none. An empty one counts as none.
 */
struct sio_slice eio_server_request_sid(const struct sio_http_request *r);
/* Serves the request completely: handshake, poll, post, upgrade, or a refusal; later when hooks
 * (gate.h) want to decide first. From inside on_request. */
void eio_server_handle(struct eio_server *e, struct sio_http_conn *c,
                       const struct sio_http_request *r);

struct eio_session *eio_server_find(const struct eio_server *e, struct sio_slice sid);
size_t eio_server_count(const struct eio_server *e);
size_t eio_server_waiting(const struct eio_server *e); /* handshakes that wait for hooks */
/* Iterates a snapshot: fn may close sessions; those closed meanwhile are left out. */
void eio_server_each(struct eio_server *e, void (*fn)(void *ctx, struct eio_session *s), void *ctx);

#endif
