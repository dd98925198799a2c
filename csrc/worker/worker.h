// SPDX-License-Identifier: MIT
/* One worker process: the joint between engine, sio and cluster, which do not know each other.
 *
 * It accepts connections, decides where a request belongs (another worker: give; Engine.IO: the
 * engine; anything else: the application's HTTP), fills sio's backing from the journal, the arena
 * and the mesh, and tails the journal. A process without a supervisor is a cluster of one slot.
 *
 * Thread: loop. Owns: everything below it. Errors: as stated. Reenters: through the events.
 */
#ifndef SIO_WORKER_WORKER_H
#define SIO_WORKER_WORKER_H

#include "cluster/load.h"
#include "engine/server.h"
#include "net/http_conn.h"
#include "sio/server.h"

struct sio_worker;
struct sio_tls_context;

struct sio_worker_options {
    struct sio_place me; /* ignored when shm_fd < 0 */
    int shm_fd;          /* inherited; -1: alone, create a cluster of one */
    int bell_fd;         /* eventfd on which siblings wake us; -1: none */
};

struct sio_app_options {
    struct eio_options engine;
    struct sio_server_options sio;
    struct sio_http_limits http;
    struct sio_trust trust; /* proxies; may be empty */
    bool proxy_protocol;    /* see sio_http_server */
    enum sio_balance balance;
    uint32_t max_connections_per_address; /* 0: no limit */
    uint32_t max_handshakes_per_address;  /* per second; 0: no limit */
    uint64_t destroy_upgrade_timeout_ms;  /* in which the application answers a request for another
                                           * protocol in HTTP; then the connection is ended; 0: as
                                           * long as it takes */
    bool engine_only;                     /* raw Engine.IO: no Socket.IO server on top */
};

struct sio_app_events {
    /* HTTP that is neither a session's nor another worker's. */
    void (*on_request)(void *owner, struct sio_http_conn *c, const struct sio_http_request *r);
    /* engine_only: a new session. */
    void (*on_session)(void *owner, struct eio_session *s);
    const struct sio_server_events *sio; /* NULL when engine_only */
};

/* Takes both descriptors, also on an error: SIO_ESYS with errno, SIO_EPROTO (foreign shared
 * memory), SIO_EINVAL (`me` is no living incarnation). */
int sio_worker_open(struct sio_loop *loop, const struct sio_worker_options *options,
                    struct sio_worker **out);
/* Builds the servers; once per worker. `owner` is passed to all events. */
int sio_worker_serve(struct sio_worker *w, const struct sio_app_options *options,
                     const struct sio_app_events *events, void *owner);
/* A sibling: takes both descriptors. */
void sio_worker_add_peer(struct sio_worker *w, struct sio_place peer, int link_fd, int bell_fd);
/* Accepts from a listening socket from now on; takes fd. */
void sio_worker_add_listener(struct sio_worker *w, int fd);
/* TLS for what is accepted from now on, once serving; takes its own reference. NULL: plain. */
void sio_worker_set_tls(struct sio_worker *w, struct sio_tls_context *tls);
void sio_worker_ready(struct sio_worker *w);          /* may be chosen for new sessions */
void sio_worker_stop_listening(struct sio_worker *w); /* and takes no new sessions */
/* Stops listening, tells clients ("server shutting down"), closes everything; w is freed before
 * on_closed. */
void sio_worker_close(struct sio_worker *w, sio_loop_fn on_closed, void *ctx);

struct sio_place sio_worker_place(const struct sio_worker *w);
struct eio_server *sio_worker_engine(const struct sio_worker *w); /* NULL unless serving */
struct sio_server *
sio_worker_sio(const struct sio_worker *w); /* NULL before serve or engine_only */

#endif
