// SPDX-License-Identifier: MIT
/* The chained hash table. Stands on map.h's hash; sessions and sockets are found in it.
 *
 * No hash is stored: it is computed again when the table grows, which is once or twice in the life
 * of an object, and costs less than the memory that would hold it.
 */
#include "base/index.h"

#include "base/map.h"
#include "base/mem.h"

enum { INDEX_MIN = 8 };

void sio_index_init(struct sio_index *ix, struct sio_slice (*key_of)(const struct sio_index_node *))
{
    *ix = (struct sio_index){.key_of = key_of, .shortest = SIZE_MAX};
}

void sio_index_fini(struct sio_index *ix)
{
    sio_free(ix->chains);
    sio_index_init(ix, ix->key_of);
}

/* The table has room for one chain at least. */
static struct sio_index_node **chain_of(const struct sio_index *ix, struct sio_slice key)
{
    return &ix->chains[sio_hash(key) & (ix->cap - 1)];
}

struct sio_index_node *sio_index_get(const struct sio_index *ix, struct sio_slice key)
{
    struct sio_index_node *n;
    if (key.len < ix->shortest || ix->count == 0)
        return NULL;
    n = *chain_of(ix, key);
    while (n != NULL && !sio_slice_eq(ix->key_of(n), key))
        n = n->next;
    return n;
}

static void link_node(struct sio_index *ix, struct sio_index_node *n)
{
    struct sio_index_node **chain = chain_of(ix, ix->key_of(n));
    n->next = *chain;
    *chain = n;
}

static void resize(struct sio_index *ix, size_t cap)
{
    struct sio_index_node **old = ix->chains;
    size_t n_old = ix->cap;
    ix->cap = cap;
    ix->chains = sio_calloc(cap, sizeof(struct sio_index_node *));
    for (size_t i = 0; i < n_old; i++)
        for (struct sio_index_node *n = old[i], *next; n != NULL; n = next) {
            next = n->next;
            link_node(ix, n);
        }
    sio_free(old);
}

void sio_index_add(struct sio_index *ix, struct sio_index_node *n)
{
    if (ix->count == ix->cap)
        resize(ix, ix->cap != 0 ? ix->cap * 2 : INDEX_MIN);
    link_node(ix, n);
    ix->count++;
    if (ix->key_of(n).len < ix->shortest)
        ix->shortest = ix->key_of(n).len;
}

void sio_index_remove(struct sio_index *ix, struct sio_index_node *n)
{
    struct sio_index_node **at;
    if (ix->count == 0)
        return;
    at = chain_of(ix, ix->key_of(n));
    while (*at != NULL && *at != n)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = n->next;
    n->next = NULL;
    ix->count--;
    if (ix->cap > INDEX_MIN && ix->count < ix->cap / 8)
        resize(ix, ix->cap / 2);
}

struct sio_index_node *sio_index_next(const struct sio_index *ix, const struct sio_index_node *n)
{
    size_t at = 0;
    if (ix->count == 0)
        return NULL;
    if (n != NULL && n->next != NULL)
        return n->next;
    if (n != NULL)
        at = (size_t)(chain_of(ix, ix->key_of(n)) - ix->chains) + 1;
    while (at < ix->cap && ix->chains[at] == NULL)
        at++;
    return at < ix->cap ? ix->chains[at] : NULL;
}
