// SPDX-License-Identifier: MIT
/* The roll of a worker: which topics somebody here is waiting for, so that nobody wakes it for
 * others. A counting filter: the counts are the worker's own, a bit per count that is not 0 lies
 * where its siblings read it. A topic has two bits in one word of 64.
 *
 * It may say yes without reason: to 3 in 10,000 with 1,000 topics on it, to 1 in 100 with 12,500,
 * to 3 in 10 with 100,000. It never says no without reason; before sio_roll_publish it says yes to
 * all.
 *
 * Called by sio (what begins and ends here), worker, and cluster (what siblings have). Thread:
 * loop; of the page only its worker is a writer. Owns: the counts. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_ROLL_H
#define SIO_BASE_ROLL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SIO_ROLL_WORDS = 4096,    /* 32 KiB of bits; 256 KiB of counts */
    SIO_ROLL_COUNT_MAX = 255, /* a count that was so high stays, as who is behind it is lost */
};

/* In the shared memory, zeroed once. */
struct sio_roll_page {
    _Alignas(64) _Atomic uint32_t all; /* its worker wants everything */
    _Alignas(64) _Atomic uint64_t words[SIO_ROLL_WORDS];
};

struct sio_roll {
    struct sio_roll_page *page;
    unsigned char *counts; /* NULL: has not begun, nothing is counted */
};

/* What is left of who had the page before counts no more: it says yes to all. */
void sio_roll_open(struct sio_roll *r, struct sio_roll_page *page);
/* From here on topics are counted. The caller adds all there are, then calls sio_roll_publish. */
void sio_roll_begin(struct sio_roll *r);
void sio_roll_publish(struct sio_roll *r);
void sio_roll_close(struct sio_roll *r);

static inline bool sio_roll_begun(const struct sio_roll *r)
{
    return r != NULL && r->counts != NULL;
}

/* Only once it has begun. As many times in as out. */
void sio_roll_add(struct sio_roll *r, uint32_t topic);
void sio_roll_remove(struct sio_roll *r, uint32_t topic);

static inline unsigned sio_roll_word(uint32_t topic)
{
    return topic / (UINT32_MAX / SIO_ROLL_WORDS + 1);
}

static inline uint64_t sio_roll_bits(uint32_t topic)
{
    return UINT64_C(1) << (topic & 63) | UINT64_C(1) << (topic >> 6 & 63);
}

static inline bool sio_roll_has(const struct sio_roll_page *page, uint32_t topic)
{
    uint64_t bits = sio_roll_bits(topic);
    if (atomic_load_explicit(&page->all, memory_order_acquire) != 0)
        return true;
    return (atomic_load_explicit(&page->words[sio_roll_word(topic)], memory_order_relaxed) &
            bits) == bits;
}

#endif
