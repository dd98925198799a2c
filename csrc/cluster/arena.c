// SPDX-License-Identifier: MIT
/* Session records: the owner's side (put, del, get) and everybody's (find, claim). Stands on the
 * shared memory and arena_heap; sio/recovery calls it.
 *
 * Invariant: an entry's `ref` is the only word that says which record stands; it is stored after
 * the block is whole and before the old block can be used again. Only the owner touches chains and
 * blocks, also of a dead one: claimers do no more than compare-and-swap `claim` and `ref`.
 */
#include "cluster/arena.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mix.h"
#include "cluster/arena_heap.h"
#include "cluster/layout.h"

enum { WALK_TRIES = 100 }; /* of a living sibling's chain that changes meanwhile */

_Static_assert(SIO_RECORD_BYTES_MAX + sizeof(struct sio_arena_block) <= (size_t)96 * 1024,
               "the largest class holds the largest record");

static struct sio_arena_meta *meta(const struct sio_shm *shm, unsigned index)
{
    return &sio_shm_metas(shm)[index];
}

static _Atomic uint32_t *bucket(const struct sio_shm *shm, unsigned index, struct sio_slice pid)
{
    uint32_t n = sio_arena_buckets(shm->arena_sessions);
    uint64_t hash = sio_mix(shm->header->seed, pid);
    return (_Atomic uint32_t *)(void *)sio_shm_arena(shm, index) + (hash & (n - 1));
}

/* `number` counts from 1. */
static struct sio_arena_entry *entry(const struct sio_shm *shm, unsigned index, uint32_t number)
{
    char *at =
        sio_shm_arena(shm, index) + sio_arena_buckets(shm->arena_sessions) * sizeof(uint32_t);
    return (struct sio_arena_entry *)(void *)at + (number - 1);
}

static uint32_t number_of(const struct sio_shm *shm, unsigned index,
                          const struct sio_arena_entry *e)
{
    return (uint32_t)(e - entry(shm, index, 1)) + 1;
}

/* The entry of `pid`, and the word that points to it. */
static struct sio_arena_entry *walk(const struct sio_shm *shm, unsigned index, struct sio_slice pid,
                                    _Atomic uint32_t **link)
{
    _Atomic uint32_t *at = bucket(shm, index, pid);
    for (uint32_t steps = 0; steps < shm->arena_sessions; steps++) {
        uint32_t number = atomic_load_explicit(at, memory_order_acquire);
        if (number == 0 || number > shm->arena_sessions)
            return NULL;
        struct sio_arena_entry *e = entry(shm, index, number);
        if (memcmp(e->pid, pid.p, SIO_ID_LEN) == 0 && atomic_load(&e->ref) != 0) {
            *link = at;
            return e;
        }
        at = &e->next;
    }
    return NULL;
}

/* The same in anybody's arena: a living owner may reuse the entry on which we stand, which leads
 * into another chain, so a miss counts only when nothing was changed meanwhile. */
