// SPDX-License-Identifier: MIT
/* The keyed hash table. Stands on mem and id (for the key); rooms, sids and namespaces live in it.
 *
 * Linear probing keeps a lookup in one or two cache lines; deletion shifts the run back instead of
 * leaving tombstones, so a table that churns for a year probes no longer than on its first day.
 */
#include "base/map.h"

#include "base/id.h"
#include "base/mem.h"

enum {
    MAP_MIN = 4,
    MAP_SMALL = 1024, /* entries that are not worth giving back */
};

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotl(uint64_t x, unsigned by)
{
    return x << by | x >> (64 - by);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotl(s->v1, 13) ^ s->v0;
    s->v0 = rotl(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotl(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotl(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotl(s->v1, 17) ^ s->v2;
    s->v2 = rotl(s->v2, 32);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    s->v0 ^= word;
}

/* The process's key, drawn at first use: nothing outside can know it, and each worker is exec'ed,
 * so no two share one. Written once. */
static const uint64_t *hash_key(void)
{
    static uint64_t key[2];
    static bool drawn;
    if (!drawn) {
        sio_random(key, sizeof key);
        drawn = true;
    }
    return key;
}

/* SipHash-1-3 (Aumasson, Bernstein 2012): one round per word, three at the end. */
uint64_t sio_hash(struct sio_slice key)
{
    const uint64_t *k = hash_key();
    struct sip s = {k[0] ^ 0x736f6d6570736575, k[1] ^ 0x646f72616e646f6d, k[0] ^ 0x6c7967656e657261,
                    k[1] ^ 0x7465646279746573};
    uint64_t word;
    size_t at = 0;
    for (; key.len - at >= 8; at += 8) {
        memcpy(&word, key.p + at, 8);
        sip_word(&s, word);
    }
    word = 0;
    if (key.len > at)
        memcpy(&word, key.p + at, key.len - at);
    sip_word(&s, word | (uint64_t)key.len << 56);
    s.v2 ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

void sio_map_fini(struct sio_map *m)
{
    sio_free(m->entries);
    *m = (struct sio_map){0};
}

/* The entry with this key, or the free place where it belongs. The table is never full. */
static struct sio_map_entry *find(const struct sio_map *m, struct sio_slice key, uint64_t hash)
{
    size_t at = hash & (m->cap - 1);
    for (;; at = (at + 1) & (m->cap - 1)) {
        struct sio_map_entry *e = &m->entries[at];
        if (e->value == NULL || (e->hash == hash && sio_slice_eq(e->key, key)))
            return e;
    }
}

void *sio_map_get(const struct sio_map *m, struct sio_slice key)
{
    if (m->count == 0)
        return NULL;
    return find(m, key, sio_hash(key))->value;
}

static void resize(struct sio_map *m, size_t cap)
{
    struct sio_map_entry *old = m->entries;
    size_t n = m->cap;
    m->cap = cap;
    m->entries = sio_calloc(m->cap, sizeof *m->entries);
    for (size_t i = 0; i < n; i++)
        if (old[i].value != NULL)
            *find(m, old[i].key, old[i].hash) = old[i];
    sio_free(old);
}

void *sio_map_put(struct sio_map *m, struct sio_slice key, void *value)
{
    uint64_t hash = sio_hash(key);
    struct sio_map_entry *e;
    void *before;
    if ((m->count + 1) * 4 > m->cap * 3)
        resize(m, m->cap != 0 ? m->cap * 2 : MAP_MIN);
    e = find(m, key, hash);
    before = e->value;
    *e = (struct sio_map_entry){.key = key, .value = value, .hash = hash};
    m->count += before == NULL;
    return before;
}

/* Closes the gap at `hole`: each follower of the run moves up unless its home lies behind it. */
static void shift_back(struct sio_map *m, size_t hole)
{
    size_t mask = m->cap - 1;
    for (size_t at = (hole + 1) & mask; m->entries[at].value != NULL; at = (at + 1) & mask) {
        size_t home = m->entries[at].hash & mask;
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            m->entries[hole] = m->entries[at];
            hole = at;
        }
    }
    m->entries[hole] = (struct sio_map_entry){0};
}

void *sio_map_del(struct sio_map *m, struct sio_slice key)
{
    struct sio_map_entry *e;
    void *before;
    if (m->count == 0)
        return NULL;
    e = find(m, key, sio_hash(key));
    before = e->value;
    if (before != NULL) {
        shift_back(m, (size_t)(e - m->entries));
        m->count--;
        if (m->cap > MAP_SMALL && m->count < m->cap / 8)
            resize(m, m->cap / 2);
    }
    return before;
}

void *sio_map_next(const struct sio_map *m, size_t *pos)
{
    while (*pos < m->cap) {
        void *value = m->entries[(*pos)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
