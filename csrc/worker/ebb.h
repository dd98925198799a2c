// SPDX-License-Identifier: MIT
/* The moment at which most of a herd of clients has left: their number has fallen to a part of the
 * most that there were since the last such moment, and falls no more.
 *
 * What a process took for them is garbage then, and nothing that is left makes it collect it
 * (docs/decisions/0047-memory-goes-back-when-a-herd-has-left.md). The worker asks at each beat.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_WORKER_EBB_H
#define SIO_WORKER_EBB_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SIO_EBB_HERD = 1000, /* sessions; fewer are not worth it */
    SIO_EBB_PART = 4,    /* of the most, one in so many may be left */
};

/* Zeroed: nobody was there. */
struct sio_ebb {
    size_t most, last;
};

/* How many there are now. Whether this is the moment. */
bool sio_ebb_is_low(struct sio_ebb *e, size_t now);

#endif
