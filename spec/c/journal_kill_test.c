// SPDX-License-Identifier: MIT
/* The journal under deaths: forked workers append and tail, each is killed at a named step of
 * append and wake, or anywhere, and replaced; what all of them saw must be one order, whole and
 * without gaps, and at a standstill nobody may have missed a wake-up.
 *
 * Stands on cluster/journal; the test process is the supervisor.
 */
#include "test.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "cluster/journal.h"
#include "cluster/layout.h"

enum {
    SLOTS = 4,
    RING = 1 << 20,
    GENERATIONS = 4096, /* per slot and test */
    ORDER = 1 << 20,    /* entries of the order table: 16 MiB of positions */
    ROUNDS = 10,        /* per kill point */
    RANDOM_KILLS = 600,
};

static const char *const steps[] = {"append:locked", "append:horizon",   "append:half",
                                    "append:copied", "append:committed", "append:unlocked",
                                    "wake:fence",    "wake:cleared",     "wake:rung"};
enum { STEPS = sizeof steps / sizeof steps[0] };

/* What a record of this test carries. */
struct payload {
    uint32_t slot, generation;
    uint64_t counter; /* per incarnation, from 1 */
    uint32_t filler;  /* bytes behind, all of the value counter % 251 */
    uint32_t check;
};

struct table {               /* shared by all processes */
    _Atomic uint32_t paused; /* bit per slot: appends nothing, reads only when its bell rings */
    _Atomic uint32_t kill_at[SLOTS]; /* step number + 1 at which the worker in the slot dies */
    _Atomic uint32_t torn, gaps, disorder, lapped, stuck_locks;
    _Atomic uint64_t read, appended;
    _Atomic uint64_t committed[SLOTS][GENERATIONS];   /* counter of the last append that returned */
    _Atomic uint64_t seen[SLOTS][SLOTS][GENERATIONS]; /* by reader slot: the last counter met */
    _Atomic uint64_t order[ORDER]; /* per position: hash of the record and its lap */
};

static struct sio_shm shm;
static struct table *table;
static int bells[SIO_WORKERS_MAX];
static pid_t pids[SLOTS];
static uint32_t generations[SLOTS];

/* ---- a worker -------------------------------------------------------------------------------- */

static unsigned my_slot;

static void die_here(const char *step)
{
    uint32_t at = atomic_load_explicit(&table->kill_at[my_slot], memory_order_relaxed);
    if (at != 0 && strcmp(step, steps[at - 1]) == 0)
        kill(getpid(), SIGKILL);
}

static uint32_t random_below(uint32_t n)
{
    static uint64_t state;
    if (state == 0)
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(state >> 33) % n;
}

static void append_one(struct sio_journal *j, uint64_t *counter)
{
    static char bytes[sizeof(struct payload) + 4096];
    struct payload p = {j->me.slot, j->me.generation, *counter + 1, random_below(4096), 0};
    if (random_below(8) != 0)
        p.filler %= 100;
    p.check = p.slot ^ p.generation ^ (uint32_t)p.counter ^ p.filler;
    memcpy(bytes, &p, sizeof p);
    memset(bytes + sizeof p, (int)(p.counter % 251), p.filler);
    int r = sio_journal_append(j, sio_slice(bytes, sizeof p + p.filler), 0, NULL);
    if (r == SIO_EAGAIN)
        return; /* its owner is descheduled; the next round tries again */
    if (r != 0)
        atomic_fetch_add(&table->stuck_locks, 1);
    ++*counter;
    atomic_store(&table->committed[j->me.slot][j->me.generation], *counter);
    atomic_fetch_add_explicit(&table->appended, 1, memory_order_relaxed);
}

static void check_order(const struct sio_journal_record *r, const struct payload *p)
{
    uint64_t lap = (r->pos >> 4) / ORDER & 0xffff;
    uint64_t mine = ((p->counter * SLOTS + p->slot) * GENERATIONS + p->generation) << 16 | lap;
    _Atomic uint64_t *entry = &table->order[(r->pos >> 4) % ORDER];
    uint64_t old = atomic_load(entry);
    while ((old & 0xffff) != lap || old == 0)
        if (atomic_compare_exchange_weak(entry, &old, mine))
            return;
    if (old != mine)
        atomic_fetch_add(&table->disorder, 1);
}

