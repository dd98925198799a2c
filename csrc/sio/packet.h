// SPDX-License-Identifier: MIT
/* An outgoing Socket.IO packet in the form that all its recipients share: one Engine.IO message for
 * the text and one for each attachment, built once (Socket.IO protocol v5, §Packet encoding).
 *
 * Lives on the stack of whoever sends it. Called by fanout, socket, client and replay.
 *
 * Owns: one reference to each message, until sio_out_fini. Errors: none. Reenters: no.
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

struct sio_out {
    unsigned n;
    struct eio_msg msgs[1 + SIO_OUT_ATTACHMENTS_MAX];
};

struct sio_out_head {
    enum sio_packet_type type; /* EVENT and ACK become BINARY_* with attachments */
    struct sio_slice nsp;
    bool has_id;
    uint64_t id;
    unsigned n_attachments;  /* that follow with sio_out_attach */
    bool plain;              /* it and its attachments are not to be compressed */
    struct sio_slice data;   /* JSON; "" = none */
    struct sio_slice offset; /* becomes the last element of the array `data`; "" = none */
};

void sio_out_init(struct sio_out *o, const struct sio_out_head *head);
void sio_out_attach(struct sio_out *o, struct sio_slice bytes);
void sio_out_fini(struct sio_out *o);
/* As eio_session_send; SIO_ECLOSED counts as sent, as upstream drops in silence. */
int sio_out_send(const struct sio_out *o, struct eio_session *session, unsigned flags);

/* Init, send, fini of a packet without id and attachments. */
void sio_out_send_plain(struct eio_session *session, enum sio_packet_type type,
                        struct sio_slice nsp, struct sio_slice data);

/* "epoch:position" with the position in hex. Valid as long as `into`. */
struct sio_slice sio_out_offset(char into[SIO_OFFSET_MAX + 1], const char *epoch,
                                uint64_t position);
/* The reverse: SIO_EPROTO when it is malformed or of another epoch. */
int sio_out_parse_offset(struct sio_slice text, const char *epoch, uint64_t *position);

#endif
