// SPDX-License-Identifier: MIT
/* Finding records of the journal by topic: what is found is what reading all of them would show.
 *
 * Stands on cluster/journal and its private layout. Deaths at every step are in
 * journal_kill_test.c.
 */
#include "test.h"
#include "journal_pair.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/err.h"
#include "cluster/journal.h"
#include "cluster/layout.h"

enum { RING = 65536, CHAINS = RING / SIO_JOURNAL_CHAIN };

static struct sio_shm shm;
static struct sio_journal a, b; /* of slots 0 and 1 */
static struct sio_buf found;

static void setup_ring(size_t bytes)
{
    journal_pair_open(&shm, bytes, &a, &b);
}

static void teardown(void)
{
    sio_buf_fini(&found);
    sio_journal_close(&a);
    sio_journal_close(&b);
    sio_shm_detach(&shm);
}

/* About these topics; returns the position of the record. */
static uint64_t append(struct sio_journal *j, const uint32_t *topics, size_t n)
{
    uint64_t pos = sio_journal_tail(j);
    struct sio_journal_about about = {topics, n};
    CHECK_EQ_INT(sio_journal_append(j, SIO_LIT("text"), 0, about, NULL), 0);
    return pos;
}

static uint64_t append_one(struct sio_journal *j, uint32_t topic)
{
    return append(j, &topic, 1);
}

static int find(uint64_t from, uint64_t until, const uint32_t *topics, size_t n)
{
    return sio_journal_find(&a, from, until, (struct sio_journal_about){topics, n}, &found);
}

static int find_one(uint64_t from, uint64_t until, uint32_t topic)
{
    return find(from, until, &topic, 1);
}

/* Whether exactly these were found, in this order. */
static bool found_are(const uint64_t *list, size_t n)
{
    return found.len == n * sizeof *list && (n == 0 || memcmp(found.p, list, found.len) == 0);
}

TEST(journal_chain_finds_what_is_about_a_topic)
{
    setup_ring(RING);
    uint64_t start = sio_journal_tail(&a);
    uint64_t one = append_one(&a, 1), two = append_one(&b, 2), three = append_one(&b, 1);
    append(&a, NULL, 0);
    uint64_t end = sio_journal_tail(&a);
    CHECK_EQ_INT(find_one(start, end, 1), 0);
    CHECK(found_are((uint64_t[]){one, three}, 2));
    CHECK_EQ_INT(find_one(start, end, 2), 0);
    CHECK(found_are((uint64_t[]){two}, 1));
    CHECK_EQ_INT(find_one(start, end, 3), 0);
    CHECK(found_are(NULL, 0));
    CHECK_EQ_INT(find(start, end, (uint32_t[]){2, 1}, 2), 0);
    CHECK(found_are((uint64_t[]){one, two, three}, 3));
    CHECK_EQ_INT(find(two, three, (uint32_t[]){2, 1}, 2), 0);
    CHECK(found_are((uint64_t[]){two}, 1));
    CHECK_EQ_INT(find_one(end, end, 1), 0);
    CHECK(found_are(NULL, 0));
    teardown();
}

TEST(journal_chain_a_record_of_several_topics_is_found_once)
{
    setup_ring(RING);
    uint32_t both[] = {1, 2, 1};
    uint64_t start = sio_journal_tail(&a), one = append_one(&a, 1), two = append(&a, both, 3);
    uint64_t three = append_one(&a, 2), end = sio_journal_tail(&a);
    CHECK_EQ_INT(find(start, end, both, 3), 0);
    CHECK(found_are((uint64_t[]){one, two, three}, 3));
    CHECK_EQ_INT(find_one(start, end, 2), 0);
    CHECK(found_are((uint64_t[]){two, three}, 2));
    teardown();
}

TEST(journal_chain_topics_that_share_a_chain_are_told_apart)
{
    setup_ring(RING);
    uint32_t both[] = {7, 7 + CHAINS};
    uint64_t start = sio_journal_tail(&a), one = append_one(&a, 7);
    uint64_t two = append_one(&b, 7 + CHAINS), three = append(&a, both, 2);
    uint64_t four = append_one(&b, 7 + 2 * CHAINS), end = sio_journal_tail(&a);
    CHECK_EQ_INT(find_one(start, end, 7), 0);
    CHECK(found_are((uint64_t[]){one, three}, 2));
    CHECK_EQ_INT(find_one(start, end, 7 + CHAINS), 0);
    CHECK(found_are((uint64_t[]){two, three}, 2));
    CHECK_EQ_INT(find_one(start, end, 7 + 2 * CHAINS), 0);
    CHECK(found_are((uint64_t[]){four}, 1));
    teardown();
}

/* ---- against reading everything -------------------------------------------------------------- */

enum { RECORDS = 20000, TOPICS = 200 };

static struct {
    uint64_t pos;
    uint32_t topic;
} written[RECORDS];

static uint32_t draw(uint32_t below)
{
    static uint32_t state = 5;
    state = state * 1664525 + 1013904223;
    return (state >> 8) % below;
}

