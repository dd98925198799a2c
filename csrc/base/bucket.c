// SPDX-License-Identifier: MIT
/* Token buckets. Thousandths of tokens, so that whole numbers suffice: a bucket of `rate` per
 * second gains `rate` of them per millisecond.
 */
#include "base/bucket.h"

enum { SECOND_MS = 1000 };

static int64_t most(const struct sio_bucket *b)
{
    return (int64_t)b->rate * SECOND_MS;
}

void sio_bucket_init(struct sio_bucket *b, uint32_t rate, uint64_t now_ms)
{
    *b = (struct sio_bucket){.rate = rate, .at_ms = now_ms};
    b->tokens = most(b);
}

/* 12 days are as good as more, and cannot overflow. */
static void fill(struct sio_bucket *b, uint64_t now_ms)
{
    uint64_t ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;
    b->at_ms = now_ms;
    b->tokens += (int64_t)(ms < INT32_MAX / 2 ? ms : INT32_MAX / 2) * b->rate;
    if (b->tokens > most(b))
        b->tokens = most(b);
}

bool sio_bucket_take(struct sio_bucket *b, uint64_t n, uint64_t now_ms)
{
    if (b->rate == 0)
        return true;
    fill(b, now_ms);
    if (b->tokens <= 0)
        return false;
    b->tokens -= (int64_t)(n < INT32_MAX ? n : INT32_MAX) * SECOND_MS;
    return true;
}
