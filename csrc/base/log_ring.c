// SPDX-License-Identifier: MIT
/* The last lines. Stands on mem; log.c calls it when somebody wants them kept. */
#include "base/log_ring.h"

#include "base/mem.h"

struct kept {
    char *p;
    size_t len;
};

struct sio_log_ring {
    unsigned cap;
    uint64_t last; /* number of the newest line; it is at (last - 1) % cap */
    struct kept lines[];
};

struct sio_log_ring *sio_log_ring_new(unsigned lines)
{
    struct sio_log_ring *r = sio_calloc(1, sizeof *r + lines * sizeof *r->lines);
    r->cap = lines;
    return r;
}

void sio_log_ring_free(struct sio_log_ring *r)
{
    if (r == NULL)
        return;
    for (unsigned i = 0; i < r->cap; i++)
        sio_free(r->lines[i].p);
    sio_free(r);
}

void sio_log_ring_push(struct sio_log_ring *r, struct sio_slice line)
{
    struct kept *at = &r->lines[r->last++ % r->cap];
    sio_free(at->p);
    at->p = sio_alloc(line.len + 1);
    at->len = line.len;
    memcpy(at->p, line.p, line.len);
}

uint64_t sio_log_ring_after(const struct sio_log_ring *r, uint64_t after, struct sio_slice *line)
{
    uint64_t oldest = r->last >= r->cap ? r->last - r->cap + 1 : 1;
    uint64_t number = after + 1 > oldest ? after + 1 : oldest;
    if (number > r->last)
        return 0;
    const struct kept *at = &r->lines[(number - 1) % r->cap];
    *line = sio_slice(at->p, at->len);
    return number;
}
