// SPDX-License-Identifier: MIT
/* The shared memory: sizes, creation, mapping, and the supervisor's book of incarnations and
 * arenas. Stands on base and the kernel's memfd; the supervisor and each worker call it.
 *
 * Invariant: only the supervisor (or the only process) writes generations, arena metas' states and
 * the header. The file is sparse and sealed against resizing, so a mapped page cannot vanish.
 */
#include "cluster/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "cluster/layout.h"

/* ---- sizes ----------------------------------------------------------------------------------- */

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

/* Offset of the journal's head in the file, behind slots, metas, statistics and rolls. */
static size_t journal_at(const struct sio_shm_header *h)
{
    return SIO_JOURNAL_BLOCK + h->n_slots * sizeof(struct sio_slot) +
           h->n_arenas * sizeof(struct sio_arena_meta) +
           (h->n_slots + 1) * sizeof(struct sio_stats_page) +
           h->n_slots * sizeof(struct sio_roll_page);
}

static size_t head_bytes(const struct sio_shm_header *h)
{
    size_t first = h->ring_bytes / SIO_JOURNAL_BLOCK, last = h->ring_bytes / SIO_JOURNAL_CHAIN;
    size_t lists = (first + last) * sizeof(uint64_t);
    return round_up(journal_at(h) + sizeof(struct sio_journal_shared) + lists, SIO_SHM_ALIGN);
}

static bool sizes_ok(const struct sio_shm_header *h)
{
    uint64_t ring = h->ring_bytes, arena = h->arena_bytes;
    if (h->n_slots < 1 || h->n_slots > SIO_WORKERS_MAX)
        return false;
    if (ring < SIO_JOURNAL_BYTES_MIN || ring > SIO_JOURNAL_BYTES_MAX || (ring & (ring - 1)) != 0)
        return false;
    if (arena == 0 || arena % SIO_SHM_ALIGN != 0 || arena >= UINT64_C(1) << 32)
        return false;
    return h->arena_sessions >= 1 && h->arena_sessions < 1U << 24 &&
           sio_arena_blocks_at(h->arena_sessions) <= arena / 2;
}

size_t sio_journal_ring_bytes(size_t asked)
{
    size_t bytes = SIO_JOURNAL_BYTES_MIN;
    while (bytes < asked && bytes < SIO_JOURNAL_BYTES_MAX)
        bytes *= 2;
    return bytes;
}

/* Fills the sizes of `h`. */
static int plan(struct sio_shm_header *h, const struct sio_shm_config *c)
{
    *h = (struct sio_shm_header){.magic = SIO_SHM_MAGIC, .version = SIO_SHM_VERSION};
    h->n_slots = c->slots;
    h->n_arenas = c->slots * SIO_ARENAS_PER_SLOT + SIO_ARENAS_EXTRA;
    h->arena_sessions = c->arena_sessions ? c->arena_sessions : SIO_ARENA_SESSIONS;
    h->ring_bytes = c->journal_bytes ? c->journal_bytes : SIO_JOURNAL_BYTES;
    h->arena_bytes = round_up(c->arena_bytes ? c->arena_bytes : SIO_ARENA_BYTES, SIO_SHM_ALIGN);
    if (!sizes_ok(h))
        return SIO_EINVAL;
    h->head_bytes = (uint32_t)head_bytes(h);
    h->file_bytes = h->head_bytes + h->ring_bytes + h->n_arenas * h->arena_bytes;
    return 0;
}

/* ---- mapping --------------------------------------------------------------------------------- */

static int map_part(char *at, size_t len, int fd, uint64_t offset)
{
    void *p = mmap(at, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_NORESERVE, fd,
                   (off_t)offset);
    return p == MAP_FAILED ? SIO_ESYS : 0;
}

/* Reserves the addresses in one piece, then puts head and ring, the ring once more, and the arenas
 * over them. */
static int map_all(struct sio_shm *shm, const struct sio_shm_header *h)
{
    size_t front = h->head_bytes + h->ring_bytes;
    size_t arenas = h->n_arenas * h->arena_bytes;
    int r;
    shm->size = front + h->ring_bytes + arenas;
    shm->base =
        mmap(NULL, shm->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (shm->base == MAP_FAILED) {
        shm->base = NULL;
        return SIO_ESYS;
    }
    if ((r = map_part(shm->base, front, shm->fd, 0)) == 0 &&
        (r = map_part(shm->base + front, h->ring_bytes, shm->fd, h->head_bytes)) == 0)
        r = map_part(shm->base + front + h->ring_bytes, arenas, shm->fd, front);
    /* A dumping process keeps its locks until the dump is written: keep it short. */
    madvise(shm->base, shm->size, MADV_DONTDUMP);
    return r;
}

static void view(struct sio_shm *shm, const struct sio_shm_header *h)
{
    shm->header = (struct sio_shm_header *)(void *)shm->base;
    shm->slots = (struct sio_slot *)(void *)(shm->base + SIO_JOURNAL_BLOCK);
    shm->journal = (struct sio_journal_shared *)(void *)(shm->base + journal_at(h));
    shm->ring = shm->base + h->head_bytes;
    shm->ring_bytes = h->ring_bytes;
    shm->arenas = shm->ring + 2 * h->ring_bytes;
    shm->n_slots = h->n_slots;
    shm->n_arenas = h->n_arenas;
    shm->arena_bytes = h->arena_bytes;
    shm->arena_sessions = h->arena_sessions;
    shm->seed = h->seed;
    memcpy(shm->epoch, h->epoch, sizeof shm->epoch);
}

void sio_shm_detach(struct sio_shm *shm)
{
    int saved = errno;
    if (shm->base != NULL)
        munmap(shm->base, shm->size);
    if (shm->fd >= 0)
        close(shm->fd);
    *shm = (struct sio_shm){.fd = -1};
    errno = saved;
}

/* ---- creation -------------------------------------------------------------------------------- */

static void draw_epoch(char out[12])
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char raw[11];
    sio_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++)
        out[i] = alphabet[raw[i] % 32];
    out[sizeof raw] = '\0';
}

