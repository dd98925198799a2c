// SPDX-License-Identifier: MIT
/* The loop: libuv's, plus what a tick needs: one shared read buffer, work for the end of the tick,
 * and a graveyard.
 *
 * A tick is one turn of uv_run. Its end (a uv_prepare, just before the loop blocks) runs, in order:
 * the deferred tasks, the permanent hooks, the flushing of connections, the graveyard. A tick that
 * left work behind (a hook asked for it, or it came up after its turn in this order) does not
 * block. uv_close's callbacks run after the poll, so what they bury is freed at the end of the next
 * tick.
 *
 * Thread: one loop per process. Owns: its libuv handles and the read buffer; what is on its lists
 * is embedded in other objects. Errors: sio_loop_init alone can fail. Reenters: tasks and hooks may
 * call anything, and add or remove each other; the functions of the graveyard only free.
 */
#ifndef SIO_NET_LOOP_H
#define SIO_NET_LOOP_H

#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/stats.h"
#include "codec/http_pool.h"
#include "codec/ws_pool.h"
#include "net/batch.h"

enum {
    SIO_LOOP_READ_BYTES = 65536,
    SIO_LOOP_TASK_ROUNDS = 16,      /* of tasks deferred by tasks in one tick; the rest can wait */
    SIO_LOOP_LINGER_MS = 5000,      /* see sio_loop_linger */
    SIO_LOOP_FINISHING_MAX = 16384, /* connections */
};

typedef void (*sio_loop_fn)(void *ctx);

/* A one-shot task, embedded in its owner: runs at the end of this tick. */
struct sio_task {
    struct sio_list link;
    sio_loop_fn fn;
    void *ctx;
};

/* Something that waits for linger_ms at most; embedded in its owner. */
struct sio_linger {
    struct sio_list link;
    void (*fn)(struct sio_linger *g);
    uint64_t due_ms; /* on the clock of sio_loop_now */
};

/* A permanent hook: `before_block` at each end of tick, `after_block` when the loop wakes. */
struct sio_hook {
    struct sio_list link;
    sio_loop_fn before_block, after_block; /* either may be NULL */
    void *ctx;
};

/* What frees an object at the end of the tick. Embedded in the object. */
struct sio_grave {
    struct sio_list link;
    void (*free_fn)(void *object);
    void *object;
};

struct sio_loop {
    uv_loop_t uv;
    uv_prepare_t prepare;
    uv_check_t check;
    uv_idle_t idle;          /* running: this turn does not block */
    uint32_t ticks;          /* turns so far; tells whether two things happened in one */
    bool again;              /* sio_loop_do_not_block was called in this tick */
    bool ending;             /* sio_loop_fini is at work: who lingers must let go */
    uv_timer_t linger_timer; /* running while somebody lingers */
    struct sio_list tasks, hooks, flushes, graves;
    void (*flush)(struct sio_list *link); /* what is done with each of `flushes` */
    struct sio_list lingers;              /* ordered by due_ms, for all wait equally long */
    uint64_t linger_ms;                   /* SIO_LOOP_LINGER_MS; tests make it short */
    size_t finishing;                     /* connections that finish, see net/conn.h; at most ... */
    size_t finishing_max;                 /* ... SIO_LOOP_FINISHING_MAX; tests make it small */
    struct sio_batch batch;               /* what connections send at the end of the tick */
    struct sio_buf opened, sealed;        /* TLS: what was read last, what is sent next */
    struct sio_ws_pool ws_pool;           /* for every WebSocket connection */
    struct sio_http_pool http_pool;       /* for every HTTP connection */
    size_t n_clients;                     /* connections that sio_conn_count was called for */
    char *read_buf;                       /* SIO_LOOP_READ_BYTES, one for all connections */
    bool read_busy;
    struct sio_stats *stats; /* what is counted here: own_stats, or a place that others read */
    struct sio_stats own_stats;
};

/* SIO_ESYS. Ignores SIGPIPE for the whole process: libuv writes with write(2). Takes the reserve of
 * memory (base/mem.h), as each tick does that finds it given up. */
int sio_loop_init(struct sio_loop *l);
/* Ends all lingering, closes its own handles and runs the loop until it is empty; false when
 * somebody else's handle was left open (a bug: logged with the handle's type). */
bool sio_loop_fini(struct sio_loop *l);
void sio_loop_run(struct sio_loop *l);      /* until sio_loop_stop */
void sio_loop_run_once(struct sio_loop *l); /* one tick; may block */
void sio_loop_stop(struct sio_loop *l);
static inline uint64_t sio_loop_now(const struct sio_loop *l)
{
    return uv_now(&l->uv); /* ms, monotonic, cached per tick */
}

void sio_task_init(struct sio_task *t, sio_loop_fn fn, void *ctx);
void sio_loop_defer(struct sio_loop *l, struct sio_task *t); /* no effect when already deferred */
/* The same, but after the hooks: for sending what tasks and hooks have queued. One function for all
 * of a loop, so that a connection needs no more than the link for it. */
void sio_loop_defer_flush(struct sio_loop *l, struct sio_list *link,
                          void (*flush)(struct sio_list *link));
void sio_task_cancel(struct sio_task *t); /* idempotent */
void sio_loop_add_hook(struct sio_loop *l, struct sio_hook *h);
void sio_loop_remove_hook(struct sio_hook *h);
/* A hook's way to say that there is more to do: the loop will not block in this turn. */
void sio_loop_do_not_block(struct sio_loop *l);
/* The buffer that all connections read into, SIO_LOOP_READ_BYTES; one of its own for who reads
 * while it is in use, which is when somebody runs the loop from inside an event. */
void sio_loop_lend_buffer(struct sio_loop *l, uv_buf_t *out);
void sio_loop_return_buffer(struct sio_loop *l, const uv_buf_t *buf); /* also one that is empty */
/* Calls fn(g), once, after linger_ms or in sio_loop_fini; again: the time starts anew. */
void sio_loop_linger(struct sio_loop *l, struct sio_linger *g, void (*fn)(struct sio_linger *));
void sio_linger_init(struct sio_linger *g);
void sio_linger_cancel(struct sio_linger *g); /* idempotent */
/* free_fn(object) at the end of this tick, or of the next one when called after the poll. Once. */
void sio_loop_bury(struct sio_loop *l, struct sio_grave *g, void (*free_fn)(void *), void *object);

#endif
