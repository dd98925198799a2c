// SPDX-License-Identifier: MIT
/* The buffer of a tick's short writes. Stands on blobs; net/conn_write alone uses it.
 *
 * Invariant: what was written into the buffer stays as it is until the last span is dropped, so any
 * number of spans may have the same bytes.
 */
#include "net/batch.h"

#include "base/mem.h"

#include <assert.h>

enum { FIRST_CAP = 4 << 10 };

_Static_assert(SIO_BATCH_SPAN_MAX <= UINT16_MAX, "a span's len holds it");

static void reserve(struct sio_batch *b, size_t n)
{
    uint32_t cap = b->cap != 0 ? b->cap : FIRST_CAP;
    while (cap - b->len < n)
        cap *= 2;
    if (cap == b->cap)
        return;
    b->bytes = sio_realloc(b->bytes, cap);
    b->cap = cap;
}

static void append(struct sio_batch *b, struct sio_slice bytes)
{
    memcpy(b->bytes + b->len, bytes.p, bytes.len);
    b->len += (uint32_t)bytes.len;
}

bool sio_batch_add(struct sio_batch *b, struct sio_batch_span *s, struct sio_slice bytes)
{
    bool at_end = s->at + s->len == b->len;
    size_t n = bytes.len + (at_end ? 0 : s->len);
    if (bytes.len > SIO_BATCH_PIECE_MAX || bytes.len > SIO_BATCH_SPAN_MAX - (size_t)s->len ||
        n > SIO_BATCH_BYTES - b->len)
        return false;
    if (bytes.len == 0)
        return true;
    reserve(b, n);
    b->n_spans += s->len == 0;
    if (!at_end) {
        struct sio_slice before = sio_batch_slice(b, s);
        s->at = b->len;
        append(b, before);
    }
    append(b, bytes);
    s->len = (uint16_t)(s->len + bytes.len);
    return true;
}

bool sio_batch_share(struct sio_batch *b, struct sio_batch_span *s, struct sio_blob *blob,
                     size_t from)
{
    struct sio_batch_span before = *s;
    if (blob == b->last.blob && from == b->last.from && before.at == b->last.before.at &&
        before.len == b->last.before.len) {
        b->n_spans += before.len == 0;
        *s = b->last.after;
        return true;
    }
    if (from >= blob->len || !sio_batch_add(b, s, sio_slice_from(sio_blob_slice(blob), from)))
        return from >= blob->len;
    sio_blob_ref(blob);
    sio_blob_unref(b->last.blob);
    b->last.blob = blob;
    b->last.from = from;
    b->last.before = before;
    b->last.after = *s;
    return true;
}

void sio_batch_drop(struct sio_batch *b, struct sio_batch_span *s)
{
    if (s->len == 0)
        return;
    *s = (struct sio_batch_span){0};
    if (--b->n_spans != 0)
        return;
    b->len = 0;
    sio_blob_unref(b->last.blob);
    b->last.blob = NULL;
}

void sio_batch_fini(struct sio_batch *b)
{
    assert(b->n_spans == 0);
    sio_free(b->bytes);
    *b = (struct sio_batch){0};
}
