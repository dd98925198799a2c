// SPDX-License-Identifier: MIT
/* The journal's bound by age: what is forgotten when, what is not, and where its pages go. The
 * clock is the test's.
 *
 * Stands on cluster/journal and its private layout.
 */
#include "test.h"
#include "journal_pair.h"

#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/err.h"
#include "cluster/journal.h"
#include "cluster/layout.h"

enum { RING = 4 << 20, AGE = 16000, STEP = AGE / 16 };

static const struct sio_journal_about nothing;

static struct sio_shm shm;
static struct sio_journal a, b; /* of slots 0 and 1 */
static uint64_t now_ms;

static void setup(void)
{
    journal_pair_open(&shm, RING, &a, &b);
    now_ms = 1000000;
}

static void teardown(void)
{
    sio_journal_close(&a);
    sio_journal_close(&b);
    sio_shm_detach(&shm);
}

static const int no_bells[SIO_WORKERS_MAX] = {-1};

static void read_all(struct sio_journal *j)
{
    struct sio_journal_record r;
    while (sio_journal_next(j, &r) == 1) {
    }
    sio_journal_wake(j, no_bells); /* publishes the cursor */
}

/* Appends `bytes` in records of 1 KiB, which both have read. */
static uint64_t append(size_t bytes)
{
    static char payload[1000];
    uint64_t end = 0;
    for (size_t n = 0; n < bytes; n += 1024)
        CHECK_EQ_INT(sio_journal_append(&a, sio_slice(payload, sizeof payload), 0, nothing, &end),
                     0);
    read_all(&a);
    read_all(&b);
    return end;
}

/* Lets the time go by as a supervisor does that sweeps every STEP. */
static void pass(uint64_t ms)
{
    for (uint64_t end = now_ms + ms; now_ms < end;) {
        uint64_t step = end - now_ms < STEP ? end - now_ms : STEP;
        now_ms += step;
        sio_journal_expire(&shm, now_ms, AGE);
    }
}

static unsigned resident_pages(void)
{
    static unsigned char resident[RING / 4096];
    unsigned n = 0;
    CHECK(mincore(shm.ring, RING, resident) == 0);
    for (unsigned i = 0; i < RING / 4096; i++)
        n += resident[i] & 1;
    return n;
}

/* At the limit: what is as old as the age may go, what is younger by a millisecond stays. */
TEST(journal_age_what_is_older_is_not_read_any_more)
{
    setup();
    uint64_t old = append(10240);
    pass(1);
    uint64_t young = append(10240);
    pass(AGE - 1);
    CHECK_EQ_INT(sio_journal_seek(&a, old), 0);
    CHECK_EQ_INT(sio_journal_floor(&a), SIO_JOURNAL_START);
    pass(1);
    CHECK_EQ_INT(sio_journal_floor(&a), old);
    CHECK_EQ_INT(sio_journal_seek(&a, SIO_JOURNAL_START), SIO_ENOENT);
    CHECK_EQ_INT(sio_journal_seek(&a, old), 0);
    CHECK_EQ_INT(sio_journal_seek(&a, young), 0);
    pass(AGE + STEP);
    CHECK_EQ_INT(sio_journal_floor(&a), young);
    CHECK_EQ_INT(sio_journal_seek(&a, old), SIO_ENOENT);
    CHECK_EQ_INT(sio_journal_seek(&a, young), 0);
    teardown();
}

TEST(journal_age_a_reading_that_began_before_is_told)
{
    struct sio_journal_record r;
    struct sio_buf copy = {0};
    setup();
    uint64_t pos = SIO_JOURNAL_START, end = append(10240);
    CHECK_EQ_INT(sio_journal_read_at(&a, &pos, end, &copy, &r), 1);
    pass(2 * AGE);
    CHECK_EQ_INT(sio_journal_read_at(&a, &pos, end, &copy, &r), SIO_ELAPPED);
    sio_buf_fini(&copy);
    teardown();
}

TEST(journal_age_pages_go_back_and_come_again)
{
    setup();
    append(3 << 20);
    CHECK(resident_pages() >= (3 << 20) / 4096);
    pass(2 * AGE);
    CHECK(resident_pages() <= 1);                                /* that of the floor */
    uint64_t from = sio_journal_tail(&a), end = append(3 << 20); /* around the end of the ring */
    CHECK_EQ_INT(sio_journal_seek(&b, from), 0);
    CHECK_EQ_INT(sio_journal_seek(&b, end - 1024), 0);
    CHECK(resident_pages() >= (3 << 20) / 4096);
    pass(2 * AGE);
    CHECK(resident_pages() <= 1);
    CHECK_EQ_INT(append(1024), end + 1024);
    teardown();
}

