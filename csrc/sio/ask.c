// SPDX-License-Identifier: MIT
/* Questions that wait: whom they expect, what has come, and how they end. Stands on record and the
 * backing; the answers of this worker come from answer.c by the same way as all others.
 *
 * Invariant: a question is in asks.pending until nothing is awaited, then in asks.ended until its
 * fn is called. That never happens inside a delivery: who asks calls it himself, or the end of the
 * tick does.
 */
#include "sio/ask.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/answer.h"
#include "sio/server_in.h"

enum state { AWAITED, WHOLE, LOST };

struct answer {
    struct sio_place place;
    enum state state;
    struct sio_buf bytes;
};

struct sio_ask {
    struct sio_list link;
    struct sio_server *server;
    uint32_t request;
    bool others;
    bool here;    /* this worker alone is asked */
    bool written; /* the record is in the log: `answers` are those expected */
    bool sending; /* in write_record, which has the last word */
    bool ended;
    int err;
    uint64_t due_ms;
    struct answer *answers;
    unsigned n, awaited;
    sio_asked_fn fn;
    void *arg;
    size_t nsp_len;
    char nsp[];
};

static struct sio_ask *ask_of(struct sio_list *node)
{
    return SIO_CONTAINER_OF(node, struct sio_ask, link);
}

static struct sio_ask *find(const struct sio_server *s, uint32_t request)
{
    SIO_LIST_EACH (node, &s->asks.pending)
        if (ask_of(node)->request == request)
            return ask_of(node);
    return NULL;
}

