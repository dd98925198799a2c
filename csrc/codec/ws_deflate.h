// SPDX-License-Identifier: MIT
/* permessage-deflate (RFC 7692): what is agreed on in the handshake, and the streams of those who
 * agreed.
 *
 * Without context takeover, the default in both directions, a connection has no stream: its
 * messages are deflated once for all recipients (engine/compress), and inflated when they are
 * complete, by one inflater of the loop. So a peer that begins a message and does not end it holds
 * nothing but the bytes it sent.
 *
 * Owns: see each struct. Errors: as stated. Reenters: no.
 */
#ifndef SIO_CODEC_WS_DEFLATE_H
#define SIO_CODEC_WS_DEFLATE_H

#include "codec/deflate.h"
#include "codec/http_parse.h"
#include "codec/ws_pool.h"

enum { SIO_WS_RSV1 = 0x40 }; /* in a frame's first byte: the message is compressed (§6) */

/* What the server wants, or what was agreed on. */
struct sio_ws_terms {
    bool deflate; /* at all; false: no extension is in use */
    bool server_no_context_takeover;
    bool client_no_context_takeover;
    uint8_t server_max_window_bits; /* 8..15; 0 in what was agreed on: not mentioned, so 15 */
    uint8_t client_max_window_bits;
};

static inline unsigned sio_ws_window_bits(uint8_t agreed)
{
    return agreed != 0 ? agreed : SIO_DEFLATE_BITS_MAX;
}

/* Picks the first acceptable offer of the request's Sec-WebSocket-Extensions fields. An offer is
 * declined when its client cannot keep to a client_max_window_bits below 15. *out says what was
 * agreed on, perhaps nothing. Unknown extensions do not matter. SIO_EPROTO: an offer of
 * permessage-deflate with unknown, repeated or bad parameters, or a field that is no list of
 * extensions (RFC 6455 §9.1). */
int sio_ws_deflate_negotiate(const struct sio_http_request *r, const struct sio_ws_terms *wanted,
                             struct sio_ws_terms *out);
/* Appends the value of the answer's Sec-WebSocket-Extensions field. */
void sio_ws_deflate_write(struct sio_buf *out, const struct sio_ws_terms *agreed);

/* A connection that has agreed. With context takeover each direction has a stream of its own from
 * its first message on (deflate.h says what it holds). */
struct sio_ws_deflate {
    struct sio_ws_terms terms;
    struct sio_inflater *in;  /* takeover by the client */
    struct sio_deflater *out; /* takeover by us; made by who sends */
};

struct sio_ws_deflate *sio_ws_deflate_new(const struct sio_ws_terms *agreed);
void sio_ws_deflate_free(struct sio_ws_deflate *d); /* NULL is allowed */
/* As sio_inflater_message. `pool` may be NULL. */
int sio_ws_deflate_read(struct sio_ws_deflate *d, struct sio_ws_pool *pool, struct sio_slice in,
                        const struct sio_inflate_limits *limits, struct sio_buf *out);

#endif
