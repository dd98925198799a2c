// SPDX-License-Identifier: MIT
/* The server's inside. Private to engine/. */
#ifndef SIO_ENGINE_SERVER_IN_H
#define SIO_ENGINE_SERVER_IN_H

#include "base/index.h"
#include "engine/compress.h"
#include "engine/gate.h"
#include "engine/heartbeat.h"
#include "engine/lines.h"
#include "engine/server.h"

struct eio_server {
    struct sio_loop *loop;
    struct eio_options options;
    struct sio_slice path; /* options.path */
    const struct eio_server_events *events;
    void *owner;
    struct sio_index sessions; /* by sid */
    struct eio_heartbeat heartbeat;
    size_t n_partial;        /* WebSocket messages that are unfinished, at most max_partial */
    struct sio_list dirty;   /* sessions to look at when the tick ends */
    struct sio_task flush;   /* does that */
    struct sio_list inboxes; /* long POST bodies, some packets of which are still to be delivered */
    struct sio_hook hook;    /* does that, once per turn of the loop */
    struct sio_buf scratch;  /* the payload or the head being put together */
    struct eio_lines lines;  /* of the sessions' first requests */
    struct eio_compress *compress;                      /* NULL: nothing is compressed */
    struct eio_msg ping, pong, pong_probe, noop, close; /* packets that are always the same */
    struct sio_buf open_rest, open_rest_upgradable;     /* of the open packet, behind the sid */
    struct eio_msg initial; /* follows the open packet; frame == NULL: nothing does */
    const struct eio_hooks *hooks;
    void *hooks_owner;
    unsigned wants;        /* EIO_WANT_*: which of them */
    struct sio_list gates; /* requests that wait for hooks */
    size_t n_gates;
    size_t n_waiting; /* of which: handshakes */
    bool departing;   /* see eio_server_depart */
    bool closing;
    sio_loop_fn on_closed;
    void *closed_ctx;
    struct sio_grave grave;
};

void eio_server_add(struct eio_server *e, struct eio_session *s); /* its sid is known from now on */
void eio_server_mark(struct eio_server *e, struct eio_session *s); /* eio_session_flush it */
/* The session ends now, for the statistics. */
void eio_server_count_close(const struct eio_session *s, enum eio_reason reason);
/* The session has ended: its sid is unknown from now on. */
void eio_server_forget(struct eio_server *e, struct eio_session *s);

/* ---- server.c, for gate.c -------------------------------------------------------------------- */

struct eio_request;

/* All checks in front of allow_request. False: refused, answered. *s: the session it belongs to, or
 * NULL for a handshake. */
bool eio_server_admit(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                      struct eio_session **s);
bool eio_server_admit_version(struct eio_server *e, struct sio_http_conn *c,
                              const struct eio_request *q);
/* Serves an admitted request; s == NULL begins a session. */
void eio_server_serve(struct eio_server *e, struct sio_http_conn *c, struct eio_request *q,
                      struct eio_session *s);

/* ---- opening.c, for server.c ----------------------------------------------------------------- */

void eio_opening_init(struct eio_server *e);
void eio_opening_fini(struct eio_server *e);
/* Answers an admitted handshake and begins the session. */
void eio_opening_serve(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                       const char *sid);

/* ---- hooks.c, for who serves requests -------------------------------------------------------- */

/* Lets hooks add fields to the answer. `sid`: of the session that it begins, or NULL. */
void eio_hooks_headers(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                       const char *sid);
/* The same for a request of s; false: a hook ended s, and the request is answered. */
bool eio_hooks_welcome(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q);
/* s begins with this handshake. */
void eio_hooks_begin(struct eio_session *s, const struct eio_request *q);
/* Tells who wants to know, then answers. */
void eio_hooks_refuse(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                      const struct eio_refused *why);
/* The same for a WebSocket handshake that RFC 6455 refuses. */
void eio_hooks_refuse_websocket(struct eio_server *e, struct sio_http_conn *c,
                                const struct eio_request *q, const char *error);

/* ---- leave.c, for server.c --------------------------------------------------------------------
 */

/* The request is for a session of ours that has left: answered. */
bool eio_leave_answer(struct eio_server *e, struct sio_http_conn *c,
                      const struct sio_http_request *r);

/* ---- gate.c, for server.c -------------------------------------------------------------------- */

void eio_gate_open(struct eio_server *e, struct sio_http_conn *c, const struct sio_http_request *r);
void eio_gate_close_all(struct eio_server *e); /* 503 to everybody who waits */

#endif
