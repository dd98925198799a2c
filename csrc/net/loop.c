// SPDX-License-Identifier: MIT
/* The loop around libuv's: see loop.h for the order in which a tick ends.
 *
 * Stands on libuv and base/list; every file from net/ up calls it.
 * Invariant: what is on a list of the loop is on exactly one of them, and each list is emptied
 * through a snapshot, so that whatever runs may add to it or remove from it.
 */
#include "net/loop.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <signal.h>

enum { FINI_TURNS_MAX = 64 }; /* a task that always defers itself must not hang the exit */

static struct sio_list *pop(struct sio_list *head)
{
    struct sio_list *node = sio_list_first(head);
    if (node != NULL)
        sio_list_remove(node);
    return node;
}

static void run_tasks(struct sio_list *tasks)
{
    struct sio_list snapshot, *node;
    sio_list_take(tasks, &snapshot);
    while ((node = pop(&snapshot)) != NULL) {
        struct sio_task *t = SIO_CONTAINER_OF(node, struct sio_task, link);
        t->fn(t->ctx);
    }
}

static void run_flushes(struct sio_loop *l)
{
    struct sio_list snapshot, *node;
    sio_list_take(&l->flushes, &snapshot);
    while ((node = pop(&snapshot)) != NULL)
        l->flush(node);
}

static void run_hooks(struct sio_loop *l, bool before)
{
    struct sio_list snapshot, *node;
    sio_list_take(&l->hooks, &snapshot);
    while ((node = pop(&snapshot)) != NULL) {
        struct sio_hook *h = SIO_CONTAINER_OF(node, struct sio_hook, link);
        sio_loop_fn fn = before ? h->before_block : h->after_block;
        sio_list_append(&l->hooks, node);
        if (fn != NULL)
            fn(h->ctx);
    }
}

static void run_graves(struct sio_loop *l)
{
    struct sio_list *node;
    while ((node = pop(&l->graves)) != NULL) {
        struct sio_grave *g = SIO_CONTAINER_OF(node, struct sio_grave, link);
        g->free_fn(g->object);
    }
}

/* An active idle handle is all libuv needs to poll without blocking. */
static void on_idle(uv_idle_t *h)
{
    (void)h;
}

static void end_tick(struct sio_loop *l)
{
    for (int i = 0; i < SIO_LOOP_TASK_ROUNDS && !sio_list_empty(&l->tasks); i++)
        run_tasks(&l->tasks);
    run_hooks(l, true);
    run_flushes(l);
    run_graves(l);
    if (l->again || !sio_list_empty(&l->tasks) || !sio_list_empty(&l->flushes))
        uv_idle_start(&l->idle, on_idle);
    else
        uv_idle_stop(&l->idle);
    l->again = false;
    l->ticks++;
}

static void on_prepare(uv_prepare_t *h)
{
    end_tick(SIO_CONTAINER_OF(h, struct sio_loop, prepare));
    if (sio_mem_low())
        sio_mem_refill();
}

static void on_check(uv_check_t *h)
{
    run_hooks(SIO_CONTAINER_OF(h, struct sio_loop, check), false);
}

int sio_loop_init(struct sio_loop *l)
{
    int err;
    *l =
        (struct sio_loop){.linger_ms = SIO_LOOP_LINGER_MS, .finishing_max = SIO_LOOP_FINISHING_MAX};
    l->stats = &l->own_stats;
    err = uv_loop_init(&l->uv);
    if (err != 0) {
        errno = -err;
        return SIO_ESYS;
    }
    signal(SIGPIPE, SIG_IGN);
    sio_mem_refill();
    sio_list_init(&l->tasks);
    sio_list_init(&l->hooks);
    sio_list_init(&l->flushes);
    sio_list_init(&l->graves);
    sio_list_init(&l->lingers);
    l->read_buf = sio_alloc(SIO_LOOP_READ_BYTES);
    uv_prepare_init(&l->uv, &l->prepare);
    uv_check_init(&l->uv, &l->check);
    uv_idle_init(&l->uv, &l->idle);
    uv_timer_init(&l->uv, &l->linger_timer);
    uv_prepare_start(&l->prepare, on_prepare);
    uv_check_start(&l->check, on_check);
    return 0;
}

/* ---- the end of the loop --------------------------------------------------------------------- */

struct census {
    unsigned closing, open;
};

static void count_handle(uv_handle_t *h, void *arg)
{
    struct census *n = arg;
    if (uv_is_closing(h))
        n->closing++;
    else
        n->open++;
}

static struct census count_handles(struct sio_loop *l)
{
    struct census n = {0, 0};
    uv_walk(&l->uv, count_handle, &n);
    return n;
}

static void report_handle(uv_handle_t *h, void *arg)
{
    const char *name = uv_handle_type_name(h->type);
    (void)arg;
    sio_log(SIO_LOG_ERROR, "loop: a %s handle was left open", name != NULL ? name : "unknown");
}

static void close_handle(void *handle)
{
    uv_close(handle, NULL);
}

static bool has_work(struct sio_loop *l)
{
    return !sio_list_empty(&l->tasks) || !sio_list_empty(&l->flushes) ||
           !sio_list_empty(&l->graves) || count_handles(l).closing != 0;
}

