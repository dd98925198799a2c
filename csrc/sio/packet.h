// SPDX-License-Identifier: MIT
/* An outgoing Socket.IO packet in the form that all its recipients share: the Engine.IO messages
 * that the server's parser makes of it, once.
 *
 * Lives on the stack of whoever sends it. Called by fanout, socket, client and replay.
 *
 * Owns: one reference to each message, until sio_out_fini. Errors: the parser's. Reenters: no.
 */
#ifndef SIO_SIO_PACKET_H
#define SIO_SIO_PACKET_H

#include "codec/sio_packet.h"
#include "engine/session.h"

enum {
    /* Of one packet that we send. Newer official clients take SIO_ATTACHMENTS_MAX unless they are
     * told otherwise, older ones any number. */
    SIO_OUT_ATTACHMENTS_MAX = 64,
    SIO_OFFSET_MAX = 11 + 1 + 16, /* characters of "epoch:position" */
};

struct sio_server_options;

struct sio_out {
    int err;    /* the parser could not make it */
    unsigned n; /* 0 and no error: not built yet */
    struct eio_msg msgs[1 + SIO_OUT_ATTACHMENTS_MAX];
};

struct sio_out_head {
    enum sio_packet_type type; /* never BINARY_*: that is the default parser's affair */
    struct sio_slice nsp;
    bool has_id;
    uint64_t id;
    bool plain;                          /* its messages are not to be compressed */
    unsigned n_attachments;              /* at most SIO_OUT_ATTACHMENTS_MAX */
    const struct sio_slice *attachments; /* in the order of the placeholders' num */
    struct sio_slice data;               /* JSON; "" = none */
    struct sio_slice offset; /* becomes the last element of the array `data`; "" = none */
};

static inline bool sio_out_built(const struct sio_out *o)
{
    return o->n != 0 || o->err != 0;
}

/* Lets the server's parser make the messages. */
void sio_out_init(struct sio_out *o, const struct sio_server_options *options,
                  const struct sio_out_head *head);
/* For parsers: the data with the offset in it; in the empty `text` when there is one. */
struct sio_slice sio_out_data(const struct sio_out_head *head, struct sio_buf *text);
/* For parsers: one more message. Takes the reference. */
void sio_out_add(struct sio_out *o, struct eio_msg m);
void sio_out_fini(struct sio_out *o);
/* As eio_session_send, or the parser's error; SIO_ECLOSED counts as sent, as upstream drops in
 * silence. */
int sio_out_send(const struct sio_out *o, struct eio_session *session, unsigned flags);
/* All of these for a packet that one session gets. */
int sio_out_send_one(const struct sio_server_options *options, const struct sio_out_head *head,
                     struct eio_session *session, unsigned flags);

/* "epoch:position" with the position in hex. Valid as long as `into`. */
struct sio_slice sio_out_offset(char into[SIO_OFFSET_MAX + 1], const char *epoch,
                                uint64_t position);
/* The reverse: SIO_EPROTO when it is malformed or of another epoch. */
int sio_out_parse_offset(struct sio_slice text, const char *epoch, uint64_t *position);

#endif
