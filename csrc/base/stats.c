// SPDX-License-Identifier: MIT
/* The table of counters as data, and what becomes of the counters of the dead. Stands on nothing;
 * everybody counts, the supervisor reads.
 */
#include "base/stats.h"

static const struct sio_stat_info infos[] = {
#define X(name, kind_, metric_, labels_, help_)                                                    \
    {.metric = metric_, .labels = labels_, .help = help_, .kind = SIO_STAT_##kind_},
    SIO_STATS_MAP(X)
#undef X
};

const struct sio_stat_info *sio_stats_info(enum sio_stat which)
{
    return &infos[which];
}

void sio_stats_bequeath(struct sio_stats *from, struct sio_stats *sum)
{
    for (enum sio_stat i = 0; i < SIO_STATS_COUNT; i++) {
        if (infos[i].kind == SIO_STAT_COUNTER)
            sio_stats_add(sum, i, sio_stats_get(from, i));
        sio_stats_set(from, i, 0);
    }
}
