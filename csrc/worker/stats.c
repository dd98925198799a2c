// SPDX-License-Identifier: MIT
/* What a worker publishes of itself: its counters lie in the shared memory, and once a second it
 * adds what nobody counts as it happens (memory, descriptors, rooms). Each turn of the loop is
 * timed by the hook, from the return of the poll to the next one: that long events may have waited.
 *
 * Stands on base/stats and the kernel's files about this process; worker.c calls it.
 */
#include "worker/joint.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "sio/census.h"

enum { BEATS_PER_SAMPLE = 1000 / SIO_BEAT_MS, STALL_US = 100000 };

void sio_worker_stats_open(struct sio_worker *w)
{
    w->loop->stats = sio_shm_stats(&w->shm, w->me.slot);
}

/* The memory goes; connections that end later are counted nowhere. */
void sio_worker_stats_close(struct sio_worker *w)
{
    w->loop->stats = &w->loop->own_stats;
}

/* ---- turns ----------------------------------------------------------------------------------- */

void sio_worker_turn_begins(struct sio_worker *w)
{
    w->turn_since_ns = uv_hrtime();
}

void sio_worker_turn_ends(struct sio_worker *w)
{
    uint64_t took_us = w->turn_since_ns ? (uv_hrtime() - w->turn_since_ns) / 1000 : 0;
    if (took_us > w->turn_most_us)
        w->turn_most_us = took_us;
    if (took_us >= STALL_US)
        sio_stats_up(w->loop->stats, SIO_STAT_STALLS);
}

/* ---- once a second --------------------------------------------------------------------------- */

/* RssAnon in bytes: pages of the shared memory count in every worker's RSS. */
static uint64_t own_memory(void)
{
    unsigned long resident = 0, shared = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%*u %lu %lu", &resident, &shared) != 2 || resident < shared)
        resident = shared;
    fclose(f);
    return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Linux 6.2 and later say it; before, what we know of. */
static uint64_t open_fds(const struct sio_worker *w)
{
    struct stat st;
    if (stat("/proc/self/fd", &st) == 0 && st.st_size > 0)
        return (uint64_t)st.st_size;
    return atomic_load_explicit(&w->shm.slots[w->me.slot].fds_open, memory_order_relaxed);
}

static uint64_t microseconds(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

static void sample_process(const struct sio_worker *w)
{
    struct sio_stats *s = w->loop->stats;
    const struct sio_slot *slot = &w->shm.slots[w->me.slot];
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) == 0) {
        sio_stats_set(s, SIO_STAT_CPU_USER, microseconds(&used.ru_utime));
        sio_stats_set(s, SIO_STAT_CPU_SYSTEM, microseconds(&used.ru_stime));
    }
    sio_stats_set(s, SIO_STAT_RSS, own_memory());
    sio_stats_set(s, SIO_STAT_FDS, open_fds(w));
    sio_stats_set(s, SIO_STAT_FDS_MAX,
                  atomic_load_explicit(&slot->fds_limit, memory_order_relaxed));
    sio_stats_set(s, SIO_STAT_LOG_LOST, sio_log_lost());
}

static void sample_servers(const struct sio_worker *w)
{
    struct sio_stats *s = w->loop->stats;
    size_t nsps = 0, rooms = 0;
    for (unsigned i = 0; i < SIO_SERVICES_MAX; i++)
        if (w->services[i] != NULL && w->services[i]->sio != NULL)
            sio_server_count(w->services[i]->sio, &nsps, &rooms);
    sio_stats_set(s, SIO_STAT_NAMESPACES, nsps);
    sio_stats_set(s, SIO_STAT_ROOMS, rooms);
    sio_stats_set(s, SIO_STAT_OPEN, w->loop->n_clients + w->loop->finishing);
}

void sio_worker_sample(struct sio_worker *w)
{
    if (w->beats++ % BEATS_PER_SAMPLE != 0)
        return;
    sio_stats_set(w->loop->stats, SIO_STAT_LAG, w->turn_most_us);
    w->turn_most_us = 0;
    sample_process(w);
    sample_servers(w);
}
