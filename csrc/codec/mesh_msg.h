// SPDX-License-Identifier: MIT
/* A message between two workers, one per SOCK_SEQPACKET datagram (all integers little-endian):
 *
 *     u8 version | u8 type | u8 hops | u8 status | u8 service | u32 request | payload
 *
 * The sender is trusted to be us, yet everything is checked: a bad message is logged and dropped.
 * Owns: nothing; a payload is borrowed from the datagram. Errors: SIO_EPROTO. Reenters: no.
 */
#ifndef SIO_CODEC_MESH_MSG_H
#define SIO_CODEC_MESH_MSG_H

#include <stdint.h>

#include "base/buf.h"

enum sio_mesh_type {
    SIO_MESH_GIVE = 1, /* with a descriptor; payload: origin (origin.h), bytes read from it */
    SIO_MESH_CLAIM,    /* payload: private id; asks the owner to release a session */
    SIO_MESH_RELEASE, /* answers CLAIM: status 0 and the record's bytes, or why not (worker/joint.h)
                       */
    SIO_MESH_CONTROL, /* supervisor <-> worker: payload is a JSON object, maybe descriptors */
    SIO_MESH_ANSWER,  /* a part of an answer to `request`; status: sio_answer_end (sio/backing.h) */
    SIO_MESH_TAKEN,   /* answers RELEASE with a record: status 0, or 1: not wanted any more */
};

enum {
    SIO_MESH_VERSION = 2,
    SIO_MESH_HEAD = 9,
    SIO_MESH_MSG_MAX = 96 * 1024, /* bytes, below the default socket buffer */
    SIO_MESH_HOPS_MAX = 2,
};

struct sio_mesh_msg {
    enum sio_mesh_type type;
    uint8_t hops;
    uint8_t status;
    uint8_t service; /* the number of the server that it is for */
    uint32_t request;
    struct sio_slice payload;
};

void sio_mesh_msg_encode(struct sio_buf *out, const struct sio_mesh_msg *m);
int sio_mesh_msg_decode(struct sio_slice bytes, struct sio_mesh_msg *out); /* SIO_EPROTO */

#endif
