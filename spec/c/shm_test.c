// SPDX-License-Identifier: MIT
/* The shared memory: creation, attaching, the double mapping, incarnations and arenas.
 *
 * Stands on cluster/shm and its private layout. What several processes do at once is in
 * journal_kill_test.c and arena_test.c.
 */
#include "test.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/log.h"
#include "cluster/layout.h"

static const struct sio_shm_config small = {
    .slots = 2, .journal_bytes = 65536, .arena_bytes = 65536, .arena_sessions = 64};

TEST(shm_attach_sees_the_same_memory)
{
    struct sio_shm a, b;
    REQUIRE(sio_shm_create(&a, &small) == 0);
    CHECK(fcntl(a.fd, F_GETFD) & FD_CLOEXEC);
    int fd = dup(a.fd);
    REQUIRE(sio_shm_attach(&b, fd) == 0);
    CHECK(fcntl(b.fd, F_GETFD) & FD_CLOEXEC);
    CHECK(a.base != b.base);
    CHECK_EQ_INT(b.n_slots, 2);
    CHECK_EQ_INT(b.ring_bytes, 65536);
    CHECK_EQ_INT(b.arena_bytes, 65536);
    CHECK_EQ_INT(b.arena_sessions, 64);
    CHECK_EQ_STR(b.epoch, a.epoch);
    CHECK_EQ_INT(strlen(a.epoch), 11);
    atomic_store(&a.slots[1].sessions, 42);
    CHECK_EQ_INT(atomic_load(&b.slots[1].sessions), 42);
    sio_shm_arena(&a, 3)[17] = 'x';
    CHECK_EQ_INT(sio_shm_arena(&b, 3)[17], 'x');
    sio_shm_detach(&b);
    CHECK(b.base == NULL && b.fd == -1);
    sio_shm_detach(&b);
    sio_shm_detach(&a);
}

TEST(shm_the_ring_is_mapped_twice)
{
    struct sio_shm shm;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    memcpy(shm.ring + shm.ring_bytes - 4, "12345678", 8);
    CHECK_SLICE(sio_slice(shm.ring, 4), "5678");
    CHECK(shm.ring[shm.ring_bytes] == '5');
    /* Nothing else is there. */
    CHECK(shm.arenas[0] == 0 && shm.ring[-1] == 0);
    sio_shm_detach(&shm);
}

TEST(shm_the_default_sizes_work_and_are_sparse)
{
    struct sio_shm shm;
    struct sio_shm_config c = {.slots = 64};
    REQUIRE(sio_shm_create(&shm, &c) == 0);
    CHECK_EQ_INT(shm.ring_bytes, SIO_JOURNAL_BYTES);
    CHECK_EQ_INT(shm.n_arenas, 64 * SIO_ARENAS_PER_SLOT + SIO_ARENAS_EXTRA);
    shm.arenas[shm.n_arenas * shm.arena_bytes - 1] = 1;
    CHECK(ftruncate(shm.fd, 0) != 0); /* sealed */
    sio_shm_detach(&shm);
}

TEST(shm_two_creations_differ)
{
    struct sio_shm a, b;
    REQUIRE(sio_shm_create(&a, &small) == 0 && sio_shm_create(&b, &small) == 0);
    CHECK(strcmp(a.epoch, b.epoch) != 0);
    sio_shm_detach(&a);
    sio_shm_detach(&b);
}

TEST(shm_sizes_out_of_bounds_are_refused)
{
    static const struct sio_shm_config bad[] = {
        {.slots = 0},
        {.slots = SIO_WORKERS_MAX + 1},
        {.slots = 1, .journal_bytes = 65537},
        {.slots = 1, .journal_bytes = 32768},
        {.slots = 1, .arena_bytes = 65536},
        {.slots = 1, .arena_bytes = (size_t)1 << 32},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct sio_shm shm;
        test_context("case %zu", i);
        CHECK_EQ_INT(sio_shm_create(&shm, &bad[i]), SIO_EINVAL);
        CHECK(shm.base == NULL && shm.fd == -1);
    }
}

/* A file of the size of `from` whose header is `from`'s with one byte changed. */
static int forge(const struct sio_shm *from, size_t at, off_t bytes)
{
    char head[4096];
    int fd = memfd_create("forged", MFD_CLOEXEC);
    memcpy(head, from->base, sizeof head);
    head[at] = (char)(head[at] ^ 1);
    if (ftruncate(fd, bytes) != 0 || pwrite(fd, head, sizeof head, 0) != (ssize_t)sizeof head)
        return -1;
    return fd;
}

