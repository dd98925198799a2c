// SPDX-License-Identifier: MIT
/* The Socket.IO server on an Engine.IO server: clients, namespaces, sockets.
 *
 * Thread: loop. Owns: clients, namespaces, sockets. Errors: as stated. Reenters: yes, through
 * events.
 */
#ifndef SIO_SIO_SERVER_H
#define SIO_SIO_SERVER_H

#include "base/blob.h"
#include "engine/session.h"
#include "net/loop.h"
#include "sio/backing.h"
#include "base/id.h"

struct sio_server;
struct sio_lookup;
struct sio_nsp;
struct sio_socket;
struct sio_parser;
struct sio_outgoing;
struct sio_room_event;

struct sio_server_options {
    uint64_t connect_timeout_ms;   /* 45000: a client that joined no namespace is closed */
    unsigned nsps_per_client;      /* 64 */
    unsigned rooms_per_socket;     /* 10000 */
    unsigned acks_per_socket;      /* 10000 answers waited for */
    size_t max_attachment_bytes;   /* of one packet: max_http_buffer_size */
    bool recovery;                 /* connection state recovery */
    uint64_t max_disconnection_ms; /* 120000 */
    unsigned max_missed_packets;   /* 10000: who missed more begins anew */
    size_t max_missed_bytes;       /* 2 MiB: half of what the engine queues for a session */
    bool skip_middlewares;         /* true: for recovered sockets */
    bool keep_children;            /* those that clients made stay when they are empty */
    struct sio_place place;
    const struct sio_parser *parser; /* sio_parser_default; see parser.h */
    void *parser_ctx;
};

/* A packet that came in. Everything is borrowed for the call; blobs may be referenced. */
struct sio_incoming {
    struct sio_slice data; /* JSON array: event name and arguments, or an ack's arguments */
    const struct sio_json_tape *tape;    /* its tokens; NULL, or n = 0: not known */
    struct sio_blob *const *attachments; /* in the order of the placeholders' num */
    unsigned n_attachments;
    bool has_id; /* the sender wants an acknowledgement */
    uint64_t id;
};

/* Who gets an answer, see sio/answer.h. `request` 0: nobody waits for one. */
struct sio_asker {
    struct sio_place place;
    uint32_t request;
};

struct sio_server_events {
    /* CONNECT to a namespace that is not there, and there are parents: see lookup.h. `auth` as
     * below. Without parents nobody is asked, and these two may be NULL. */
    void (*on_unknown_nsp)(void *owner, struct sio_lookup *l, struct sio_slice name,
                           struct sio_slice auth);
    void (*on_lookup_left)(void *owner, struct sio_lookup *l); /* after it the pointer is dead */
    /* A child is not there any more; after it the pointer is dead. May be NULL. */
    void (*on_nsp_gone)(void *owner, struct sio_nsp *n);
    /* CONNECT to an existing namespace: run the middlewares, then call sio_socket_accept or
     * _refuse, now or later. `auth`: JSON object, "{}" when the client sent none. */
    void (*on_connecting)(void *owner, struct sio_socket *s, struct sio_slice auth);
    /* The socket is connected (accepted, or recovered without middlewares). */
    void (*on_connection)(void *owner, struct sio_socket *s);
    void (*on_event)(void *owner, struct sio_socket *s, const struct sio_incoming *in);
    /* An answer to emit-with-ack. err: 0, SIO_ETIMEDOUT, SIO_ECLOSED (disconnected); in: NULL
     * unless 0. */
    void (*on_ack)(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                   const struct sio_incoming *in);
    /* An event was queued for these sockets, which were marked with sio_socket_set_outgoing; also
     * when it was volatile and dropped. `sockets` and `out` are borrowed for the call, which comes
     * from the middle of an emit or a delivery: it may only take note. May be NULL when no socket
     * is ever marked. */
    void (*on_outgoing)(void *owner, struct sio_socket *const *sockets, size_t n,
                        const struct sio_outgoing *out);
    /* See watch.h. May be NULL. */
    void (*on_room)(void *owner, struct sio_nsp *n, const struct sio_room_event *e);
    void (*on_error)(void *owner, struct sio_socket *s,
                     const char *message); /* before a forced close */
    /* Rooms are still full, the socket still counts as connected. Not for sockets never accepted.
     */
    void (*on_disconnecting)(void *owner, struct sio_socket *s, const char *reason,
                             const char *detail);
    /* Last event. Also for sockets never accepted (then reason is NULL). After it the pointer is
     * dead. */
    void (*on_disconnect)(void *owner, struct sio_socket *s, const char *reason,
                          const char *detail);
    /* What happens to a client's connection as a whole, see eio_session_events; after what its
     * sockets were told. All may be NULL. */
    void (*on_upgrade)(void *owner, struct eio_session *session);
    void (*on_drain)(void *owner, struct eio_session *session);
    void (*on_close)(void *owner, struct eio_session *session, enum eio_reason reason,
                     const char *detail);
    /* Another worker's server_side_emit: what comes of it is sent with sio_answer_send, now or
     * later. NULL: answered with nothing. */
    void (*on_question)(void *owner, struct sio_nsp *n, struct sio_asker to,
                        const struct sio_incoming *in);
};

void sio_server_options_default(struct sio_server_options *o);
struct sio_server *sio_server_new(struct sio_loop *loop, const struct sio_server_options *options,
                                  const struct sio_backing *backing,
                                  const struct sio_server_events *events, void *owner);
/* Disconnects every socket ("server shutting down", no DISCONNECT packet), so that clients come
 * back. The engine is closed by its owner after that. Saved sessions stay recoverable. */
void sio_server_shutdown(struct sio_server *s);
void sio_server_free(struct sio_server *s); /* after the engine is closed */

/* Takes a new engine session: from eio_server_events.on_session. */
void sio_server_add_session(struct sio_server *s, struct eio_session *session);
/* Delivers one record of the log to the local sockets that it selects. `end` is its position,
 * `own`: this worker wrote it. From inside publish, or when siblings' records come in. */
void sio_server_deliver(struct sio_server *s, struct sio_slice record, uint64_t end, bool own);
/* This worker was lapped: its clients have missed something. Ends every session with
 * "transport error" and forgets their recovery records. */
void sio_server_lapped(struct sio_server *s);

/* A namespace by name, created when it is new ("/" always exists). NULL: the name does not begin
 * with '/', has a ',' or more than SIO_NSP_NAME_MAX bytes, or there are 10000 already. */
struct sio_nsp *sio_server_nsp(struct sio_server *s, struct sio_slice name);
struct sio_nsp *sio_server_find_nsp(const struct sio_server *s, struct sio_slice name);
/* Visits all, parents and children among them; fn may not make or end any. */
void sio_server_each_nsp(const struct sio_server *s, void (*fn)(void *ctx, struct sio_nsp *n),
                         void *ctx);

#endif
