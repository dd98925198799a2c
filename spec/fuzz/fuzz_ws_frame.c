// SPDX-License-Identifier: MIT
/* Frames: however the input is cut, the same events and close code come out, texts are UTF-8,
 * nothing is longer than allowed. The second half of the inputs is made of well-formed frames whose
 * payloads the fuzzer chooses, so that masking does not hide the deeper states from it.
 */
#include "ws_plan.h"
#include "ws_story.h"

static void compare(struct sio_slice input)
{
    struct sio_buf whole = ws_tell(input, NULL, 0);
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct sio_buf cut =
            ws_tell(input, NULL, seed == 1 ? 1 : seed * 7919 + (uint32_t)input.len);
        FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
        sio_buf_fini(&cut);
    }
    sio_buf_fini(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_buf frames = {0};
    if (size == 0)
        return 0;
    if (data[0] & 1)
        ws_plan(&frames, sio_slice(data + 1, size - 1), 0x8f);
    else
        sio_buf_append(&frames, data + 1, size - 1);
    compare(sio_buf_slice(&frames));
    sio_buf_fini(&frames);
    return 0;
}
