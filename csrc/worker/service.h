// SPDX-License-Identifier: MIT
/* One server of a worker: its engine, its Socket.IO server and its HTTP, with listening sockets of
 * its own. A worker has several; what they share (shared memory, journal, arena, mesh) is the
 * worker's.
 *
 * A service has a number, the lowest that is free when it is made. It is what the services of a
 * host know each other by: records, given connections and claims carry it, so every worker must
 * make its servers in the same order.
 *
 * Thread: loop. Owns: everything below it. Errors: as stated. Reenters: through the events.
 */
#ifndef SIO_WORKER_SERVICE_H
#define SIO_WORKER_SERVICE_H

#include "cluster/load.h"
#include "engine/server.h"
#include "net/http_conn.h"
#include "sio/server.h"

enum { SIO_SERVICES_MAX = 64 }; /* of one worker */

struct sio_worker;
struct sio_service;
struct sio_tls_context;

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

/* `owner` is passed to all events. SIO_EFULL: SIO_SERVICES_MAX are there; SIO_ECLOSED: the worker
 * closes. */
int sio_service_new(struct sio_worker *w, const struct sio_app_options *options,
                    const struct sio_app_events *events, void *owner, struct sio_service **out);
/* Accepts from a listening socket from now on; takes fd. */
void sio_service_add_listener(struct sio_service *s, int fd);
/* TLS for what is accepted from now on; takes its own reference. NULL: plain. */
void sio_service_set_tls(struct sio_service *s, struct sio_tls_context *tls);
/* New sessions stay with the worker that accepted them: clients have chosen it. */
void sio_service_place_here(struct sio_service *s);
void sio_service_ready(struct sio_service *s);          /* may be chosen for new sessions */
void sio_service_stop_listening(struct sio_service *s); /* and is not chosen any more */
/* Stops listening, tells clients ("server shutting down"), closes everything; s is freed before
 * on_closed. Idempotent. */
void sio_service_close(struct sio_service *s, sio_loop_fn on_closed, void *ctx);

unsigned sio_service_number(const struct sio_service *s);
struct eio_server *sio_service_engine(const struct sio_service *s); /* NULL: it was closed */
struct sio_server *sio_service_sio(const struct sio_service *s);    /* NULL: engine_only */

#endif
