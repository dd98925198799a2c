// SPDX-License-Identifier: MIT
/* The one JSON object of a run, on stdout.
 *
 * Owns:     nothing. Errors: none. Reenters: no.
 */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "clock.h"
#include "latency.h"
#include "options.h"

struct load_report {
    const struct load_options *options;
    const struct load_window *window;
    uint32_t clients;
    uint32_t idle; /* beside them */
    const char *unit;
    uint64_t units;                     /* what us_per_unit divides by */
    uint64_t messages;                  /* said, whatever the number of those who heard it */
    const struct load_latency *latency; /* sorted; NULL: none */
};

void load_report_print(const struct load_report *report);

#endif
