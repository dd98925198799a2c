// SPDX-License-Identifier: MIT
/* permessage-deflate (RFC 7692) on the client's side.
 *
 * What is sent is deflated ahead of the run, each message by itself, as a client always may
 * (§7.2.1); what comes may refer to what came before, so every connection has a window, from its
 * first deflated message on.
 *
 * Owns:     an inflater: its window and the last message.
 * Errors:   bytes that are not deflated fail the run.
 * Reenters: no.
 */
#ifndef LOAD_DEFLATE_H
#define LOAD_DEFLATE_H

#include "frame.h"

struct load_inflater;

void load_deflate(struct load_bytes *out, const void *p, size_t len);
/* Replaces the frame's payload; what it points to then lasts until the next one. */
void load_inflate(struct load_inflater **inflater, struct load_frame *frame);
void load_inflater_free(struct load_inflater *inflater);

#endif
