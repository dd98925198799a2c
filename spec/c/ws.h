// SPDX-License-Identifier: MIT
/* What the tests of net/ws_conn share: a connection in `ws` whose events are noted there, the
 * client at its other end in `p`, and that one's frames. Include it behind test.h.
 */
#ifndef SPEC_C_WS_H
#define SPEC_C_WS_H

#include "net.h"
#include "net/ws_conn.h"

static struct peer p;

static struct {
    struct sio_ws_conn *w;
    struct sio_buf got; /* "t:text;b:bytes;" */
    unsigned messages, closes, drains;
    struct sio_buf parts; /* "begun " and so on */
    uint16_t code;
    int err;
    void (*on_message)(struct sio_ws_conn *w);
} ws;

static inline void on_message(void *owner, struct sio_ws_conn *w, bool binary,
                              struct sio_slice data)
{
    CHECK(owner == &ws && w == ws.w);
    ws.messages++;
    sio_buf_append_slice(&ws.got, binary ? SIO_LIT("b:") : SIO_LIT("t:"));
    sio_buf_append_slice(&ws.got, data);
    sio_buf_append_char(&ws.got, ';');
    if (ws.on_message != NULL)
        ws.on_message(w);
}

static inline void on_close(void *owner, struct sio_ws_conn *w, uint16_t code, int err)
{
    CHECK(owner == &ws && w == ws.w);
    CHECK(sio_conn_closed(sio_ws_conn_stream(w)));
    sio_ws_conn_close(w, 1000); /* no effect */
    sio_ws_conn_abort(w);
    ws.closes++;
    ws.code = code;
    ws.err = err;
}

static inline void on_drain(void *owner, struct sio_ws_conn *w)
{
    CHECK(owner == &ws && w == ws.w);
    ws.drains++;
}

static inline void on_part(void *owner, struct sio_ws_conn *w, enum sio_ws_part part)
{
    static const char *const names[] = {"begun ", "grown ", "over "};
    CHECK(owner == &ws && w == ws.w);
    sio_buf_append_slice(&ws.parts, sio_slice_str(names[part]));
}

static const struct sio_ws_conn_events events = {on_message, on_close, on_drain, on_part};

static inline void on_early_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    (void)owner;
    (void)c;
    (void)data;
    CHECK(false && "data for the old owner");
}

static inline void on_early_close(void *owner, struct sio_conn *c, int err)
{
    (void)owner;
    (void)c;
    (void)err;
    CHECK(false && "close for the old owner");
}

static const struct sio_conn_events early = {on_early_data, on_early_close, NULL};

/* As after http_conn: the stream is reading already. */
static inline void start_with(int fd, struct sio_slice rest, size_t max_message)
{
    struct sio_conn *c = sio_conn_adopt(&net.loop, fd, &early, NULL);
    memset(&ws, 0, sizeof ws);
    sio_conn_read_start(c);
    ws.w = sio_ws_conn_open(c, rest, max_message, &events, &ws);
}

static inline void start(void)
{
    net_open();
    start_with(peer_pair(&p, SOCK_STREAM), sio_slice(NULL, 0), 1000);
}

static inline void end(void)
{
    peer_fini(&p);
    net_turn();
    sio_buf_fini(&ws.got);
    sio_buf_fini(&ws.parts);
    CHECK(net_close());
}

/* ---- the client's frames --------------------------------------------------------------------- */

static inline void append_frame(struct sio_buf *out, unsigned op, struct sio_slice data)
{
    static const char mask[4] = {'k', 'e', 'y', '!'};
    sio_buf_append_char(out, (char)(0x80 | op));
    if (data.len < 126) {
        sio_buf_append_char(out, (char)(0x80 | data.len));
    } else {
        sio_buf_append_char(out, (char)(0x80 | 126));
        sio_buf_append_char(out, (char)(data.len >> 8));
        sio_buf_append_char(out, (char)(data.len & 0xff));
    }
    sio_buf_append(out, mask, 4);
    for (size_t i = 0; i < data.len; i++)
        sio_buf_append_char(out, (char)(data.p[i] ^ mask[i % 4]));
}

static inline void send_frame(unsigned op, struct sio_slice data)
{
    struct sio_buf frame = {0};
    append_frame(&frame, op, data);
    peer_send(&p, sio_buf_slice(&frame));
    sio_buf_fini(&frame);
}

#define CHECK_GOT(text)                                                                            \
    do {                                                                                           \
        WAIT(p.got.len >= sizeof(text) - 1);                                                       \
        CHECK_SLICE(sio_buf_slice(&p.got), text);                                                  \
        sio_buf_clear(&p.got);                                                                     \
    } while (0)

#endif
