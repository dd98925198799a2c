// SPDX-License-Identifier: MIT
/* A WebSocket stream: an endpoint that sends every message back, over a socket pair. However the
 * input is cut, the same bytes come out; they are whole unmasked frames, and nothing follows a
 * close frame.
 *
 * The first byte of an input decides the cut and whether messages may be compressed; frames are
 * made as in fuzz_ws_frame. Stands on the connection of the tests (spec/c/ws.h).
 */
#define TEST_NO_MAIN
#include "../c/test.h"

#include "../c/ws.h"
#include "codec/ws_deflate.h"
#include "engine/message.h"
#include "fuzz.h"
#include "ws_plan.h"

enum { TURNS = 3 };

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        net_turn();
}

/* The newest message in ws.got, which is emptied. */
static void echo(struct sio_ws_conn *w)
{
    bool binary = ws.got.p[0] == 'b';
    struct sio_slice data = sio_slice(ws.got.p + 2, ws.got.len - 3);
    struct eio_msg m;
    FUZZ_CHECK(data.len <= 1000);
    FUZZ_CHECK(binary || sio_utf8_valid(data));
    m = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
    sio_ws_conn_send(w, m.frame);
    sio_blob_unref(m.frame);
    sio_buf_clear(&ws.got);
}

/* One frame off the front; its opcode. */
static int take_frame(struct sio_slice *in)
{
    size_t head = 2, len;
    int op;
    FUZZ_CHECK(in->len >= 2);
    op = in->p[0] & 15;
    len = (uint8_t)in->p[1];
    FUZZ_CHECK((in->p[0] & 0xf0) == 0x80 && len < 127); /* FIN, no RSV, no mask, at most 64 KiB */
    FUZZ_CHECK(op == SIO_WS_TEXT || op == SIO_WS_BINARY || op == SIO_WS_CLOSE || op == SIO_WS_PONG);
    if (len == 126) {
        FUZZ_CHECK(in->len >= 4 && op < SIO_WS_CLOSE);
        len = (size_t)(uint8_t)in->p[2] << 8 | (uint8_t)in->p[3];
        head = 4;
    }
    FUZZ_CHECK(in->len >= head + len);
    *in = sio_slice_from(*in, head + len);
    return op;
}

static void check_frames(struct sio_slice out)
{
    while (out.len != 0)
        FUZZ_CHECK(take_frame(&out) != SIO_WS_CLOSE || out.len == 0);
}

static struct sio_buf tell(struct sio_slice input, uint32_t seed, bool deflate)
{
    const struct sio_ws_terms terms = {
        .deflate = deflate, .server_no_context_takeover = true, .client_no_context_takeover = true};
    struct fuzz_cut cut = {input, seed};
    struct sio_slice piece;
    struct sio_buf out;
    start();
    ws.on_message = echo;
    sio_ws_conn_set_terms(ws.w, &terms);
    while (ws.closes == 0 && fuzz_next(&cut, &piece)) {
        ssize_t n = send(p.fd, piece.p, piece.len, MSG_NOSIGNAL);
        (void)n;
        free((char *)piece.p);
        turn();
    }
    turn();
    FUZZ_CHECK(ws.closes <= 1);
    if (ws.closes == 0)
        sio_ws_conn_abort(ws.w);
    out = p.got;
    p.got = (struct sio_buf){0};
    end();
    FUZZ_CHECK(test_state.failures == 0);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_buf frames = {0}, whole, cut;
    if (size < 2)
        return 0;
    if (data[1] & 1)
        ws_plan(&frames, sio_slice(data + 2, size - 2), 0xcf);
    else
        sio_buf_append(&frames, data + 2, size - 2);
    whole = tell(sio_buf_slice(&frames), 0, data[1] & 2);
    cut = tell(sio_buf_slice(&frames), data[0] ? data[0] : 2, data[1] & 2);
    check_frames(sio_buf_slice(&whole));
    FUZZ_SAME(sio_buf_slice(&cut), sio_buf_slice(&whole));
    sio_buf_fini(&whole);
    sio_buf_fini(&cut);
    sio_buf_fini(&frames);
    return 0;
}
