// SPDX-License-Identifier: MIT
/* Forked workers that append to one journal and tail it, and die or stop at a named step of append
 * and wake, or anywhere; the test process is their supervisor. What all of them saw must be one
 * order, whole and without gaps, and at a standstill nobody may have missed a wake-up.
 *
 * Included by journal_kill_test.c and journal_storm_test.c, behind test.h. Stands on
 * cluster/journal.
 */
#ifndef SPEC_C_JOURNAL_KILL_H
#define SPEC_C_JOURNAL_KILL_H

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
    GENERATIONS = 1 << 14, /* per slot and test */
    TOPICS = 5,            /* that records are about */
    ORDER = 1 << 20,       /* entries of the order table: 16 MiB of positions */
};

static const char *const steps[] = {
    "append:locked",    "append:horizon",  "append:half", "append:copied", "append:chained",
    "append:committed", "append:unlocked", "wake:fence",  "wake:cleared",  "wake:rung"};
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
    _Atomic uint32_t stop_at[SLOTS]; /* the same, at which it stops, once */
    _Atomic uint32_t newest[SLOTS];  /* generation */
    _Atomic uint32_t torn, gaps, disorder, lapped, stuck_locks, put_off;
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

static inline bool is_at(_Atomic uint32_t *where, const char *step)
{
    uint32_t at = atomic_load_explicit(where, memory_order_relaxed);
    return at != 0 && strcmp(step, steps[at - 1]) == 0;
}

static inline void end_here(const char *step)
{
    if (is_at(&table->kill_at[my_slot], step))
        kill(getpid(), SIGKILL);
    if (is_at(&table->stop_at[my_slot], step)) {
        atomic_store(&table->stop_at[my_slot], 0);
        kill(getpid(), SIGSTOP);
    }
}

static inline uint32_t random_below(uint32_t n)
{
    static uint64_t state;
    if (state == 0)
        state = (uint64_t)getpid() * UINT64_C(0x9e3779b97f4a7c15);
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407U;
    return (uint32_t)(state >> 33) % n;
}

static inline uint32_t topic_of(const struct payload *p)
{
    return (uint32_t)((p->counter + p->slot) % TOPICS);
}

static inline void append_one(struct sio_journal *j, uint64_t *counter)
{
    static char bytes[sizeof(struct payload) + 4096];
    struct payload p = {j->me.slot, j->me.generation, *counter + 1, random_below(4096), 0};
    if (random_below(8) != 0)
        p.filler %= 100;
    p.check = p.slot ^ p.generation ^ (uint32_t)p.counter ^ p.filler;
    memcpy(bytes, &p, sizeof p);
    memset(bytes + sizeof p, (int)(p.counter % 251), p.filler);
    uint32_t topic = topic_of(&p);
    int r = sio_journal_append(j, sio_slice(bytes, sizeof p + p.filler), 0,
                               (struct sio_journal_about){&topic, 1}, NULL);
    if (r == SIO_EAGAIN) { /* its owner is stopped; the next round tries again, with this one */
        atomic_fetch_add_explicit(&table->put_off, 1, memory_order_relaxed);
        return;
    }
    if (r != 0)
        atomic_fetch_add(&table->stuck_locks, 1);
    ++*counter;
    atomic_store(&table->committed[j->me.slot][j->me.generation], *counter);
    atomic_fetch_add_explicit(&table->appended, 1, memory_order_relaxed);
}

static inline void check_order(const struct sio_journal_record *r, const struct payload *p)
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

static inline void check_record(const struct sio_journal *j, const struct sio_journal_record *r)
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

/* A new reader of the slot, or one that was lapped: what was seen before is no measure. */
static inline void forget_seen(unsigned slot)
{
    for (unsigned s = 0; s < SLOTS; s++)
        for (unsigned g = 0; g <= atomic_load(&table->newest[s]); g++)
            atomic_store_explicit(&table->seen[slot][s][g], 0, memory_order_relaxed);
}

