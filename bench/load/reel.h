// SPDX-License-Identifier: MIT
/* All messages of a run, rendered before it: what is sent, and what must come back for it.
 *
 * Message k carries the number k, and entry k % n of the reel is its. Messages that follow each
 * other lie behind each other, so that several of them leave in one write. A message comes back in
 * parts, one per WebSocket message: one, or with --binary two, the packet and its attachment.
 *
 * Owns:     the bytes.
 * Errors:   none.
 * Reenters: no.
 */
#ifndef LOAD_REEL_H
#define LOAD_REEL_H

#include "bytes.h"
#include "frame.h"
#include "options.h"

enum load_kind { LOAD_ECHO, LOAD_SAY, LOAD_SHOUT };
enum load_wire { LOAD_FRAMES, LOAD_TEXTS }; /* WebSocket frames, or bare packets for polling */
enum { LOAD_PARTS_MAX = 2 };

struct load_slice {
    const uint8_t *p;
    size_t len;
};

struct load_reel {
    uint32_t n;                               /* distinct messages */
    unsigned parts;                           /* of what comes back for one */
    enum load_opcode opcodes[LOAD_PARTS_MAX]; /* of the parts */
    enum load_wire wire;
    struct load_bytes sent;
    struct load_bytes told;
    size_t *sent_at; /* where entry i starts, and the end */
    size_t *told_at; /* where part i starts, and the end */
};

void load_reel_init(struct load_reel *reel, const struct load_options *options, enum load_kind kind,
                    enum load_wire wire);
void load_reel_fini(struct load_reel *reel);
/* Messages k to k + count - 1, count <= LOAD_INFLIGHT_MAX. */
struct load_slice load_reel_sent(const struct load_reel *reel, uint32_t k, uint32_t count);
bool load_reel_is(const struct load_reel *reel, uint32_t k, unsigned part,
                  const struct load_frame *frame);

#endif