static void check_record(const struct sio_journal *j, const struct sio_journal_record *r)
{
    struct payload p = {0};
    if (r->bytes.len >= sizeof p)
        memcpy(&p, r->bytes.p, sizeof p);
    bool whole = r->bytes.len == sizeof p + p.filler && p.slot == r->writer.slot &&
                 p.generation == r->writer.generation && p.generation < GENERATIONS &&
                 p.check == (p.slot ^ p.generation ^ (uint32_t)p.counter ^ p.filler);
    for (size_t i = sizeof p; whole && i < r->bytes.len; i++)
        whole = (unsigned char)r->bytes.p[i] == p.counter % 251;
    if (!whole) {
        atomic_fetch_add(&table->torn, 1);
        return;
    }
    _Atomic uint64_t *seen = &table->seen[j->me.slot][p.slot][p.generation];
    uint64_t last = atomic_load(seen);
    if (last != 0 && p.counter != last + 1)
        atomic_fetch_add(&table->gaps, 1);
    atomic_store(seen, p.counter);
    check_order(r, &p);
    atomic_fetch_add_explicit(&table->read, 1, memory_order_relaxed);
}

static void drain(struct sio_journal *j)
{
    struct sio_journal_record r;
    int rc;
    while ((rc = sio_journal_next(j, &r)) != 0) {
        if (rc == 1)
            check_record(j, &r);
        else
            atomic_fetch_add(&table->lapped, 1);
    }
}

static bool paused(void)
{
    return atomic_load(&table->paused) >> my_slot & 1;
}

/* Waits for the bell. While all stand still nothing but the bell may lead to reading, so a wake-up
 * that was lost is a reader that stays behind. */
static void sleep_until_rung(struct sio_journal *j)
{
    uint64_t n;
    while (sio_journal_sleep(j)) {
        struct pollfd p = {.fd = bells[j->me.slot], .events = POLLIN};
        int r;
        do
            r = poll(&p, 1, 1);
        while (r == 0 && paused());
        if (r > 0 && read(p.fd, &n, sizeof n) < 0)
            abort();
        sio_journal_awake(j);
        drain(j);
        sio_journal_wake(j, bells);
        if (!paused())
            return;
    }
    sio_journal_awake(j);
}

static void run_worker(struct sio_place me)
{
    struct sio_journal j;
    uint64_t counter = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    my_slot = me.slot;
    sio_journal_killpoint = die_here;
    /* A new reader of the slot: what its predecessor saw is no measure for it. */
    for (unsigned s = 0; s < SLOTS; s++)
        for (unsigned g = 0; g < GENERATIONS; g++)
            atomic_store_explicit(&table->seen[me.slot][s][g], 0, memory_order_relaxed);
    sio_journal_open(&j, &shm, me);
    atomic_store(&shm.slots[me.slot].state, SIO_SLOT_READY);
    for (;;) {
        if (!paused()) {
            for (uint32_t n = random_below(8); n > 0; n--)
                append_one(&j, &counter);
            drain(&j);
            sio_journal_wake(&j, bells);
        }
        drain(&j);
        sleep_until_rung(&j);
    }
}

/* ---- the supervisor -------------------------------------------------------------------------- */

static void start(unsigned slot)
{
    if (sio_shm_assign(&shm, slot, &generations[slot]) != 0 || generations[slot] >= GENERATIONS)
        abort();
    atomic_store(&table->kill_at[slot], 0);
    pids[slot] = fork();
    if (pids[slot] == 0)
        run_worker((struct sio_place){slot, generations[slot]});
}

static void ring_all(void)
{
    const uint64_t one = 1;
    for (unsigned i = 0; i < SLOTS; i++)
        if (write(bells[i], &one, sizeof one) < 0 && errno != EAGAIN)
            abort();
}

static void begin(void)
{
    struct sio_shm_config c = {
        .slots = SLOTS, .journal_bytes = RING, .arena_bytes = 65536, .arena_sessions = 64};
    void *p = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || sio_shm_create(&shm, &c) != 0)
        abort();
    table = p;
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        bells[i] = i < SLOTS ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    for (unsigned i = 0; i < SLOTS; i++)
        start(i);
}

static void end(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        close(bells[i]);
    }
    munmap(table, sizeof *table);
    sio_shm_detach(&shm);
}

static bool all_at_tail(void)
{
    uint64_t tail = atomic_load(&shm.journal->tail);
    for (unsigned i = 0; i < SLOTS; i++)
        if (atomic_load(&shm.slots[i].cursor) != tail)
            return false;
    return true;
}

static bool wait_for_tail(uint64_t limit_ms)
{
    uint64_t until_ms = sio_clock_ms() + limit_ms;
    const struct timespec pause = {0, 200000};
    while (!all_at_tail() && sio_clock_ms() < until_ms)
        nanosleep(&pause, NULL);
    return all_at_tail();
}

