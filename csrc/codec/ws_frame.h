// SPDX-License-Identifier: MIT
/* WebSocket (RFC 6455): handshake fields, frames in (through wslay's frame layer; putting messages
 * together is ours), frame heads out.
 *
 * An idle connection holds no buffers. A message that lies whole in the input needs none; for any
 * other frame a wslay context (4.2 KiB) is borrowed from a pool at its first byte and given back at
 * its last; the message buffer exists only while a message is incomplete. What an event shows is
 * released by the next call, so read until it answers 0.
 *
 * Owns: the reader owns its borrowed context and its buffers. Reenters: no. Contexts come from the
 * pool that reader->pool names (one per loop); none is used again after an error.
 */
#ifndef SIO_CODEC_WS_FRAME_H
#define SIO_CODEC_WS_FRAME_H

#include <stdint.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "codec/http_parse.h"
#include "codec/ws_deflate.h"
#include "codec/ws_pool.h"

enum sio_ws_op {
    SIO_WS_TEXT = 1,
    SIO_WS_BINARY = 2,
    SIO_WS_CLOSE = 8,
    SIO_WS_PING = 9,
    SIO_WS_PONG = 10,
};

enum {
    SIO_WS_EXTRA_MAX = 60,        /* fields of the application in a 101 */
    SIO_WS_CONTROL_MAX = 125,     /* bytes of a control frame's payload */
    SIO_WS_HEAD_MAX = 10,         /* bytes of an unmasked frame head */
    SIO_WS_FRAGMENTS_MAX = 16384, /* frames of one message with fewer than FRAGMENT_BYTES each; */
    SIO_WS_FRAGMENT_BYTES = 64,   /* larger ones end with the message's own limit */
    SIO_WS_CONTEXTS_IDLE = 64,    /* kept for the next frame */
};

struct sio_ws_event {
    enum sio_ws_op op;
    struct sio_slice data; /* the message or control payload; for CLOSE the reason text */
    uint16_t code;         /* CLOSE: the peer's status code, 1005 when it sent none */
};

struct sio_ws_reader {
    void *context;                  /* borrowed, or NULL between frames; see ws_context.h */
    struct sio_buf message;         /* what is known of an incomplete message, as it was sent */
    struct sio_ws_pool *pool;       /* set it after init; NULL: nothing is kept or counted */
    struct sio_ws_deflate *deflate; /* set it after init, owned; NULL: not agreed on */
    uint32_t max_message;           /* bytes, inclusive; as sent and as inflated */
    uint32_t fragments;             /* small frames of the message so far */
    uint16_t close_code;            /* of an error: 1002, 1007, 1008, 1009 */
    uint8_t op;                     /* of the message being read; 0 = none */
    uint8_t frame_op;               /* of the frame being read, as on the wire */
    struct sio_utf8 utf8;           /* of the text so far; complete between messages */
    bool compressed : 1;            /* the message being read */
    bool delivered : 1; /* the last call handed out an event: its bytes go at the next */
};

void sio_ws_reader_init(struct sio_ws_reader *r, size_t max_message); /* at most UINT32_MAX */
void sio_ws_reader_fini(struct sio_ws_reader *r);                     /* frees; idempotent */
/* Takes bytes from the front of *in, where they may be unmasked. 1: *out is filled, its data valid
 * until the next call and as long as these bytes; 0: everything was taken; SIO_EPROTO, SIO_EUTF8,
 * SIO_ETOOBIG: r->close_code says with which code to close; nothing can be read after an error.
 * Client frames must be masked. A too long message is
 * refused on its head alone; bad UTF-8 at the fragment in which it shows. A compressed
 * message is inflated when it is complete: then both are seen, and what cannot be inflated (1007).
 */
int sio_ws_read(struct sio_ws_reader *r, struct sio_slice *in, struct sio_ws_event *out);
/* When it has answered 0: whether something of a message or frame is still missing. */
bool sio_ws_reader_partial(const struct sio_ws_reader *r);

/* Writes the head of an unmasked, final frame; returns its length. */
size_t sio_ws_frame_head(char out[SIO_WS_HEAD_MAX], enum sio_ws_op op, uint64_t len);

/* Checks an upgrade request (RFC 6455 §4.2.1). 0, or SIO_EPROTO with *why the body of the 400 in
 * ws's words ("Invalid Upgrade header", also for HTTP/1.0; "Missing or invalid Sec-WebSocket-Key
 * header"; "Missing or invalid Sec-WebSocket-Version header", whose answer should name version 13;
 * "Invalid Sec-WebSocket-Protocol header"). */
int sio_ws_check_request(const struct sio_http_request *r, const char **why);
/* Appends the 101 answer to a checked request; of the protocols it offers the first is accepted, as
 * ws does. `extra` are at most SIO_WS_EXTRA_MAX further fields. SIO_EINVAL as sio_http_write_head.
 */
int sio_ws_append_accept(struct sio_buf *out, struct sio_ws_pool *pool,
                         const struct sio_http_request *r, const struct sio_http_field *extra,
                         size_t n_extra);

#endif
