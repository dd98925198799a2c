// SPDX-License-Identifier: MIT
/* Session records when processes die: claimers in the middle of a claim, owners at any instant.
 *
 * Stands on cluster/arena, its private layout, and forked workers.
 */
#include "arena_side.h"

#include <sched.h>

#include "base/mix.h"

/* ---- deaths of claimers ---------------------------------------------------------------------- */

TEST(arena_a_claimer_that_dies_before_its_put)
{
    struct sio_arena c;
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("record"));
    sio_shm_bury(&shm, 0, 0);
    REQUIRE(sio_arena_open(&c, &shm, assign(2)) == 0);
    CHECK_SLICE(claim(&c, 1), "record");
    sio_shm_bury(&shm, 2, 0); /* killed: it settles nothing */
    CHECK_SLICE(claim(&b, 1), "record");
    c.taken = NULL;
    sio_arena_close(&c);
    teardown();
}

static enum sio_arena_owner find(const struct sio_arena *arena, unsigned i, unsigned *slot)
{
    struct sio_place owner = {.slot = 99};
    enum sio_arena_owner found = sio_arena_find(arena, pid_of(i), &owner);
    *slot = owner.slot;
    return found;
}

/* The owner dies with a session on its way: it is the borrower's to have, or to be asked for, and
 * anybody's when that dies before it has it. */
TEST(arena_what_a_dead_owner_has_lent)
{
    unsigned slot;
    setup(1 << 20);
    struct sio_place borrower = a.me, third = assign(2);
    struct sio_arena c;
    REQUIRE(sio_arena_open(&c, &shm, third) == 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &borrower), SIO_ENOENT);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("lent")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &borrower), 0);
    CHECK(find(&c, 1, &slot) == SIO_OWNER_ALIVE && slot == 1);
    CHECK(!sio_arena_elsewhere(&b, pid_of(1)));
    sio_shm_bury(&shm, 1, 1000);
    CHECK(find(&c, 1, &slot) == SIO_OWNER_ALIVE && slot == 0);
    CHECK_SLICE(claim(&c, 1), "(none)");
    CHECK(find(&a, 1, &slot) == SIO_OWNER_DEAD);
    sio_shm_bury(&shm, 0, 1000);
    CHECK(find(&c, 1, &slot) == SIO_OWNER_DEAD);
    CHECK_SLICE(claim(&c, 1), "lent");
    sio_arena_close(&c);
    teardown();
}

/* The owner dies, and its answer with it: the borrower has nothing but what is in the arena. */
TEST(arena_what_a_dead_owner_has_lent_us)
{
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("lent")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &a.me), 0);
    sio_shm_bury(&shm, 1, 1000);
    CHECK_SLICE(claim(&a, 1), "lent");
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("ours")), 0);
    CHECK_EQ_INT(records(&b), 0);
    teardown();
}

/* Nobody waits for it here any more. */
TEST(arena_what_a_dead_owner_has_lent_us_is_passed_on)
{
    unsigned slot;
    setup(1 << 20);
    struct sio_arena c;
    REQUIRE(sio_arena_open(&c, &shm, assign(2)) == 0);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("lent")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &a.me), 0);
    sio_shm_bury(&shm, 1, 1000);
    sio_arena_pass_on(&c, pid_of(1)); /* not c's */
    CHECK(find(&c, 1, &slot) == SIO_OWNER_ALIVE && slot == 0);
    sio_arena_pass_on(&a, pid_of(1));
    CHECK_EQ_INT(sio_arena_del(&a, pid_of(1)), SIO_ENOENT);
    CHECK_SLICE(claim(&c, 1), "lent");
    sio_arena_close(&c);
    teardown();
}

/* The answer had come, and the session has ended since: what was lent is not to come back. */
TEST(arena_what_a_dead_owner_has_lent_us_ends_with_ours)
{
    unsigned slot;
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("lent")), 0);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(2), SIO_LIT("another's")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &a.me), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("ours")), 0);
    sio_shm_bury(&shm, 1, 1000);
    CHECK_EQ_INT(sio_arena_del(&a, pid_of(1)), 0);
    CHECK(find(&a, 1, &slot) == SIO_OWNER_NONE);
    CHECK_EQ_INT(sio_arena_del(&a, pid_of(2)), SIO_ENOENT);
    CHECK_SLICE(claim(&a, 2), "another's");
    teardown();
}

/* Both die, the borrower with a record of its own, which is newer although its arena is older. */
TEST(arena_what_was_lent_counts_less_than_what_was_made_of_it)
{
    setup(1 << 20);
    struct sio_place borrower = a.me, third = assign(2);
    struct sio_arena c;
    REQUIRE(sio_arena_open(&c, &shm, third) == 0);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("lent")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &borrower), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("newer")), 0);
    CHECK(sio_arena_elsewhere(&b, pid_of(1)));
    sio_shm_bury(&shm, 0, 1000);
    sio_shm_bury(&shm, 1, 1000);
    CHECK_SLICE(claim(&c, 1), "newer");
    CHECK_EQ_INT(records(&b), 0);
    sio_arena_close(&c);
    teardown();
}

