// SPDX-License-Identifier: MIT
/* Frames of a connection that agreed on permessage-deflate: however the input is cut, the same
 * events and close code come out, nothing is longer than allowed, texts are UTF-8, and nothing is
 * kept behind an error. Inputs are bytes, or well-formed frames whose payloads the fuzzer chooses,
 * or the same as messages that a client's deflater has made, which must come out as they were.
 */
#include "ws_story.h"

enum { FRAMES_MAX = 64 };

static const struct sio_ws_terms terms[] = {
    {true, true, true, 0, 0}, {true, true, false, 0, 0}, {true, true, false, 0, 9}};

/* The story of the whole; the cut ones must be the same. */
static struct sio_buf compare(struct sio_slice input, const struct sio_ws_terms *t)
{
    struct sio_buf whole = ws_tell(input, t, 0);
    for (uint32_t seed = 1; seed <= 2; seed++) {
        struct sio_buf cut = ws_tell(input, t, seed == 1 ? 1 : 7919 + (uint32_t)input.len);
        FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
        sio_buf_fini(&cut);
    }
    return whole;
}

static void append_frame(struct sio_buf *out, uint8_t head, struct sio_slice payload)
{
    sio_buf_append_u8(out, head);
    if (payload.len < 126) {
        sio_buf_append_u8(out, (uint8_t)(0x80 | payload.len));
    } else {
        sio_buf_append_u8(out, 0x80 | 126);
        sio_buf_append_u8(out, (uint8_t)(payload.len >> 8));
        sio_buf_append_u8(out, (uint8_t)payload.len);
    }
    sio_buf_append_u32(out, 0); /* the mask */
    sio_buf_append_slice(out, payload);
}

/* A byte of length (times 16 when odd), then as much of the plan. */
static struct sio_slice cut_payload(struct sio_slice *plan)
{
    size_t len = (size_t)(uint8_t)plan->p[0] * (plan->p[0] & 1 ? 16 : 1);
    struct sio_slice payload = sio_slice_from(*plan, 1);
    if (payload.len > len)
        payload.len = len;
    *plan = sio_slice_from(*plan, 1 + payload.len);
    return payload;
}

/* Each frame: a byte of FIN, RSV1 and opcode, and its payload. */
static void frames_of(struct sio_buf *out, struct sio_slice plan)
{
    for (int i = 0; i < FRAMES_MAX && plan.len >= 2; i++) {
        uint8_t head = (uint8_t)plan.p[0] & 0xcf;
        plan = sio_slice_from(plan, 1);
        append_frame(out, head, cut_payload(&plan));
    }
}

/* Binary messages through a deflater, and the story that they must make. */
static void messages_of(struct sio_buf *out, struct sio_buf *story, struct sio_slice plan,
                        bool forget)
{
    const struct sio_deflate_effort effort = {1, 1};
    struct sio_deflater *d = sio_deflater_new(SIO_DEFLATE_RAW, 9, effort);
    for (int i = 0; i < FRAMES_MAX && plan.len >= 1; i++) {
        struct sio_slice text = cut_payload(&plan);
        struct sio_buf made = {0};
        sio_deflater_message(d, text, forget, &made);
        append_frame(out, 0x80 | SIO_WS_RSV1 | SIO_WS_BINARY, sio_buf_slice(&made));
        sio_buf_printf(story, "\n%d 0 ", SIO_WS_BINARY);
        sio_buf_append_slice(story, text);
        sio_buf_fini(&made);
    }
    sio_deflater_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_buf in = {0}, expected = {0}, story;
    const struct sio_ws_terms *t;
    struct sio_slice plan;
    if (size == 0)
        return 0;
    t = &terms[data[0] / 3 % 3];
    plan = sio_slice(data + 1, size - 1);
    if (data[0] % 3 == 0)
        sio_buf_append_slice(&in, plan);
    else if (data[0] % 3 == 1)
        frames_of(&in, plan);
    else
        messages_of(&in, &expected, plan, t->client_no_context_takeover);
    story = compare(sio_buf_slice(&in), t);
    if (data[0] % 3 == 2)
        FUZZ_SAME(sio_buf_slice(&story), sio_buf_slice(&expected));
    sio_buf_fini(&in);
    sio_buf_fini(&expected);
    sio_buf_fini(&story);
    return 0;
}
