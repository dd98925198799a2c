// SPDX-License-Identifier: MIT
/* The default parser (Socket.IO protocol v5, §Packet encoding): a text message, and a binary one
 * for each attachment behind it. Stands on codec/sio_packet.
 */
#include "sio/parser.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* ---- out ------------------------------------------------------------------------------------ */

static enum sio_packet_type wire_type(const struct sio_out_head *head)
{
    if (head->n_attachments == 0)
        return head->type;
    return head->type == SIO_EVENT ? SIO_BINARY_EVENT : SIO_BINARY_ACK;
}

/* The text message of a packet, in parts. */
struct text {
    char head[SIO_PACKET_HEAD_MAX];
    struct sio_slice parts[5];
    size_t n;
};

static void write_text(struct text *t, const struct sio_out_head *head)
{
    size_t len = sio_packet_head(t->head, wire_type(head), head->n_attachments, head->nsp,
                                 head->has_id, head->id);
    t->parts[0] = sio_slice(t->head, len);
    t->parts[1] = head->data;
    t->n = 2;
    if (head->offset.len == 0)
        return;
    t->parts[1].len--; /* the closing bracket */
    t->parts[2] = SIO_LIT(",\"");
    t->parts[3] = head->offset;
    t->parts[4] = SIO_LIT("\"]");
    t->n = 5;
}

static int send_one(void *ctx, const struct sio_out_head *head, struct eio_session *session,
                    unsigned flags)
{
    struct text t;
    (void)ctx;
    write_text(&t, head);
    return eio_session_send_text(session, t.parts, t.n, flags | (head->plain ? EIO_PLAIN : 0));
}

static int encode(void *ctx, const struct sio_out_head *head, struct sio_out *out)
{
    struct text t;
    (void)ctx;
    write_text(&t, head);
    sio_out_add(out, eio_msg_text(EIO_MESSAGE, t.parts, t.n));
    for (unsigned i = 0; i < head->n_attachments; i++)
        sio_out_add(out, eio_msg_binary(head->attachments[i]));
    return 0;
}

/* ---- in ------------------------------------------------------------------------------------- */

/* A packet with attachments, not complete yet. */
struct partial {
    struct sio_packet packet; /* borrowed from `text` */
    unsigned got;
    size_t bytes; /* of the attachments so far */
    struct sio_blob *blobs[SIO_ATTACHMENTS_MAX];
    struct sio_buf text;
};

static void forget(void *ctx, void *kept)
{
    (void)ctx;
    struct partial *p = kept;
    for (unsigned i = 0; i < p->got; i++)
        sio_blob_unref(p->blobs[i]);
    sio_buf_fini(&p->text);
    sio_free(p);
}

/* The same run of bytes in the copy of what it was borrowed from. */
static struct sio_slice moved(struct sio_slice s, const char *from, const char *to)
{
    return s.len == 0 ? s : sio_slice(to + (s.p - from), s.len);
}

static struct partial *begin(const struct sio_packet *packet, struct sio_slice text)
{
    struct partial *p = sio_calloc(1, sizeof *p);
    p->packet = *packet;
    sio_buf_append_slice(&p->text, text);
    if (text.p <= packet->nsp.p && packet->nsp.p < text.p + text.len) /* else "/" by default */
        p->packet.nsp = moved(packet->nsp, text.p, p->text.p);
    p->packet.query = moved(packet->query, text.p, p->text.p);
    p->packet.data = moved(packet->data, text.p, p->text.p);
    return p;
}

static int refuse(void **kept, const char **why, const char *text)
{
    if (*kept != NULL)
        forget(NULL, *kept);
    *kept = NULL;
    *why = text;
    return SIO_EPROTO;
}

static int decode_text(const struct sio_wire *wire, void **kept, struct sio_slice text,
                       struct sio_inbound *in, const char **why)
{
    if (*kept != NULL)
        return refuse(kept, why, "got plaintext data when reconstructing a packet");
    int err =
        (wire->v2 ? sio_packet_decode_v2 : sio_packet_decode)(text, &in->packet, &in->tape, why);
    if (err != 0)
        return err;
    if (in->packet.attachments == 0)
        return 1;
    *kept = begin(&in->packet, text);
    return 0;
}

static int decode_binary(const struct sio_wire *wire, void **kept, struct sio_slice bytes,
                         struct sio_inbound *in, const char **why)
{
    struct partial *p = *kept;
    if (p == NULL)
        return refuse(kept, why, "got binary data when not reconstructing a packet");
    if (bytes.len > wire->max_attachment_bytes - p->bytes) {
        sio_log_limited(SIO_LOG_WARN, "attachments", "attachments of more than %zu bytes",
                        wire->max_attachment_bytes);
        return refuse(kept, why, "attachments too large");
    }
    p->bytes += bytes.len;
    p->blobs[p->got++] = sio_blob_new(bytes);
    if (p->got < p->packet.attachments)
        return 0;
    in->packet = p->packet;
    in->own = p->text;
    memcpy(in->attachments, p->blobs, p->got * sizeof p->blobs[0]);
    sio_free(p);
    *kept = NULL;
    return 1;
}

static int decode(void *ctx, const struct sio_wire *wire, void **kept, struct sio_slice message,
                  bool binary, struct sio_inbound *in, const char **why)
{
    (void)ctx;
    return (binary ? decode_binary : decode_text)(wire, kept, message, in, why);
}

const struct sio_parser sio_parser_default = {
    .encode = encode, .send_one = send_one, .decode = decode, .forget = forget};