static void end_lingers(struct sio_loop *l)
{
    struct sio_list snapshot, *node;
    sio_list_take(&l->lingers, &snapshot);
    while ((node = pop(&snapshot)) != NULL) {
        struct sio_linger *g = SIO_CONTAINER_OF(node, struct sio_linger, link);
        g->fn(g);
    }
}

bool sio_loop_fini(struct sio_loop *l)
{
    struct census n;
    l->ending = true;
    for (int i = 0; i < FINI_TURNS_MAX; i++) {
        end_lingers(l);
        if (!has_work(l))
            break;
        uv_run(&l->uv, UV_RUN_NOWAIT);
    }
    close_handle(&l->prepare);
    close_handle(&l->check);
    close_handle(&l->idle);
    close_handle(&l->linger_timer);
    for (n = count_handles(l); n.closing != 0; n = count_handles(l))
        uv_run(&l->uv, UV_RUN_NOWAIT);
    if (n.open != 0) {
        uv_walk(&l->uv, report_handle, NULL);
        return false;
    }
    uv_run(&l->uv, UV_RUN_DEFAULT); /* requests on the thread pool */
    run_graves(l);
    uv_loop_close(&l->uv);
    sio_batch_fini(&l->batch);
    sio_buf_fini(&l->opened);
    sio_buf_fini(&l->sealed);
    sio_ws_pool_fini(&l->ws_pool);
    sio_http_pool_fini(&l->http_pool);
    sio_free(l->read_buf);
    l->read_buf = NULL;
    return true;
}

/* ---- running --------------------------------------------------------------------------------- */

void sio_loop_run(struct sio_loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

void sio_loop_run_once(struct sio_loop *l)
{
    uv_run(&l->uv, UV_RUN_ONCE);
}

void sio_loop_stop(struct sio_loop *l)
{
    uv_stop(&l->uv);
}

void sio_loop_do_not_block(struct sio_loop *l)
{
    l->again = true;
}

/* ---- tasks, hooks, graves -------------------------------------------------------------------- */

void sio_task_init(struct sio_task *t, sio_loop_fn fn, void *ctx)
{
    sio_list_init(&t->link);
    t->fn = fn;
    t->ctx = ctx;
}

void sio_loop_defer(struct sio_loop *l, struct sio_task *t)
{
    if (sio_list_empty(&t->link))
        sio_list_append(&l->tasks, &t->link);
}

void sio_loop_defer_flush(struct sio_loop *l, struct sio_list *link,
                          void (*flush)(struct sio_list *link))
{
    l->flush = flush;
    if (sio_list_empty(link))
        sio_list_append(&l->flushes, link);
}

void sio_task_cancel(struct sio_task *t)
{
    sio_list_remove(&t->link);
}

void sio_loop_add_hook(struct sio_loop *l, struct sio_hook *h)
{
    sio_list_append(&l->hooks, &h->link);
}

void sio_loop_remove_hook(struct sio_hook *h)
{
    sio_list_remove(&h->link);
}

void sio_loop_bury(struct sio_loop *l, struct sio_grave *g, void (*free_fn)(void *), void *object)
{
    g->free_fn = free_fn;
    g->object = object;
    sio_list_append(&l->graves, &g->link);
}

void sio_loop_lend_buffer(struct sio_loop *l, uv_buf_t *out)
{
    out->base = l->read_busy ? sio_alloc(SIO_LOOP_READ_BYTES) : l->read_buf;
    out->len = SIO_LOOP_READ_BYTES;
    l->read_busy = true;
}

void sio_loop_return_buffer(struct sio_loop *l, const uv_buf_t *buf)
{
    if (buf->base == l->read_buf)
        l->read_busy = false;
    else
        sio_free(buf->base);
}

/* ---- lingering ------------------------------------------------------------------------------- */

static void on_linger(uv_timer_t *timer);

static void arm_linger(struct sio_loop *l)
{
    struct sio_list *first = sio_list_first(&l->lingers);
    uint64_t now = sio_loop_now(l), due;
    if (first == NULL)
        return;
    due = SIO_CONTAINER_OF(first, struct sio_linger, link)->due_ms;
    uv_timer_start(&l->linger_timer, on_linger, due > now ? due - now : 0, 0);
}

static void on_linger(uv_timer_t *timer)
{
    struct sio_loop *l = SIO_CONTAINER_OF(timer, struct sio_loop, linger_timer);
    struct sio_list *node;
    while ((node = sio_list_first(&l->lingers)) != NULL) {
        struct sio_linger *g = SIO_CONTAINER_OF(node, struct sio_linger, link);
        if (g->due_ms > sio_loop_now(l))
            break;
        sio_list_remove(node);
        g->fn(g);
    }
    arm_linger(l);
}

void sio_linger_init(struct sio_linger *g)
{
    sio_list_init(&g->link);
}

void sio_loop_linger(struct sio_loop *l, struct sio_linger *g, void (*fn)(struct sio_linger *))
{
    sio_list_remove(&g->link);
    g->fn = fn;
    g->due_ms = sio_loop_now(l) + l->linger_ms;
    sio_list_append(&l->lingers, &g->link);
    if (!uv_is_active((uv_handle_t *)&l->linger_timer))
        arm_linger(l);
}

void sio_linger_cancel(struct sio_linger *g)
{
    sio_list_remove(&g->link);
}
