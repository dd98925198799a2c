// SPDX-License-Identifier: MIT
/* How long each round trip took, and what the p-th of them took.
 *
 * Owns: the samples. Errors: none. Reenters: no.
 */
#ifndef LOAD_LATENCY_H
#define LOAD_LATENCY_H

#include <stddef.h>
#include <stdint.h>

struct load_latency {
    uint64_t *ns;
    size_t n, cap;
};

void load_latency_init(struct load_latency *latency, size_t cap);
void load_latency_fini(struct load_latency *latency);
void load_latency_add(struct load_latency *latency, uint64_t ns); /* over cap: dropped */
void load_latency_sort(struct load_latency *latency);
/* The share, 0 to 1, of the sorted samples took at most so long. */
uint64_t load_latency_at(const struct load_latency *latency, double share);

#endif
