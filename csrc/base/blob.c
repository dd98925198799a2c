// SPDX-License-Identifier: MIT
/* Reference-counted bytes in one allocation. Stands on mem; packets, frames and journal records
 * are blobs. Invariant: refs >= 1 while anybody holds it, and data never changes after the creator.
 */
#include "base/blob.h"

#include "base/mem.h"

#include <assert.h>

struct sio_blob *sio_blob_new_raw(size_t len)
{
    struct sio_blob *b = sio_alloc(sizeof *b + len);
    b->refs = 1;
    b->reserved = 0;
    b->len = len;
    return b;
}

struct sio_blob *sio_blob_new(struct sio_slice bytes)
{
    struct sio_blob *b = sio_blob_new_raw(bytes.len);
    if (bytes.len != 0)
        memcpy(b->data, bytes.p, bytes.len);
    return b;
}

void sio_blob_unref(struct sio_blob *b)
{
    if (b == NULL)
        return;
    assert(b->refs > 0);
    if (--b->refs == 0)
        sio_free(b);
}
