// SPDX-License-Identifier: MIT
/* The two clocks of a run: time on the wall, and the CPU time (user and system, all threads) of the
 * server's processes. A window is what passed on both between start and stop.
 *
 * Owns:     nothing; a window borrows the list of pids.
 * Errors:   a pid that is not there fails the run.
 * Reenters: no.
 */
#ifndef LOAD_CLOCK_H
#define LOAD_CLOCK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

uint64_t load_clock_ns(void); /* monotonic */

struct load_window {
    const pid_t *pids;
    size_t n_pids;
    uint64_t wall_ns; /* since the start; after stop, how long it was */
    uint64_t cpu_ns;  /* the same, summed over the pids */
};

void load_window_start(struct load_window *w, const pid_t *pids, size_t n_pids);
void load_window_stop(struct load_window *w);

#endif