/* What lies over the old by now is the new: nothing of it may go. */
TEST(journal_age_of_a_busy_ring_gives_nothing_back)
{
    struct sio_journal_record r;
    struct sio_buf copy = {0};
    setup();
    append(1 << 20);
    pass(STEP);
    for (int i = 0; i < 4 * STEP; i += 64) {
        append(RING / 64);
        pass(64);
    }
    uint64_t end = sio_journal_tail(&a), pos = end - RING + 16384;
    pos -= (pos - SIO_JOURNAL_START) % 1024; /* a boundary */
    CHECK_EQ_INT(sio_journal_seek(&a, pos), 0);
    pass(AGE - 5 * STEP);
    while (pos < end)
        if (!CHECK_EQ_INT(sio_journal_read_at(&a, &pos, end, &copy, &r), 1))
            break;
    sio_buf_fini(&copy);
    teardown();
}

/* A worker that is stopped, or sleeps through records that are for others alone, is not lapped by
 * time; when it is gone, it holds nobody up. */
TEST(journal_age_waits_for_those_who_have_not_read)
{
    static char payload[1000];
    struct sio_journal_record r;
    setup();
    uint64_t begin = b.cursor;
    CHECK_EQ_INT(sio_journal_append(&a, sio_slice(payload, sizeof payload), 0, nothing, NULL), 0);
    read_all(&a);
    pass(3 * AGE);
    CHECK_EQ_INT(sio_journal_floor(&a), begin);
    CHECK_EQ_INT(sio_journal_next(&b, &r), 1);
    sio_shm_bury(&shm, 1, now_ms);
    pass(1);
    CHECK_EQ_INT(sio_journal_floor(&a), begin + 1024);
    teardown();
}

TEST(journal_age_marks_are_bounded)
{
    setup();
    for (unsigned i = 0; i < 1000; i++) { /* an age that grows */
        append(1024);
        now_ms += 10;
        sio_journal_expire(&shm, now_ms, 100 + 5 * (uint64_t)i);
        CHECK(shm.marks.n <= SIO_JOURNAL_MARKS);
    }
    CHECK(sio_journal_floor(&a) > SIO_JOURNAL_START);
    CHECK_EQ_INT(sio_journal_seek(&a, sio_journal_floor(&a)), 0);
    teardown();
}

/* Half a ring ahead of b, whoever has the processor: else b is lapped, and sees less of it. */
static void wait_for_b(void)
{
    while (sio_journal_tail(&a) - atomic_load(&shm.slots[1].cursor) > RING / 2)
        sched_yield();
}

/* An appender in another process, while pages are punched as fast as can be. */
TEST(journal_age_punching_never_hits_what_is_being_written)
{
    struct sio_journal_record r;
    setup();
    pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        static char payload[30000];
        memset(payload, 'x', sizeof payload);
        for (unsigned i = 0; i < 3000; i++) {
            wait_for_b();
            while (sio_journal_append(&a, sio_slice(payload, 1 + i * 7919 % sizeof payload), 0,
                                      nothing, NULL) != 0) {
            }
        }
        atomic_store(&shm.slots[0].cursor, UINT64_MAX); /* it does not read */
        _exit(0);
    }
    sio_shm_bury(&shm, 0, now_ms); /* whose cursor counts no more */
    unsigned n = 0, holes = 0, lapped = 0;
    bool ended = false;
    while (!ended || sio_journal_tail(&b) != b.cursor) {
        ended = ended || waitpid(pid, NULL, WNOHANG) == pid;
        int rc = sio_journal_next(&b, &r);
        lapped += rc == SIO_ELAPPED;
        if (rc == 1) {
            n++;
            for (size_t i = 0; i < r.bytes.len; i++)
                holes += r.bytes.p[i] != 'x';
        }
        sio_journal_wake(&b, no_bells);
        sio_journal_expire(&shm, now_ms += 1000, 1);
    }
    CHECK_EQ_INT(holes, 0);
    CHECK_EQ_INT(lapped, 0);
    CHECK_EQ_INT(n, 3000);
    teardown();
}
