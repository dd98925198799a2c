// SPDX-License-Identifier: MIT
/* The roll: what is on it is always found there, what is not is rarely. */
#include "test.h"

#include "base/mem.h"
#include "base/mix.h"
#include "base/roll.h"

static struct sio_roll_page page;
static struct sio_roll roll;

/* As topics are: evenly spread. */
static uint32_t topic(uint64_t i)
{
    return (uint32_t)sio_mix(5, sio_slice(&i, sizeof i));
}

static void setup(void)
{
    sio_roll_open(&roll, &page);
    sio_roll_begin(&roll);
    sio_roll_publish(&roll);
}

static unsigned bits_set(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SIO_ROLL_WORDS; i++)
        n += (unsigned)__builtin_popcountll(atomic_load(&page.words[i]));
    return n;
}

TEST(roll_says_yes_to_all_until_it_is_published)
{
    CHECK(!sio_roll_begun(NULL));
    sio_roll_open(&roll, &page);
    CHECK(!sio_roll_begun(&roll));
    CHECK(sio_roll_has(&page, topic(1)));
    sio_roll_begin(&roll);
    CHECK(sio_roll_begun(&roll));
    sio_roll_add(&roll, topic(2));
    CHECK(sio_roll_has(&page, topic(1)));
    sio_roll_publish(&roll);
    CHECK(!sio_roll_has(&page, topic(1)));
    CHECK(sio_roll_has(&page, topic(2)));
    sio_roll_close(&roll);
    CHECK(!sio_roll_begun(&roll));
}

/* Killed with topics on it; whoever takes the slot has none. */
TEST(roll_of_the_dead_is_forgotten)
{
    setup();
    sio_roll_add(&roll, topic(1));
    sio_free(roll.counts);
    sio_roll_open(&roll, &page);
    CHECK(sio_roll_has(&page, topic(2)));
    sio_roll_begin(&roll);
    sio_roll_publish(&roll);
    CHECK(!sio_roll_has(&page, topic(1)));
    CHECK_EQ_INT(bits_set(), 0);
    sio_roll_close(&roll);
}

/* At any moment what is on it is found; in the end nothing is left. */
TEST(roll_never_forgets_who_is_there)
{
    enum { TOPICS = 20000 };
    static unsigned char times[TOPICS];
    uint32_t x = 1;
    setup();
    for (unsigned n = 0; n < 400000; n++) {
        x = x * 1664525 + 1013904223;
        unsigned i = (x >> 8) % TOPICS;
        if (times[i] == 0 || (times[i] < 3 && (x & 128) != 0))
            sio_roll_add(&roll, topic(i)), times[i]++;
        else
            sio_roll_remove(&roll, topic(i)), times[i]--;
        if (n % 4000 != 0)
            continue;
        for (unsigned k = 0; k < TOPICS; k++)
            REQUIRE(times[k] == 0 || sio_roll_has(&page, topic(k)));
    }
    for (unsigned k = 0; k < TOPICS; k++)
        while (times[k] > 0)
            sio_roll_remove(&roll, topic(k)), times[k]--;
    CHECK_EQ_INT(bits_set(), 0);
    sio_roll_close(&roll);
}

/* One more than a count can say is there for good: nobody knows how many are left. */
TEST(roll_keeps_what_it_cannot_count)
{
    setup();
    uint32_t one = 1, two = 1U << 31 | 1; /* two bits each */
    for (unsigned i = 0; i < SIO_ROLL_COUNT_MAX - 1; i++)
        sio_roll_add(&roll, one);
    for (unsigned i = 0; i < SIO_ROLL_COUNT_MAX; i++)
        sio_roll_add(&roll, two);
    for (unsigned i = 0; i < SIO_ROLL_COUNT_MAX - 1; i++)
        sio_roll_remove(&roll, one);
    for (unsigned i = 0; i < SIO_ROLL_COUNT_MAX; i++)
        sio_roll_remove(&roll, two);
    CHECK(!sio_roll_has(&page, one));
    CHECK(sio_roll_has(&page, two));
    CHECK_EQ_INT(bits_set(), 2);
    sio_roll_close(&roll);
}

/* The share of topics that are not on a roll of n and seem to be, in parts of 10,000. */
static unsigned mistaken(unsigned n)
{
    unsigned yes = 0;
    setup();
    for (unsigned i = 0; i < n; i++)
        sio_roll_add(&roll, topic(i));
    for (unsigned i = 0; i < 100000; i++)
        yes += sio_roll_has(&page, topic(1000000 + i));
    sio_roll_close(&roll);
    return yes / 10;
}

TEST(roll_is_as_often_mistaken_as_its_header_says)
{
    unsigned few = mistaken(1000), usual = mistaken(12500), many = mistaken(100000);
    printf("# of 10,000: %u with 1,000 topics, %u with 12,500, %u with 100,000\n", few, usual,
           many);
    CHECK(few < 10);
    CHECK(usual > 50 && usual < 150);
    CHECK(many > 2000 && many < 3000);
}
