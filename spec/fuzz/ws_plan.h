// SPDX-License-Identifier: MIT
/* Well-formed masked WebSocket frames whose heads and payloads the fuzzer chooses, so that masking
 * does not hide the deeper states from it.
 */
#ifndef SPEC_FUZZ_WS_PLAN_H
#define SPEC_FUZZ_WS_PLAN_H

#include "fuzz.h"

/* Each frame: a byte of FIN, RSV1 and opcode, of which `bits` count; a byte of length (times 32
 * when odd); the payload. */
static inline void ws_plan(struct sio_buf *out, struct sio_slice plan, uint8_t bits)
{
    static const uint8_t mask[4] = {0x11, 0x82, 0x43, 0xc4};
    while (plan.len >= 2) {
        size_t len = (size_t)(uint8_t)plan.p[1] * (plan.p[1] & 1 ? 32 : 1);
        struct sio_slice payload = sio_slice_from(plan, 2);
        if (payload.len > len)
            payload.len = len;
        sio_buf_append_u8(out, (uint8_t)plan.p[0] & bits);
        if (payload.len < 126) {
            sio_buf_append_u8(out, (uint8_t)(0x80 | payload.len));
        } else {
            sio_buf_append_u8(out, 0x80 | 126);
            sio_buf_append_u8(out, (uint8_t)(payload.len >> 8));
            sio_buf_append_u8(out, (uint8_t)payload.len);
        }
        sio_buf_append(out, mask, 4);
        for (size_t i = 0; i < payload.len; i++)
            sio_buf_append_u8(out, (uint8_t)((uint8_t)payload.p[i] ^ mask[i % 4]));
        plan = sio_slice_from(plan, 2 + payload.len);
    }
}

#endif
