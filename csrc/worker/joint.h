// SPDX-License-Identifier: MIT
/* What the files of this folder share: the structs and the calls between them.
 *
 *     worker.c   what the servers of a process share    claim.c   sessions that a sibling owns
 *     service.c  one server: new, ready, close          lent.c    sessions on their way to one
 *     front.c    where a request belongs                release.c a sibling wants one of ours
 *     backing.c  sio's log and store                    answer.c  answers to siblings' questions
 *     stats.c    what it counts of itself             ebb.c     most clients have left
 *     drain.c    its gentle end
 *
 * Private to worker/. Nobody else includes it.
 */
#ifndef SIO_WORKER_JOINT_H
#define SIO_WORKER_JOINT_H

#include "cluster/arena.h"
#include "cluster/journal.h"
#include "cluster/mesh.h"
#include "net/listener.h"
#include "net/relay.h"
#include "sio/ask.h"
#include "sio/recovery.h"
#include "worker/ebb.h"
#include "worker/service.h"
#include "worker/worker.h"

enum {
    SIO_BEAT_MS = 250,            /* heartbeat in the load page */
    SIO_ERROR_BEATS = 3,          /* until a wrong count in the load page is mended */
    SIO_TAIL_BATCH = 1024,        /* siblings' records delivered per turn */
    SIO_DEFERRED_BYTES = 8 << 20, /* records that wait for a blocked journal; more: SIO_EFULL */
    SIO_DEFERRED_RETRY_MS = 5,
    SIO_RETENTION_MS = 120000, /* of the journal, unless an absence may be longer */
    SIO_GIVES_MAX = 256,       /* connections that wait for a full link */
    SIO_GIVE_RETRY_MS = 1,
    SIO_GIVE_TRIES = 200,
    SIO_RELAY_SKEW = 8, /* sessions, and an eighth, that this worker has more until it relays */
    SIO_CLAIMS_MAX = SIO_ARENA_SESSIONS, /* recoveries that wait for a sibling */
    SIO_CLAIM_TURNS = 8,                 /* owners asked one after another; then it is lost */
    SIO_OWED_MAX = SIO_ARENA_SESSIONS,   /* claims of siblings that wait for a way */
    SIO_LENT_MAX = SIO_ARENA_SESSIONS,   /* sessions on their way to siblings; more wait */
    SIO_LENT_BYTES = 16 << 20,           /* the same, of their records */
    SIO_ANSWERS_BYTES = 64 << 20,        /* answers that wait for full links */
    SIO_ANSWER_RETRY_MS = 2,
    SIO_LISTENERS_MAX = 16, /* of one service */
};

struct sio_drain;

struct sio_service {
    struct sio_worker *worker;
    unsigned number; /* place in worker->services */
    struct sio_listener *listeners[SIO_LISTENERS_MAX];
    unsigned n_listeners;
    struct sio_http_server http;
    struct eio_server *engine;
    struct sio_server *sio;
    struct sio_app_options app;
    const struct sio_app_events *events;
    void *owner;
    bool draining; /* takes no new clients; see drain.c */
    bool shut;     /* has drained: no request is served any more */
    bool closing;
    sio_loop_fn on_closed;
    void *closed_ctx;
    struct sio_grave grave;
};

struct sio_worker {
    struct sio_loop *loop;
    struct sio_place me;
    struct sio_shm shm;
    struct sio_journal journal;
    struct sio_roll roll; /* begins with the first sibling */
    struct sio_arena arena;
    struct sio_mesh *mesh;
    int bells[SIO_WORKERS_MAX]; /* eventfd of each sibling, -1 = none */
    int bell_fd;                /* ours */
    uv_poll_t bell;
    struct sio_hook hook;
    uint32_t deaths; /* of siblings, as far as we have looked for who it was */
    uint32_t woke;   /* the tick in which siblings were woken last */
    uv_timer_t beat, retry, give, reply;

    struct sio_service *services[SIO_SERVICES_MAX]; /* by number; NULL: free */
    unsigned n_services;
    int32_t count_error; /* of our count in the load page, at the last beat */
    unsigned error_beats;

    struct sio_list deferred; /* struct deferred, see backing.c */
    size_t deferred_bytes;
    struct sio_buf saved;                    /* scratch of backing.c */
    struct sio_list claims[SIO_WORKERS_MAX]; /* by the slot that is asked; see claim.c */
    uint32_t n_claims, next_request;
    struct sio_list lent[SIO_WORKERS_MAX]; /* by the slot that borrows; see lent.c */
    unsigned n_lent;
    size_t lent_bytes;
    struct sio_list owed[SIO_WORKERS_MAX]; /* by the slot that waits; see release.c */
    unsigned n_owed;
    struct sio_list gives; /* struct waiting_give, see front.c */
    unsigned n_gives;
    struct sio_list answers; /* struct answer, see answer.c */
    size_t answers_bytes;
    struct sio_relays relays; /* of TLS connections that siblings serve */
    struct sio_drain *drain;  /* NULL: it has not begun, or is over; see drain.c */

