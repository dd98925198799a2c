// SPDX-License-Identifier: MIT
/* Placement: each method, who is left out, and the counts. Stands on cluster/load alone. */
#include "test.h"

#include "base/err.h"
#include "cluster/load.h"

static struct sio_shm shm;

static void setup(unsigned slots)
{
    struct sio_shm_config c = {
        .slots = slots, .journal_bytes = 65536, .arena_bytes = 65536, .arena_sessions = 64};
    uint32_t generation;
    if (sio_shm_create(&shm, &c) != 0)
        abort();
    for (unsigned i = 0; i < slots; i++) {
        sio_shm_assign(&shm, i, &generation);
        atomic_store(&shm.slots[i].state, SIO_SLOT_READY);
        atomic_store(&shm.slots[i].services, 1);
    }
}

static unsigned pick(unsigned self, enum sio_balance method, const char *key)
{
    return sio_load_pick(
        &shm, &(struct sio_pick){.self = self, .method = method, .key = sio_slice_str(key)});
}

TEST(load_names)
{
    enum sio_balance b;
    CHECK(sio_balance_parse(SIO_LIT("least-connection"), &b) == 0 && b == SIO_LEAST_CONNECTION);
    CHECK(sio_balance_parse(SIO_LIT("round-robin"), &b) == 0 && b == SIO_ROUND_ROBIN);
    CHECK(sio_balance_parse(SIO_LIT("random"), &b) == 0 && b == SIO_RANDOM);
    CHECK(sio_balance_parse(SIO_LIT("ip-hash"), &b) == 0 && b == SIO_IP_HASH);
    CHECK(sio_balance_parse(SIO_LIT("forwarded-for"), &b) == 0 && b == SIO_FORWARDED_FOR);
    CHECK_EQ_INT(sio_balance_parse(SIO_LIT("least"), &b), SIO_ENOENT);
    CHECK_EQ_INT(sio_balance_parse(SIO_LIT(""), &b), SIO_ENOENT);
}

TEST(load_a_burst_spreads_evenly)
{
    setup(4);
    for (unsigned i = 0; i < 1000; i++)
        sio_load_add(&shm, pick(i % 4, SIO_LEAST_CONNECTION, ""), 1);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ_INT(atomic_load(&shm.slots[i].sessions), 250);
    sio_shm_detach(&shm);
}

TEST(load_ties_stay_here)
{
    setup(4);
    CHECK_EQ_INT(pick(2, SIO_LEAST_CONNECTION, ""), 2);
    sio_load_add(&shm, 2, 1);
    CHECK_EQ_INT(pick(2, SIO_LEAST_CONNECTION, ""), 0);
    sio_shm_detach(&shm);
}

static const enum sio_balance all[] = {SIO_LEAST_CONNECTION, SIO_ROUND_ROBIN, SIO_RANDOM,
                                       SIO_IP_HASH, SIO_FORWARDED_FOR};

/* Picks 200 times with each method from slot 0: whether slot 1 was ever picked. */
static bool ever_picks_1(void)
{
    bool seen = false;
    char key[32];
    for (unsigned m = 0; m < 5; m++)
        for (int i = 0; i < 200; i++) {
            snprintf(key, sizeof key, "10.0.0.%d", i);
            seen |= pick(0, all[m], key) == 1;
        }
    return seen;
}

TEST(load_who_cannot_is_left_out)
{
    setup(3);
    CHECK(ever_picks_1());
    for (uint32_t state = SIO_SLOT_EMPTY; state <= SIO_SLOT_DRAINING; state++) {
        atomic_store(&shm.slots[1].state, state);
        CHECK_EQ_INT(ever_picks_1(), state == SIO_SLOT_READY);
    }
    atomic_store(&shm.slots[1].state, SIO_SLOT_READY);
    atomic_store(&shm.slots[1].fds_limit, 1024);
    atomic_store(&shm.slots[1].fds_open, 1024 - SIO_LOAD_FDS_SPARE);
    CHECK(!ever_picks_1());
    atomic_store(&shm.slots[1].fds_open, 1024 - SIO_LOAD_FDS_SPARE - 1);
    CHECK(ever_picks_1());
    sio_shm_detach(&shm);
}

TEST(load_nobody_left_means_self)
{
    setup(3);
    for (unsigned i = 0; i < 3; i++)
        atomic_store(&shm.slots[i].state, SIO_SLOT_SUSPECT);
    for (unsigned m = 0; m < 5; m++)
        CHECK_EQ_INT(pick(2, all[m], "k"), 2);
    sio_shm_detach(&shm);
}

