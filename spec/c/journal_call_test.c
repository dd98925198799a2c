// SPDX-License-Identifier: MIT
/* Who is woken for records that are only for the members of some rooms, and that nobody who waits
 * sleeps through one: a reader puts a topic on its roll just while a writer appends.
 */
#include "test.h"
#include "journal_pair.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "base/err.h"
#include "cluster/layout.h"

enum { RING = 65536, RED = 7, BLUE = 1 << 30 };

static struct sio_shm shm;
static struct sio_journal a, b; /* of slots 0 and 1 */
static struct sio_roll roll;    /* of b */
static int bells[SIO_WORKERS_MAX];

static void setup(void)
{
    journal_pair_open(&shm, RING, &a, &b);
    sio_roll_open(&roll, sio_shm_roll(&shm, 1));
    sio_roll_begin(&roll);
    sio_roll_publish(&roll);
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        bells[i] = i < 2 ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
}

static void teardown(void)
{
    sio_roll_close(&roll);
    sio_journal_close(&a);
    sio_journal_close(&b);
    sio_shm_detach(&shm);
    close(bells[0]);
    close(bells[1]);
}

static void append(unsigned flags, size_t len)
{
    static char bytes[RING / 8];
    CHECK_EQ_INT(
        sio_journal_append(&a, sio_slice(bytes, len), flags, (struct sio_journal_about){0}, NULL),
        0);
}

static void append_for(const uint32_t *topics, size_t n, uint64_t slots)
{
    append(SIO_RECORD_CALLS, 100);
    sio_journal_call(&a, (struct sio_journal_about){topics, n}, slots);
}

static void append_for_one(uint32_t topic)
{
    append_for(&topic, 1, 0);
}

/* The end of a's tick, while b sleeps having read all: whether b is rung for. */
static bool wakes(void)
{
    uint64_t n = 0;
    sio_journal_wake(&a, bells);
    return read(bells[1], &n, sizeof n) == (ssize_t)sizeof n;
}

static void sleep_at_the_tail(void)
{
    struct sio_journal_record r;
    while (sio_journal_next(&b, &r) == 1)
        ;
    CHECK(sio_journal_sleep(&b));
}

TEST(call_wakes_only_who_is_waiting)
{
    setup();
    sleep_at_the_tail();
    append_for_one(RED);
    CHECK(!wakes());
    CHECK_EQ_INT(atomic_load(&shm.journal->sleepers), 2); /* others can still wake it */
    sleep_at_the_tail();
    sio_roll_add(&roll, RED);
    append_for_one(BLUE);
    CHECK(!wakes());
    append_for_one(RED);
    CHECK(wakes());
    sleep_at_the_tail();
    sio_roll_remove(&roll, RED);
    append_for_one(RED);
    CHECK(!wakes());
    append_for(&(uint32_t){BLUE}, 1, UINT64_C(1) << 1); /* by slot */
    CHECK(wakes());
    sleep_at_the_tail();
    append_for(&(uint32_t){BLUE}, 1, UINT64_C(1) << 63); /* of nobody */
    CHECK(!wakes());
    teardown();
}

TEST(call_takes_what_a_tick_appends_together)
{
    setup();
    sio_roll_add(&roll, RED);
    sleep_at_the_tail();
    append_for_one(BLUE);
    append_for((uint32_t[]){BLUE, RED}, 2, 0);
    append_for_one(BLUE);
    CHECK(wakes());
    sleep_at_the_tail();
    append_for_one(BLUE); /* what the last tick has called is forgotten */
    CHECK(!wakes());
    append_for_one(BLUE);
    append(0, 10); /* for everybody */
    CHECK(wakes());
    sleep_at_the_tail();
    append_for_one(BLUE);
    append(SIO_RECORD_LOCAL, 10);
    CHECK(!wakes());
    teardown();
}

TEST(call_of_more_topics_than_a_tick_keeps_wakes_all)
{
    setup();
    sleep_at_the_tail();
    for (unsigned i = 0; i < SIO_JOURNAL_CALLS_MAX; i++)
        append_for_one(BLUE);
    CHECK(!wakes());
    for (unsigned i = 0; i <= SIO_JOURNAL_CALLS_MAX; i++)
        append_for_one(BLUE);
    CHECK(wakes());
    teardown();
}

TEST(call_of_nobody_wakes_a_sleeper_that_lags)
{
    setup();
    sleep_at_the_tail();
    unsigned woken = 0, laps = 0;
    while (sio_journal_tail(&a) < 4 * RING) {
        append_for_one(RED);
        if (!wakes())
            continue;
        woken++;
        CHECK(sio_journal_tail(&a) - b.cursor > RING / 4);
        CHECK(sio_journal_tail(&a) - b.cursor <= RING / 4 + RING / 16 + 256);
        laps += atomic_load(&shm.journal->horizon) - b.cursor > RING;
        sleep_at_the_tail();
    }
    CHECK_EQ_INT(laps, 0);
    CHECK(woken >= 10);
    teardown();
}

TEST(call_wakes_who_has_no_roll_yet)
{
    setup();
    sio_roll_close(&roll);
    sio_roll_open(&roll, sio_shm_roll(&shm, 1));
    sleep_at_the_tail();
    append_for_one(RED);
    CHECK(wakes());
    teardown();
}

/* ---- a race ---------------------------------------------------------------------------------- */

enum { ROUNDS = 20000 };

/* A moment, in which the other side may run, also where there is one processor for both. */
static void linger(uint32_t random)
{
    for (unsigned n = random >> 30; n > 0; n--)
        sched_yield();
    for (volatile unsigned i = random >> 22 & 255; i > 0; i--)
        ;
}

/* One record in each round, somewhere around the moment at which the reader begins to wait. */
static void write_in_each_round(const _Atomic unsigned *round)
{
    uint32_t x = 1;
    for (unsigned k = 1; k <= ROUNDS; k++) {
        while (atomic_load(round) < k)
            sched_yield();
        x = x * 1664525 + 1013904223;
        linger(x);
        append_for_one(RED);
        sio_journal_wake(&a, bells);
    }
}

/* Sleeps and reads until the record of this round has come; false: it was slept through. */
static bool wait_for_one(void)
{
    struct sio_journal_record r;
    struct pollfd p = {bells[1], POLLIN, 0};
    uint64_t n;
    do {
        if (!sio_journal_sleep(&b))
            continue;
        int rc = poll(&p, 1, 10000); /* usually some microseconds */
        sio_journal_awake(&b);
        if (rc != 1)
            return false;
        CHECK_EQ_INT(read(bells[1], &n, sizeof n), sizeof n);
    } while (sio_journal_next(&b, &r) == 0);
    return true;
}

TEST(call_is_heard_by_who_begins_to_wait_meanwhile)
{
    _Atomic unsigned *round =
        mmap(NULL, sizeof *round, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(round != MAP_FAILED);
    unsigned missed = 0;
    setup();
    pid_t pid = fork();
    if (pid == 0) {
        write_in_each_round(round);
        _exit(0);
    }
    uint32_t x = 7;
    for (unsigned k = 1; k <= ROUNDS && missed == 0; k++) {
        sleep_at_the_tail();    /* asleep, and woken by something else */
        atomic_store(round, k); /* which the reader has begun */
        x = x * 1664525 + 1013904223;
        linger(x);
        sio_roll_add(&roll, RED);
        missed += !wait_for_one();
        sio_roll_remove(&roll, RED);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    munmap(round, sizeof *round);
    CHECK_EQ_INT(missed, 0);
    teardown();
}