    uint64_t turn_since_ns, turn_most_us; /* see stats.c */
    unsigned beats;
    struct sio_ebb ebb;
    sio_loop_fn on_ebb;
    void *ebb_ctx;

    bool alone; /* no supervisor: nobody takes over what it leaves */
    bool closing;
    unsigned open_handles; /* uv handles whose close callback is due */
    sio_loop_fn on_closed;
    void *closed_ctx;
    struct sio_grave grave;
};

/* backing.c */
struct sio_backing sio_worker_backing(struct sio_service *s);
/* Delivers records from the journal, at most `batch` (0: all); true when some are left. */
bool sio_worker_tail(struct sio_worker *w, unsigned batch);
/* Alone: the bound by age that the supervisor sees to otherwise. */
void sio_worker_forget_old(struct sio_worker *w);
/* Of one server; NULL: all. */
void sio_worker_drop_deferred(struct sio_worker *w, const struct sio_service *s);

/* claim.c */
void sio_service_claim(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg, void **ticket);
void sio_service_unclaim(void *ctx, void *ticket);
void sio_worker_on_release(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m);
void sio_worker_check_claims(struct sio_worker *w); /* owners that died meanwhile */
void sio_worker_drop_claims(struct sio_worker *w, const struct sio_service *s); /* those of s */

/* release.c */
enum sio_release_status { /* of RELEASE */
                          SIO_RELEASE_GIVEN,
                          SIO_RELEASE_NONE, /* it is not here */
                          SIO_RELEASE_LENT, /* it is on its way to somebody: ask again */
};
/* Gives up a session of ours to server `number`, here or at a sibling; what the arena has of it is
 * the caller's to drop. SIO_ENOENT; SIO_EEXIST: it is another server's, and stays. */
int sio_worker_release(struct sio_worker *w, unsigned number, struct sio_slice pid,
                       struct sio_buf *out);
void sio_worker_on_mesh(void *owner, unsigned from, const struct sio_mesh_msg *m);
void sio_worker_on_claim(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m);
void sio_worker_pay(struct sio_worker *w, unsigned to); /* there may be room again */
void sio_worker_pay_all(struct sio_worker *w);
void sio_worker_drop_owed(struct sio_worker *w, unsigned to); /* who waited has gone */

/* lent.c */
/* The record has been sent to the worker that claimed it. */
void sio_worker_lend(struct sio_worker *w, unsigned to, const struct sio_mesh_msg *claim,
                     struct sio_slice record);
bool sio_worker_has_lent(const struct sio_worker *w, struct sio_slice pid);
void sio_worker_on_taken(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m);
/* What was released stays here: parked again. */
void sio_worker_take_back(struct sio_worker *w, unsigned number, struct sio_slice pid,
                          struct sio_slice record);
void sio_worker_lent_gone(struct sio_worker *w, unsigned to); /* the link of that slot has */
void sio_worker_drop_lent(struct sio_worker *w);

/* answer.c */
unsigned sio_service_peers(void *ctx, struct sio_peer *out);
int sio_service_answer(void *ctx, struct sio_place to, uint32_t request, struct sio_slice bytes,
                       enum sio_answer_end end);
void sio_worker_on_answer(struct sio_worker *w, unsigned from, const struct sio_mesh_msg *m);
/* The link of `slot` has gone, or leads to another incarnation now. */
void sio_worker_peer_gone(struct sio_worker *w, unsigned slot);
void sio_worker_check_peers(struct sio_worker *w); /* who does not answer any more */
/* We were lapped: questions of siblings have been skipped. */
void sio_worker_skipped(struct sio_worker *w);
/* This server has gone: nobody expects answers of it from now on, and whoever waits for one waits
 * no more. */
void sio_service_said_all(const struct sio_service *s);
void sio_worker_drop_answers(struct sio_worker *w);

/* stats.c */
void sio_worker_stats_open(struct sio_worker *w);
void sio_worker_stats_close(struct sio_worker *w); /* before the shared memory goes */
void sio_worker_turn_begins(struct sio_worker *w);
void sio_worker_turn_ends(struct sio_worker *w);
void sio_worker_sample(struct sio_worker *w); /* at each beat */

/* front.c */
void sio_service_on_request(void *owner, struct sio_http_conn *c, const struct sio_http_request *r);
void sio_worker_on_give(void *owner, unsigned from, const struct sio_arrival *a);
void sio_worker_drop_gives(struct sio_worker *w, const struct sio_service *s); /* those of s */

/* drain.c */
void sio_worker_cancel_drain(struct sio_worker *w); /* its end is not told; idempotent */

/* worker.c */
void sio_worker_publish_load(struct sio_worker *w);
void sio_worker_service_gone(struct sio_worker *w, struct sio_service *s);

#endif
