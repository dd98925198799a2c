// SPDX-License-Identifier: MIT
/* Outgoing packets as shared frames. Stands on codec/ws_frame for the frame head; sio/packet and
 * this folder make messages.
 *
 * A text frame with parts copied once is cheaper than a frame head per recipient: for broadcasts
 * the copy is paid once, and a single emit has to be copied out of Lua anyway.
 */
#include "engine/message.h"

#include "codec/ws_frame.h"

/* A blob with room for `len` bytes behind the frame head; *at is where they go. */
static struct eio_msg frame_new(enum sio_ws_op op, size_t len, char **at)
{
    char head[SIO_WS_HEAD_MAX];
    size_t n = sio_ws_frame_head(head, op, len);
    struct eio_msg m = {sio_blob_new_raw(n + len), (uint8_t)n, op == SIO_WS_BINARY};
    memcpy(m.frame->data, head, n);
    *at = m.frame->data + n;
    return m;
}

static void put(char **at, struct sio_slice s)
{
    if (s.len != 0)
        memcpy(*at, s.p, s.len);
    *at += s.len;
}

struct eio_msg eio_msg_text(enum eio_packet_type type, const struct sio_slice *parts, size_t n)
{
    struct eio_msg m;
    size_t len = 1;
    char *at;
    for (size_t i = 0; i < n; i++)
        len += parts[i].len;
    m = frame_new(SIO_WS_TEXT, len, &at);
    *at++ = eio_packet_digit(type);
    for (size_t i = 0; i < n; i++)
        put(&at, parts[i]);
    return m;
}

struct eio_msg eio_msg_binary(struct sio_slice bytes)
{
    char *at;
    struct eio_msg m = frame_new(SIO_WS_BINARY, bytes.len, &at);
    put(&at, bytes);
    return m;
}
