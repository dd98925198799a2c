// SPDX-License-Identifier: MIT
/* Session records: the owner's operations, finding and claiming.
 *
 * Stands on cluster/arena, its private layout, and forked workers.
 */
#include "arena_side.h"

/* ---- the owner ------------------------------------------------------------------------------- */

TEST(arena_put_get_replace_delete)
{
    setup(1 << 20);
    CHECK_SLICE(own(&a, 1), "(none)");
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("one")), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(2), SIO_LIT("")), 0);
    CHECK_SLICE(own(&a, 1), "one");
    CHECK_SLICE(own(&a, 2), "");
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("another, longer than before")), 0);
    CHECK_SLICE(own(&a, 1), "another, longer than before");
    CHECK_EQ_INT(records(&a), 2);
    CHECK_SLICE(own(&b, 1), "(none)");
    CHECK_EQ_INT(sio_arena_del(&a, pid_of(1)), 0);
    CHECK_EQ_INT(sio_arena_del(&a, pid_of(1)), SIO_ENOENT);
    CHECK_SLICE(own(&a, 1), "(none)");
    CHECK_SLICE(own(&a, 2), "");
    CHECK_EQ_INT(records(&a), 1);
    CHECK_EQ_INT(sio_arena_put(&a, SIO_LIT("short"), SIO_LIT("x")), SIO_EINVAL);
    CHECK_EQ_INT(sio_arena_del(&a, SIO_LIT("short")), SIO_EINVAL);
    CHECK_EQ_INT(sio_arena_get(&a, SIO_LIT("short"), &out), SIO_EINVAL);
    CHECK_EQ_INT(sio_arena_claim(&a, SIO_LIT("short"), &out, NULL), SIO_EINVAL);
    teardown();
}

TEST(arena_get_appends)
{
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("record"));
    sio_buf_append_slice(&out, SIO_LIT("before "));
    CHECK_EQ_INT(sio_arena_get(&a, pid_of(1), &out), 0);
    CHECK_SLICE(sio_buf_slice(&out), "before record");
    teardown();
}

TEST(arena_open_needs_a_living_incarnation)
{
    struct sio_arena c;
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_open(&c, &shm, (struct sio_place){5, 1}), SIO_EINVAL);
    CHECK_EQ_INT(sio_arena_open(&c, &shm, (struct sio_place){0, 7}), SIO_EINVAL);
    sio_arena_close(&c); /* no harm */
    teardown();
}

TEST(arena_the_cap_of_sessions)
{
    setup(1 << 20);
    for (int lap = 0; lap < 3; lap++) {
        for (unsigned i = 0; i < SESSIONS; i++)
            CHECK_EQ_INT(sio_arena_put(&a, pid_of(i), SIO_LIT("x")), 0);
        CHECK_EQ_INT(sio_arena_put(&a, pid_of(SESSIONS), SIO_LIT("x")), SIO_EFULL);
        CHECK_EQ_INT(sio_arena_put(&a, pid_of(7), SIO_LIT("known ones may change")), 0);
        for (unsigned i = 0; i < SESSIONS; i++)
            CHECK_EQ_INT(sio_arena_del(&a, pid_of(i)), 0);
        CHECK_EQ_INT(records(&a), 0);
    }
    teardown();
}

TEST(arena_full_of_bytes)
{
    static char big[SIO_RECORD_BYTES_MAX + 1];
    setup(256 * 1024); /* room for two of the largest */
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), sio_slice(big, sizeof big)), SIO_ETOOBIG);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), sio_slice(big, sizeof big - 1)), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(2), sio_slice(big, sizeof big - 1)), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(3), sio_slice(big, sizeof big - 1)), SIO_EFULL);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(3), SIO_LIT("a small one still fits")), 0);
    /* An update needs a second block: without, the stale record goes. */
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(2), sio_slice(big, sizeof big - 1)), SIO_EFULL);
    CHECK_SLICE(own(&a, 2), "(none)");
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(2), sio_slice(big, sizeof big - 1)), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(2), sio_slice(big, sizeof big)), SIO_ETOOBIG);
    CHECK_SLICE(own(&a, 2), "(none)");
    CHECK_SLICE(own(&a, 3), "a small one still fits");
    CHECK_EQ_INT(records(&a), 2);
    teardown();
}

