// SPDX-License-Identifier: MIT
/* The journal in a storm: for some seconds workers are killed and stopped, at named steps and
 * anywhere, one and several at a time, killed while they are stopped, and lapped where the ring is
 * small; now and then all must come to rest with nothing unread. Stands on journal_kill.h.
 *
 * STORM_SECONDS (of each of the two rings; 1) makes it longer, see tools/proofs.mk.
 */
#include "test.h"

#include "journal_kill.h"

enum { REST_MS = 200 }; /* between the moments at which all come to rest */

static struct {
    unsigned deaths, placed, stops, killed_while_stopped, rests;
    uint64_t longest_rest_ms;
} storm;

static void nap(unsigned most_us)
{
    const struct timespec pause = {0, 1000 * (long)(1 + random_below(most_us))};
    nanosleep(&pause, NULL);
}

static void replace(unsigned slot)
{
    while (waitpid(pids[slot], NULL, 0) < 0 && errno == EINTR) {
    }
    sio_shm_bury(&shm, slot, sio_clock_ms());
    ring_all();
    storm.deaths++;
    start(slot);
}

/* Whether the worker has ended or stopped by itself within some milliseconds. */
static bool has(unsigned slot, int options)
{
    siginfo_t info = {0};
    for (unsigned i = 0; i < 50 && info.si_pid == 0; i++) {
        nap(200);
        if (waitid(P_PID, (id_t)pids[slot], &info, options | WNOHANG | WNOWAIT) != 0)
            abort();
    }
    return info.si_pid != 0;
}

static void kill_at_a_step(unsigned slot)
{
    atomic_store(&table->kill_at[slot], 1 + random_below(STEPS));
    if (has(slot, WEXITED))
        storm.placed++;
    else
        kill(pids[slot], SIGKILL);
    replace(slot);
}

static void kill_anywhere(unsigned slot)
{
    nap(3000);
    kill(pids[slot], SIGKILL);
    replace(slot);
}

/* With others going on, which get no lock when it holds that; then it goes on too, or dies. */
static void stop(unsigned slot, bool at_a_step)
{
    if (at_a_step)
        atomic_store(&table->stop_at[slot], 1 + random_below(STEPS));
    else
        kill(pids[slot], SIGSTOP);
    if (!has(slot, WSTOPPED)) {
        atomic_store(&table->stop_at[slot], 0);
        kill(pids[slot], SIGSTOP);
    }
    storm.stops++;
    nap(15000);
    if (random_below(3) == 0) {
        kill_anywhere((slot + 1) % SLOTS);
        storm.killed_while_stopped++;
        kill(pids[slot], SIGKILL);
        replace(slot);
    } else {
        kill(pids[slot], SIGCONT);
    }
}

static void hit(unsigned slot)
{
    switch (random_below(4)) {
    case 0:
        kill_at_a_step(slot);
        break;
    case 1:
        kill_anywhere(slot);
        break;
    default:
        stop(slot, random_below(2) == 0);
        break;
    }
}

static bool rest(void)
{
    uint64_t then_ms = sio_clock_ms();
    bool still = stand_still();
    uint64_t ms = sio_clock_ms() - then_ms;
    storm.rests++;
    storm.longest_rest_ms = ms > storm.longest_rest_ms ? ms : storm.longest_rest_ms;
    if (still)
        check_counters();
    atomic_store(&table->paused, 0);
    return still;
}

static bool can_go_on(void)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (generations[i] > GENERATIONS - 10)
            return false;
    return true;
}

static void blow(size_t ring_bytes, bool laps)
{
    const char *text = getenv("STORM_SECONDS");
    uint64_t seconds = text == NULL ? 1 : (uint64_t)strtoul(text, NULL, 10);
    uint64_t end_ms = sio_clock_ms() + seconds * 1000, rest_ms = sio_clock_ms() + REST_MS;
    memset(&storm, 0, sizeof storm);
    begin(ring_bytes);
    bool still = true;
    while (still && sio_clock_ms() < end_ms && can_go_on()) {
        hit(random_below(SLOTS));
        sio_journal_expire(&shm, sio_clock_ms(), 1); /* with pages going back under their feet */
        if (sio_clock_ms() < rest_ms)
            continue;
        still = CHECK(rest());
        rest_ms = sio_clock_ms() + REST_MS;
    }
    CHECK(storm.deaths > 10 && storm.stops > 10);
    CHECK(!laps || atomic_load(&table->lapped) > 0);
    check_table();
    printf("# %u deaths, %u of them at a named step, %u stops, %u killed while stopped\n",
           storm.deaths, storm.placed, storm.stops, storm.killed_while_stopped);
    printf("# %u appends put off, %u times at rest, the slowest after %llu ms\n",
           atomic_load(&table->put_off), storm.rests, (unsigned long long)storm.longest_rest_ms);
    end();
}

TEST(journal_storm)
{
    blow(4 << 20, false);
}

/* A stopped reader is overtaken by all others. */
TEST(journal_storm_with_lapped_readers)
{
    blow(65536, true);
}
