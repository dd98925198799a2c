// SPDX-License-Identifier: MIT
/* How a client wants to be spoken to: the protocol's version, text where it cannot take bytes,
 * JSONP. Said by its handshake, and again about bytes when it upgrades. Private to engine/.
 *
 * Nearly every session is of the plain dialect, whose packets travel as the bytes that everybody
 * shares; the others are put together here, packet by packet.
 *
 * Owns: nothing. Errors: as stated. Reenters: no.
 */
#ifndef SIO_ENGINE_DIALECT_H
#define SIO_ENGINE_DIALECT_H

#include "codec/eio_payload.h"
#include "codec/http_parse.h"
#include "engine/message.h"

struct eio_dialect {
    uint32_t jsonp;        /* the callback's number + 1; 0: no JSONP */
    uint8_t version;       /* enum eio_version */
    bool polling_base64;   /* bytes may not be in a poll's answer */
    bool websocket_base64; /* nor in frames */
    bool old_ie;           /* takes polls for an attack unless it is told otherwise */
};

/* Reads the query and User-Agent of a handshake. */
void eio_dialect_init(struct eio_dialect *d, enum eio_version v, const struct sio_http_request *r);
/* `b64` in a query: no bytes, please. */
bool eio_dialect_wants_base64(const struct sio_http_request *r);

/* Appends the body of a poll's answer; returns its content type. */
struct sio_slice eio_dialect_append(const struct eio_dialect *d, struct sio_buf *out,
                                    const struct eio_msg *msgs, size_t n);
/* A body that is one text packet as it stands. */
static inline bool eio_dialect_plain(const struct eio_dialect *d)
{
    return d->version == EIO_V4 && d->jsonp == 0;
}
/* The form of a posted body; `bytes`: it was sent as application/octet-stream. */
enum eio_payload_form eio_dialect_form(const struct eio_dialect *d, bool bytes);

#endif