/* What comes back is ours as before. */
TEST(arena_what_is_lent_no_more)
{
    unsigned slot;
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("one")), 0);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(2), SIO_LIT("two")), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), &a.me), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(2), &a.me), 0);
    CHECK_EQ_INT(sio_arena_lend(&b, pid_of(1), NULL), 0);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(2), SIO_LIT("again")), 0);
    struct sio_arena c;
    REQUIRE(sio_arena_open(&c, &shm, assign(2)) == 0);
    sio_shm_bury(&shm, 1, 1000);
    CHECK(find(&c, 1, &slot) == SIO_OWNER_DEAD);
    CHECK_SLICE(claim(&c, 2), "again");
    sio_arena_close(&c);
    teardown();
}

TEST(arena_a_claimer_that_dies_between_its_put_and_the_deletion)
{
    struct sio_arena c;
    struct sio_place owner;
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("old"));
    sio_shm_bury(&shm, 0, 0);
    REQUIRE(sio_arena_open(&c, &shm, assign(2)) == 0);
    CHECK_SLICE(claim(&c, 1), "old");
    c.taken = NULL; /* the kill comes before the deletion */
    sio_arena_put(&c, pid_of(1), SIO_LIT("new"));
    sio_shm_bury(&shm, 2, 0);
    CHECK_SLICE(claim(&b, 1), "new");
    CHECK_SLICE(claim(&b, 1), "(none)");
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_NONE);
    sio_arena_close(&c);
    teardown();
}

/* Claims everything that it can, and counts. */
static void run_claimer(unsigned slot, _Atomic uint32_t *won)
{
    struct sio_arena c;
    struct sio_buf record = {0};
    if (sio_arena_open(&c, &shm, assign(slot)) != 0)
        _exit(1);
    atomic_fetch_add(&won[SESSIONS], 1); /* the barrier */
    while (atomic_load(&won[SESSIONS]) < 4) {
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        if (sio_arena_claim(&c, pid_of(i), &record, NULL) != 0)
            continue;
        atomic_fetch_add(&won[i], 1);
        sio_arena_put(&c, pid_of(i), sio_buf_slice(&record));
        sio_buf_clear(&record);
    }
    _exit(0);
}

TEST(arena_one_of_many_claimers_wins)
{
    _Atomic uint32_t *won =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int round = 0; round < 20; round++) {
        pid_t pids[4];
        memset((void *)won, 0, 4096);
        setup(1 << 20);
        for (unsigned i = 0; i < SESSIONS; i++)
            sio_arena_put(&a, pid_of(i), SIO_LIT("record"));
        sio_shm_bury(&shm, 0, 0);
        for (unsigned i = 0; i < 4; i++) {
            pids[i] = fork();
            if (pids[i] == 0) {
                /* Only the supervisor assigns: one after the other. */
                while (atomic_load(&won[SESSIONS]) != i) {
                }
                run_claimer(2 + i, won);
            }
        }
        for (unsigned i = 0; i < 4; i++)
            waitpid(pids[i], NULL, 0);
        for (unsigned i = 0; i < SESSIONS; i++)
            CHECK_EQ_INT(atomic_load(&won[i]), 1);
        teardown();
    }
    munmap((void *)won, 4096);
}

/* ---- who hears of a death ------------------------------------------------------------------- */

enum { BURIALS = 500 };

/* Shared with the watcher: how many deaths it has looked at, and at how many it came too early. */
struct watch {
    _Atomic uint32_t looked, early;
};

static void watch_deaths(struct watch *w)
{
    for (uint32_t n = 1; n <= BURIALS; n++) {
        unsigned arena = atomic_load(&shm.slots[0].arena);
        while (sio_shm_deaths(&shm) < n) {
        }
        if (atomic_load(&sio_shm_metas(&shm)[arena].state) == SIO_ARENA_LIVE)
            atomic_fetch_add(&w->early, 1);
        atomic_store(&w->looked, n);
    }
    _exit(0);
}

/* A sibling looks once per death: one that comes upon an arena that is still alive would ask the
 * dead one, and wait. */
TEST(arena_is_dead_when_its_death_is_counted)
{
    struct watch *w = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setup(1 << 20);
    pid_t pid = fork();
    if (pid == 0)
        watch_deaths(w);
    for (uint32_t n = 1; n <= BURIALS; n++) {
        sio_shm_bury(&shm, 0, n);
        while (atomic_load(&w->looked) < n)
            sched_yield();
        assign(0);
    }
    waitpid(pid, NULL, 0);
    CHECK_EQ_INT(atomic_load(&w->early), 0);
    munmap(w, 4096);
    teardown();
}

/* ---- deaths of owners ------------------------------------------------------------------------ */

/* One per record, shared: version << 1 | 1 while it is being written, << 1 when it stands. A
 * version that is a multiple of 8 is a deletion. */
static _Atomic uint64_t *versions;

