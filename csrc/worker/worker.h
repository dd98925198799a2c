// SPDX-License-Identifier: MIT
/* One worker process: the joint between engine, sio and cluster, which do not know each other.
 *
 * It holds what its servers (service.h) share: the shared memory with the journal and the arena,
 * and the mesh. It tails the journal and hands each record to the server it is for. A process
 * without a supervisor is a cluster of one slot.
 *
 * Thread: loop. Owns: everything below it. Errors: as stated. Reenters: through the services'
 * events.
 */
#ifndef SIO_WORKER_WORKER_H
#define SIO_WORKER_WORKER_H

#include "base/id.h"
#include "net/loop.h"

struct sio_worker;

struct sio_worker_options {
    struct sio_place me; /* ignored when shm_fd < 0 */
    int shm_fd;          /* inherited; -1: alone, create a cluster of one */
    int bell_fd;         /* eventfd on which siblings wake us; -1: none */
    sio_loop_fn on_ebb;  /* most of a herd of clients has left; NULL: nobody wants to know */
    void *ctx;           /* of on_ebb */
};

/* Takes both descriptors, also on an error: SIO_ESYS with errno, SIO_EPROTO (foreign shared
 * memory), SIO_EINVAL (`me` is no living incarnation). */
int sio_worker_open(struct sio_loop *loop, const struct sio_worker_options *options,
                    struct sio_worker **out);
/* A sibling: takes both descriptors. */
void sio_worker_add_peer(struct sio_worker *w, struct sio_place peer, int link_fd, int bell_fd);
void sio_worker_stop_listening(struct sio_worker *w); /* none of its servers takes new sessions */

enum {
    SIO_DRAIN_STEP_MS = 10,       /* how often it looks */
    SIO_DRAIN_INTERVAL_MS = 100,  /* between two clients at most: few of them are not waited for */
    SIO_DRAIN_PATIENCE_MS = 1000, /* for a moment at which a client can leave without a cut */
    SIO_DRAIN_QUIET_MS = 100,     /* nothing has been left for so long: then nothing will come */
    SIO_DRAIN_FRESH_MS = 1000,    /* the same where somebody has connected and sent nothing yet */
};

/* The gentle end. Takes no new clients; those that there are leave evenly spread over spread_ms,
 * the eldest first, and are sent what was queued for them; requests are answered, each as the last
 * of its connection. What siblings ask for is answered all the while. fn(ctx) runs once nothing is
 * left, at limit_ms at the latest: sessions are gone then, and what still comes is refused;
 * requests that the application has not answered are its own to drop. fn never runs when the worker
 * is closed before. Once. Reenters: the services' events, not from inside of the call. */
void sio_worker_drain(struct sio_worker *w, uint64_t spread_ms, uint64_t limit_ms, sio_loop_fn fn,
                      void *ctx);
/* Closes its servers, then the rest; w is freed before on_closed. Idempotent. */
void sio_worker_close(struct sio_worker *w, sio_loop_fn on_closed, void *ctx);

struct sio_place sio_worker_place(const struct sio_worker *w);
unsigned sio_worker_number(const struct sio_worker *w); /* for people */

#endif
