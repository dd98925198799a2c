// SPDX-License-Identifier: MIT
/* Frames: however the input is cut, the same events and close code come out, texts are UTF-8,
 * nothing is longer than allowed. The second half of the inputs is made of well-formed frames whose
 * payloads the fuzzer chooses, so that masking does not hide the deeper states from it.
 */
#include "base/utf8.h"
#include "codec/ws_frame.h"
#include "fuzz.h"

enum { MAX_MESSAGE = 5000 };

static void tell_event(struct sio_buf *story, const struct sio_ws_event *e)
{
    FUZZ_CHECK(e->data.len <= MAX_MESSAGE);
    FUZZ_CHECK(e->op < SIO_WS_CLOSE || e->data.len <= 125);
    FUZZ_CHECK((e->op != SIO_WS_TEXT && e->op != SIO_WS_CLOSE) || sio_utf8_valid(e->data));
    sio_buf_printf(story, "\n%d %u ", e->op, e->op == SIO_WS_CLOSE ? e->code : 0);
    sio_buf_append_slice(story, e->data);
}

static bool feed(struct sio_ws_reader *r, struct sio_slice in, struct sio_buf *story)
{
    struct sio_ws_event e;
    int got;
    while ((got = sio_ws_read(r, &in, &e)) == 1)
        tell_event(story, &e);
    if (got == 0) {
        FUZZ_CHECK(in.len == 0);
        return true;
    }
    FUZZ_CHECK(r->close_code >= 1002 && r->context == NULL && r->message.p == NULL);
    sio_buf_printf(story, "\n!%u", r->close_code);
    return false;
}

static struct sio_buf tell(struct sio_slice input, uint32_t seed)
{
    static struct sio_ws_pool pool;
    struct sio_ws_reader r;
    struct sio_buf story = {0};
    struct fuzz_cut cut = {input, seed};
    struct sio_slice piece;
    bool alive = true;
    sio_ws_reader_init(&r, MAX_MESSAGE);
    r.pool = &pool;
    while (alive && fuzz_next(&cut, &piece)) {
        alive = feed(&r, piece, &story);
        free((char *)piece.p);
    }
    sio_ws_reader_fini(&r);
    FUZZ_CHECK(pool.out == 0);
    return story;
}

static void compare(struct sio_slice input)
{
    struct sio_buf whole = tell(input, 0);
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct sio_buf cut = tell(input, seed == 1 ? 1 : seed * 7919 + (uint32_t)input.len);
        FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
        sio_buf_fini(&cut);
    }
    sio_buf_fini(&whole);
}

/* Each frame: a byte of FIN and opcode, a byte of length (times 32 when odd), the payload. */
static void frames_of(struct sio_buf *out, struct sio_slice plan)
{
    static const uint8_t mask[4] = {0x11, 0x82, 0x43, 0xc4};
    while (plan.len >= 2) {
        size_t len = (size_t)(uint8_t)plan.p[1] * (plan.p[1] & 1 ? 32 : 1);
        struct sio_slice payload = sio_slice_from(plan, 2);
        if (payload.len > len)
            payload.len = len;
        sio_buf_append_u8(out, (uint8_t)plan.p[0] & 0x8f);
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_buf frames = {0};
    if (size == 0)
        return 0;
    if (data[0] & 1)
        frames_of(&frames, sio_slice(data + 1, size - 1));
    else
        sio_buf_append(&frames, data + 1, size - 1);
    compare(sio_buf_slice(&frames));
    sio_buf_fini(&frames);
    return 0;
}
