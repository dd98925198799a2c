// SPDX-License-Identifier: MIT
/* The inside of the server, nsp, socket and client: their structs and the calls between their
 * files. Nobody outside csrc/sio includes this.
 *
 *     server ── nsps by name ── sockets by id, rooms
 *        └── clients (one per Engine.IO session) ── their sockets, one per namespace
 *
 * Thread: loop. Owns: a client owns its sockets; both are unlinked at once and freed at the end of
 * the tick, so a pointer on the C stack survives whatever an event does.
 */
#ifndef SIO_SIO_SERVER_IN_H
#define SIO_SIO_SERVER_IN_H

#include "base/index.h"
#include "sio/ack.h"
#include "sio/ask_in.h"
#include "sio/crowd_in.h"
#include "sio/packet.h"
#include "sio/record.h"
#include "sio/room.h"
#include "sio/socket.h"
#include "sio/watch_in.h"

enum {
    SIO_NSPS_MAX = 10000,             /* of one server */
    SIO_NSPS_PER_CLIENT_MAX = 256,    /* what nsps_per_client may be */
    SIO_SCRATCH_KEEP_BYTES = 1 << 16, /* a larger encoding buffer is not kept */
};

struct sio_chorus;
struct sio_keep;
struct sio_lookup;

struct sio_recovery {
    struct sio_map keeps;   /* by private id, live and parked */
    struct sio_list dirty;  /* live keeps to save at the end of the tick */
    struct sio_list parked; /* in order of expiry */
    struct sio_list claims; /* under way */
    struct sio_task save_task;
};

struct sio_server {
    struct sio_loop *loop;
    struct sio_server_options options;
    struct sio_backing backing;
    const struct sio_server_events *events;
    void *owner;
    struct sio_map nsps;
    struct sio_map parents; /* by name too; see parent.h */
    struct sio_list idle;   /* children that may have to go */
    struct sio_task idle_task;
    struct sio_list unjoined; /* clients without a namespace, in order of their deadline */
    struct sio_list joined;   /* the other clients */
    struct sio_buf scratch;   /* see sio_server_publish */
    struct sio_acks acks;
    struct sio_recovery recovery;
    struct sio_asks asks;
    struct sio_crowds crowds;
    struct sio_watch watch;
    int direct_err;    /* what became of the directed event delivered last */
    uint64_t armed_ms; /* when the timer fires; 0: not armed */
    uv_timer_t timer;  /* the one for connect timeouts, acks, questions and parked sessions */
    bool down;         /* after sio_server_shutdown */
};

struct sio_nsp {
    struct sio_server *server;
    void *user;
    struct sio_index by_id;   /* sockets: CONNECTING and later */
    struct sio_socket **list; /* connected; dense, for broadcasts to all */
    size_t count, cap;
    struct sio_rooms rooms;
    struct sio_nsp *parent;   /* of a child; a parent's is itself */
    struct sio_list children; /* of a parent: their `sibling` */
    struct sio_list sibling;
    struct sio_list idle; /* in server->idle, or nowhere */
    uint32_t uses;        /* sockets that have not ended, and room events that were not told */
    bool open;            /* clients may enter it */
    uint8_t watched;      /* enum sio_room_kind: the room events that somebody listens to */
    uint64_t next_ack;    /* one counter for all its sockets, as upstream */
    struct sio_slice name;
    char bytes[];
};

enum sio_socket_state {
    SIO_SOCKET_WAITING,    /* for an earlier session; bind has not heard of it */
    SIO_SOCKET_CONNECTING, /* middlewares */
    SIO_SOCKET_CONNECTED,
    SIO_SOCKET_LEAVING, /* inside on_disconnecting */
    SIO_SOCKET_GONE,
};

struct sio_socket {
    struct sio_index_node by_id; /* in nsp->by_id */
    struct sio_member member;
    struct sio_nsp *nsp;
    struct sio_client *client;
    struct sio_socket *next; /* of the same client */
    void *user;
    struct sio_map *acks;  /* answers waited for, by id; NULL until the first */
    struct sio_keep *keep; /* recovery; NULL when off or lost */
    struct sio_blob *auth; /* NULL: "{}" */
    struct sio_blob *data; /* NULL: none */
    uint32_t at;           /* in nsp->list */
    uint8_t state;
    bool recovered : 1;
    bool outgoing : 1; /* somebody listens to what it is sent */
    bool ended : 1;    /* nobody hears of it any more */
    bool doomed : 1;   /* disconnected at the end of the tick: takes and sends nothing any more */
    uint16_t id_len;   /* SIO_ID_LEN, but for v2's in other namespaces than "/" */
    char id[];
};

static inline struct sio_slice sio_socket_id_slice(const struct sio_socket *s)
{
    return sio_slice(s->id, s->id_len);
}

