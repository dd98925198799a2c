// SPDX-License-Identifier: MIT
/* base/log_quiet: the burst, the ten seconds, the table at its limit. */
#include "base/log_quiet.h"

#include "test.h"

static struct sio_quiets quiets;
static struct sio_quiet forgotten;
static unsigned before;

static bool pass(uint64_t kind, unsigned burst, uint64_t now_ms)
{
    return sio_quiets_pass(&quiets, kind, burst, now_ms, &before, &forgotten);
}

static void start(void)
{
    quiets = (struct sio_quiets){0};
}

TEST(a_burst_and_then_the_count)
{
    start();
    CHECK(pass(7, 2, 100));
    CHECK(pass(7, 2, 101));
    CHECK(!pass(7, 2, 102));
    CHECK(!pass(7, 2, 100 + SIO_LOG_QUIET_MS - 1));
    CHECK(pass(7, 2, 100 + SIO_LOG_QUIET_MS));
    CHECK_EQ_INT(before, 2);
    CHECK(pass(7, 2, 100 + SIO_LOG_QUIET_MS));
    CHECK_EQ_INT(before, 0);
}

TEST(due_once_and_only_with_some_held_back)
{
    struct sio_quiet q;
    start();
    CHECK(pass(7, 1, 0));
    sio_quiets_describe(&quiets, 7, SIO_LOG_WARN, SIO_LIT("first\nmore"));
    CHECK(pass(8, 1, 0));
    CHECK(!pass(7, 1, 5));
    CHECK(!sio_quiets_due(&quiets, SIO_LOG_QUIET_MS - 1, &q));
    REQUIRE(sio_quiets_due(&quiets, SIO_LOG_QUIET_MS, &q));
    CHECK_EQ_INT(q.held_back, 1);
    CHECK_EQ_INT(q.level, SIO_LOG_WARN);
    CHECK_EQ_STR(q.text, "first");
    CHECK(!sio_quiets_due(&quiets, SIO_LOG_QUIET_MS, &q));
    CHECK(pass(7, 1, 6)); /* a kind that was told begins anew */
}

TEST(a_full_table_forgets_the_oldest_and_says_so)
{
    start();
    for (unsigned i = 0; i < SIO_LOG_KINDS_MAX; i++)
        CHECK(pass(100 + i, 1, i));
    CHECK(!pass(100, 1, 50));
    CHECK(pass(999, 1, 60));
    CHECK_EQ_INT(forgotten.kind, 100);
    CHECK_EQ_INT(forgotten.held_back, 1);
    CHECK(pass(998, 1, 60)); /* 101 goes, which held nothing back */
    CHECK_EQ_INT(forgotten.kind, 0);
    CHECK(!pass(102, 1, 60));
}
