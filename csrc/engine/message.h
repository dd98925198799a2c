// SPDX-License-Identifier: MIT
/* One outgoing Engine.IO packet in the form that every recipient shares: a whole unmasked WebSocket
 * frame in a blob. WebSocket sends it as it stands; polling takes what is behind the frame head.
 *
 * Passed by value. Owns: the functions here return one reference to `frame`, which the caller gives
 * back with sio_blob_unref; a queue takes its own. Errors: none. Reenters: no.
 */
#ifndef SIO_ENGINE_MESSAGE_H
#define SIO_ENGINE_MESSAGE_H

#include "base/blob.h"
#include "codec/eio_packet.h"

struct eio_msg {
    struct sio_blob *frame;
    uint8_t head; /* bytes of frame head before the packet */
    bool binary;  /* a message; the packet has no type digit then */
    bool plain;   /* not to be compressed */
};

/* Text packet: the digit of `type`, then the parts joined; they must be valid UTF-8. */
struct eio_msg eio_msg_text(enum eio_packet_type type, const struct sio_slice *parts, size_t n);
/* The frame of a message for one session alone, in `room`: no blob is made. Empty when it would not
 * be short. */
enum { EIO_MSG_SHORT_MAX = 1024 };
struct sio_slice eio_msg_short(char room[EIO_MSG_SHORT_MAX], const struct sio_slice *parts,
                               size_t n);
struct eio_msg eio_msg_binary(struct sio_slice bytes);
/* A binary message as a text frame, for who takes no bytes. */
struct eio_msg eio_msg_base64(enum eio_version v, struct sio_slice bytes);

enum { EIO_MSG_V3_HEAD_MAX = 11 }; /* a frame head and the type */
/* What a binary message has in front of its bytes in protocol v3: returns how many bytes. */
size_t eio_msg_v3_head(const struct eio_msg *m, char head[EIO_MSG_V3_HEAD_MAX]);

/* The packet behind the frame head: with its digit, or the bytes of a binary one. Borrowed. */
static inline struct sio_slice eio_msg_packet(const struct eio_msg *m)
{
    return sio_slice(m->frame->data + m->head, m->frame->len - m->head);
}

#endif
