// SPDX-License-Identifier: MIT
/* Is what a client hears the next of what it must hear? If not, what happened to it: lost,
 * duplicated, reordered or altered.
 *
 * Owns:     nothing.
 * Errors:   a wrong message fails the run; the report says which client, which message, and which
 *           of the four.
 * Reenters: no.
 */
#ifndef LOAD_CHECK_H
#define LOAD_CHECK_H

#include "crowd.h"
#include "reel.h"

/* Moves client->ear on by one part. */
void load_check_frame(struct load_client *client, const struct load_reel *reel,
                      const struct load_frame *frame);
/* The client heard less than `due` messages and nothing comes any more. */
_Noreturn void load_check_missing(const struct load_client *client, uint32_t due);

extern const struct load_work load_check_silence; /* the work of a crowd that is told nothing */
const char *load_check_text(const struct load_frame *frame); /* for a last message */

#endif
