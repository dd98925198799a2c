// SPDX-License-Identifier: MIT
/* Immutable, reference-counted bytes: "share on the way down".
 *
 * An outgoing packet is encoded once into a blob, and every recipient's queue
 * holds a reference. Single-threaded: the count is a plain integer.
 *
 * Owns: each reference is one count; the last unref frees. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_BLOB_H
#define SIO_BASE_BLOB_H

#include <stdint.h>

#include "base/slice.h"

struct sio_blob {
    uint32_t refs;
    uint32_t reserved;
    size_t len;
    char data[];
};

struct sio_blob *sio_blob_new(struct sio_slice bytes); /* a copy, one reference */
/* Uninitialised; the creator fills data[0..len) before anybody else sees it. */
struct sio_blob *sio_blob_new_raw(size_t len);
static inline struct sio_blob *sio_blob_ref(struct sio_blob *b)
{
    b->refs++;
    return b;
}
void sio_blob_unref(struct sio_blob *b); /* NULL is allowed */
static inline struct sio_slice sio_blob_slice(const struct sio_blob *b)
{
    return sio_slice(b->data, b->len);
}

#endif