/* Sessions come and go for ever: neither entries, chains nor blocks may pile up. */
TEST(arena_churn)
{
    static char bytes[3000];
    static unsigned len[SESSIONS];
    static bool there[SESSIONS];
    uint32_t r = 1;
    setup(1 << 20);
    for (unsigned n = 0; n < 200000; n++) {
        r = r * 1664525 + 1013904223;
        unsigned i = (r >> 8) % SESSIONS;
        if (there[i] && (r >> 28) < 4) {
            CHECK_EQ_INT(sio_arena_del(&a, pid_of(i)), 0);
            there[i] = false;
            continue;
        }
        len[i] = (r >> 16) % sizeof bytes;
        memset(bytes, (int)(i + len[i]), len[i]);
        if (!CHECK_EQ_INT(sio_arena_put(&a, pid_of(i), sio_slice(bytes, len[i])), 0))
            break;
        there[i] = true;
    }
    for (unsigned i = 0; i < SESSIONS; i++) {
        memset(bytes, (int)(i + len[i]), len[i]);
        CHECK_EQ_SLICE(own(&a, i), there[i] ? sio_slice(bytes, len[i]) : SIO_LIT("(none)"));
    }
    teardown();
}

TEST(arena_heap_classes)
{
    unsigned class;
    struct sio_arena_heap *h = sio_arena_heap_new(64, 64 + 1024, 2);
    CHECK_EQ_INT(sio_arena_class_bytes(0), 64);
    CHECK_EQ_INT(sio_arena_class_bytes(1), 96);
    CHECK_EQ_INT(sio_arena_class_bytes(SIO_ARENA_CLASSES - 1), 96 * 1024);
    CHECK_EQ_INT(sio_arena_heap_take(h, 96 * 1024 + 1, &class), 0);
    uint32_t first = sio_arena_heap_take(h, 65, &class);
    CHECK_EQ_INT(first, 64);
    CHECK_EQ_INT(class, 1);
    CHECK_EQ_INT(sio_arena_heap_take(h, 768, &class), 64 + 96);
    CHECK_EQ_INT(sio_arena_heap_take(h, 192, &class), 0);
    CHECK_EQ_INT(sio_arena_heap_take(h, 96, &class), 64 + 96 + 768);
    CHECK_EQ_INT(sio_arena_heap_take(h, 64, &class), 64 + 96 + 768 + 96);
    CHECK_EQ_INT(sio_arena_heap_take(h, 1, &class), 0);
    sio_arena_heap_give(h, first, 1);
    CHECK_EQ_INT(sio_arena_heap_take(h, 1, &class), first); /* a larger one serves */
    CHECK_EQ_INT(class, 1);
    CHECK_EQ_INT(sio_arena_heap_take_entry(h), 1);
    CHECK_EQ_INT(sio_arena_heap_take_entry(h), 2);
    CHECK_EQ_INT(sio_arena_heap_take_entry(h), 0);
    sio_arena_heap_give_entry(h, 1);
    CHECK_EQ_INT(sio_arena_heap_take_entry(h), 1);
    sio_arena_heap_free(h);
    sio_arena_heap_free(NULL);
}

/* ---- others ---------------------------------------------------------------------------------- */

TEST(arena_find_and_claim)
{
    struct sio_place owner = {99, 99};
    uint64_t died_ms = 0;
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_NONE);
    sio_arena_put(&a, pid_of(1), SIO_LIT("record"));
    CHECK_EQ_INT(sio_arena_find(&a, pid_of(1), &owner), SIO_OWNER_SELF);
    CHECK_EQ_INT(owner.slot, 0);
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_ALIVE);
    CHECK_EQ_INT(owner.slot, 0);
    CHECK_EQ_INT(owner.generation, a.me.generation);
    CHECK_SLICE(claim(&b, 1), "(none)"); /* not while the owner lives */
    sio_arena_close(&a);
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_ALIVE); /* closed is not buried */
    sio_shm_bury(&shm, 0, 4711);
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_DEAD);
    CHECK_EQ_INT(owner.slot, 0);
    /* The successor in the slot is another incarnation. */
    CHECK_EQ_INT(sio_arena_open(&a, &shm, assign(0)), 0);
    CHECK_EQ_INT(sio_arena_find(&a, pid_of(1), &owner), SIO_OWNER_DEAD);
    sio_buf_clear(&out);
    CHECK_EQ_INT(sio_arena_claim(&b, pid_of(1), &out, &died_ms), 0);
    CHECK_SLICE(sio_buf_slice(&out), "record");
    CHECK_EQ_INT(died_ms, 4711);
    CHECK_EQ_INT(sio_arena_find(&a, pid_of(1), &owner), SIO_OWNER_ALIVE); /* b has claimed it */
    CHECK_EQ_INT(owner.slot, 1);
    CHECK_SLICE(claim(&a, 1), "(none)");
    sio_arena_put(&b, pid_of(1), SIO_LIT("newer"));
    CHECK(b.taken == NULL); /* what was claimed is deleted by now */
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_SELF);
    sio_arena_del(&b, pid_of(1));
    CHECK_EQ_INT(sio_arena_find(&a, pid_of(1), &owner), SIO_OWNER_NONE);
    CHECK_SLICE(claim(&a, 1), "(none)");
    teardown();
}

