// SPDX-License-Identifier: MIT
/* A record of the log <-> bytes: what every worker delivers, in log order.
 *
 *     u8 type  u8 flags  bytes nsp
 *     HERE, ASKS:  u8 slot  u32 generation         (of the writer)
 *     ASKS:        u32 request  u32 timeout in ms
 *     HAS_ID:      u64 id
 *     EVENT, ACK:  list rooms  list except  bytes data  list attachments
 *     JOIN, LEAVE: bytes socket id  bytes room
 *     QUESTION:    u8 kind, then as EVENT
 *     CROWD:       u8 kind  list rooms  list except  list names
 *
 * bytes = u32 length + content, list = u32 count + that many bytes; all little-endian. The epoch of
 * the log changes when workers of another build start, so there is no version in here.
 * Called by nsp and socket (encode), server and replay (decode).
 *
 * Owns: nothing; a decoded record borrows from its bytes. Errors: SIO_EPROTO. Reenters: no.
 */
#ifndef SIO_SIO_RECORD_H
#define SIO_SIO_RECORD_H

#include "sio/nsp.h"

enum sio_record_type {
    SIO_RECORD_EVENT = 1,
    SIO_RECORD_ACK, /* an answer that had to wait because the log was blocked */
    SIO_RECORD_JOIN,
    SIO_RECORD_LEAVE,
    SIO_RECORD_QUESTION,
    SIO_RECORD_CROWD,
};

/* In the flags beside SIO_EMIT_*. */
enum {
    SIO_RECORD_ASKS = 0x10,   /* every worker that delivers it answers to the writer; see ask.h */
    SIO_RECORD_UNSURE = 0x20, /* JOIN, LEAVE: written while others waited; may change nothing */
    SIO_RECORD_DIRECT = 0x40, /* one room, and it means the socket of that id only */
    SIO_RECORD_HAS_ID = 0x80,
};

/* A counted run of slices inside an encoded record. */
struct sio_record_list {
    uint32_t n;
    struct sio_reader at; /* copy it to iterate: sio_reader_bytes, n times */
};

struct sio_record {
    enum sio_record_type type;
    unsigned flags;
    struct sio_place writer; /* with SIO_EMIT_HERE and SIO_RECORD_ASKS */
    uint32_t request;        /* with SIO_RECORD_ASKS */
    uint32_t timeout_ms;     /* with SIO_RECORD_ASKS: for how long the writer waits */
    uint64_t id;             /* with SIO_RECORD_HAS_ID */
    struct sio_slice nsp;
    struct sio_record_list rooms, except;
    struct sio_record_list attachments; /* EVENT, ACK, QUESTION */
    struct sio_record_list names;       /* CROWD: the rooms to join or leave */
    uint8_t kind; /* QUESTION: enum sio_ask_kind; CROWD: enum sio_crowd_kind */
    struct sio_slice data;
    struct sio_slice sid, room; /* JOIN, LEAVE */
};

/* Appends an EVENT, ACK or QUESTION. Of `head` type, flags, writer, request, timeout_ms, id, nsp
 * and kind count. */
void sio_record_append_packet(struct sio_buf *out, const struct sio_record *head,
                              const struct sio_selection *to, const struct sio_outgoing *what);
/* Appends a CROWD. Of `head` type, flags, writer, nsp and kind count. */
void sio_record_append_crowd(struct sio_buf *out, const struct sio_record *head,
                             const struct sio_selection *to, const struct sio_slice *names,
                             size_t n_names);
/* Appends a JOIN or LEAVE. Of `head` type, flags, nsp, sid and room count. */
void sio_record_append_room(struct sio_buf *out, const struct sio_record *head);
/* The whole of `bytes` is one record, else SIO_EPROTO. */
int sio_record_decode(struct sio_slice bytes, struct sio_record *out);
/* Whether it may be one that a session who was away has missed. */
bool sio_record_is_replayed(const struct sio_record *r);
/* The list's items, borrowed; `into` has room for all. */
void sio_record_slices(const struct sio_record_list *list, struct sio_slice *into);

#endif
