// SPDX-License-Identifier: MIT
/* The allocator of an arena, in its owner's private memory. Blocks: size classes of 64, 96, 128,
 * 192, ... bytes, a free list each, and a boundary behind which nothing was used yet. Entries:
 * numbers from 0, the lowest first, so that few pages are touched. Private to arena.c.
 *
 * Owns: its lists, not the arena. Errors: 0 for "full". Reenters: no.
 */
#ifndef SIO_CLUSTER_ARENA_HEAP_H
#define SIO_CLUSTER_ARENA_HEAP_H

#include <stddef.h>
#include <stdint.h>

enum { SIO_ARENA_CLASSES = 22 }; /* the last one holds 96 KiB */

struct sio_arena_heap;

/* Hands out offsets in [from, to), bytes from the arena's start, and entry numbers in [0, entries);
 * from > 0. */
struct sio_arena_heap *sio_arena_heap_new(size_t from, size_t to, uint32_t entries);
void sio_arena_heap_free(struct sio_arena_heap *h); /* NULL is allowed */
/* Bytes of a block of this class. */
size_t sio_arena_class_bytes(unsigned class);
/* A block of at least `bytes`: its offset and class; 0 when there is none. When the untouched rest
 * is used up, a free block of a larger class serves. */
uint32_t sio_arena_heap_take(struct sio_arena_heap *h, size_t bytes, unsigned *class);
void sio_arena_heap_give(struct sio_arena_heap *h, uint32_t offset, unsigned class);
/* An entry number + 1; 0 when all are in use. */
uint32_t sio_arena_heap_take_entry(struct sio_arena_heap *h);
void sio_arena_heap_give_entry(struct sio_arena_heap *h, uint32_t number);

#endif
