// SPDX-License-Identifier: MIT
/* The ring of a connection's outgoing bytes. Stands on blobs; net/conn alone uses it.
 *
 * Invariant: count > 0, no entry is empty, bytes is the sum of their lengths; tail_room > 0 only
 * while the last entry's blob is ours alone and has that much memory behind its len.
 */
#include "net/outq.h"

#include "base/mem.h"

#include <assert.h>

enum { FIRST_CAP = 4 };

struct entry {
    struct sio_blob *blob;
    size_t from;
};

struct sio_outq {
    size_t bytes;
    uint32_t head, count, cap; /* cap is a power of two */
    uint32_t tail_room;
    struct entry ring[];
};

static struct entry *at(struct sio_outq *q, uint32_t i)
{
    return &q->ring[(q->head + i) & (q->cap - 1)];
}

static struct sio_outq *grow(struct sio_outq *q)
{
    uint32_t cap = q != NULL ? q->cap * 2 : FIRST_CAP;
    struct sio_outq *wider = sio_alloc(sizeof *wider + cap * sizeof wider->ring[0]);
    *wider = (struct sio_outq){.cap = cap};
    if (q == NULL)
        return wider;
    wider->bytes = q->bytes;
    wider->count = q->count;
    wider->tail_room = q->tail_room;
    for (uint32_t i = 0; i < q->count; i++)
        wider->ring[i] = *at(q, i);
    sio_free(q);
    return wider;
}

static void push(struct sio_outq **q, struct sio_blob *b, size_t from)
{
    if (*q == NULL || (*q)->count == (*q)->cap)
        *q = grow(*q);
    *at(*q, (*q)->count++) = (struct entry){b, from};
    (*q)->bytes += b->len - from;
    (*q)->tail_room = 0;
}

void sio_outq_share(struct sio_outq **q, struct sio_blob *b, size_t from)
{
    if (from < b->len)
        push(q, sio_blob_ref(b), from);
}

/* As much of `bytes` as the open blob takes; returns the rest. */
static struct sio_slice fill_tail(struct sio_outq *q, struct sio_slice bytes)
{
    struct sio_blob *tail;
    size_t n = bytes.len;
    if (q == NULL || q->tail_room == 0)
        return bytes;
    if (n > q->tail_room)
        n = q->tail_room;
    tail = at(q, q->count - 1)->blob;
    memcpy(tail->data + tail->len, bytes.p, n);
    tail->len += n;
    q->tail_room -= (uint32_t)n;
    q->bytes += n;
    return sio_slice_from(bytes, n);
}

void sio_outq_copy(struct sio_outq **q, struct sio_slice bytes)
{
    struct sio_blob *b;
    if (bytes.len == 0)
        return;
    bytes = fill_tail(*q, bytes);
    if (bytes.len == 0)
        return;
    b = sio_blob_new_raw(bytes.len > SIO_OUTQ_COPY_BYTES ? bytes.len : SIO_OUTQ_COPY_BYTES);
    b->len = bytes.len;
    memcpy(b->data, bytes.p, bytes.len);
    push(q, b, 0);
    if (bytes.len < SIO_OUTQ_COPY_BYTES)
        (*q)->tail_room = (uint32_t)(SIO_OUTQ_COPY_BYTES - bytes.len);
}

size_t sio_outq_bytes(const struct sio_outq *q)
{
    return q != NULL ? q->bytes : 0;
}

unsigned sio_outq_front(const struct sio_outq *q, uv_buf_t *out, unsigned max)
{
    unsigned n = 0;
    if (q == NULL)
        return 0;
    for (; n < q->count && n < max; n++) {
        const struct entry *e = &q->ring[(q->head + n) & (q->cap - 1)];
        out[n].base = e->blob->data + e->from;
        out[n].len = e->blob->len - e->from;
    }
    return n;
}

void sio_outq_consume(struct sio_outq **q, size_t n)
{
    struct sio_outq *o = *q;
    assert(n <= sio_outq_bytes(o));
    while (n > 0) {
        struct entry *e = at(o, 0);
        size_t left = e->blob->len - e->from, taken = n < left ? n : left;
        e->from += taken;
        o->bytes -= taken;
        n -= taken;
        if (taken < left)
            break;
        sio_blob_unref(e->blob);
        o->head++;
        o->count--;
    }
    if (o != NULL && o->count == 0)
        sio_outq_drop(q);
}

void sio_outq_drop(struct sio_outq **q)
{
    struct sio_outq *o = *q;
    *q = NULL;
    if (o == NULL)
        return;
    for (uint32_t i = 0; i < o->count; i++)
        sio_blob_unref(at(o, i)->blob);
    sio_free(o);
}
