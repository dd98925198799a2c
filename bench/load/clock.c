// SPDX-License-Identifier: MIT
/* Clocks of the kernel: CLOCK_MONOTONIC and the CPU clock of another process, which counts in
 * nanoseconds where /proc/<pid>/stat counts in ticks of 10 ms.
 */
#include "clock.h"

#include "fail.h"

#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec t;
    if (clock_gettime(id, &t) != 0)
        load_fail_errno("clock_gettime");
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t load_clock_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t cpu_of(const pid_t *pids, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        clockid_t id;
        if (clock_getcpuclockid(pids[i], &id) != 0)
            load_fail("there is no process %d", (int)pids[i]);
        sum += read_clock(id);
    }
    return sum;
}

void load_window_start(struct load_window *w, const pid_t *pids, size_t n_pids)
{
    *w = (struct load_window){.pids = pids, .n_pids = n_pids};
    w->cpu_ns = cpu_of(pids, n_pids);
    w->wall_ns = load_clock_ns();
}

void load_window_stop(struct load_window *w)
{
    w->wall_ns = load_clock_ns() - w->wall_ns;
    w->cpu_ns = cpu_of(w->pids, w->n_pids) - w->cpu_ns;
}
