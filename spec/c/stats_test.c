// SPDX-License-Identifier: MIT
/* base/stats: counting, the table, and what the dead leave. */
#include "base/stats.h"

#include "test.h"

TEST(counting)
{
    static struct sio_stats s;
    sio_stats_up(&s, SIO_STAT_EVENTS_IN);
    sio_stats_add(&s, SIO_STAT_EVENTS_IN, 4);
    CHECK_EQ_INT(sio_stats_get(&s, SIO_STAT_EVENTS_IN), 5);
    sio_stats_up(&s, SIO_STAT_SOCKETS);
    sio_stats_up(&s, SIO_STAT_SOCKETS);
    sio_stats_down(&s, SIO_STAT_SOCKETS);
    CHECK_EQ_INT(sio_stats_get(&s, SIO_STAT_SOCKETS), 1);
    CHECK_EQ_INT(sio_stats_get(&s, SIO_STAT_EVENTS_OUT), 0);
}

/* Samples of a metric stand together, with the help at the first: the text format wants it so. */
TEST(metrics_are_in_one_piece)
{
    for (enum sio_stat i = 0; i < SIO_STATS_COUNT; i++) {
        const struct sio_stat_info *info = sio_stats_info(i);
        test_context("%s{%s}", info->metric, info->labels);
        bool first = i == 0 || strcmp(sio_stats_info(i - 1)->metric, info->metric) != 0;
        CHECK_EQ_INT(info->help[0] != '\0', first);
        size_t len = strlen(info->metric);
        bool total = len > 6 && strcmp(info->metric + len - 6, "_total") == 0;
        CHECK_EQ_INT(total, info->kind == SIO_STAT_COUNTER);
        for (enum sio_stat k = 0; first && k < i; k++)
            CHECK(strcmp(sio_stats_info(k)->metric, info->metric) != 0);
    }
}

TEST(counters_of_the_dead_are_kept_and_gauges_are_not)
{
    static struct sio_stats dead, sum;
    sio_stats_set(&sum, SIO_STAT_EVENTS_IN, 10);
    sio_stats_set(&dead, SIO_STAT_EVENTS_IN, 3);
    sio_stats_set(&dead, SIO_STAT_POLLING, 7);
    sio_stats_set(&dead, SIO_STAT_RSS, 7);
    sio_stats_bequeath(&dead, &sum);
    CHECK_EQ_INT(sio_stats_get(&sum, SIO_STAT_EVENTS_IN), 13);
    CHECK_EQ_INT(sio_stats_get(&sum, SIO_STAT_POLLING), 0);
    CHECK_EQ_INT(sio_stats_get(&sum, SIO_STAT_RSS), 0);
    for (enum sio_stat i = 0; i < SIO_STATS_COUNT; i++)
        CHECK_EQ_INT(sio_stats_get(&dead, i), 0);
    sio_stats_bequeath(&dead, &sum);
    CHECK_EQ_INT(sio_stats_get(&sum, SIO_STAT_EVENTS_IN), 13);
}
