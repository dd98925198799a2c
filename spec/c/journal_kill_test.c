// SPDX-License-Identifier: MIT
/* The journal under deaths: each worker is killed at a named step of append and wake, or anywhere,
 * and replaced. Stands on journal_kill.h.
 */
#include "test.h"

#include "journal_kill.h"

enum {
    RING = 1 << 20,
    ROUNDS = 10, /* per kill point */
    RANDOM_KILLS = 600,
};

static bool wait_for_tail(uint64_t limit_ms)
{
    uint64_t until_ms = sio_clock_ms() + limit_ms;
    const struct timespec pause = {0, 200000};
    while (!all_at_tail() && sio_clock_ms() < until_ms)
        nanosleep(&pause, NULL);
    return all_at_tail();
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

/* While all stand still: the chain of each topic leads to all of its records since the last time,
 * as far back as the chains say they do. */
static void check_chains(uint64_t *since)
{
    struct sio_journal j = {.shm = &shm};
    uint64_t chained = atomic_load(&shm.journal->chained), tail = atomic_load(&shm.journal->tail);
    uint64_t from = *since > chained ? *since : chained;
    *since = tail;
    for (uint32_t topic = 0; topic < TOPICS && sio_journal_seek(&j, from) == 0; topic++) {
        struct sio_buf found = {0}, copy = {0};
        struct sio_journal_about about = {&topic, 1};
        struct sio_journal_record r;
        size_t n = 0;
        CHECK_EQ_INT(sio_journal_find(&j, from, tail, about, &found), 0);
        for (uint64_t pos = from; sio_journal_read_at(&j, &pos, tail, &copy, &r) == 1;) {
            struct payload p;
            memcpy(&p, r.bytes.p, sizeof p);
            if (topic_of(&p) != topic)
                continue;
            CHECK(n < found.len && memcmp(found.p + n, &r.pos, sizeof r.pos) == 0);
            n += sizeof r.pos;
        }
        CHECK_EQ_INT(found.len, n);
        sio_buf_fini(&found);
        sio_buf_fini(&copy);
    }
}

TEST(journal_kill_at_every_step)
{
    uint64_t checked = 0;
    begin(RING);
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
        check_chains(&checked);
    }
    test_context("%s", "");
    CHECK(atomic_load(&shm.journal->repaired) >= ROUNDS * 6); /* steps with the lock held */
    check_table();
    end();
}

TEST(journal_kill_anywhere)
{
    uint64_t checked = 0;
    begin(RING);
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
        check_chains(&checked);
    }
    test_context("%s", "");
    check_table();
    end();
}

/* The control: without the ring on death, what was committed and not rung for stays unread. */
TEST(journal_kill_without_the_ring_leaves_readers_behind)
{
    begin(RING);
    for (unsigned step = 5; step < 9; step++) { /* append:committed .. wake:cleared */
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
