// SPDX-License-Identifier: MIT
/* The journal with readers and writers of one process, and one stopped and killed lock owner.
 *
 * Stands on cluster/journal and its private layout. Deaths at every step are in
 * journal_kill_test.c.
 */
#include "test.h"
#include "journal_pair.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/journal.h"
#include "cluster/layout.h"

enum { RING = 65536 };

static const struct sio_journal_about nothing;
static struct sio_shm shm;
static struct sio_journal a, b; /* of slots 0 and 1 */

static void setup(void)
{
    journal_pair_open(&shm, RING, &a, &b);
}

static void teardown(void)
{
    sio_journal_close(&a);
    sio_journal_close(&b);
    sio_shm_detach(&shm);
}

static uint64_t append(struct sio_journal *j, struct sio_slice bytes, unsigned flags)
{
    uint64_t end = 0;
    CHECK_EQ_INT(sio_journal_append(j, bytes, flags, nothing, &end), 0);
    return end;
}

TEST(journal_what_is_appended_is_read_by_all_in_one_order)
{
    struct sio_journal_record ra, rb;
    setup();
    CHECK_EQ_INT(sio_journal_next(&a, &ra), 0);
    uint64_t first = append(&a, SIO_LIT("one"), 0);
    uint64_t second = append(&b, SIO_LIT("two"), SIO_RECORD_LOCAL);
    append(&a, SIO_LIT(""), 0);
    REQUIRE(sio_journal_next(&a, &ra) == 1 && sio_journal_next(&b, &rb) == 1);
    CHECK_SLICE(ra.bytes, "one");
    CHECK_SLICE(rb.bytes, "one");
    CHECK_EQ_INT(ra.pos, SIO_JOURNAL_START);
    CHECK_EQ_INT(ra.end, first);
    CHECK_EQ_INT(rb.end, first);
    CHECK_EQ_INT(rb.writer.slot, 0);
    CHECK_EQ_INT(rb.writer.generation, 1);
    CHECK_EQ_INT(rb.flags, 0);
    REQUIRE(sio_journal_next(&a, &ra) == 1);
    CHECK_SLICE(ra.bytes, "two");
    CHECK_EQ_INT(ra.pos, first);
    CHECK_EQ_INT(ra.end, second);
    CHECK_EQ_INT(ra.writer.slot, 1);
    CHECK_EQ_INT(ra.flags, SIO_RECORD_LOCAL);
    REQUIRE(sio_journal_next(&a, &ra) == 1);
    CHECK_SLICE(ra.bytes, "");
    CHECK_EQ_INT(sio_journal_next(&a, &ra), 0);
    CHECK_EQ_INT(a.cursor, sio_journal_tail(&a));
    teardown();
}

TEST(journal_a_late_reader_starts_at_the_tail)
{
    struct sio_journal late;
    struct sio_journal_record r;
    setup();
    append(&a, SIO_LIT("before"), 0);
    sio_journal_open(&late, &shm, b.me);
    CHECK_EQ_INT(sio_journal_next(&late, &r), 0);
    append(&a, SIO_LIT("after"), 0);
    REQUIRE(sio_journal_next(&late, &r) == 1);
    CHECK_SLICE(r.bytes, "after");
    sio_journal_close(&late);
    teardown();
}

/* Every size, over many laps: no record is torn at the end of the ring. */
TEST(journal_records_of_every_size_go_round)
{
    struct sio_journal_record r;
    static char big[RING];
    setup();
    size_t max = sio_journal_record_max(&a);
    CHECK_EQ_INT(max, RING / 8 - sizeof(struct sio_journal_head));
    for (size_t len = 0; len <= max; len += 1 + len / 97) {
        memset(big, (int)(len % 251), len);
        append(&a, sio_slice(big, len), 0);
        REQUIRE(sio_journal_next(&b, &r) == 1);
        if (!CHECK(sio_slice_eq(r.bytes, sio_slice(big, len))))
            break;
        CHECK_EQ_INT(r.end % 16, 0);
    }
    append(&a, sio_slice(big, max), 0);
    CHECK_EQ_INT(sio_journal_append(&a, sio_slice(big, max + 1), 0, nothing, NULL), SIO_ETOOBIG);
    CHECK(sio_journal_tail(&a) > 10 * RING);
    teardown();
}

