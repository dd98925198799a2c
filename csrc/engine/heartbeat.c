// SPDX-License-Identifier: MIT
/* One timer for all due times. Stands on net/loop; session.c and upgrade.c arm entries.
 *
 * The timer only ever runs at or before the first due time: arming moves it forward, running out
 * early costs one look at the lists. So an answered ping touches no timer.
 */
#include "engine/heartbeat.h"

static struct eio_due *due_of(struct sio_list *node)
{
    return SIO_CONTAINER_OF(node, struct eio_due, link);
}

static void on_timer(uv_timer_t *timer);

static void wake_at(struct eio_heartbeat *h, uint64_t at_ms)
{
    uint64_t now = sio_loop_now(h->loop);
    if (at_ms >= h->armed_ms)
        return;
    h->armed_ms = at_ms;
    /* At least 1: a timer of 0 that is started by a timer would run again before the poll. */
    uv_timer_start(&h->timer, on_timer, at_ms > now ? at_ms - now : 1, 0);
}

/* All but our own pings wait for a client: it is given up when they are due. */
static bool is_verdict(int kind)
{
    return kind != EIO_DUE_PING;
}

static bool is_late(struct eio_heartbeat *h, int kind, uint64_t now)
{
    struct sio_list *first = sio_list_first(&h->queues[kind]);
    return first != NULL && due_of(first)->at_ms + EIO_HEARTBEAT_LATE_MS < now;
}

/* True while what is waited for may lie unread because the loop was held up. */
static bool in_grace(struct eio_heartbeat *h, uint64_t now)
{
    bool late = false;
    for (int kind = 0; kind < EIO_DUE_KINDS; kind++)
        late |= is_verdict(kind) && is_late(h, kind, now);
    if (h->grace_ms != 0 && now >= h->grace_ms) {
        h->grace_ms = 0;
        return false;
    }
    if (h->grace_ms == 0 && late)
        h->grace_ms = now + EIO_HEARTBEAT_GRACE_MS;
    return h->grace_ms != 0;
}

static void run_kind(struct eio_heartbeat *h, enum eio_due_kind kind, uint64_t now)
{
    bool late = is_late(h, (int)kind, now);
    struct sio_list *node;
    while ((node = sio_list_first(&h->queues[kind])) != NULL) {
        struct eio_due *d = due_of(node);
        if (d->at_ms > now)
            break;
        sio_list_remove(node);
        h->on_due(kind, d, late ? now : d->at_ms);
    }
}

static void rearm(struct eio_heartbeat *h)
{
    for (int kind = 0; kind < EIO_DUE_KINDS; kind++) {
        struct sio_list *first = sio_list_first(&h->queues[kind]);
        if (first == NULL)
            continue;
        if (is_verdict(kind) && h->grace_ms > due_of(first)->at_ms)
            wake_at(h, h->grace_ms);
        else
            wake_at(h, due_of(first)->at_ms);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct eio_heartbeat *h = SIO_CONTAINER_OF(timer, struct eio_heartbeat, timer);
    uint64_t now = sio_loop_now(h->loop);
    bool grace = in_grace(h, now);
    for (int kind = 0; kind < EIO_DUE_KINDS; kind++)
        if (!is_verdict(kind) || !grace)
            run_kind(h, (enum eio_due_kind)kind, now);
    h->armed_ms = UINT64_MAX;
    rearm(h);
}

void eio_heartbeat_init(struct eio_heartbeat *h)
{
    for (int kind = 0; kind < EIO_DUE_KINDS; kind++)
        sio_list_init(&h->queues[kind]);
    h->armed_ms = UINT64_MAX;
    h->grace_ms = 0;
    uv_timer_init(&h->loop->uv, &h->timer);
}

void eio_heartbeat_close(struct eio_heartbeat *h, uv_close_cb fn, void *data)
{
    h->timer.data = data;
    uv_close((uv_handle_t *)&h->timer, fn);
}

void eio_due_init(struct eio_due *d)
{
    sio_list_init(&d->link);
    d->at_ms = 0;
}

void eio_heartbeat_arm(struct eio_heartbeat *h, enum eio_due_kind kind, struct eio_due *d,
                       uint64_t base_ms)
{
    struct sio_list *head = &h->queues[kind], *before = head;
    sio_list_remove(&d->link);
    d->at_ms = base_ms + h->after_ms[kind];
    /* Nearly always the end; a ping's own due time may lie a little before its neighbour's. */
    while (before->prev != head && due_of(before->prev)->at_ms > d->at_ms)
        before = before->prev;
    sio_list_append(before, &d->link);
    wake_at(h, d->at_ms);
}

bool eio_heartbeat_overdue(const struct eio_heartbeat *h, const struct eio_due *d)
{
    uint64_t now = sio_loop_now(h->loop);
    /* Long ago, and the timer has not run: the loop was held up, so the timer shall judge. */
    return h->grace_ms == 0 && d->at_ms <= now && now <= d->at_ms + EIO_HEARTBEAT_LATE_MS;
}
