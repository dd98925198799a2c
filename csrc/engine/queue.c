// SPDX-License-Identifier: MIT
/* A growing array: a poll takes all of it at once, so nothing is ever removed from the front. */
#include "engine/queue.h"

#include "base/mem.h"

enum { FIRST_CAP = 4 };

void eio_queue_push(struct eio_queue *q, const struct eio_msg *m)
{
    if (q->n == q->cap) {
        q->cap = q->cap ? q->cap * 2 : FIRST_CAP;
        q->msgs = sio_realloc(q->msgs, q->cap * sizeof *q->msgs);
    }
    sio_blob_ref(m->frame);
    q->msgs[q->n++] = *m;
    q->bytes += m->frame->len;
}

void eio_queue_drop(struct eio_queue *q)
{
    for (uint32_t i = 0; i < q->n; i++)
        sio_blob_unref(q->msgs[i].frame);
    sio_free(q->msgs);
    *q = (struct eio_queue){0};
}
