// SPDX-License-Identifier: MIT
/* Limits per second. Stands on base/bucket; session.c has a meter per session when one is set. */
#include "engine/meter.h"

#include "base/bucket.h"
#include "base/mem.h"

struct eio_meter {
    struct sio_bucket packets, bytes;
};

struct eio_meter *eio_meter_new(const struct eio_options *o, uint64_t now_ms)
{
    struct eio_meter *m;
    if (o->max_packets_per_second == 0 && o->max_bytes_per_second == 0)
        return NULL;
    m = sio_alloc(sizeof *m);
    sio_bucket_init(&m->packets, o->max_packets_per_second, now_ms);
    sio_bucket_init(&m->bytes, o->max_bytes_per_second, now_ms);
    return m;
}

void eio_meter_free(struct eio_meter *m)
{
    sio_free(m);
}

const char *eio_meter_take(struct eio_meter *m, size_t bytes, uint64_t now_ms)
{
    if (!sio_bucket_take(&m->packets, 1, now_ms))
        return "more than max_packets_per_second";
    if (!sio_bucket_take(&m->bytes, bytes, now_ms))
        return "more than max_bytes_per_second";
    return NULL;
}
