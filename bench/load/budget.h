// SPDX-License-Identifier: MIT
/* How much of a work is still to be done: --total messages, or --seconds of them.
 *
 * Owns:     nothing. Errors: none. Reenters: no.
 */
#ifndef LOAD_BUDGET_H
#define LOAD_BUDGET_H

#include "options.h"

struct load_budget {
    uint32_t left;
    uint64_t end_ns; /* 0: none */
};

/* `total` counts when neither option was given. */
void load_budget_start(struct load_budget *budget, const struct load_options *options,
                       uint32_t total);
uint32_t load_budget_take(struct load_budget *budget, uint32_t wanted); /* how many of them */

#endif