struct sio_client {
    struct sio_list link; /* in unjoined or joined */
    struct sio_server *server;
    struct eio_session *session;
    struct sio_socket *sockets; /* in order of CONNECT; not those that are leaving */
    struct sio_lookup *lookups; /* namespaces it waits for */
    void *kept;                 /* what the parser keeps of it: a packet that is not whole yet */
    uint64_t deadline_ms;       /* while unjoined */
    uint32_t connect_tick;      /* of the loop, in which a socket was connected last */
    bool joined;
    bool closed; /* the session has ended */
    bool v2;     /* it speaks Engine.IO v3 and with that Socket.IO v2; see sio/v2.h */
};

/* Why a socket ends. */
struct sio_parting {
    const char *reason; /* upstream's words */
    const char *detail;
    bool recoverable; /* all but parse errors and namespaces left on purpose */
};

/* ---- server.c ---- */
/* Frees `object` with free_fn at the end of the tick. */
void sio_server_bury(struct sio_server *s, void (*free_fn)(void *), void *object);
/* The timer fires at due_ms (of the loop's clock) at the latest. */
void sio_server_wake_at(struct sio_server *s, uint64_t due_ms);
struct sio_nsp *sio_server_addressed(const struct sio_server *s, struct sio_slice name);
/* An empty buffer for one record; reentrant: a nested call gets another one. */
struct sio_buf sio_server_scratch(struct sio_server *s);
void sio_server_scratch_back(struct sio_server *s, struct sio_buf *b);
/* Publishes what was encoded into it and takes the buffer back. As backing.publish. */
int sio_server_publish(struct sio_server *s, struct sio_buf *record, unsigned flags);

/* ---- nsp.c ---- */
bool sio_nsp_name_valid(struct sio_slice name);
/* Into that map of the server's, open. */
struct sio_nsp *sio_nsp_new(struct sio_server *s, struct sio_map *map, struct sio_slice name);
void sio_nsp_free(struct sio_nsp *n);                        /* no sockets left */
void sio_nsp_enter(struct sio_nsp *n, struct sio_socket *s); /* now it is found by its id */
void sio_nsp_add(struct sio_nsp *n, struct sio_socket *s);   /* now it takes part in broadcasts */
void sio_nsp_remove(struct sio_nsp *n, struct sio_socket *s);
struct sio_socket *sio_nsp_by_id(const struct sio_nsp *n, struct sio_slice id);       /* or NULL */
struct sio_socket *sio_nsp_next(const struct sio_nsp *n, const struct sio_socket *s); /* of by_id */

/* ---- parent.c ---- */
void sio_parent_use(struct sio_nsp *n); /* a socket of it begins, see `uses` */
void sio_parent_unuse(struct sio_nsp *n);
struct sio_socket *sio_parent_find(struct sio_nsp *parent, struct sio_slice id);
void sio_parent_init(struct sio_server *s);
void sio_parent_fini(struct sio_server *s);

/* ---- fanout.c ---- */
void sio_fanout_deliver(struct sio_nsp *n, const struct sio_record *r, uint64_t end,
                        struct sio_chorus *chorus); /* who shall answer; NULL: nobody */

/* ---- socket.c ---- */
/* A socket in state WAITING, at the end of its client's list. */
struct sio_socket *sio_socket_new(struct sio_client *c, struct sio_nsp *n, struct sio_slice auth);
void sio_socket_start(struct sio_socket *s); /* WAITING -> CONNECTING; calls on_connecting */
/* WAITING -> CONNECTING under `id` (SIO_ID_LEN characters); calls nothing. */
void sio_socket_enter(struct sio_socket *s, struct sio_slice id);
/* CONNECTING -> CONNECTED: the CONNECT packet, then on_connection. */
void sio_socket_connect(struct sio_socket *s);
void sio_socket_part(struct sio_socket *s, const struct sio_parting *why); /* idempotent */

/* ---- client.c ---- */
void sio_client_new(struct sio_server *s, struct eio_session *session);
struct sio_socket *sio_client_find(const struct sio_client *c, const struct sio_nsp *n);
void sio_client_unlink(struct sio_client *c, struct sio_socket *s);
void sio_client_joined(struct sio_client *c);
/* A packet without id and attachments. */
void sio_client_send(struct sio_client *c, enum sio_packet_type type, struct sio_slice nsp,
                     struct sio_slice data);
void sio_client_close(struct sio_client *c); /* it broke the protocol, or joined nothing in time */
void sio_client_disconnect(struct sio_client *c); /* 41 to all namespaces, then the session */
void sio_client_part_all(struct sio_client *c, const struct sio_parting *why);
void sio_client_shut(struct sio_client *c); /* "server shutting down" to all its sockets */
/* Calls fn for each of a snapshot of the clients that are not closed. */
void sio_client_each(struct sio_server *s, void (*fn)(void *ctx, struct sio_client *c), void *ctx);
uint64_t sio_client_expire(struct sio_server *s, uint64_t now_ms); /* next deadline, 0: none */

#endif
