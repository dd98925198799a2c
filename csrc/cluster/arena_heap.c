// SPDX-License-Identifier: MIT
/* The allocator of an arena's blocks and entries. Stands on base; arena.c calls it.
 *
 * Invariant: a block keeps its class for ever (no splitting, no merging), so what a session's
 * record needs is bounded by what such records once needed, and a reference names its class.
 */
#include "cluster/arena_heap.h"

#include "base/mem.h"

struct stack { /* of free blocks' offsets or free entries' numbers; 0 is neither */
    uint32_t *items;
    size_t n, cap;
};

struct sio_arena_heap {
    size_t next, end;               /* the untouched rest */
    uint32_t next_entry, end_entry; /* numbers + 1 */
    struct stack free[SIO_ARENA_CLASSES], free_entries;
};

struct sio_arena_heap *sio_arena_heap_new(size_t from, size_t to, uint32_t entries)
{
    struct sio_arena_heap *h = sio_calloc(1, sizeof *h);
    h->next = from;
    h->end = to;
    h->next_entry = 1;
    h->end_entry = entries + 1;
    return h;
}

void sio_arena_heap_free(struct sio_arena_heap *h)
{
    if (h == NULL)
        return;
    for (unsigned i = 0; i < SIO_ARENA_CLASSES; i++)
        sio_free(h->free[i].items);
    sio_free(h->free_entries.items);
    sio_free(h);
}

size_t sio_arena_class_bytes(unsigned class)
{
    return (class % 2 == 0 ? (size_t)64 : (size_t)96) << class / 2;
}

static uint32_t pop(struct stack *s)
{
    return s->n == 0 ? 0 : s->items[--s->n];
}

static void push(struct stack *s, uint32_t item)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->items = sio_realloc(s->items, s->cap * sizeof *s->items);
    }
    s->items[s->n++] = item;
}

uint32_t sio_arena_heap_take(struct sio_arena_heap *h, size_t bytes, unsigned *class)
{
    unsigned c = 0;
    uint32_t offset;
    while (c < SIO_ARENA_CLASSES && sio_arena_class_bytes(c) < bytes)
        c++;
    if (c == SIO_ARENA_CLASSES)
        return 0;
    *class = c;
    if ((offset = pop(&h->free[c])) != 0)
        return offset;
    if (h->end - h->next >= sio_arena_class_bytes(c)) {
        offset = (uint32_t)h->next;
        h->next += sio_arena_class_bytes(c);
        return offset;
    }
    while (offset == 0 && ++c < SIO_ARENA_CLASSES) {
        *class = c;
        offset = pop(&h->free[c]);
    }
    return offset;
}

void sio_arena_heap_give(struct sio_arena_heap *h, uint32_t offset, unsigned class)
{
    push(&h->free[class], offset);
}

uint32_t sio_arena_heap_take_entry(struct sio_arena_heap *h)
{
    uint32_t number = pop(&h->free_entries);
    if (number == 0 && h->next_entry < h->end_entry)
        number = h->next_entry++;
    return number;
}

void sio_arena_heap_give_entry(struct sio_arena_heap *h, uint32_t number)
{
    push(&h->free_entries, number);
}
