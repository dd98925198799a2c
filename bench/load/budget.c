// SPDX-License-Identifier: MIT
/* Counts down messages, or looks at the clock. Stands on clock; the works call it per write. */
#include "budget.h"

#include "clock.h"

void load_budget_start(struct load_budget *budget, const struct load_options *options,
                       uint32_t total)
{
    *budget = (struct load_budget){.left = options->total != 0 ? options->total : total};
    if (options->window_ms != 0) {
        budget->left = UINT32_MAX;
        budget->end_ns = load_clock_ns() + options->window_ms * UINT64_C(1000000);
    }
}

uint32_t load_budget_take(struct load_budget *budget, uint32_t wanted)
{
    if (budget->end_ns != 0 && load_clock_ns() >= budget->end_ns)
        budget->left = 0;
    uint32_t taken = wanted < budget->left ? wanted : budget->left;
    budget->left -= taken;
    return taken;
}