static struct sio_arena_entry *search(const struct sio_shm *shm, unsigned index,
                                      struct sio_slice pid)
{
    struct sio_arena_meta *m = meta(shm, index);
    for (unsigned i = 0; i < WALK_TRIES; i++) {
        _Atomic uint32_t *link;
        uint32_t before = atomic_load(&m->changes);
        struct sio_arena_entry *e = walk(shm, index, pid, &link);
        atomic_thread_fence(memory_order_acquire);
        if (e != NULL || (before % 2 == 0 && atomic_load(&m->changes) == before) ||
            atomic_load(&m->state) != SIO_ARENA_LIVE)
            return e;
    }
    return NULL;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static uint64_t checksum(struct sio_slice data, uint32_t number)
{
    return sio_mix(number, data);
}

static uint64_t make_ref(const struct sio_arena *a, uint32_t offset, unsigned class)
{
    uint64_t birth = atomic_load(&meta(a->shm, a->index)->birth);
    return offset | (uint64_t) class << 32 | birth << 40;
}

static void free_ref(struct sio_arena *a, uint64_t ref)
{
    sio_arena_heap_give(a->heap, (uint32_t)ref, (unsigned)(ref >> 32 & 0xff));
}

/* A filled block, not yet referred to; 0 when the arena is full. */
static uint64_t write_block(struct sio_arena *a, struct sio_slice record, uint32_t number)
{
    unsigned class;
    uint32_t offset =
        sio_arena_heap_take(a->heap, sizeof(struct sio_arena_block) + record.len, &class);
    if (offset == 0)
        return 0;
    struct sio_arena_block *b = (void *)(sio_shm_arena(a->shm, a->index) + offset);
    *b = (struct sio_arena_block){checksum(record, number), (uint32_t)record.len, number};
    if (record.len != 0)
        memcpy(b->data, record.p, record.len);
    return make_ref(a, offset, class);
}

/* Appends the record to `out`; the checksum is taken of the copy, since the pages of a dead owner's
 * arena may be given back while we read. */
static int read_block(const struct sio_shm *shm, unsigned index, uint64_t ref, uint32_t number,
                      struct sio_buf *out)
{
    struct sio_arena_block head;
    size_t offset = (uint32_t)ref, class = ref >> 32 & 0xff, old_len = out->len;
    if (class >= SIO_ARENA_CLASSES || offset < sio_arena_blocks_at(shm->arena_sessions) ||
        offset + sio_arena_class_bytes((unsigned)class) > shm->arena_bytes)
        return SIO_ENOENT;
    const char *at = sio_shm_arena(shm, index) + offset;
    memcpy(&head, at, sizeof head);
    if (head.entry != number || head.len > sio_arena_class_bytes((unsigned)class) - sizeof head)
        return SIO_ENOENT;
    sio_buf_append(out, at + sizeof head, head.len);
    if (head.checksum == checksum(sio_slice_from(sio_buf_slice(out), old_len), number))
        return 0;
    out->len = old_len;
    sio_log_limited(SIO_LOG_ERROR, "arena", "arena %u: damaged session record", index);
    return SIO_ENOENT;
}

/* ---- the owner ------------------------------------------------------------------------------- */

int sio_arena_open(struct sio_arena *a, struct sio_shm *shm, struct sio_place me)
{
    *a = (struct sio_arena){.shm = shm, .me = me};
    if (!sio_shm_alive(shm, me))
        return SIO_EINVAL;
    a->index = atomic_load(&shm->slots[me.slot].arena);
    a->heap = sio_arena_heap_new((sio_arena_blocks_at(shm->arena_sessions) + 63) / 64 * 64,
                                 shm->arena_bytes, shm->arena_sessions);
    return 0;
}

/* Deletes a record of a dead owner, if it is still that one. An arena without records is free to be
 * given away at once, so the deletion is counted, unless that has happened already. */
static void erase(const struct sio_shm *shm, unsigned index, struct sio_arena_entry *e,
                  uint64_t ref)
{
    _Atomic uint64_t *records = &meta(shm, index)->records;
    uint64_t n = atomic_load(records), birth = ref >> 40;
    if (!atomic_compare_exchange_strong(&e->ref, &ref, 0))
        return;
    while ((n >> 32 & 0xffffff) == birth && (uint32_t)n != 0)
        if (atomic_compare_exchange_weak(records, &n, n - 1))
            return;
}

/* Deletes what was claimed last: by now our own record of it stands, or none is wanted. */
static void settle(struct sio_arena *a)
{
    if (a->taken != NULL)
        erase(a->shm, a->taken_from, a->taken, a->taken_ref);
    a->taken = NULL;
}

void sio_arena_close(struct sio_arena *a)
{
    if (a->heap == NULL)
        return;
    settle(a);
    sio_arena_heap_free(a->heap);
    a->heap = NULL;
}

static uint64_t claim_word(struct sio_place who)
{
    return (uint64_t)(who.slot + 1) << 32 | who.generation;
}

/* The next record of `pid` that the dead have lent us, at *index or behind; NULL: there is none. */
static struct sio_arena_entry *lent_us(const struct sio_arena *a, struct sio_slice pid,
                                       unsigned *index)
{
    for (; *index < a->shm->n_arenas; ++*index) {
        struct sio_arena_entry *e;
        if (atomic_load(&meta(a->shm, *index)->state) == SIO_ARENA_DEAD &&
            (e = search(a->shm, *index, pid)) != NULL &&
            atomic_load(&e->claim) == claim_word(a->me))
            return e;
    }
    return NULL;
}

static void erase_lent(const struct sio_arena *a, struct sio_slice pid)
{
    struct sio_arena_entry *e;
    for (unsigned i = 0; (e = lent_us(a, pid, &i)) != NULL; i++) {
        uint64_t ref = atomic_load(&e->ref);
        if (ref != 0)
            erase(a->shm, i, e, ref);
    }
}

void sio_arena_pass_on(struct sio_arena *a, struct sio_slice pid)
{
    struct sio_arena_entry *e;
    if (pid.len != SIO_ID_LEN)
        return;
    settle(a);
    for (unsigned i = 0; (e = lent_us(a, pid, &i)) != NULL; i++) {
        uint64_t mine = claim_word(a->me);
        atomic_compare_exchange_strong(&e->claim, &mine, 0);
    }
}

static void begin_change(struct sio_arena *a)
{
    atomic_fetch_add(&meta(a->shm, a->index)->changes, 1);
}

static void end_change(struct sio_arena *a)
{
    atomic_fetch_add(&meta(a->shm, a->index)->changes, 1);
}

static void remove_entry(struct sio_arena *a, struct sio_arena_entry *e, _Atomic uint32_t *link)
{
    uint64_t ref = atomic_load(&e->ref);
    begin_change(a);
    atomic_store(&e->ref, 0); /* the deletion; the rest is tidying */
    atomic_store(link, atomic_load(&e->next));
    end_change(a);
    atomic_fetch_sub(&meta(a->shm, a->index)->records, 1);
    free_ref(a, ref);
    sio_arena_heap_give_entry(a->heap, number_of(a->shm, a->index, e));
}

static void insert_entry(struct sio_arena *a, uint32_t number, struct sio_slice pid, uint64_t ref)
{
    struct sio_arena_entry *e = entry(a->shm, a->index, number);
    _Atomic uint32_t *head = bucket(a->shm, a->index, pid);
    atomic_fetch_add(&meta(a->shm, a->index)->records, 1);
    begin_change(a);
    memcpy(e->pid, pid.p, SIO_ID_LEN);
    atomic_store(&e->claim, 0);
    atomic_store(&e->next, atomic_load(head));
    atomic_store(&e->ref, ref);
    atomic_store_explicit(head, number, memory_order_release);
    end_change(a);
}

static int put_new(struct sio_arena *a, struct sio_slice pid, struct sio_slice record)
{
    uint32_t number = sio_arena_heap_take_entry(a->heap);
    if (number == 0)
        return SIO_EFULL;
    uint64_t ref = write_block(a, record, number);
    if (ref == 0) {
        sio_arena_heap_give_entry(a->heap, number);
        return SIO_EFULL;
    }
    insert_entry(a, number, pid, ref);
    return 0;
}

static int put_again(struct sio_arena *a, struct sio_arena_entry *e, struct sio_slice record)
{
    uint64_t old = atomic_load(&e->ref);
    uint64_t ref = write_block(a, record, number_of(a->shm, a->index, e));
    if (ref == 0)
        return SIO_EFULL;
    atomic_store(&e->claim, 0);
    atomic_store_explicit(&e->ref, ref, memory_order_release);
    free_ref(a, old);
    return 0;
}

int sio_arena_put(struct sio_arena *a, struct sio_slice pid, struct sio_slice record)
{
    _Atomic uint32_t *link;
    int r = SIO_ETOOBIG;
    if (pid.len != SIO_ID_LEN)
        return SIO_EINVAL;
    struct sio_arena_entry *e = walk(a->shm, a->index, pid, &link);
    if (record.len <= SIO_RECORD_BYTES_MAX)
        r = e != NULL ? put_again(a, e, record) : put_new(a, pid, record);
    if (r != 0 && e != NULL)
        remove_entry(a, e, link);
    if (r != 0)
        erase_lent(a, pid);
    if (r != 0)
        sio_log_limited(SIO_LOG_WARN, "arena-full", "a session of %zu bytes is not recoverable: %s",
                        record.len, r == SIO_ETOOBIG ? "too large" : "the arena is full");
    settle(a);
    return r;
}

int sio_arena_del(struct sio_arena *a, struct sio_slice pid)
{
    _Atomic uint32_t *link;
    if (pid.len != SIO_ID_LEN)
        return SIO_EINVAL;
    settle(a);
    erase_lent(a, pid);
    struct sio_arena_entry *e = walk(a->shm, a->index, pid, &link);
    if (e == NULL)
        return SIO_ENOENT;
    remove_entry(a, e, link);
    return 0;
}

int sio_arena_get(const struct sio_arena *a, struct sio_slice pid, struct sio_buf *out)
{
    _Atomic uint32_t *link;
    if (pid.len != SIO_ID_LEN)
        return SIO_EINVAL;
    const struct sio_arena_entry *e = walk(a->shm, a->index, pid, &link);
    if (e == NULL)
        return SIO_ENOENT;
    return read_block(a->shm, a->index, atomic_load(&e->ref), number_of(a->shm, a->index, e), out);
}

/* ---- everybody ------------------------------------------------------------------------------- */

/* Whether a living worker has claimed the entry; `who` is then that one. */
static bool claimed(const struct sio_shm *shm, uint64_t claim, struct sio_place *who)
{
    if (claim == 0)
        return false;
    *who = (struct sio_place){(unsigned)(claim >> 32) - 1, (uint32_t)claim};
    return sio_shm_alive(shm, *who);
}

static bool is_me(const struct sio_arena *a, struct sio_place who)
{
    return who.slot == a->me.slot && who.generation == a->me.generation;
}

/* What a record in somebody else's arena means. */
static enum sio_arena_owner owner_in(const struct sio_arena *a, unsigned index,
                                     struct sio_slice pid, struct sio_place *owner)
{
    const struct sio_arena_meta *m = meta(a->shm, index);
    uint32_t state = atomic_load(&m->state);
    const struct sio_arena_entry *e;
    struct sio_place who;
    if (state == SIO_ARENA_FREE || (e = search(a->shm, index, pid)) == NULL)
        return SIO_OWNER_NONE;
    *owner = (struct sio_place){atomic_load(&m->slot), atomic_load(&m->generation)};
    if (state == SIO_ARENA_LIVE)
        return SIO_OWNER_ALIVE;
    if (!claimed(a->shm, atomic_load(&e->claim), &who) || is_me(a, who))
        return SIO_OWNER_DEAD;
    *owner = who;
    return SIO_OWNER_ALIVE;
}

/* Over the arenas of others. */
static enum sio_arena_owner find_other(const struct sio_arena *a, struct sio_slice pid,
                                       struct sio_place *owner)
{
    enum sio_arena_owner found = SIO_OWNER_NONE, one;
    for (unsigned i = 0; i < a->shm->n_arenas && found != SIO_OWNER_ALIVE; i++)
        if (i != a->index && (one = owner_in(a, i, pid, owner)) != SIO_OWNER_NONE)
            found = one;
    return found;
}

enum sio_arena_owner sio_arena_find(const struct sio_arena *a, struct sio_slice pid,
                                    struct sio_place *owner)
{
    _Atomic uint32_t *link;
    if (pid.len != SIO_ID_LEN)
        return SIO_OWNER_NONE;
    if (walk(a->shm, a->index, pid, &link) == NULL)
        return find_other(a, pid, owner);
    *owner = a->me;
    return SIO_OWNER_SELF;
}

bool sio_arena_elsewhere(const struct sio_arena *a, struct sio_slice pid)
{
    struct sio_place owner;
    return pid.len == SIO_ID_LEN && find_other(a, pid, &owner) != SIO_OWNER_NONE;
}

int sio_arena_lend(struct sio_arena *a, struct sio_slice pid, const struct sio_place *to)
{
    _Atomic uint32_t *link;
    if (pid.len != SIO_ID_LEN)
        return SIO_EINVAL;
    struct sio_arena_entry *e = walk(a->shm, a->index, pid, &link);
    if (e == NULL)
        return SIO_ENOENT;
    atomic_store(&e->claim, to == NULL ? 0 : claim_word(*to));
    return 0;
}

struct candidate {
    struct sio_arena_entry *entry;
    uint64_t ref;
    unsigned index;
    uint32_t birth;
    bool claimed; /* by somebody who may have a record of its own */
};

static bool is_better(const struct candidate *c, const struct candidate *than)
{
    if (than->entry == NULL || c->claimed != than->claimed)
        return than->entry == NULL || !c->claimed;
    return c->birth > than->birth;
}

/* The newest dead record of `pid`. There are two when a claimer was killed after its own put and
 * before it, or a living owner, deleted what it had claimed; with a `winner` all others are
 * deleted. */
static struct candidate newest(const struct sio_arena *a, struct sio_slice pid,
                               const struct candidate *winner)
{
    struct candidate best = {0};
    for (unsigned i = 0; i < a->shm->n_arenas; i++) {
        const struct sio_arena_meta *m = meta(a->shm, i);
        struct candidate c = {.index = i};
        if (atomic_load(&m->state) != SIO_ARENA_DEAD || (c.entry = search(a->shm, i, pid)) == NULL)
            continue;
        c.birth = atomic_load(&m->birth);
        c.ref = atomic_load(&c.entry->ref);
        if (winner != NULL && c.entry != winner->entry && c.ref != 0)
            erase(a->shm, i, c.entry, c.ref);
        c.claimed = atomic_load(&c.entry->claim) != 0;
        if (c.ref != 0 && is_better(&c, &best))
            best = c;
    }
    return best;
}

static bool take(struct sio_arena *a, const struct candidate *c)
{
    struct sio_place who;
    const struct sio_arena_meta *m = meta(a->shm, c->index);
    uint64_t mine = claim_word(a->me), claim = atomic_load(&c->entry->claim);
    if ((claimed(a->shm, claim, &who) && !is_me(a, who)) ||
        !atomic_compare_exchange_strong(&c->entry->claim, &claim, mine))
        return false;
    /* The arena may have been swept and given to another worker while we were stopped. */
    if (atomic_load(&m->state) == SIO_ARENA_DEAD && atomic_load(&c->entry->ref) == c->ref &&
        (c->ref >> 40) == (c->birth & 0xffffff))
        return true;
    atomic_compare_exchange_strong(&c->entry->claim, &mine, 0);
    return false;
}

int sio_arena_claim(struct sio_arena *a, struct sio_slice pid, struct sio_buf *out,
                    uint64_t *died_ms)
{
    if (pid.len != SIO_ID_LEN)
        return SIO_EINVAL;
    settle(a);
    struct candidate c = newest(a, pid, NULL);
    if (c.entry == NULL || !take(a, &c))
        return SIO_ENOENT;
    newest(a, pid, &c); /* deletes the others */
    if (died_ms != NULL)
        *died_ms = atomic_load(&meta(a->shm, c.index)->died_ms);
    a->taken = c.entry;
    a->taken_ref = c.ref;
    a->taken_from = c.index;
    int r = read_block(a->shm, c.index, c.ref, number_of(a->shm, c.index, c.entry), out);
    if (r != 0)
        settle(a);
    return r;
}