static void write_one(unsigned n)
{
    static const char filler[600];
    size_t len = draw(20) == 0 ? draw(sizeof filler) : draw(40);
    written[n].pos = sio_journal_tail(&a);
    written[n].topic = draw(TOPICS);
    struct sio_journal_about about = {&written[n].topic, 1};
    CHECK_EQ_INT(sio_journal_append(n % 2 ? &a : &b, sio_slice(filler, len), 0, about, NULL), 0);
}

/* Those of [oldest, n] about one topic. */
static bool finds_all(unsigned oldest, unsigned n)
{
    uint64_t want[RING / 32];
    uint32_t topic = draw(TOPICS);
    size_t n_want = 0;
    for (unsigned i = oldest; i <= n; i++)
        if (written[i].topic == topic)
            want[n_want++] = written[i].pos;
    return find_one(written[oldest].pos, sio_journal_tail(&a), topic) == 0 &&
           found_are(want, n_want);
}

/* Many laps of the ring, records of every size, and a look back as far as the ring goes. */
TEST(journal_chain_shows_what_reading_everything_would)
{
    setup_ring(RING);
    for (unsigned n = 0, oldest = 0; n < RECORDS; n++) {
        write_one(n);
        while (sio_journal_tail(&a) - written[oldest].pos > RING)
            oldest++;
        if (n % 50 == 0 && !CHECK(finds_all(oldest, n)))
            break;
    }
    teardown();
}

/* ---- limits ---------------------------------------------------------------------------------- */

TEST(journal_chain_limit_of_topics)
{
    uint32_t topics[SIO_JOURNAL_TOPICS_MAX + 1];
    struct sio_journal_about too_many = {topics, SIO_JOURNAL_TOPICS_MAX + 1};
    struct sio_journal_record r;
    setup_ring(RING);
    for (uint32_t i = 0; i <= SIO_JOURNAL_TOPICS_MAX; i++)
        topics[i] = 100 + i;
    uint64_t start = sio_journal_tail(&a), pos = append(&a, topics, SIO_JOURNAL_TOPICS_MAX);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), topics[SIO_JOURNAL_TOPICS_MAX - 1]), 0);
    CHECK(found_are(&pos, 1));
    CHECK_EQ_INT(sio_journal_append(&a, SIO_LIT(""), 0, too_many, NULL), SIO_ETOOBIG);
    REQUIRE(sio_journal_next(&b, &r) == 1);
    CHECK_SLICE(r.bytes, "text");
    teardown();
}

TEST(journal_chain_limit_of_what_is_found)
{
    setup_ring(4 << 20);
    uint64_t start = sio_journal_tail(&a);
    for (unsigned i = 0; i < SIO_JOURNAL_FOUND_MAX; i++)
        append_one(&a, 1);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), 1), 0);
    CHECK_EQ_INT(found.len, SIO_JOURNAL_FOUND_MAX * sizeof(uint64_t));
    append_one(&a, 1);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), 1), SIO_EFULL);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), 2), 0);
    teardown();
}

/* ---- deaths ---------------------------------------------------------------------------------- */

static int end_by;

static void end_when_chained(const char *step)
{
    if (strcmp(step, "append:chained") == 0)
        kill(getpid(), end_by);
}

/* A child of slot 1 that appends one about `topic`, and is killed or stopped before the commit. */
static pid_t child_ends(int by, uint32_t topic)
{
    pid_t pid = fork();
    if (pid == 0) {
        end_by = by;
        sio_journal_killpoint = end_when_chained;
        append_one(&b, topic);
        _exit(0);
    }
    waitpid(pid, NULL, WUNTRACED);
    return pid;
}

TEST(journal_chain_after_a_death_begins_anew)
{
    setup_ring(RING);
    uint64_t start = sio_journal_tail(&a);
    append_one(&a, 1);
    child_ends(SIGKILL, 1);
    uint64_t before = sio_journal_tail(&a);
    uint64_t two = append_one(&a, 2); /* where the dead one's would be */
    uint64_t three = append_one(&a, 1), end = sio_journal_tail(&a);
    CHECK_EQ_INT(two, before);
    CHECK_EQ_INT(find_one(start, end, 1), SIO_EAGAIN);
    CHECK_EQ_INT(find_one(before, end, 1), 0);
    CHECK(found_are(&three, 1));
    CHECK_EQ_INT(find_one(before, end, 2), 0);
    CHECK(found_are(&two, 1));
    teardown();
}

TEST(journal_chain_leads_through_what_is_not_committed)
{
    setup_ring(RING);
    uint64_t start = sio_journal_tail(&a), one = append_one(&a, 1);
    pid_t pid = child_ends(SIGSTOP, 1);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), 1), 0);
    CHECK(found_are(&one, 1));
    kill(pid, SIGCONT);
    waitpid(pid, NULL, 0);
    CHECK_EQ_INT(find_one(start, sio_journal_tail(&a), 1), 0);
    CHECK_EQ_INT(found.len, 2 * sizeof(uint64_t));
    teardown();
}

TEST(journal_chain_of_what_is_overwritten_meanwhile)
{
    setup_ring(RING);
    uint64_t start = append_one(&a, 1), until = sio_journal_tail(&a);
    for (unsigned i = 0; i < RING / 32; i++)
        append_one(&a, 2);
    CHECK_EQ_INT(find_one(start, until, 2), SIO_ELAPPED);
    teardown();
}
