// SPDX-License-Identifier: MIT
/* A rate: a token bucket that fills up evenly and holds one second's worth.
 *
 * What is asked for passes while there is anything in the bucket, so one thing that is larger than
 * a second's worth passes too, and the next ones wait until it is paid for.
 *
 * Owns: nothing; a value. Errors: none. Reenters: no. The clock is the caller's.
 */
#ifndef SIO_BASE_BUCKET_H
#define SIO_BASE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

struct sio_bucket {
    uint32_t rate;  /* per second; 0: no limit */
    int64_t tokens; /* thousandths; below 0 after something large */
    uint64_t at_ms; /* when it was filled up last */
};

void sio_bucket_init(struct sio_bucket *b, uint32_t rate, uint64_t now_ms);
bool sio_bucket_take(struct sio_bucket *b, uint64_t n, uint64_t now_ms);

#endif