static int open_file(uint64_t bytes)
{
    int fd = memfd_create("sio-lua", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -1;
    if (ftruncate(fd, (off_t)bytes) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return -1;
    }
    return fd;
}

int sio_shm_create(struct sio_shm *out, const struct sio_shm_config *config)
{
    struct sio_shm_header h;
    int r;
    *out = (struct sio_shm){.fd = -1};
    if ((r = plan(&h, config)) != 0)
        return r;
    sio_random(&h.seed, sizeof h.seed);
    draw_epoch(h.epoch);
    if ((out->fd = open_file(h.file_bytes)) < 0)
        return SIO_ESYS;
    if ((r = map_all(out, &h)) != 0) {
        sio_shm_detach(out);
        return r;
    }
    view(out, &h);
    memcpy(out->header, &h, sizeof h);
    sio_journal_init(out->journal);
    return 0;
}

static bool header_ok(const struct sio_shm_header *h, off_t file_bytes)
{
    return h->magic == SIO_SHM_MAGIC && h->version == SIO_SHM_VERSION && sizes_ok(h) &&
           h->n_arenas == h->n_slots * SIO_ARENAS_PER_SLOT + SIO_ARENAS_EXTRA &&
           h->head_bytes == head_bytes(h) &&
           h->file_bytes == h->head_bytes + h->ring_bytes + h->n_arenas * h->arena_bytes &&
           h->file_bytes == (uint64_t)file_bytes;
}

static int attach(struct sio_shm *out)
{
    struct sio_shm_header h;
    struct stat st;
    int r;
    if (fcntl(out->fd, F_SETFD, FD_CLOEXEC) != 0 || fstat(out->fd, &st) != 0)
        return SIO_ESYS;
    ssize_t n = pread(out->fd, &h, sizeof h, 0);
    if (n < 0)
        return SIO_ESYS;
    if ((size_t)n != sizeof h || !header_ok(&h, st.st_size))
        return SIO_EPROTO;
    if ((r = map_all(out, &h)) == 0)
        view(out, &h);
    return r;
}

int sio_shm_attach(struct sio_shm *out, int fd)
{
    *out = (struct sio_shm){.fd = fd};
    int r = attach(out);
    if (r != 0)
        sio_shm_detach(out);
    return r;
}

/* ---- incarnations ---------------------------------------------------------------------------- */

/* Gives the pages back; what is read from now on is zero. A claimer that was stopped half-way finds
 * no entry, or one with another birth in its reference. */
static void wipe(struct sio_shm *shm, unsigned index)
{
    off_t at = (off_t)((uint64_t)(shm->arenas - shm->ring) - shm->ring_bytes +
                       shm->header->head_bytes + index * shm->arena_bytes);
    if (fallocate(shm->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
                  (off_t)shm->arena_bytes) != 0)
        memset(sio_shm_arena(shm, index), 0, shm->arena_bytes);
    atomic_store(&sio_shm_metas(shm)[index].state, SIO_ARENA_FREE);
}

/* An arena whose owner is dead and whose sessions have all moved on. */
static bool is_left(const struct sio_arena_meta *m)
{
    return atomic_load(&m->state) == SIO_ARENA_DEAD && sio_arena_count(m) == 0;
}

static bool is_free(struct sio_shm *shm, unsigned index)
{
    struct sio_arena_meta *m = &sio_shm_metas(shm)[index];
    if (is_left(m))
        wipe(shm, index);
    return atomic_load(&m->state) == SIO_ARENA_FREE;
}

/* There is always a dead one: a slot has one arena that lives, and there are more. */
static unsigned give_up_oldest(struct sio_shm *shm)
{
    const struct sio_arena_meta *metas = sio_shm_metas(shm), *m;
    unsigned oldest = shm->n_arenas;
    for (unsigned i = 0; i < shm->n_arenas; i++)
        if (atomic_load(&metas[i].state) == SIO_ARENA_DEAD &&
            (oldest == shm->n_arenas ||
             atomic_load(&metas[i].died_ms) < atomic_load(&metas[oldest].died_ms)))
            oldest = i;
    m = &metas[oldest];
    sio_log_limited(
        SIO_LOG_WARN, "arenas",
        "all %u arenas are in use: %u sessions of the dead cannot be recovered any more",
        shm->n_arenas, sio_arena_count(m));
    wipe(shm, oldest);
    return oldest;
}

static unsigned take_arena(struct sio_shm *shm)
{
    for (unsigned i = 0; i < shm->n_arenas; i++)
        if (is_free(shm, i))
            return i;
    return give_up_oldest(shm);
}

int sio_shm_assign(struct sio_shm *shm, unsigned slot, uint32_t *generation)
{
    struct sio_slot *s = &shm->slots[slot];
    if (atomic_load(&s->state) != SIO_SLOT_EMPTY)
        return SIO_EEXIST;
    unsigned index = take_arena(shm);
    struct sio_arena_meta *m = &sio_shm_metas(shm)[index];
    uint32_t birth = atomic_fetch_add(&shm->header->births, 1) + 1;
    *generation = (atomic_load(&s->generation) + 1) & SIO_GENERATION_MASK;
    atomic_store(&m->slot, slot);
    atomic_store(&m->generation, *generation);
    atomic_store(&m->birth, birth);
    atomic_store(&m->records, (uint64_t)birth << 32);
    atomic_store(&m->changes, 0);
    atomic_store(&m->state, SIO_ARENA_LIVE);
    atomic_store(&s->arena, index);
    atomic_store(&s->number, slot + 1);
    atomic_store(&s->sessions, 0);
    atomic_store(&s->fds_open, 0);
    atomic_store(&s->fds_limit, 0);
    atomic_store(&s->services, 0);
    atomic_store(&s->present, 0);
    atomic_store(&s->cursor, atomic_load(&shm->journal->tail));
    atomic_store(&s->heartbeat_ms, sio_clock_ms());
    atomic_store(&s->generation, *generation);
    atomic_store(&s->state, SIO_SLOT_STARTING);
    return 0;
}

void sio_shm_bury(struct sio_shm *shm, unsigned slot, uint64_t now_ms)
{
    struct sio_slot *s = &shm->slots[slot];
    if (atomic_load(&s->state) == SIO_SLOT_EMPTY)
        return;
    unsigned index = atomic_load(&s->arena);
    struct sio_arena_meta *m = &sio_shm_metas(shm)[index];
    atomic_store(&s->state, SIO_SLOT_EMPTY);
    atomic_store(&s->sessions, 0);
    atomic_store(&s->fds_open, 0);
    sio_stats_bequeath(sio_shm_stats(shm, slot), sio_shm_stats(shm, shm->n_slots));
    atomic_store(&m->died_ms, now_ms);
    atomic_store(&m->state, SIO_ARENA_DEAD);
    is_free(shm, index);                       /* without records, at once */
    atomic_fetch_add(&shm->header->deaths, 1); /* last of what siblings look at when they see it */
    atomic_fetch_and(&shm->journal->sleepers, ~(UINT64_C(1) << slot));
    /* Repairs the lock if the dead one held it. When it cannot be had within its time, a living
     * worker holds it, so it was not the dead one's. */
    if (sio_journal_lock(shm->journal) == 0)
        sio_journal_unlock(shm->journal);
}

void sio_shm_sweep(struct sio_shm *shm, uint64_t now_ms, uint64_t retention_ms)
{
    struct sio_arena_meta *metas = sio_shm_metas(shm);
    for (unsigned i = 0; i < shm->n_arenas; i++) {
        uint64_t died_ms = atomic_load(&metas[i].died_ms);
        if (is_left(&metas[i]) || (atomic_load(&metas[i].state) == SIO_ARENA_DEAD &&
                                   now_ms >= died_ms && now_ms - died_ms >= retention_ms))
            wipe(shm, i);
    }
}

struct sio_stats *sio_shm_stats(const struct sio_shm *shm, unsigned slot)
{
    return &sio_shm_stats_page(shm, slot)->stats;
}

struct sio_roll_page *sio_shm_roll(const struct sio_shm *shm, unsigned slot)
{
    struct sio_stats_page *behind = sio_shm_stats_page(shm, shm->n_slots + 1);
    return (struct sio_roll_page *)(void *)behind + slot;
}

uint32_t sio_shm_deaths(const struct sio_shm *shm)
{
    return atomic_load(&shm->header->deaths);
}

uint64_t sio_shm_behind(const struct sio_shm *shm, unsigned slot)
{
    uint64_t cursor = atomic_load_explicit(&shm->slots[slot].cursor, memory_order_relaxed);
    uint64_t tail = atomic_load_explicit(&shm->journal->tail, memory_order_relaxed);
    return tail > cursor ? tail - cursor : 0;
}

bool sio_shm_alive(const struct sio_shm *shm, struct sio_place who)
{
    if (who.slot >= shm->n_slots)
        return false;
    const struct sio_slot *s = &shm->slots[who.slot];
    uint32_t differ = atomic_load(&s->generation) ^ who.generation;
    return (differ & SIO_GENERATION_MASK) == 0 && atomic_load(&s->state) != SIO_SLOT_EMPTY;
}
