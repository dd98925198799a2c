// SPDX-License-Identifier: MIT
/* Everything of a session that happens after a while: pings, missing pongs, silent clients of v3,
 * unfinished probes, goodbyes and slow readers. Private to engine/.
 *
 * All intervals of one kind are equal, so a list per kind, in the order of its arming, is ordered
 * by due time, and one timer serves them all. Due times are on the loop's clock (sio_loop_now).
 *
 * Never late: the wait for a pong counts from when its ping was due, not from when the timer ran,
 * and eio_heartbeat_overdue lets a request find out before the timer does. Never unjust: when the
 * loop itself was late (a handler took its time), pongs and the like may lie unread in the kernel;
 * nobody is given up before what has arrived was read.
 *
 * Thread: loop. Owns: its timer; the entries are their sessions'. Errors: none. Reenters: on_due.
 */
#ifndef SIO_ENGINE_HEARTBEAT_H
#define SIO_ENGINE_HEARTBEAT_H

#include "net/loop.h"

enum eio_due_kind {
    EIO_DUE_PING,     /* send a ping */
    EIO_DUE_PONG,     /* none came */
    EIO_DUE_SILENCE,  /* in v3, where clients ping: none came */
    EIO_DUE_CLOSE,    /* no GET came to say goodbye on */
    EIO_DUE_PROBE,    /* the upgrade was not finished */
    EIO_DUE_PRESSURE, /* the client has not read for too long */
    EIO_DUE_PART,     /* a WebSocket message was not finished */
    EIO_DUE_OPEN,     /* in v3: what is sent may follow the 101 */
    EIO_DUE_KINDS,
};

enum {
    EIO_OPEN_HOLD_MS = 5,         /* of EIO_DUE_OPEN: until the client has seen the 101 by itself */
    EIO_HEARTBEAT_LATE_MS = 20,   /* the timer ran so late that the loop must have been held up */
    EIO_HEARTBEAT_GRACE_MS = 100, /* then the peers have so much longer */
};

struct eio_due {
    struct sio_list link;
    uint64_t at_ms;
};

struct eio_heartbeat {
    struct sio_loop *loop;
    uint64_t after_ms[EIO_DUE_KINDS];
    struct sio_list queues[EIO_DUE_KINDS];
    uint64_t armed_ms; /* when the timer runs; UINT64_MAX: not at all */
    uint64_t grace_ms; /* nobody is given up before this; 0: no grace */
    uv_timer_t timer;
    /* The entry is unlinked. `base_ms`: when it was due, or now when that is long ago. */
    void (*on_due)(enum eio_due_kind kind, struct eio_due *due, uint64_t base_ms);
};

/* The caller fills loop, after_ms and on_due before. */
void eio_heartbeat_init(struct eio_heartbeat *h);
/* Closes the timer, whose data is then passed to fn. No entry may be armed any more. */
void eio_heartbeat_close(struct eio_heartbeat *h, uv_close_cb fn, void *data);

void eio_due_init(struct eio_due *d);
/* Due after_ms[kind] after base_ms; again: the time starts anew. */
void eio_heartbeat_arm(struct eio_heartbeat *h, enum eio_due_kind kind, struct eio_due *d,
                       uint64_t base_ms);
static inline void eio_heartbeat_cancel(struct eio_due *d) /* idempotent */
{
    sio_list_remove(&d->link);
}
/* Whether a pong or ping that `d` waits for is late by now. */
bool eio_heartbeat_overdue(const struct eio_heartbeat *h, const struct eio_due *d);

#endif
