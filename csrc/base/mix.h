// SPDX-License-Identifier: MIT
/* A hash that every process of a host computes alike from a seed that they share (sio_hash of
 * base/map.h is keyed per process). For what lies in shared memory, or is compared across it.
 */
#ifndef SIO_BASE_MIX_H
#define SIO_BASE_MIX_H

#include <stdint.h>

#include "base/slice.h"

static inline uint64_t sio_mix(uint64_t seed, struct sio_slice s)
{
    uint64_t h = seed ^ (s.len * UINT64_C(0x9e3779b97f4a7c15)), w;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        memcpy(&w, s.p + i, 8);
        h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    w = 0;
    if (i < s.len)
        memcpy(&w, s.p + i, s.len - i);
    h = (h ^ w) * UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 29;
    h *= UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 32);
}

#endif
