// SPDX-License-Identifier: MIT
/* Every sample is kept: a run has some ten thousands of them, and a quantile is then exact. */
#include "latency.h"

#include "fail.h"

#include <stdlib.h>

void load_latency_init(struct load_latency *latency, size_t cap)
{
    *latency = (struct load_latency){.ns = calloc(cap, sizeof *latency->ns), .cap = cap};
    if (latency->ns == NULL)
        load_fail("no memory for %zu samples", cap);
}

void load_latency_fini(struct load_latency *latency)
{
    free(latency->ns);
}

void load_latency_add(struct load_latency *latency, uint64_t ns)
{
    if (latency->n < latency->cap)
        latency->ns[latency->n++] = ns;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

void load_latency_sort(struct load_latency *latency)
{
    qsort(latency->ns, latency->n, sizeof *latency->ns, compare);
}

uint64_t load_latency_at(const struct load_latency *latency, double share)
{
    size_t i = (size_t)((double)latency->n * share);
    return latency->n == 0 ? 0 : latency->ns[i < latency->n ? i : latency->n - 1];
}