TEST(shm_a_foreign_layout_is_refused)
{
    struct sio_shm shm, other;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    off_t bytes = (off_t)shm.header->file_bytes;
    for (size_t at = 0; at < offsetof(struct sio_shm_header, seed); at++) {
        if (at >= offsetof(struct sio_shm_header, arena_sessions) &&
            at < offsetof(struct sio_shm_header, ring_bytes))
            continue; /* another cap fits the same sizes; births are no part of the layout */
        test_context("byte %zu", at);
        CHECK_EQ_INT(sio_shm_attach(&other, forge(&shm, at, bytes)), SIO_EPROTO);
    }
    test_context("%s", "");
    CHECK_EQ_INT(sio_shm_attach(&other, forge(&shm, 4095, bytes - 4096)), SIO_EPROTO);
    CHECK_EQ_INT(sio_shm_attach(&other, forge(&shm, 4095, bytes)), 0);
    sio_shm_detach(&other);
    CHECK_EQ_INT(sio_shm_attach(&other, memfd_create("empty", 0)), SIO_EPROTO);
    CHECK_EQ_INT(sio_shm_attach(&other, 1000), SIO_ESYS);
    int pipes[2];
    REQUIRE(pipe(pipes) == 0);
    CHECK_EQ_INT(sio_shm_attach(&other, pipes[0]), SIO_ESYS);
    CHECK(fcntl(pipes[0], F_GETFD) < 0); /* closed on an error too */
    close(pipes[1]);
    sio_shm_detach(&shm);
}

TEST(shm_an_incarnation_lives_from_assign_to_bury)
{
    struct sio_shm shm;
    uint32_t first, second;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    CHECK(!sio_shm_alive(&shm, (struct sio_place){1, 0}));
    CHECK_EQ_INT(sio_shm_assign(&shm, 1, &first), 0);
    CHECK(sio_shm_alive(&shm, (struct sio_place){1, first}));
    CHECK(sio_shm_alive(&shm, (struct sio_place){1, first + (SIO_GENERATION_MASK + 1)}));
    CHECK(!sio_shm_alive(&shm, (struct sio_place){0, first}));
    CHECK(!sio_shm_alive(&shm, (struct sio_place){99, first}));
    CHECK_EQ_INT(atomic_load(&shm.slots[1].state), SIO_SLOT_STARTING);
    CHECK_EQ_INT(sio_shm_assign(&shm, 1, &second), SIO_EEXIST);
    atomic_store(&shm.slots[1].sessions, 9);
    atomic_store(&shm.journal->sleepers, 3);
    sio_shm_bury(&shm, 1, 1000);
    CHECK(!sio_shm_alive(&shm, (struct sio_place){1, first}));
    CHECK_EQ_INT(atomic_load(&shm.slots[1].sessions), 0);
    CHECK_EQ_INT(atomic_load(&shm.journal->sleepers), 1);
    sio_shm_bury(&shm, 1, 1000); /* no effect */
    CHECK_EQ_INT(sio_shm_assign(&shm, 1, &second), 0);
    CHECK(second != first);
    CHECK(!sio_shm_alive(&shm, (struct sio_place){1, first}));
    sio_shm_detach(&shm);
}

static unsigned lost; /* sessions that a log line tells of */

static void count_lost(enum sio_log_level level, const char *line)
{
    const char *at = strstr(line, "sessions of the dead");
    (void)level;
    while (at != NULL && at[-1] != ':')
        at--;
    lost = at == NULL ? 0 : (unsigned)atoi(at);
}

static unsigned count_arenas(const struct sio_shm *shm, enum sio_arena_state state)
{
    unsigned n = 0;
    for (unsigned i = 0; i < shm->n_arenas; i++)
        n += atomic_load(&sio_shm_metas(shm)[i].state) == (uint32_t)state;
    return n;
}

TEST(shm_what_a_worker_counted_outlives_it)
{
    struct sio_shm a, b;
    uint32_t generation;
    REQUIRE(sio_shm_create(&a, &small) == 0);
    REQUIRE(sio_shm_attach(&b, dup(a.fd)) == 0);
    for (uint64_t round = 1; round <= 2; round++) {
        REQUIRE(sio_shm_assign(&a, 1, &generation) == 0);
        sio_stats_add(sio_shm_stats(&b, 1), SIO_STAT_EVENTS_IN, 5);
        sio_stats_up(sio_shm_stats(&b, 1), SIO_STAT_SOCKETS);
        CHECK_EQ_INT(sio_stats_get(sio_shm_stats(&a, 1), SIO_STAT_EVENTS_IN), 5);
        CHECK_EQ_INT(sio_stats_get(sio_shm_stats(&a, 0), SIO_STAT_EVENTS_IN), 0);
        sio_shm_bury(&a, 1, 1000);
        CHECK_EQ_INT(sio_stats_get(sio_shm_stats(&a, 2), SIO_STAT_EVENTS_IN), 5 * round);
        CHECK_EQ_INT(sio_stats_get(sio_shm_stats(&a, 2), SIO_STAT_SOCKETS), 0);
        CHECK_EQ_INT(sio_stats_get(sio_shm_stats(&a, 1), SIO_STAT_SOCKETS), 0);
        sio_shm_sweep(&a, 5000, 0);
    }
    sio_shm_detach(&b);
    sio_shm_detach(&a);
}

