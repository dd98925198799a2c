// SPDX-License-Identifier: MIT
/* Counting and publishing. Stands on mem; see roll.h for who calls it.
 *
 * Invariant: once published, a bit is set exactly while its count is not 0. Bits are stored without
 * fences: what a worker waits for is seen before it sleeps (cluster/journal_wake.c), and before
 * that it needs no waking.
 */
#include "base/roll.h"

#include "base/mem.h"

void sio_roll_open(struct sio_roll *r, struct sio_roll_page *page)
{
    *r = (struct sio_roll){.page = page};
    atomic_store(&page->all, 1);
}

void sio_roll_begin(struct sio_roll *r)
{
    r->counts = sio_calloc(SIO_ROLL_WORDS, 64);
    for (unsigned i = 0; i < SIO_ROLL_WORDS; i++)
        atomic_store_explicit(&r->page->words[i], 0, memory_order_relaxed);
}

void sio_roll_publish(struct sio_roll *r)
{
    atomic_store_explicit(&r->page->all, 0, memory_order_release);
}

void sio_roll_close(struct sio_roll *r)
{
    sio_free(r->counts);
    r->counts = NULL;
}

static void set_word(struct sio_roll *r, unsigned word, uint64_t set, uint64_t clear)
{
    _Atomic uint64_t *w = &r->page->words[word];
    uint64_t bits = atomic_load_explicit(w, memory_order_relaxed);
    atomic_store_explicit(w, (bits | set) & ~clear, memory_order_relaxed);
}

void sio_roll_add(struct sio_roll *r, uint32_t topic)
{
    unsigned word = sio_roll_word(topic);
    uint64_t bits = sio_roll_bits(topic);
    for (uint64_t left = bits; left != 0; left &= left - 1) {
        unsigned char *count = &r->counts[word * 64 + (unsigned)__builtin_ctzll(left)];
        *count = (unsigned char)(*count + (*count < SIO_ROLL_COUNT_MAX));
    }
    set_word(r, word, bits, 0);
}

void sio_roll_remove(struct sio_roll *r, uint32_t topic)
{
    unsigned word = sio_roll_word(topic);
    uint64_t gone = 0;
    for (uint64_t left = sio_roll_bits(topic); left != 0; left &= left - 1) {
        unsigned char *count = &r->counts[word * 64 + (unsigned)__builtin_ctzll(left)];
        if (*count < SIO_ROLL_COUNT_MAX && --*count == 0)
            gone |= left & -left;
    }
    if (gone != 0)
        set_word(r, word, 0, gone);
}
