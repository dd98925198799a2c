// SPDX-License-Identifier: MIT
/* A Socket.IO packet <-> one MessagePack message, as socket.io-msgpack-parser 3 has it: a map of
 * `type` (0 to 4), `nsp`, `data` and `id`. Members besides these are skipped, of one that comes
 * twice the last counts.
 *
 * Owns: nothing; slices are borrowed. Errors: SIO_EPROTO. Reenters: no.
 */
#ifndef SIO_CODEC_SIO_PACKET_MSGPACK_H
#define SIO_CODEC_SIO_PACKET_MSGPACK_H

#include "codec/sio_packet.h"

/* Decodes a message; clients of v2 may also say BINARY_EVENT and BINARY_ACK. The JSON of `data`
 * goes into the empty `json`, its binaries into `bins`, as many as out->attachments says. EVENT and
 * ACK stay these with attachments. Checked as sio_packet_decode does. Returns 0, or SIO_EPROTO with
 * *why in upstream's words: also "invalid packet type", "invalid packet id". */
int sio_packet_from_msgpack(struct sio_slice message, bool v2, struct sio_packet *out,
                            struct sio_buf *json, struct sio_slice bins[SIO_ATTACHMENTS_MAX],
                            const char **why);

/* Appends the message; `bins` are the packet's attachments. SIO_EPROTO when its data is not JSON;
 * then `out` is to be thrown away. */
int sio_packet_append_msgpack(struct sio_buf *out, const struct sio_packet *p,
                              const struct sio_slice *bins);

#endif
