// SPDX-License-Identifier: MIT
/* String -> pointer hash table with a keyed hash, so that a client who picks the
 * keys (rooms, sids, namespaces) cannot make them collide.
 *
 * Open addressing, linear probing, backward-shift deletion; doubles at 3/4 full; a large one
 * halves below an eighth.
 * Owns: the table only. Keys are borrowed: the value owns the key's bytes, and they
 * stay put until the entry is deleted. Errors: none. Reenters: no. A zeroed struct is an
 * empty, valid map.
 */
#ifndef SIO_BASE_MAP_H
#define SIO_BASE_MAP_H

#include <stdint.h>

#include "base/slice.h"

struct sio_map_entry {
    struct sio_slice key;
    void *value; /* NULL marks a free place */
    uint64_t hash;
};

struct sio_map {
    struct sio_map_entry *entries;
    size_t cap; /* a power of two, or 0 */
    size_t count;
};

void sio_map_fini(struct sio_map *m); /* frees the table, not the values */
void *sio_map_get(const struct sio_map *m, struct sio_slice key);
/* Adds or replaces (then key and value are the new ones); returns the value that was there. */
void *sio_map_put(struct sio_map *m, struct sio_slice key, void *value);
void *sio_map_del(struct sio_map *m, struct sio_slice key); /* returns the value that was there */
/* Iterates in no order: start with *pos = 0, NULL at the end. The map may not change meanwhile. */
void *sio_map_next(const struct sio_map *m, size_t *pos);
/* SipHash-1-3 under a key drawn with getrandom() at first use in this process. */
uint64_t sio_hash(struct sio_slice key);

#endif
