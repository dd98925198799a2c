// SPDX-License-Identifier: MIT
/* The head of a Socket.IO packet <-> bytes (Socket.IO protocol v5, §Packet encoding):
 *
 *     <type>[<attachments>-][/namespace,][<ack id>][<JSON>]
 *
 * The JSON stays an opaque slice here, except that its shape is checked against the type.
 * Owns: nothing; a packet's slices are borrowed from the text. Reenters: no.
 */
#ifndef SIO_CODEC_SIO_PACKET_H
#define SIO_CODEC_SIO_PACKET_H

#include <stdint.h>

#include "base/buf.h"
#include "codec/json.h"

enum sio_packet_type {
    SIO_CONNECT,
    SIO_DISCONNECT,
    SIO_EVENT,
    SIO_ACK,
    SIO_CONNECT_ERROR,
    SIO_BINARY_EVENT,
    SIO_BINARY_ACK,
};

enum {
    SIO_ATTACHMENTS_MAX = 10, /* upstream's maxAttachments */
    SIO_NSP_NAME_MAX = 1024,  /* bytes */
    SIO_NSP_QUERY_MAX = 8192, /* bytes behind a v2 namespace's name; tokens are sent there */
};

struct sio_packet {
    enum sio_packet_type type;
    unsigned attachments;   /* 0 unless BINARY_* */
    struct sio_slice nsp;   /* "/" when absent */
    struct sio_slice query; /* v2: what follows the name's '?', still encoded */
    bool has_id;
    uint64_t id;                 /* <= 2^53-1 */
    struct sio_slice data;       /* JSON, or empty */
    struct sio_json_shape shape; /* of data, when it is not empty */
};

/* Checks everything that can be checked without knowing the session: see features.md section 3.
 * Returns 0, or SIO_EPROTO with *why a static string in upstream's words ("invalid payload",
 * "Illegal attachments", "too many attachments", "illegal attachments", "unknown packet type"), and
 * "invalid namespace" for a name over the limit. The text must be UTF-8, which the WebSocket reader
 * and the polling transport have checked. `tape` (may be NULL) gets the tokens of the data, if it
 * is not too long. */
int sio_packet_decode(struct sio_slice text, struct sio_packet *out, struct sio_json_tape *tape,
                      const char **why);

/* The same for clients of Socket.IO v2 (Engine.IO v3), whose namespaces are the path and query of a
 * URL. Also "Invalid URL", for one that begins with "//". */
int sio_packet_decode_v2(struct sio_slice text, struct sio_packet *out, struct sio_json_tape *tape,
                         const char **why);

/* The checks of both, for packets that came in another form: namespace (of v2: also split), shape
 * of the data, reserved events, and that each attachment has its placeholder; something of the
 * client's that looks like one beside these would be taken for one. Reads type, attachments, nsp
 * and data; fills query and shape. */
int sio_packet_check(struct sio_packet *p, bool v2, const char **why);

enum { SIO_PACKET_HEAD_MAX = 4 + SIO_NSP_NAME_MAX + 1 + SIO_BUF_DIGITS }; /* "564-/name,1234" */
/* Writes everything up to the JSON; returns its length. `nsp` "/" is left out. */
size_t sio_packet_head(char out[SIO_PACKET_HEAD_MAX], enum sio_packet_type type,
                       unsigned attachments, struct sio_slice nsp, bool has_id, uint64_t id);

/* connect, connect_error, disconnect, disconnecting, newListener, removeListener */
bool sio_packet_reserved_event(struct sio_slice name);

#endif
