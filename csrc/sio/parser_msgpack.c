// SPDX-License-Identifier: MIT
/* The parser that speaks MessagePack: each packet is one binary message, attachments included.
 * Stands on codec/sio_packet_msgpack.
 */
#include "base/err.h"
#include "base/log.h"
#include "codec/sio_packet_msgpack.h"
#include "sio/parser.h"

static int encode(void *ctx, const struct sio_out_head *head, struct sio_out *out)
{
    (void)ctx;
    struct sio_buf data = {0}, bytes = {0};
    struct sio_packet p = {.type = head->type,
                           .attachments = head->n_attachments,
                           .nsp = head->nsp,
                           .has_id = head->has_id,
                           .id = head->id,
                           .data = sio_out_data(head, &data)};
    int err = sio_packet_append_msgpack(&bytes, &p, head->attachments);
    if (err == 0)
        sio_out_add(out, eio_msg_binary(sio_buf_slice(&bytes)));
    else
        sio_log_limited(SIO_LOG_ERROR, "parser", "a packet cannot be sent as MessagePack: %s",
                        sio_err_text(err));
    sio_buf_fini(&data);
    sio_buf_fini(&bytes);
    return err;
}

static int decode(void *ctx, const struct sio_wire *wire, void **kept, struct sio_slice message,
                  bool binary, struct sio_inbound *in, const char **why)
{
    (void)ctx;
    (void)kept;
    struct sio_slice bins[SIO_ATTACHMENTS_MAX];
    *why = "Invalid argument"; /* as notepack.io finds text */
    int err = !binary
                  ? SIO_EPROTO
                  : sio_packet_from_msgpack(message, wire->v2, &in->packet, &in->own, bins, why);
    if (err != 0) {
        sio_buf_fini(&in->own);
        return err;
    }
    for (unsigned i = 0; i < in->packet.attachments; i++)
        in->attachments[i] = sio_blob_new(bins[i]);
    return 1;
}

const struct sio_parser sio_parser_msgpack = {.encode = encode, .decode = decode};