TEST(arena_a_claim_happens_once)
{
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("record"));
    sio_shm_bury(&shm, 0, 0);
    CHECK_SLICE(claim(&b, 1), "record");
    CHECK_SLICE(claim(&b, 1), "(none)");
    teardown();
}

/* Claims empty the arena of the dead, counted when the claimer's own record stands. */
TEST(arena_of_a_dead_owner_counts_what_was_claimed)
{
    setup(1 << 20);
    struct sio_arena_meta *m = &sio_shm_metas(&shm)[b.index];
    for (unsigned i = 1; i <= 3; i++)
        CHECK_EQ_INT(sio_arena_put(&b, pid_of(i), SIO_LIT("one")), 0);
    sio_shm_bury(&shm, 1, 1000);
    CHECK_SLICE(claim(&a, 1), "one");
    CHECK_EQ_INT(records(&b), 3);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("mine")), 0);
    CHECK_EQ_INT(records(&b), 2);
    CHECK_SLICE(claim(&a, 2), "one");
    CHECK_SLICE(claim(&a, 3), "one");
    sio_shm_sweep(&shm, 1001, 120000);
    CHECK_EQ_INT(atomic_load(&m->state), SIO_ARENA_DEAD); /* the third may yet be lost */
    sio_arena_close(&a);
    CHECK_EQ_INT(records(&b), 0);
    sio_shm_sweep(&shm, 1001, 120000);
    CHECK_EQ_INT(atomic_load(&m->state), SIO_ARENA_FREE);
    teardown();
}

/* The claimer was stopped meanwhile: what it deletes has become another owner's. */
TEST(arena_a_late_deletion_does_not_count_in_the_next_owners_arena)
{
    setup(1 << 20);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(1), SIO_LIT("one")), 0);
    sio_shm_bury(&shm, 1, 1000);
    CHECK_SLICE(claim(&a, 1), "one");
    sio_shm_sweep(&shm, 2000, 0);
    sio_arena_close(&b);
    CHECK_EQ_INT(sio_arena_open(&b, &shm, assign(1)), 0);
    CHECK_EQ_INT(b.index, a.taken_from);
    CHECK_EQ_INT(sio_arena_put(&b, pid_of(2), SIO_LIT("two")), 0);
    CHECK_EQ_INT(sio_arena_put(&a, pid_of(1), SIO_LIT("mine")), 0);
    CHECK_EQ_INT(records(&b), 1);
    CHECK_SLICE(own(&b, 2), "two");
    teardown();
}

TEST(arena_a_swept_record_is_gone)
{
    struct sio_place owner;
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("record"));
    sio_shm_bury(&shm, 0, 0);
    sio_shm_sweep(&shm, 10, 5);
    CHECK_EQ_INT(sio_arena_find(&b, pid_of(1), &owner), SIO_OWNER_NONE);
    CHECK_SLICE(claim(&b, 1), "(none)");
    teardown();
}

TEST(arena_a_damaged_block_is_not_recovered)
{
    setup(1 << 20);
    sio_arena_put(&a, pid_of(1), SIO_LIT("a record of some length"));
    char *blocks = sio_shm_arena(&shm, a.index) + sio_arena_blocks_at(SESSIONS);
    char *at = memmem(blocks, 4096, "some", 4);
    REQUIRE(at != NULL);
    *at = 'S';
    sio_buf_append_slice(&out, SIO_LIT("untouched"));
    CHECK_EQ_INT(sio_arena_get(&a, pid_of(1), &out), SIO_ENOENT);
    CHECK_SLICE(sio_buf_slice(&out), "untouched");
    sio_shm_bury(&shm, 0, 0);
    CHECK_SLICE(claim(&b, 1), "(none)");
    teardown();
}
