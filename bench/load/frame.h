// SPDX-License-Identifier: MIT
/* WebSocket frames (RFC 6455 §5.2): the client's are rendered, masked, ahead of the run; the
 * server's are found in what was read, in place.
 *
 * Owns:     nothing; a found payload borrows the bytes that were read.
 * Errors:   a frame that a server may not send fails the run.
 * Reenters: no.
 */
#ifndef LOAD_FRAME_H
#define LOAD_FRAME_H

#include "bytes.h"

#include <stdbool.h>

enum load_opcode { LOAD_TEXT = 1, LOAD_BINARY = 2, LOAD_CLOSE = 8, LOAD_PING = 9, LOAD_PONG = 10 };

struct load_frame {
    enum load_opcode opcode;
    bool deflated; /* RSV1 (RFC 7692 §6) */
    const uint8_t *payload;
    size_t len;
};

void load_frame_render(struct load_bytes *out, enum load_opcode opcode, bool deflated,
                       const void *payload, size_t len);

/* The frame that starts at p; returns how many bytes it takes, 0 while it is not whole. */
size_t load_frame_find(const uint8_t *p, size_t len, struct load_frame *frame);

#endif
