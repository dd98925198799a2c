// SPDX-License-Identifier: MIT
/* Encoding and decoding of log records. Stands on base/buf's readers; the decoder walks every list
 * once, so that whoever iterates over one later needs no checks.
 */
#include "sio/record.h"

#include "base/err.h"

static void append_head(struct sio_buf *out, const struct sio_record *head)
{
    sio_buf_append_u8(out, (uint8_t)head->type);
    sio_buf_append_u8(out, (uint8_t)head->flags);
    sio_buf_append_bytes(out, head->nsp);
    if ((head->flags & (SIO_EMIT_HERE | SIO_RECORD_ASKS)) != 0) {
        sio_buf_append_u8(out, (uint8_t)head->writer.slot);
        sio_buf_append_u32(out, head->writer.generation);
    }
    if ((head->flags & SIO_RECORD_ASKS) != 0) {
        sio_buf_append_u32(out, head->request);
        sio_buf_append_u32(out, head->timeout_ms);
    }
    if ((head->flags & SIO_RECORD_HAS_ID) != 0)
        sio_buf_append_u64(out, head->id);
}

static void append_list(struct sio_buf *out, const struct sio_slice *list, size_t n)
{
    sio_buf_append_u32(out, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        sio_buf_append_bytes(out, list[i]);
}

void sio_record_append_packet(struct sio_buf *out, const struct sio_record *head,
                              const struct sio_selection *to, const struct sio_outgoing *what)
{
    append_head(out, head);
    if (head->type == SIO_RECORD_QUESTION)
        sio_buf_append_u8(out, head->kind);
    append_list(out, to->rooms, to->n_rooms);
    append_list(out, to->except, to->n_except);
    sio_buf_append_bytes(out, what->data);
    append_list(out, what->attachments, what->n_attachments);
}

void sio_record_append_crowd(struct sio_buf *out, const struct sio_record *head,
                             const struct sio_selection *to, const struct sio_slice *names,
                             size_t n_names)
{
    append_head(out, head);
    sio_buf_append_u8(out, head->kind);
    append_list(out, to->rooms, to->n_rooms);
    append_list(out, to->except, to->n_except);
    append_list(out, names, n_names);
}

void sio_record_append_room(struct sio_buf *out, const struct sio_record *head)
{
    append_head(out, head);
    sio_buf_append_bytes(out, head->sid);
    sio_buf_append_bytes(out, head->room);
}

static struct sio_record_list read_list(struct sio_reader *r)
{
    struct sio_record_list list = {.n = sio_reader_u32(r)};
    list.at = *r;
    for (uint32_t i = 0; i < list.n && !r->bad; i++)
        sio_reader_bytes(r);
    return list;
}

static void read_packet(struct sio_reader *r, struct sio_record *out)
{
    out->rooms = read_list(r);
    out->except = read_list(r);
    out->data = sio_reader_bytes(r);
    out->attachments = read_list(r);
}

static int read_body(struct sio_reader *r, struct sio_record *out)
{
    switch (out->type) {
    case SIO_RECORD_QUESTION:
        out->kind = sio_reader_u8(r);
        read_packet(r, out);
        return 0;
    case SIO_RECORD_EVENT:
    case SIO_RECORD_ACK:
        read_packet(r, out);
        return 0;
    case SIO_RECORD_CROWD:
        out->kind = sio_reader_u8(r);
        out->rooms = read_list(r);
        out->except = read_list(r);
        out->names = read_list(r);
        return 0;
    case SIO_RECORD_JOIN:
    case SIO_RECORD_LEAVE:
        out->sid = sio_reader_bytes(r);
        out->room = sio_reader_bytes(r);
        return 0;
    }
    return SIO_EPROTO;
}

int sio_record_decode(struct sio_slice bytes, struct sio_record *out)
{
    struct sio_reader r = {.rest = bytes};
    *out = (struct sio_record){.type = (enum sio_record_type)sio_reader_u8(&r)};
    out->flags = sio_reader_u8(&r);
    out->nsp = sio_reader_bytes(&r);
    if ((out->flags & (SIO_EMIT_HERE | SIO_RECORD_ASKS)) != 0) {
        out->writer.slot = sio_reader_u8(&r);
        out->writer.generation = sio_reader_u32(&r);
    }
    if ((out->flags & SIO_RECORD_ASKS) != 0) {
        out->request = sio_reader_u32(&r);
        out->timeout_ms = sio_reader_u32(&r);
    }
    if ((out->flags & SIO_RECORD_HAS_ID) != 0)
        out->id = sio_reader_u64(&r);
    int err = read_body(&r, out);
    return err != 0 || r.bad || r.rest.len != 0 ? SIO_EPROTO : 0;
}

void sio_record_slices(const struct sio_record_list *list, struct sio_slice *into)
{
    struct sio_reader at = list->at;
    for (uint32_t i = 0; i < list->n; i++)
        into[i] = sio_reader_bytes(&at);
}

bool sio_record_is_replayed(const struct sio_record *r)
{
    if (r->type == SIO_RECORD_EVENT)
        return (r->flags & (SIO_EMIT_VOLATILE | SIO_RECORD_HAS_ID | SIO_RECORD_ASKS)) == 0;
    return r->type == SIO_RECORD_JOIN || r->type == SIO_RECORD_LEAVE || r->type == SIO_RECORD_CROWD;
}
