// SPDX-License-Identifier: MIT
/* Pending acknowledgements. A heap and not a queue, because every emit brings a timeout of its own.
 */
#include "sio/ack.h"

#include "base/err.h"
#include "base/mem.h"
#include "sio/chorus.h"
#include "sio/server_in.h"

#define UNTIMED SIZE_MAX

struct sio_ack {
    uint64_t id; /* its bytes are the key in the socket's map */
    struct sio_acker who;
    uint64_t due_ms;
    struct sio_socket *socket;
    size_t at; /* place in the heap */
};

static struct sio_slice key_of(const uint64_t *id)
{
    return sio_slice(id, sizeof *id);
}

static void place(struct sio_acks *a, size_t at, struct sio_ack *e)
{
    a->heap[at] = e;
    e->at = at;
}

static void sift_up(struct sio_acks *a, size_t at, struct sio_ack *e)
{
    while (at > 0 && a->heap[(at - 1) / 2]->due_ms > e->due_ms) {
        place(a, at, a->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(a, at, e);
}

static void sift_down(struct sio_acks *a, size_t at, struct sio_ack *e)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < a->count && a->heap[child + 1]->due_ms < a->heap[child]->due_ms)
            child++;
        if (child >= a->count || a->heap[child]->due_ms >= e->due_ms)
            break;
        place(a, at, a->heap[child]);
        at = child;
    }
    place(a, at, e);
}

static void heap_add(struct sio_acks *a, struct sio_ack *e)
{
    if (a->count == a->cap) {
        a->cap = a->cap == 0 ? 16 : a->cap * 2;
        a->heap = sio_realloc(a->heap, a->cap * sizeof(struct sio_ack *));
    }
    sift_up(a, a->count++, e);
}

static void heap_remove(struct sio_acks *a, struct sio_ack *e)
{
    if (e->at == UNTIMED)
        return;
    struct sio_ack *last = a->heap[--a->count];
    if (last == e)
        return;
    if (last->due_ms < e->due_ms)
        sift_up(a, e->at, last);
    else
        sift_down(a, e->at, last);
}

int sio_ack_add(struct sio_socket *s, uint64_t id, struct sio_acker who, uint64_t due_ms)
{
    struct sio_server *server = s->nsp->server;
    if (s->acks == NULL)
        s->acks = sio_calloc(1, sizeof *s->acks);
    if (s->acks->count >= server->options.acks_per_socket)
        return SIO_EFULL;
    struct sio_ack *e = sio_alloc(sizeof *e);
    *e = (struct sio_ack){.id = id, .who = who, .due_ms = due_ms, .socket = s, .at = UNTIMED};
    sio_map_put(s->acks, key_of(&e->id), e);
    if (due_ms != 0) {
        heap_add(&server->acks, e);
        sio_server_wake_at(server, due_ms);
    }
    return 0;
}

bool sio_ack_take(struct sio_socket *s, uint64_t id, struct sio_acker *who)
{
    struct sio_ack *e = s->acks == NULL ? NULL : sio_map_del(s->acks, key_of(&id));
    if (e == NULL)
        return false;
    heap_remove(&s->nsp->server->acks, e);
    *who = e->who;
    sio_free(e);
    return true;
}

static void tell(struct sio_socket *s, const struct sio_acker *who, int err,
                 const struct sio_incoming *in)
{
    const struct sio_server *server = s->nsp->server;
    if (who->chorus != NULL)
        sio_chorus_answer(who->chorus, err, in);
    else
        server->events->on_ack(server->owner, s, who->cookie, err, in);
}

void sio_ack_settle(struct sio_socket *s, uint64_t id, const struct sio_incoming *in)
{
    struct sio_acker who;
    if (sio_ack_take(s, id, &who))
        tell(s, &who, 0, in);
}

void sio_ack_close(struct sio_socket *s)
{
    if (s->acks == NULL)
        return;
    struct sio_server *server = s->nsp->server;
    struct sio_map pending = *s->acks;
    sio_free(s->acks);
    s->acks = NULL;
    struct sio_ack *e;
    for (size_t pos = 0; (e = sio_map_next(&pending, &pos)) != NULL;)
        heap_remove(&server->acks, e);
    for (size_t pos = 0; (e = sio_map_next(&pending, &pos)) != NULL;) {
        tell(s, &e->who, SIO_ECLOSED, NULL);
        sio_free(e);
    }
    sio_map_fini(&pending);
}

uint64_t sio_ack_expire(struct sio_server *s, uint64_t now_ms)
{
    while (s->acks.count > 0 && s->acks.heap[0]->due_ms <= now_ms) {
        struct sio_socket *socket = s->acks.heap[0]->socket;
        struct sio_acker who;
        sio_ack_take(socket, s->acks.heap[0]->id, &who);
        sio_stats_up(s->loop->stats, SIO_STAT_ACK_TIMEOUTS);
        tell(socket, &who, SIO_ETIMEDOUT, NULL);
    }
    return s->acks.count > 0 ? s->acks.heap[0]->due_ms : 0;
}

void sio_ack_fini(struct sio_acks *a)
{
    sio_free(a->heap);
    *a = (struct sio_acks){0};
}
