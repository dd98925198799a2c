// SPDX-License-Identifier: MIT
/* A growing array: a poll takes all of it at once, so nothing is ever removed from the front. */
#include "engine/queue.h"

#include "base/mem.h"

enum { FIRST_CAP = 4 };

static struct eio_queue *grow(struct eio_queue *q)
{
    uint32_t n = q != NULL ? q->n : 0, cap = n != 0 ? n * 2 : FIRST_CAP;
    q = sio_realloc(q, sizeof *q + cap * sizeof q->msgs[0]);
    if (n == 0)
        *q = (struct eio_queue){0};
    q->cap = cap;
    return q;
}

void eio_queue_push(struct eio_queue **q, const struct eio_msg *m)
{
    if (*q == NULL || (*q)->n == (*q)->cap)
        *q = grow(*q);
    sio_blob_ref(m->frame);
    (*q)->msgs[(*q)->n++] = *m;
    (*q)->bytes += m->frame->len;
}

void eio_queue_drop(struct eio_queue **q)
{
    for (uint32_t i = 0; i < eio_queue_count(*q); i++)
        sio_blob_unref((*q)->msgs[i].frame);
    sio_free(*q);
    *q = NULL;
}