TEST(load_self_that_cannot_gives_away)
{
    setup(3);
    atomic_store(&shm.slots[0].state, SIO_SLOT_DRAINING);
    sio_load_add(&shm, 1, 5);
    sio_load_add(&shm, 2, 5);
    CHECK_EQ_INT(pick(0, SIO_LEAST_CONNECTION, ""), 1);
    sio_shm_detach(&shm);
}

TEST(load_round_robin_takes_turns)
{
    unsigned seen[4] = {0};
    setup(4);
    atomic_store(&shm.slots[2].state, SIO_SLOT_SUSPECT);
    for (int i = 0; i < 300; i++)
        seen[pick((unsigned)i % 4, SIO_ROUND_ROBIN, "")]++; /* whoever accepts */
    CHECK_EQ_INT(seen[0], 100);
    CHECK_EQ_INT(seen[1], 100);
    CHECK_EQ_INT(seen[2], 0);
    CHECK_EQ_INT(seen[3], 100);
    sio_shm_detach(&shm);
}

TEST(load_random_reaches_everybody)
{
    unsigned seen[4] = {0};
    setup(4);
    for (int i = 0; i < 4000; i++)
        seen[pick(0, SIO_RANDOM, "")]++;
    for (unsigned i = 0; i < 4; i++)
        CHECK(seen[i] > 700 && seen[i] < 1300);
    sio_shm_detach(&shm);
}

TEST(load_a_worker_that_goes_moves_only_its_own)
{
    unsigned before[1000], seen[4] = {0}, moved = 0;
    char key[32];
    setup(4);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "192.168.%d.%d", i / 250, i % 250);
        before[i] = pick(0, SIO_IP_HASH, key);
        seen[before[i]]++;
        CHECK_EQ_INT(pick(3, SIO_IP_HASH, key), before[i]); /* whoever accepts */
    }
    for (unsigned i = 0; i < 4; i++)
        CHECK(seen[i] > 150 && seen[i] < 350);
    atomic_store(&shm.slots[3].state, SIO_SLOT_SUSPECT);
    for (int i = 0; i < 1000; i++) {
        snprintf(key, sizeof key, "192.168.%d.%d", i / 250, i % 250);
        moved += pick(0, SIO_IP_HASH, key) != before[i];
    }
    CHECK_EQ_INT(moved, seen[3]);
    sio_shm_detach(&shm);
}

TEST(load_a_replacement_gets_what_was_its_number_s)
{
    unsigned before[200];
    char key[32];
    setup(5);
    atomic_store(&shm.slots[4].state, SIO_SLOT_EMPTY);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "10.1.1.%d", i);
        before[i] = pick(0, SIO_IP_HASH, key);
    }
    atomic_store(&shm.slots[1].state, SIO_SLOT_DRAINING);
    atomic_store(&shm.slots[4].number, sio_shm_number(&shm, 1));
    atomic_store(&shm.slots[4].state, SIO_SLOT_READY);
    for (int i = 0; i < 200; i++) {
        snprintf(key, sizeof key, "10.1.1.%d", i);
        CHECK_EQ_INT(pick(0, SIO_IP_HASH, key), before[i] == 1 ? 4 : before[i]);
    }
    sio_shm_detach(&shm);
}

TEST(load_turns_are_each_server_s_own)
{
    setup(2);
    atomic_store(&shm.slots[0].services, 3);
    atomic_store(&shm.slots[1].services, 3);
    CHECK_EQ_INT(pick(0, SIO_ROUND_ROBIN, ""), 0);
    struct sio_pick other = {.self = 0, .service = 1, .method = SIO_ROUND_ROBIN};
    CHECK_EQ_INT(sio_load_pick(&shm, &other), 0);
    CHECK_EQ_INT(pick(1, SIO_ROUND_ROBIN, ""), 1);
    CHECK_EQ_INT(sio_load_pick(&shm, &other), 1);
    sio_shm_detach(&shm);
}

TEST(load_counts_never_go_below_zero)
{
    setup(1);
    sio_load_add(&shm, 0, 2);
    sio_load_add(&shm, 0, -1);
    CHECK_EQ_INT(atomic_load(&shm.slots[0].sessions), 1);
    sio_load_add(&shm, 0, -5);
    CHECK_EQ_INT(atomic_load(&shm.slots[0].sessions), 0);
    sio_load_beat(&shm, 0, 12345);
    CHECK_EQ_INT(atomic_load(&shm.slots[0].heartbeat_ms), 12345);
    sio_shm_detach(&shm);
}
