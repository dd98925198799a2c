// SPDX-License-Identifier: MIT
/* Outgoing packets as shared frames. Stands on codec/ws_frame for the frame head; sio/packet and
 * this folder make messages.
 *
 * A text frame with parts copied once is cheaper than a frame head per recipient: for broadcasts
 * the copy is paid once, and a single emit has to be copied out of Lua anyway.
 */
#include "engine/message.h"

#include "codec/ws_frame.h"

_Static_assert(EIO_MSG_V3_HEAD_MAX == SIO_WS_HEAD_MAX + 1, "a frame head and the type");

/* A blob with room for `len` bytes behind the frame head; *at is where they go. */
static struct eio_msg frame_new(enum sio_ws_op op, size_t len, char **at)
{
    char head[SIO_WS_HEAD_MAX];
    size_t n = sio_ws_frame_head(head, op, len);
    struct eio_msg m = {sio_blob_new_raw(n + len), (uint8_t)n, op == SIO_WS_BINARY, false};
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

static size_t packet_len(const struct sio_slice *parts, size_t n)
{
    size_t len = 1;
    for (size_t i = 0; i < n; i++)
        len += parts[i].len;
    return len;
}

static void put_packet(char *at, enum eio_packet_type type, const struct sio_slice *parts, size_t n)
{
    *at++ = eio_packet_digit(type);
    for (size_t i = 0; i < n; i++)
        put(&at, parts[i]);
}

struct eio_msg eio_msg_text(enum eio_packet_type type, const struct sio_slice *parts, size_t n)
{
    char *at;
    struct eio_msg m = frame_new(SIO_WS_TEXT, packet_len(parts, n), &at);
    put_packet(at, type, parts, n);
    return m;
}

struct sio_slice eio_msg_short(char room[EIO_MSG_SHORT_MAX], const struct sio_slice *parts,
                               size_t n)
{
    size_t len = packet_len(parts, n), head;
    if (len > EIO_MSG_SHORT_MAX - SIO_WS_HEAD_MAX)
        return sio_slice(NULL, 0);
    head = sio_ws_frame_head(room, SIO_WS_TEXT, len);
    put_packet(room + head, EIO_MESSAGE, parts, n);
    return sio_slice(room, head + len);
}

struct eio_msg eio_msg_base64(enum eio_version v, struct sio_slice bytes)
{
    struct sio_buf text = {0};
    struct eio_msg m;
    char *at;
    eio_packet_append_base64(v, &text, bytes);
    m = frame_new(SIO_WS_TEXT, text.len, &at);
    put(&at, sio_buf_slice(&text));
    sio_buf_fini(&text);
    return m;
}

size_t eio_msg_v3_head(const struct eio_msg *m, char head[EIO_MSG_V3_HEAD_MAX])
{
    size_t n = sio_ws_frame_head(head, SIO_WS_BINARY, 1 + m->frame->len - m->head);
    head[n] = EIO_MESSAGE;
    return n + 1;
}

struct eio_msg eio_msg_binary(struct sio_slice bytes)
{
    char *at;
    struct eio_msg m = frame_new(SIO_WS_BINARY, bytes.len, &at);
    put(&at, bytes);
    return m;
}
