// SPDX-License-Identifier: MIT
/* The head of a frame both ways, and the mask. Stands on bytes; client and reel call it.
 *
 * Invariant: a frame is whole in memory before anybody sees it; the servers do not fragment, and
 * one that does fails the run rather than being measured by half.
 */
#include "frame.h"

#include "fail.h"

enum {
    FIN = 0x80,
    RSV1 = 0x40,
    OPCODE_BITS = 0x0f,
    MASKED = 0x80,
    LEN_BITS = 0x7f,
    LEN_16 = 126,
    LEN_64 = 127,
};

/* One key for all: what it costs to unmask does not depend on it. */
static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};

static void append_big_endian(struct load_bytes *out, uint64_t v, unsigned n)
{
    while (n-- > 0) {
        uint8_t byte = (uint8_t)(v >> 8 * n);
        load_bytes_append(out, &byte, 1);
    }
}

void load_frame_render(struct load_bytes *out, enum load_opcode opcode, bool deflated,
                       const void *payload, size_t len)
{
    append_big_endian(out, FIN | (deflated ? RSV1 : 0u) | (unsigned)opcode, 1);
    if (len < LEN_16) {
        append_big_endian(out, MASKED | len, 1);
    } else if (len <= UINT16_MAX) {
        append_big_endian(out, MASKED | LEN_16, 1);
        append_big_endian(out, len, 2);
    } else {
        append_big_endian(out, MASKED | LEN_64, 1);
        append_big_endian(out, len, 8);
    }
    load_bytes_append(out, mask, sizeof mask);
    uint8_t *to = load_bytes_reserve(out, len);
    const uint8_t *from = payload;
    for (size_t i = 0; i < len; i++)
        to[i] = from[i] ^ mask[i % sizeof mask];
    out->len += len;
}

static uint64_t big_endian(const uint8_t *p, unsigned n)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

size_t load_frame_find(const uint8_t *p, size_t len, struct load_frame *frame)
{
    if (len < 2)
        return 0;
    if ((p[0] & FIN) == 0 || (p[1] & MASKED) != 0 || (p[0] & OPCODE_BITS) == 0)
        load_fail("a frame that is fragmented or masked: %02x %02x", p[0], p[1]);
    unsigned short_len = p[1] & LEN_BITS;
    unsigned wide = short_len == LEN_16 ? 2 : short_len == LEN_64 ? 8 : 0;
    if (len < 2 + wide)
        return 0;
    size_t payload_len = wide == 0 ? short_len : big_endian(p + 2, wide);
    if (payload_len > len - 2 - wide)
        return 0;
    *frame = (struct load_frame){
        .opcode = (enum load_opcode)(p[0] & OPCODE_BITS),
        .deflated = (p[0] & RSV1) != 0,
        .payload = p + 2 + wide,
        .len = payload_len,
    };
    return 2 + wide + payload_len;
}
