// SPDX-License-Identifier: MIT
/* Frames: however the input is cut, the same events and close code come out, texts are UTF-8,
 * nothing is longer than allowed. The second half of the inputs is made of well-formed frames whose
 * payloads the fuzzer chooses, so that masking does not hide the deeper states from it.
 */
#include "base/utf8.h"
#include "codec/ws_frame.h"
#include "fuzz.h"
#include "ws_plan.h"

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