TEST(journal_a_lapped_reader_is_told_once_and_starts_afresh)
{
    struct sio_journal_record r;
    static char bytes[1000];
    setup();
    append(&a, sio_slice(bytes, 1000), 0);
    while (sio_journal_tail(&a) - SIO_JOURNAL_START + 1024 <= RING)
        append(&a, sio_slice(bytes, 1000), 0);
    CHECK_EQ_INT(sio_journal_next(&b, &r), 1); /* just not overtaken */
    for (int i = 0; i < 3; i++)
        append(&a, sio_slice(bytes, 1000), 0);
    CHECK_EQ_INT(sio_journal_next(&b, &r), SIO_ELAPPED);
    CHECK_EQ_INT(b.cursor, sio_journal_tail(&b));
    CHECK_EQ_INT(sio_journal_next(&b, &r), 0);
    append(&a, SIO_LIT("fresh"), 0);
    REQUIRE(sio_journal_next(&b, &r) == 1);
    CHECK_SLICE(r.bytes, "fresh");
    teardown();
}

/* Appends without end: each record is filled with the low byte of its length. */
static void run_racer(void)
{
    static char bytes[RING / 8];
    for (uint32_t r = 1;;) {
        r = r * 1664525 + 1013904223;
        size_t len = (r >> 12) % sio_journal_record_max(&b);
        memset(bytes, (int)(len & 0xff), len);
        sio_journal_append(&b, sio_slice(bytes, len), 0, nothing, NULL);
    }
}

static unsigned errors_logged;

static void count_errors(enum sio_log_level level, const char *line)
{
    (void)line;
    errors_logged += level == SIO_LOG_ERROR;
}