TEST(shm_arenas_are_kept_for_the_retention_time)
{
    struct sio_shm shm;
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    for (unsigned i = 0; i < shm.n_arenas; i++) {
        REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
        unsigned index = atomic_load(&shm.slots[0].arena);
        sio_shm_arena(&shm, index)[100] = 'x';
        atomic_store(&sio_shm_metas(&shm)[index].records, 1);
        sio_shm_bury(&shm, 0, 1000 + i);
    }
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_DEAD), shm.n_arenas);
    sio_shm_sweep(&shm, 1500, 500); /* only the first is that old */
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_FREE), 1);
    sio_shm_sweep(&shm, 900, 500); /* a clock behind the deaths frees nothing */
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_FREE), 1);
    REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
    CHECK_EQ_INT(sio_shm_arena(&shm, atomic_load(&shm.slots[0].arena))[100], 0);
    sio_shm_sweep(&shm, 9999, 0);
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_FREE), shm.n_arenas - 1);
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_LIVE), 1);
    sio_shm_detach(&shm);
}

/* Each dead one has sessions that somebody may come back for. */
TEST(shm_when_all_arenas_are_kept_the_oldest_goes)
{
    struct sio_shm shm;
    uint32_t generation;
    unsigned first = 0;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    for (unsigned i = 0; i < shm.n_arenas; i++) {
        REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
        unsigned index = atomic_load(&shm.slots[0].arena);
        atomic_store(&sio_shm_metas(&shm)[index].records, 7);
        sio_shm_bury(&shm, 0, 1000 + (i + 3) % shm.n_arenas);
        if ((i + 3) % shm.n_arenas == 0)
            first = index;
    }
    sio_log_set_sink(count_lost);
    lost = 0;
    REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
    CHECK_EQ_INT(lost, 7);
    CHECK_EQ_INT(atomic_load(&shm.slots[0].arena), first);
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_DEAD), shm.n_arenas - 1);
    sio_log_set_sink(NULL);
    sio_shm_detach(&shm);
}

/* The sessions of a reload or a crash come back within seconds, and their arena is not needed for
 * the rest of the retention time. */
TEST(shm_an_arena_that_was_left_is_free_at_once)
{
    struct sio_shm shm;
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    for (unsigned i = 0; i < 3 * shm.n_arenas; i++) {
        REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
        struct sio_arena_meta *m = &sio_shm_metas(&shm)[atomic_load(&shm.slots[0].arena)];
        atomic_fetch_add(&m->records, 1);
        sio_shm_bury(&shm, 0, 1000);
        CHECK_EQ_INT(atomic_load(&m->state), SIO_ARENA_DEAD);
        atomic_fetch_sub(&m->records, 1);
    }
    CHECK(count_arenas(&shm, SIO_ARENA_DEAD) <= 1);
    sio_shm_sweep(&shm, 1000, 120000);
    CHECK_EQ_INT(count_arenas(&shm, SIO_ARENA_FREE), shm.n_arenas);
    sio_shm_detach(&shm);
}

TEST(shm_an_arena_without_records_is_free_at_once)
{
    struct sio_shm shm;
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &small) == 0);
    for (unsigned i = 0; i < 100; i++) { /* a worker that dies at each start */
        REQUIRE(sio_shm_assign(&shm, 0, &generation) == 0);
        sio_shm_bury(&shm, 0, 1000);
    }
    CHECK_EQ_INT(generation, 100);
    sio_shm_detach(&shm);
}

TEST(shm_pages_of_a_swept_arena_go_back)
{
    struct sio_shm shm;
    struct sio_shm_config c = {
        .slots = 1, .journal_bytes = 65536, .arena_bytes = 4 << 20, .arena_sessions = 64};
    unsigned char resident[1024];
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &c) == 0 && sio_shm_assign(&shm, 0, &generation) == 0);
    char *arena = sio_shm_arena(&shm, atomic_load(&shm.slots[0].arena));
    memset(arena, 1, shm.arena_bytes);
    atomic_store(&sio_shm_metas(&shm)[0].records, 1);
    sio_shm_bury(&shm, 0, 0);
    CHECK(mincore(arena, shm.arena_bytes, resident) == 0 && resident[500] & 1);
    sio_shm_sweep(&shm, 1, 0);
    CHECK(mincore(arena, shm.arena_bytes, resident) == 0 && !(resident[500] & 1));
    /* The neighbours of the hole are untouched. */
    CHECK(arena[0] == 0 && arena[shm.arena_bytes - 1] == 0);
    sio_shm_detach(&shm);
}
