// SPDX-License-Identifier: MIT
/* How packets travel: the wire's side of a Socket.IO server, chosen once for all its clients.
 *
 *     socket, fanout, replay ── packet ──► encode ──► messages ──► session
 *     client ◄── packet, once it is whole ◄── decode ◄── message ◄── session
 *
 * Inside, a packet is JSON and attachments, whatever the parser; here it becomes the Engine.IO
 * messages that its clients understand, once for all recipients, and back. What comes in is checked
 * by codec/sio_packet for every parser. Stands on packet.h; bind has one for parsers in Lua.
 *
 * Thread: loop. Owns: what `kept` points to, from the first decode to forget. Errors: as stated.
 * Reenters: no; a parser calls nothing of the server.
 */
#ifndef SIO_SIO_PARSER_H
#define SIO_SIO_PARSER_H

#include "base/blob.h"
#include "sio/packet.h"

/* A packet that came in. */
struct sio_inbound {
    struct sio_packet packet;  /* borrowed from the message, or from `own` */
    struct sio_json_tape tape; /* of the packet's data; n = 0: there is none */
    struct sio_buf own;        /* freed when the packet was handled, as the attachments are */
    struct sio_blob *attachments[SIO_ATTACHMENTS_MAX]; /* packet.attachments of them */
};

/* What a parser knows of the client at hand. */
struct sio_wire {
    bool v2;                     /* it speaks Socket.IO v2 */
    size_t max_attachment_bytes; /* of one packet */
};

struct sio_parser {
    /* Fills an empty `out`. 0, or an error, which it has logged: then the packet is not sent. */
    int (*encode)(void *ctx, const struct sio_out_head *head, struct sio_out *out);
    /* Sends a packet without attachments to one session: as encode and eio_session_send, when there
     * is a shorter way. NULL: there is none. */
    int (*send_one)(void *ctx, const struct sio_out_head *head, struct eio_session *session,
                    unsigned flags);
    /* 1: `in`, of which `own` and tape.n were set, has a packet. 0: more messages belong to it. An
     * error: *why has upstream's words for it, valid until the next call; nothing is kept. */
    int (*decode)(void *ctx, const struct sio_wire *wire, void **kept, struct sio_slice message,
                  bool binary, struct sio_inbound *in, const char **why);
    void (*forget)(void *ctx, void *kept); /* the client has gone; not called when NULL is kept */
};

extern const struct sio_parser sio_parser_default; /* what every client speaks unless told
                                                    * otherwise */
extern const struct sio_parser sio_parser_msgpack; /* socket.io-msgpack-parser */

#endif