/* A small ring, and a reader that is overtaken all the time, also in the middle of a copy. */
TEST(journal_a_reader_in_a_race_gets_whole_records_or_is_told)
{
    struct sio_journal_record r;
    unsigned whole = 0, lapped = 0, torn = 0;
    setup();
    sio_log_set_sink(count_errors);
    pid_t pid = fork();
    if (pid == 0)
        run_racer();
    uint64_t until_ms = sio_clock_ms() + 60000; /* a machine may be busy; usually 0.2 s */
    while ((whole < 2000 || lapped < 200) && sio_clock_ms() < until_ms) {
        int rc = sio_journal_next(&a, &r);
        lapped += rc == SIO_ELAPPED;
        if (rc != 1)
            continue;
        size_t i = 0;
        while (i < r.bytes.len && (unsigned char)r.bytes.p[i] == (r.bytes.len & 0xff))
            i++;
        whole += i == r.bytes.len;
        torn += i != r.bytes.len;
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    printf("# %u whole, %u times lapped\n", whole, lapped);
    CHECK(whole >= 2000 && lapped >= 200);
    CHECK_EQ_INT(torn, 0);
    CHECK_EQ_INT(errors_logged, 0); /* being overtaken is no damage */
    sio_log_set_sink(NULL);
    teardown();
}

TEST(journal_a_damaged_record_is_never_followed)
{
    struct sio_journal_record r;
    setup();
    for (int what = 0; what < 4; what++) {
        test_context("damage %d", what);
        append(&a, SIO_LIT("good"), 0);
        struct sio_journal_head *h = (void *)(shm.ring + (b.cursor & (RING - 1)));
        if (what == 0)
            h->pos += 16;
        else if (what == 1)
            h->len = 100; /* beyond the tail */
        else if (what == 2)
            h->len = UINT32_MAX;
        else
            h->slot = 2;
        CHECK_EQ_INT(sio_journal_next(&b, &r), SIO_ELAPPED);
        CHECK_EQ_INT(sio_journal_next(&b, &r), 0);
    }
    teardown();
}

/* ---- old records ----------------------------------------------------------------------------- */

TEST(journal_seek_takes_record_boundaries_only)
{
    static uint64_t starts[4096];
    static char bytes[8000];
    size_t n = 0, at = 0;
    setup();
    memset(bytes, 'x', sizeof bytes);
    while (sio_journal_tail(&a) < 5 * RING) {
        starts[n++] = sio_journal_tail(&a);
        append(&a, sio_slice(bytes, (n * 7919) % (n % 50 == 0 ? 8000 : 300)), 0);
    }
    starts[n] = sio_journal_tail(&a);
    uint64_t oldest = starts[n] - RING;
    for (uint64_t pos = 0; pos < starts[n] + 64; pos++) {
        while (at < n && starts[at] < pos)
            at++;
        bool expect = starts[at] == pos && pos >= oldest;
        if (!CHECK_EQ_INT(sio_journal_seek(&a, pos), expect ? 0 : SIO_ENOENT)) {
            printf("# at %llu\n", (unsigned long long)pos);
            break;
        }
    }
    CHECK_EQ_INT(sio_journal_seek(&a, UINT64_MAX), SIO_ENOENT);
    CHECK_EQ_INT(sio_journal_seek(&a, UINT64_MAX - 15), SIO_ENOENT);
    teardown();
}

TEST(journal_a_forged_head_in_a_payload_is_no_record)
{
    struct {
        char pad[8]; /* so that the head lies on a multiple of 16 */
        struct sio_journal_head head;
        char rest[64];
    } payload = {0};
    setup();
    uint64_t pos = sio_journal_tail(&a) + sizeof(struct sio_journal_head) + 8;
    payload.head = (struct sio_journal_head){.pos = pos, .len = 8};
    CHECK_EQ_INT(pos % 16, 0);
    append(&a, sio_slice(&payload, sizeof payload), 0);
    append(&a, SIO_LIT("behind"), 0);
    struct sio_journal_record r;
    struct sio_buf copy = {0};
    uint64_t forged = pos;
    CHECK(sio_journal_read_at(&a, &forged, UINT64_MAX, &copy, &r) == 1); /* it does look real */
    CHECK_EQ_INT(sio_journal_seek(&a, pos), SIO_ENOENT);
    sio_buf_fini(&copy);
    teardown();
}

TEST(journal_read_at_stops_at_until)
{
    struct sio_journal_record r;
    struct sio_buf copy = {0};
    setup();
    uint64_t pos = sio_journal_tail(&a);
    append(&a, SIO_LIT("one"), 0);
    uint64_t until = append(&b, SIO_LIT("two"), 0);
    append(&a, SIO_LIT("three"), 0);
    CHECK_EQ_INT(sio_journal_seek(&b, pos), 0);
    REQUIRE(sio_journal_read_at(&b, &pos, until, &copy, &r) == 1);
    CHECK_SLICE(r.bytes, "one");
    REQUIRE(sio_journal_read_at(&b, &pos, until, &copy, &r) == 1);
    CHECK_SLICE(r.bytes, "two");
    CHECK_EQ_INT(sio_journal_read_at(&b, &pos, until, &copy, &r), 0);
    CHECK_EQ_INT(pos, until);
    CHECK_EQ_INT(sio_journal_read_at(&b, &pos, UINT64_MAX, &copy, &r), 1);
    CHECK_EQ_INT(sio_journal_read_at(&b, &pos, UINT64_MAX, &copy, &r), 0);
    CHECK_EQ_INT(b.cursor, SIO_JOURNAL_START); /* the live cursor has not moved */
    sio_buf_fini(&copy);
    teardown();
}

TEST(journal_old_records_that_are_overwritten_meanwhile)
{
    struct sio_journal_record r;
    struct sio_buf copy = {0};
    static char bytes[4000];
    setup();
    uint64_t pos = sio_journal_tail(&a), start = pos;
    for (int i = 0; i < 4; i++)
        append(&a, sio_slice(bytes, 4000), 0);
    CHECK_EQ_INT(sio_journal_read_at(&b, &pos, UINT64_MAX, &copy, &r), 1);
    for (int i = 0; i < 20; i++)
        append(&a, sio_slice(bytes, 4000), 0);
    CHECK_EQ_INT(sio_journal_read_at(&b, &pos, UINT64_MAX, &copy, &r), SIO_ELAPPED);
    CHECK_EQ_INT(sio_journal_seek(&b, start), SIO_ENOENT);
    sio_buf_fini(&copy);
    teardown();
}

/* A writer that died after moving the horizon makes the journal look fuller than it is: that is
 * the safe side, and the next one must not move it back. */
TEST(journal_the_horizon_never_goes_back)
{
    setup();
    atomic_fetch_add(&shm.journal->horizon, 5000);
    uint64_t horizon = atomic_load(&shm.journal->horizon);
    append(&a, SIO_LIT("small"), 0);
    CHECK_EQ_INT(atomic_load(&shm.journal->horizon), horizon);
    teardown();
}

/* ---- waking ---------------------------------------------------------------------------------- */

static int bells[SIO_WORKERS_MAX];

static void make_bells(void)
{
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        bells[i] = -1;
    bells[0] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bells[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static void close_bells(void)
{
    close(bells[0]);
    close(bells[1]);
}

static uint64_t rings(unsigned slot)
{
    uint64_t n = 0;
    return read(bells[slot], &n, sizeof n) == (ssize_t)sizeof n ? n : 0;
}

TEST(journal_sleepers_are_woken_once_per_tick)
{
    struct sio_journal_record r;
    setup();
    make_bells();
    CHECK(sio_journal_sleep(&b));
    for (int i = 0; i < 10; i++)
        append(&a, SIO_LIT("x"), 0);
    CHECK_EQ_INT(rings(1), 0);
    sio_journal_wake(&a, bells);
    CHECK_EQ_INT(rings(1), 1);
    CHECK_EQ_INT(rings(0), 0);
    append(&a, SIO_LIT("x"), 0); /* it is awake already */
    sio_journal_wake(&a, bells);
    CHECK_EQ_INT(rings(1), 0);
    CHECK(!sio_journal_sleep(&b)); /* something is unread */
    CHECK_EQ_INT(atomic_load(&shm.journal->sleepers), 0);
    while (sio_journal_next(&b, &r) == 1) {
    }
    CHECK(sio_journal_sleep(&b));
    sio_journal_awake(&b);
    CHECK_EQ_INT(atomic_load(&shm.journal->sleepers), 0);
    append(&a, SIO_LIT("x"), 0);
    sio_journal_wake(&a, bells);
    CHECK_EQ_INT(rings(1), 0);
    close_bells();
    teardown();
}

TEST(journal_nobody_is_woken_without_need)
{
    setup();
    make_bells();
    CHECK(sio_journal_sleep(&b));
    sio_journal_wake(&a, bells); /* nothing appended */
    append(&a, SIO_LIT("x"), SIO_RECORD_LOCAL);
    sio_journal_wake(&a, bells);
    CHECK_EQ_INT(rings(1), 0);
    bells[1] = -1; /* no bell: nothing to ring, and no harm */
    append(&a, SIO_LIT("x"), 0);
    sio_journal_wake(&a, bells);
    bells[1] = eventfd(0, EFD_CLOEXEC);
    close_bells();
    teardown();
}

TEST(journal_a_sleeper_that_lags_is_woken_for_local_records)
{
    static char bytes[1000];
    setup();
    make_bells();
    CHECK(sio_journal_sleep(&b));
    while (sio_journal_tail(&a) - b.cursor + 1024 <= RING / 4) {
        append(&a, sio_slice(bytes, 1000), SIO_RECORD_LOCAL);
        sio_journal_wake(&a, bells);
    }
    CHECK_EQ_INT(rings(1), 0);
    append(&a, sio_slice(bytes, 1000), SIO_RECORD_LOCAL);
    sio_journal_wake(&a, bells);
    CHECK_EQ_INT(rings(1), 1);
    close_bells();
    teardown();
}

/* ---- a stopped owner ------------------------------------------------------------------------- */

static void stop_here(const char *step)
{
    if (strcmp(step, "append:half") == 0)
        raise(SIGSTOP);
}

TEST(journal_a_stopped_owner_of_the_lock_is_not_waited_for)
{
    struct sio_journal_record r;
    int status;
    setup();
    pid_t pid = fork();
    if (pid == 0) {
        sio_journal_killpoint = stop_here;
        sio_journal_append(&b, SIO_LIT("never seen"), 0, nothing, NULL);
        _exit(0);
    }
    REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    uint64_t start_ms = sio_clock_ms();
    for (int i = 0; i < 10; i++)
        CHECK_EQ_INT(sio_journal_append(&a, SIO_LIT("x"), 0, nothing, NULL), SIO_EAGAIN);
    CHECK(sio_clock_ms() - start_ms >= 5 && sio_clock_ms() - start_ms < 500);
    CHECK_EQ_INT(sio_journal_next(&a, &r), 0);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    CHECK_EQ_INT(sio_journal_append(&a, SIO_LIT("then"), 0, nothing, NULL), 0);
    CHECK_EQ_INT(atomic_load(&shm.journal->repaired), 1);
    REQUIRE(sio_journal_next(&a, &r) == 1);
    CHECK_SLICE(r.bytes, "then");
    CHECK_EQ_INT(sio_journal_next(&a, &r), 0);
    teardown();
}

TEST(journal_burying_the_owner_repairs_the_lock)
{
    int status;
    setup();
    pid_t pid = fork();
    if (pid == 0) {
        sio_journal_lock(shm.journal);
        _exit(0);
    }
    waitpid(pid, &status, 0);
    sio_shm_bury(&shm, 1, 0);
    CHECK_EQ_INT(atomic_load(&shm.journal->repaired), 1);
    append(&a, SIO_LIT("x"), 0);
    CHECK_EQ_INT(atomic_load(&shm.journal->repaired), 1);
    teardown();
}

TEST(journal_a_large_copy_is_given_back)
{
    struct sio_shm_config c = {
        .slots = 1, .journal_bytes = 8 << 20, .arena_bytes = 65536, .arena_sessions = 64};
    struct sio_journal_record r;
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &c) == 0 && sio_shm_assign(&shm, 0, &generation) == 0);
    sio_journal_open(&a, &shm, (struct sio_place){0, generation});
    size_t len = 1000000;
    char *bytes = sio_calloc(1, len);
    append(&a, sio_slice(bytes, len), 0);
    append(&a, SIO_LIT("small"), 0);
    REQUIRE(sio_journal_next(&a, &r) == 1 && r.bytes.len == len);
    REQUIRE(sio_journal_next(&a, &r) == 1);
    CHECK_SLICE(r.bytes, "small");
    CHECK(a.copy.cap < 10000);
    sio_free(bytes);
    sio_journal_close(&a);
    sio_shm_detach(&shm);
}

/* No supervisor, no siblings, no bells. */
TEST(journal_of_one_process_alone)
{
    struct sio_shm_config c = {
        .slots = 1, .journal_bytes = RING, .arena_bytes = 65536, .arena_sessions = 64};
    const int none[SIO_WORKERS_MAX] = {-1};
    struct sio_journal_record r;
    uint32_t generation;
    REQUIRE(sio_shm_create(&shm, &c) == 0 && sio_shm_assign(&shm, 0, &generation) == 0);
    sio_journal_open(&a, &shm, (struct sio_place){0, generation});
    CHECK(sio_journal_sleep(&a));
    sio_journal_awake(&a);
    append(&a, SIO_LIT("to myself"), 0);
    sio_journal_wake(&a, none);
    CHECK(!sio_journal_sleep(&a));
    REQUIRE(sio_journal_next(&a, &r) == 1);
    CHECK_SLICE(r.bytes, "to myself");
    CHECK(sio_journal_sleep(&a));
    sio_journal_close(&a);
    CHECK_EQ_INT(atomic_load(&shm.journal->sleepers), 0);
    sio_shm_detach(&shm);
}