static void ask_free(struct sio_ask *a)
{
    for (unsigned i = 0; i < a->n; i++) {
        a->server->asks.bytes -= a->answers[i].bytes.len;
        sio_buf_fini(&a->answers[i].bytes);
    }
    a->server->asks.n--;
    sio_list_remove(&a->link);
    sio_free(a->answers);
    sio_free(a);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Calls fn; a is gone after that. */
static void finish(struct sio_ask *a)
{
    struct sio_ask_answer answers[SIO_WORKERS_MAX];
    struct sio_asked what = {.err = a->err, .n = a->n, .answers = answers};
    sio_list_remove(&a->link); /* fn may do anything */
    for (unsigned i = 0; i < a->n; i++) {
        bool whole = a->answers[i].state == WHOLE;
        answers[i] = (struct sio_ask_answer){a->answers[i].place, whole,
                                             sio_buf_slice(&a->answers[i].bytes)};
        what.missing += !whole;
    }
    what.nsp = sio_server_addressed(a->server, sio_slice(a->nsp, a->nsp_len));
    a->fn(a->arg, &what);
    ask_free(a);
}

static void on_ended(void *ctx)
{
    struct sio_server *s = ctx;
    struct sio_list ended;
    struct sio_list *node;
    sio_list_take(&s->asks.ended, &ended);
    while ((node = sio_list_first(&ended)) != NULL) {
        sio_list_remove(node);
        if (ask_of(node)->sending)
            sio_list_append(&s->asks.ended, node);
        else
            finish(ask_of(node));
    }
}

static void end(struct sio_ask *a, int err)
{
    struct sio_server *s = a->server;
    a->err = err;
    a->ended = true;
    sio_list_remove(&a->link);
    sio_list_append(&s->asks.ended, &a->link);
    sio_loop_defer(s->loop, &s->asks.end_task);
}

static void end_if_complete(struct sio_ask *a)
{
    if (a->written && a->awaited == 0)
        end(a, 0);
}

uint64_t sio_ask_expire(struct sio_server *s, uint64_t now_ms)
{
    uint64_t next_ms = 0;
    SIO_LIST_EACH (node, &s->asks.pending) {
        struct sio_ask *a = ask_of(node);
        if (a->due_ms <= now_ms)
            end(a, SIO_ETIMEDOUT);
        else if (next_ms == 0 || a->due_ms < next_ms)
            next_ms = a->due_ms;
    }
    return next_ms;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void settle(struct sio_ask *a, struct answer *from, enum state state)
{
    from->state = state;
    a->awaited--;
    end_if_complete(a);
}

static struct answer *awaited_from(struct sio_ask *a, struct sio_place who)
{
    for (unsigned i = 0; i < a->n; i++) {
        struct answer *each = &a->answers[i];
        if (each->place.slot == who.slot && each->place.generation == who.generation)
            return each->state == AWAITED ? each : NULL;
    }
    return NULL;
}

void sio_ask_take(struct sio_server *s, struct sio_place from, uint32_t request,
                  struct sio_slice bytes, enum sio_answer_end more)
{
    struct sio_ask *a = find(s, request);
    struct answer *answer = a == NULL ? NULL : awaited_from(a, from);
    if (answer == NULL)
        return;
    if (bytes.len > SIO_ASK_BYTES_MAX - s->asks.bytes) {
        sio_log_limited(SIO_LOG_WARN, "ask-bytes",
                        "answers of more than %d bytes are waiting: one from slot %u is cut",
                        SIO_ASK_BYTES_MAX, from.slot);
        settle(a, answer, LOST);
        return;
    }
    sio_buf_append_slice(&answer->bytes, bytes);
    s->asks.bytes += bytes.len;
    if (more != SIO_ANSWER_MORE)
        settle(a, answer, more == SIO_ANSWER_LAST ? WHOLE : LOST);
}

void sio_ask_gone(struct sio_server *s, struct sio_place who, bool done)
{
    SIO_LIST_EACH (node, &s->asks.pending) {
        struct answer *answer = awaited_from(ask_of(node), who);
        if (answer != NULL)
            settle(ask_of(node), answer, done ? WHOLE : LOST);
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

static uint32_t next_request(struct sio_server *s)
{
    do
        s->asks.last_request++;
    while (s->asks.last_request == 0 || find(s, s->asks.last_request) != NULL);
    return s->asks.last_request;
}

int sio_ask_open(struct sio_nsp *n, uint64_t timeout_ms, bool others, sio_asked_fn fn, void *arg,
                 struct sio_record *head, struct sio_ask **out)
{
    struct sio_server *s = n->server;
    if (s->down)
        return SIO_ECLOSED;
    if (s->asks.n == SIO_ASKS_MAX) {
        sio_log_limited(SIO_LOG_WARN, "asks", "%d questions wait for answers: no more",
                        SIO_ASKS_MAX);
        return SIO_EFULL;
    }
    struct sio_ask *a = sio_calloc(1, sizeof *a + n->name.len);
    a->server = s;
    a->request = next_request(s);
    a->others = others;
    a->here = (head->flags & SIO_EMIT_HERE) != 0;
    timeout_ms = timeout_ms != 0 ? timeout_ms : SIO_ASK_TIMEOUT_MS;
    a->due_ms = sio_loop_now(s->loop) + timeout_ms;
    a->fn = fn;
    a->arg = arg;
    a->nsp_len = n->name.len;
    memcpy(a->nsp, n->name.p, n->name.len);
    sio_list_init(&a->link);
    sio_list_append(&s->asks.pending, &a->link);
    s->asks.n++;
    head->flags |= SIO_RECORD_ASKS;
    head->writer = s->options.place;
    head->request = a->request;
    head->timeout_ms = timeout_ms < UINT32_MAX ? (uint32_t)timeout_ms : UINT32_MAX;
    head->nsp = n->name;
    *out = a;
    return 0;
}

void sio_ask_cancel(struct sio_ask *a)
{
    ask_free(a);
}

static void expect(struct sio_ask *a, struct sio_place place, bool reachable)
{
    a->answers[a->n++] = (struct answer){.place = place, .state = reachable ? AWAITED : LOST};
    a->awaited += reachable;
}

/* The record is in the log, and everybody who is there now will meet it. */
static void written(struct sio_ask *a, bool self)
{
    struct sio_server *s = a->server;
    struct sio_peer peers[SIO_WORKERS_MAX];
    unsigned n = a->here ? 0 : s->backing.peers(s->backing.ctx, peers);
    a->answers = sio_calloc(n + 1, sizeof *a->answers);
    a->written = true;
    if (!a->others)
        expect(a, s->options.place, self);
    for (unsigned i = 0; i < n; i++)
        expect(a, peers[i].place, peers[i].reachable);
    end_if_complete(a);
}

void sio_ask_written(struct sio_server *s, const struct sio_record *r)
{
    struct sio_ask *a = find(s, r->request);
    if (a != NULL && !a->written)
        written(a, true);
}

void sio_ask_lapped(struct sio_server *s)
{
    SIO_LIST_EACH (node, &s->asks.pending)
        if (!ask_of(node)->written)
            written(ask_of(node), false);
}

/* Nobody but us could answer, and nothing of ours waits: the log is not needed. */
static bool alone(const struct sio_server *s, bool here)
{
    struct sio_peer peers[SIO_WORKERS_MAX];
    const struct sio_backing *b = &s->backing;
    return !b->blocked(b->ctx) && (here || b->peers(b->ctx, peers) == 0);
}

static int deliver_here(struct sio_server *s, struct sio_buf *record)
{
    sio_server_deliver(s, sio_buf_slice(record), 0, true);
    sio_server_scratch_back(s, record);
    return 0;
}

/* Only a record that does nothing but ask may go without the log. */
static int write_record(struct sio_ask *a, struct sio_buf *record, bool only_asks)
{
    struct sio_server *s = a->server;
    a->sending = true; /* the log may find us lapped, and what is closed then may close us */
    int err = only_asks && alone(s, a->here)
                  ? deliver_here(s, record)
                  : sio_server_publish(s, record, a->here ? SIO_PUBLISH_LOCAL : 0);
    a->sending = false;
    if (err != 0)
        ask_free(a);
    else if (a->ended)
        finish(a);
    else
        sio_server_wake_at(s, a->due_ms);
    return err;
}

int sio_ask_send(struct sio_ask *a, struct sio_buf *record)
{
    return write_record(a, record, false);
}

int sio_ask(struct sio_nsp *n, const struct sio_selection *to, const struct sio_question *q,
            sio_asked_fn fn, void *arg)
{
    bool others = q->kind == SIO_ASK_SERVER_SIDE_EMIT;
    struct sio_record head = {
        .type = SIO_RECORD_QUESTION, .flags = q->flags & SIO_EMIT_HERE, .kind = (uint8_t)q->kind};
    struct sio_ask *a;
    int err = sio_ask_open(n, q->timeout_ms, others, fn, arg, &head, &a);
    if (err != 0)
        return err;
    struct sio_buf record = sio_server_scratch(n->server);
    sio_record_append_packet(&record, &head, to, &q->what);
    return write_record(a, &record, true);
}

/* ---- life ------------------------------------------------------------------------------------ */

void sio_ask_init(struct sio_server *s)
{
    sio_list_init(&s->asks.pending);
    sio_list_init(&s->asks.ended);
    sio_task_init(&s->asks.end_task, on_ended, s);
    /* Answers to a server that was here before may still come. */
    sio_random(&s->asks.last_request, sizeof s->asks.last_request);
}

void sio_ask_shutdown(struct sio_server *s)
{
    struct sio_list *node;
    while ((node = sio_list_first(&s->asks.pending)) != NULL)
        end(ask_of(node), SIO_ECLOSED);
    on_ended(s);
}

void sio_ask_fini(struct sio_server *s)
{
    sio_ask_shutdown(s);
    sio_task_cancel(&s->asks.end_task);
}
