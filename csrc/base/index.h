// SPDX-License-Identifier: MIT
/* Objects by a string of theirs, for those of which there are as many as connections: a hash table
 * with the keyed hash of map.h that costs a pointer in the object and one to two in the table.
 *
 * Chained through the objects; the table doubles when it is full and halves below an eighth.
 * Owns: the table only. An object's key may not change while it is in. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_INDEX_H
#define SIO_BASE_INDEX_H

#include "base/list.h"
#include "base/slice.h"

/* Embedded in the object. */
struct sio_index_node {
    struct sio_index_node *next;
};

struct sio_index {
    struct sio_slice (*key_of)(const struct sio_index_node *n);
    struct sio_index_node **chains;
    size_t cap; /* a power of two, or 0 */
    size_t count;
    size_t shortest; /* no key was ever shorter */
};

void sio_index_init(struct sio_index *ix,
                    struct sio_slice (*key_of)(const struct sio_index_node *));
void sio_index_fini(struct sio_index *ix);
/* NULL: none. */
struct sio_index_node *sio_index_get(const struct sio_index *ix, struct sio_slice key);
/* n is in none, and no other of its key in this one. */
void sio_index_add(struct sio_index *ix, struct sio_index_node *n);
void sio_index_remove(struct sio_index *ix, struct sio_index_node *n); /* no effect when not in */
/* Iterates in no order: the one after n, the first one after NULL; NULL at the end. The index may
 * not change meanwhile. */
struct sio_index_node *sio_index_next(const struct sio_index *ix, const struct sio_index_node *n);

#endif