static inline void drain(struct sio_journal *j)
{
    struct sio_journal_record r;
    int rc;
    while ((rc = sio_journal_next(j, &r)) != 0) {
        if (rc == 1) {
            check_record(j, &r);
            continue;
        }
        atomic_fetch_add(&table->lapped, 1);
        forget_seen(j->me.slot);
    }
}

static inline bool paused(void)
{
    return atomic_load(&table->paused) >> my_slot & 1;
}

/* Waits for the bell. While all stand still nothing but the bell may lead to reading, so a wake-up
 * that was lost is a reader that stays behind. */
static inline void sleep_until_rung(struct sio_journal *j)
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

static inline void run_worker(struct sio_place me)
{
    struct sio_journal j;
    uint64_t counter = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    my_slot = me.slot;
    sio_journal_killpoint = end_here;
    forget_seen(me.slot);
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

static inline void start(unsigned slot)
{
    if (sio_shm_assign(&shm, slot, &generations[slot]) != 0 || generations[slot] >= GENERATIONS)
        abort();
    atomic_store(&table->kill_at[slot], 0);
    atomic_store(&table->stop_at[slot], 0);
    atomic_store(&table->newest[slot], generations[slot]);
    pids[slot] = fork();
    if (pids[slot] == 0)
        run_worker((struct sio_place){slot, generations[slot]});
}

static inline void ring_all(void)
{
    const uint64_t one = 1;
    for (unsigned i = 0; i < SLOTS; i++)
        if (write(bells[i], &one, sizeof one) < 0 && errno != EAGAIN)
            abort();
}

static inline void begin(size_t ring_bytes)
{
    struct sio_shm_config c = {
        .slots = SLOTS, .journal_bytes = ring_bytes, .arena_bytes = 65536, .arena_sessions = 64};
    void *p = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || sio_shm_create(&shm, &c) != 0)
        abort();
    table = p;
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        bells[i] = i < SLOTS ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    for (unsigned i = 0; i < SLOTS; i++)
        start(i);
}

static inline void end(void)
{
    for (unsigned i = 0; i < SLOTS; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
        close(bells[i]);
    }
    munmap(table, sizeof *table);
    sio_shm_detach(&shm);
}

static inline bool all_at_tail(void)
{
    uint64_t tail = atomic_load(&shm.journal->tail);
    for (unsigned i = 0; i < SLOTS; i++)
        if (atomic_load(&shm.slots[i].cursor) != tail)
            return false;
    return true;
}

/* Whether everybody sleeps with nothing unread, all appending being stopped. */
static inline bool stand_still(void)
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
static inline void check_counters(void)
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

static inline void check_table(void)
{
    CHECK_EQ_INT(atomic_load(&table->torn), 0);
    CHECK_EQ_INT(atomic_load(&table->gaps), 0);
    CHECK_EQ_INT(atomic_load(&table->disorder), 0);
    CHECK_EQ_INT(atomic_load(&table->stuck_locks), 0);
    printf("# %llu appended, %llu read, %llu laps, %llu locks repaired, %u times lapped\n",
           (unsigned long long)atomic_load(&table->appended),
           (unsigned long long)atomic_load(&table->read),
           (unsigned long long)(atomic_load(&shm.journal->tail) / shm.ring_bytes),
           (unsigned long long)atomic_load(&shm.journal->repaired), atomic_load(&table->lapped));
}

/* Lets everybody work until the journal has grown by `bytes`. */
static inline void work(uint64_t bytes)
{
    uint64_t until = atomic_load(&shm.journal->tail) + bytes, until_ms = sio_clock_ms() + 3000;
    const struct timespec pause = {0, 200000};
    atomic_store(&table->paused, 0);
    while (atomic_load(&shm.journal->tail) < until && sio_clock_ms() < until_ms)
        nanosleep(&pause, NULL);
    CHECK(atomic_load(&shm.journal->tail) >= until);
}

#endif
