// SPDX-License-Identifier: MIT
/* Session ids: 20 url-safe characters, 96 random bits, then the worker's slot and generation.
 *
 *     16 characters: 12 bytes of getrandom()    4 characters: slot (6 bits), generation (18 bits)
 *
 * 20 characters of [A-Za-z0-9_-] is what upstream's ids look like and what its tools expect.
 * Thread: loop, for sio_id_new; any for the others. Owns: random bytes drawn ahead, to the end of
 * the process. Errors: as stated. Reenters: no.
 */
#ifndef SIO_BASE_ID_H
#define SIO_BASE_ID_H

#include <stdint.h>

#include "base/slice.h"

enum {
    SIO_ID_LEN = 20,
    SIO_ID_PLACE_LEN = 4, /* of which: the place */
    SIO_WORKERS_MAX = 64, /* 6 bits of slot; also the width of the sleepers bitmap */
    SIO_GENERATION_MASK = (1 << 18) - 1,
};

struct sio_place {       /* where an id lives */
    unsigned slot;       /* 0 .. SIO_WORKERS_MAX-1 */
    uint32_t generation; /* of the worker in that slot; compared modulo 2^18 */
};

/* Fills out[0..20) and a NUL. Randomness comes from getrandom(), some ids ahead, never from a PRNG
 * state; a fork shares none of it. */
void sio_id_new(struct sio_place where, char out[SIO_ID_LEN + 1]);
/* The place of a well-formed id; SIO_EINVAL when `id` is not 20 url-safe characters. */
int sio_id_place(struct sio_slice id, struct sio_place *out);
/* Fills out[0..4) and a NUL: the place alone, for the end of an id that somebody else chose. */
void sio_id_suffix(struct sio_place where, char out[SIO_ID_PLACE_LEN + 1]);
/* The place at the end of an id of any length; SIO_EINVAL when that cannot be one. */
int sio_id_suffix_place(struct sio_slice id, struct sio_place *out);
void sio_random(void *out, size_t len); /* getrandom(); aborts when the kernel has none */

#endif