static size_t fill(char *bytes, unsigned i, uint64_t version)
{
    size_t len = 16 + (size_t)(version * 2654435761U + i * 40503U) % (RECORD_MAX - 16);
    uint64_t head[2] = {version, i};
    memset(bytes, (int)(version % 251), len);
    memcpy(bytes, head, sizeof head);
    return len;
}

static void run_owner(struct sio_place me)
{
    static char bytes[RECORD_MAX];
    struct sio_arena c;
    uint32_t r = (uint32_t)getpid();
    if (sio_arena_open(&c, &shm, me) != 0)
        _exit(1);
    for (;;) {
        r = r * 1664525 + 1013904223;
        unsigned i = (r >> 16) % RECORDS;
        uint64_t version = (atomic_load(&versions[i]) >> 1) + 1;
        atomic_store(&versions[i], version << 1 | 1);
        if (version % 8 == 0)
            sio_arena_del(&c, pid_of(i));
        else if (sio_arena_put(&c, pid_of(i), sio_slice(bytes, fill(bytes, i, version))) != 0)
            _exit(2);
        atomic_store(&versions[i], version << 1);
    }
}

static bool is_version(struct sio_slice record, unsigned i, uint64_t version)
{
    static char bytes[RECORD_MAX];
    if (version % 8 == 0)
        return sio_slice_eq(record, SIO_LIT("(none)"));
    return sio_slice_eq(record, sio_slice(bytes, fill(bytes, i, version)));
}

/* All records after a death: each is the version that stood or the one being written. */
static void check_dead(void)
{
    for (unsigned i = 0; i < RECORDS; i++) {
        uint64_t word = atomic_load(&versions[i]), version = word >> 1;
        struct sio_slice record = claim(&b, i);
        CHECK(is_version(record, i, version) || ((word & 1) && is_version(record, i, version - 1)));
    }
}

TEST(arena_killed_at_any_instant_leaves_the_old_or_the_new)
{
    uint64_t updates = 0;
    versions = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    setup(4 << 20);
    sio_shm_bury(&shm, 0, 0);
    for (unsigned round = 0; round < KILLS; round++) {
        const struct timespec life = {0, 1000000 + round * 7919 % 2000000};
        int status;
        test_context("kill %u", round);
        memset((void *)versions, 0, 4096);
        struct sio_place me = assign(0);
        pid_t pid = fork();
        if (pid == 0)
            run_owner(me);
        nanosleep(&life, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        CHECK(WIFSIGNALED(status));
        sio_shm_bury(&shm, 0, round);
        check_dead();
        sio_shm_sweep(&shm, round, 0);
        for (unsigned i = 0; i < RECORDS; i++)
            updates += atomic_load(&versions[i]) >> 1;
    }
    test_context("%s", "");
    printf("# %u kills, %llu updates\n", KILLS, (unsigned long long)updates);
    CHECK(updates > KILLS * 100);
    munmap((void *)versions, 4096);
    teardown();
}

/* Private ids that all fall into bucket 0, resp. into another. */
static struct sio_slice next_pid(unsigned *i, bool in_bucket_0)
{
    for (;; ++*i) {
        uint64_t hash = sio_mix(shm.header->seed, pid_of(*i));
        if ((hash % sio_arena_buckets(SESSIONS) == 0) == in_bucket_0)
            return pid_of((*i)++);
    }
}

/* Moves entries from bucket 0 to others and back, for ever. */
static void run_mover(void)
{
    unsigned first = 1000000;
    sio_arena_put(&a, next_pid(&first, true), SIO_LIT("stays"));
    for (;;) {
        unsigned in = 0, out_of = 0;
        for (int i = 0; i < SESSIONS - 1; i++)
            sio_arena_put(&a, next_pid(&in, true), SIO_LIT("x"));
        in = 0;
        for (int i = 0; i < SESSIONS - 1; i++) {
            sio_arena_del(&a, next_pid(&in, true));
            sio_arena_put(&a, next_pid(&out_of, false), SIO_LIT("x"));
        }
        out_of = 0;
        for (int i = 0; i < SESSIONS - 1; i++)
            sio_arena_del(&a, next_pid(&out_of, false));
    }
}

/* A sibling looks for a record that stands still at the end of a chain, while its owner takes the
 * entries before it into other chains. */
TEST(arena_finding_in_a_living_arena_never_misses)
{
    struct sio_place owner;
    unsigned missed = 0, first = 1000000;
    setup(1 << 20);
    pid_t pid = fork();
    if (pid == 0)
        run_mover();
    char stays[SIO_ID_LEN];
    memcpy(stays, next_pid(&first, true).p, SIO_ID_LEN);
    while (sio_arena_find(&b, sio_slice(stays, SIO_ID_LEN), &owner) != SIO_OWNER_ALIVE) {
    }
    for (int i = 0; i < 1000000; i++)
        missed += sio_arena_find(&b, sio_slice(stays, SIO_ID_LEN), &owner) != SIO_OWNER_ALIVE;
    CHECK_EQ_INT(missed, 0);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    teardown();
}
