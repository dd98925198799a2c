// SPDX-License-Identifier: MIT
/* Gives back what a herd of clients had, when most of it has left: Lua's garbage and malloc's free
 * pages (docs/decisions/0047-memory-goes-back-when-a-herd-has-left.md).
 *
 * Both by turns, so that neither has much to do at a time: a step of the collector in the loop, in
 * the mode that Lua calls incremental; then the pages that it made free, on a thread of the pool.
 *
 * Thread: loop. Owns: its state. Errors: none. Reenters: people's finalizers run in the steps.
 */
#ifndef SIO_BIND_RECLAIM_H
#define SIO_BIND_RECLAIM_H

#include "bind/bind.h"

enum {
    SIO_RECLAIM_CYCLES = 3,   /* what was under way; garbage; what had to be finalized first */
    SIO_RECLAIM_STEPS = 4096, /* some 3 MiB of garbage each: for apps that make it as fast */
};

/* `b` is a struct sio_bind. No effect while one is under way. */
void sio_reclaim_begin(void *b);
/* The loop is about to end. */
void sio_reclaim_cancel(struct sio_bind *b);

#endif