/* Whether everybody sleeps with nothing unread, all appending being stopped. */
static bool stand_still(void)
{
    uint64_t all = (UINT64_C(1) << SLOTS) - 1, until_ms = sio_clock_ms() + 3000;
    const struct timespec pause = {0, 200000};
    atomic_store(&table->paused, (uint32_t)all);
    while (atomic_load(&shm.journal->sleepers) != all || !all_at_tail()) {
        if (sio_clock_ms() > until_ms)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

/* Whether each reader that met an incarnation has met all that it committed, and no more than the
 * one append that it died in. */
static void check_counters(void)
{
    for (unsigned s = 0; s < SLOTS; s++)
        for (unsigned g = 0; g <= generations[s]; g++) {
            uint64_t committed = atomic_load(&table->committed[s][g]);
            for (unsigned reader = 0; reader < SLOTS; reader++) {
                uint64_t seen = atomic_load(&table->seen[reader][s][g]);
                if (seen != 0)
                    CHECK(seen == committed || seen == committed + 1);
            }
        }
}

static void check_table(void)
{
    CHECK_EQ_INT(atomic_load(&table->torn), 0);
    CHECK_EQ_INT(atomic_load(&table->gaps), 0);
    CHECK_EQ_INT(atomic_load(&table->disorder), 0);
    CHECK_EQ_INT(atomic_load(&table->stuck_locks), 0);
    printf("# %llu appended, %llu read, %llu laps, %llu locks repaired, %u times lapped\n",
           (unsigned long long)atomic_load(&table->appended),
           (unsigned long long)atomic_load(&table->read),
           (unsigned long long)(atomic_load(&shm.journal->tail) / RING),
           (unsigned long long)atomic_load(&shm.journal->repaired), atomic_load(&table->lapped));
}

/* Lets everybody work until the journal has grown by `bytes`. */
static void work(uint64_t bytes)
{
    uint64_t until = atomic_load(&shm.journal->tail) + bytes, until_ms = sio_clock_ms() + 3000;
    const struct timespec pause = {0, 200000};
    atomic_store(&table->paused, 0);
    while (atomic_load(&shm.journal->tail) < until && sio_clock_ms() < until_ms)
        nanosleep(&pause, NULL);
    CHECK(atomic_load(&shm.journal->tail) >= until);
}

/* With all others asleep the worker in `victim` wakes up, appends, and dies at the step. */
static bool die_at(unsigned victim, unsigned step)
{
    if (!CHECK(stand_still()))
        return false;
    atomic_store(&table->kill_at[victim], step + 1);
    atomic_store(&table->paused, ((1U << SLOTS) - 1) & ~(1U << victim));
    while (waitpid(pids[victim], NULL, 0) < 0 && errno == EINTR) {
    }
    /* Or its successor would append and wake everybody. */
    atomic_store(&table->paused, (1U << SLOTS) - 1);
    return true;
}

TEST(journal_kill_at_every_step)
{
    begin();
    for (unsigned round = 0; round < ROUNDS * STEPS; round++) {
        unsigned victim = round % SLOTS, step = round % STEPS;
        test_context("round %u, %s", round, steps[step]);
        work(20000);
        if (!die_at(victim, step))
            break;
        sio_shm_bury(&shm, victim, sio_clock_ms());
        ring_all();
        start(victim);
        if (!CHECK(stand_still()))
            break;
        check_counters();
    }
    test_context("%s", "");
    CHECK(atomic_load(&shm.journal->repaired) >= ROUNDS * 5); /* steps with the lock held */
    check_table();
    end();
}

TEST(journal_kill_anywhere)
{
    begin();
    for (unsigned round = 0; round < RANDOM_KILLS; round++) {
        unsigned victim = random_below(SLOTS);
        const struct timespec pause = {0, 1000 * (1 + random_below(4000))};
        test_context("round %u", round);
        atomic_store(&table->paused, 0);
        nanosleep(&pause, NULL);
        kill(pids[victim], SIGKILL);
        waitpid(pids[victim], NULL, 0);
        sio_shm_bury(&shm, victim, sio_clock_ms());
        ring_all();
        start(victim);
        if (round % 4 != 0)
            continue;
        if (!CHECK(stand_still()))
            break;
        check_counters();
    }
    test_context("%s", "");
    check_table();
    end();
}

/* The control: without the ring on death, what was committed and not rung for stays unread. */
TEST(journal_kill_without_the_ring_leaves_readers_behind)
{
    begin();
    for (unsigned step = 4; step < 8; step++) { /* append:committed .. wake:cleared */
        unsigned victim = step % SLOTS;
        test_context("%s", steps[step]);
        if (!die_at(victim, step))
            break;
        sio_shm_bury(&shm, victim, sio_clock_ms());
        start(victim); /* the new one begins at the tail */
        CHECK(!wait_for_tail(100));
        ring_all();
        CHECK(wait_for_tail(3000));
    }
    test_context("%s", "");
    check_table();
    end();
}
