// SPDX-License-Identifier: MIT
/* What one client must hear, and how far it is. Is what comes the next of it? If not, what
 * happened: it was lost, duplicated, reordered or altered.
 *
 * Owns:     nothing.
 * Errors:   a wrong message fails the run and says which client, which message, which of the four.
 * Reenters: no.
 */
#ifndef LOAD_EAR_H
#define LOAD_EAR_H

#include "reel.h"

struct load_ear {
    uint32_t client;        /* its number */
    uint32_t first, stride; /* it hears messages first, first + stride, ... */
    uint32_t heard;         /* parts, all in their place */
    bool gap;               /* one came before its turn */
};

/* Takes one part; true when a message is whole, *k is its number then. */
bool load_ear_take(struct load_ear *ear, const struct load_reel *reel,
                   const struct load_frame *frame, uint32_t *k);
static inline uint32_t load_ear_messages(const struct load_ear *ear, const struct load_reel *reel)
{
    return ear->heard / reel->parts;
}
/* Nothing comes any more: fails if the client heard less than `due` messages. */
void load_ear_expect(const struct load_ear *ear, const struct load_reel *reel, uint32_t due);

#endif
