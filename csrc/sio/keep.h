// SPDX-License-Identifier: MIT
/* What a recoverable session is, kept in the backing while it lives and for max_disconnection_ms
 * after.
 *
 *     u8 version  bytes nsp  bytes socket id  bytes epoch  u32 generation  u8 slot  u32 slot
 * generation u64 since  u64 gone_ms  u64 at  bytes data  u32 count, bytes each room
 *     u64 noted_from  u32 count, (u64 end  u8 change  bytes room) each note
 *
 * live: socket != NULL, saved when it changes, at the end of the tick (before its bytes leave).
 * parked: socket == NULL, `record` is its last state, in a list by expiry.
 * How many are parked is bounded by the backing: what it does not save is not kept.
 *
 * Called by recovery, socket and server. Owns: the keeps. Errors: a save that fails makes the
 * session non-recoverable, with one limited log line. Reenters: no, but for the backing's save and
 * drop.
 */
#ifndef SIO_SIO_KEEP_H
#define SIO_SIO_KEEP_H

#include "sio/server_in.h"

enum {
    SIO_KEEP_VERSION = 2,
    SIO_KEEP_NOTES_BYTES = 4096, /* of one session's changes; the oldest goes */
};

/* What became of its rooms, where the log's records alone do not tell: what a CROWD or an UNSURE
 * record changed depends on what it was in then, and a JOIN or LEAVE that seemed needed may have
 * been overtaken. Complete for records that end behind `from`. */
struct sio_keep_notes {
    uint64_t from;
    uint32_t n;
    struct sio_buf bytes;
};

struct sio_keep {
    struct sio_list link; /* live: in recovery.dirty or nowhere; parked: in recovery.parked */
    struct sio_socket *socket;
    struct sio_blob *record;      /* parked */
    uint64_t since;               /* the log's position when it connected first */
    struct sio_keep_notes *notes; /* NULL: none */
    uint64_t from;                /* while a restored one is CONNECTING: where its replay starts */
    struct sio_place
        place;           /* of its worker; while a restored one is CONNECTING: of the one before */
    uint64_t gone_ms;    /* monotonic; 0: alive */
    uint32_t generation; /* of the session: one more at each recovery */
    char pid[SIO_ID_LEN + 1];
};

/* A decoded record; borrows. */
struct sio_saved {
    struct sio_slice nsp, sid, epoch, data;
    uint32_t generation;
    struct sio_place place; /* of the worker that had it last */
    uint64_t since, gone_ms;
    uint64_t at; /* the log's position: its rooms are those behind all records before */
    struct sio_record_list rooms;
    uint64_t noted_from;
    struct sio_record_list notes; /* read with sio_keep_read_note */
};
int sio_keep_decode(struct sio_slice bytes, struct sio_saved *out); /* SIO_EPROTO */

enum sio_keep_change { SIO_KEEP_LEFT, SIO_KEEP_JOINED, SIO_KEEP_NOTHING };

struct sio_keep_note {
    uint64_t end; /* of the record that did it */
    enum sio_keep_change change;
    struct sio_slice room;
};
struct sio_keep_note sio_keep_read_note(struct sio_reader *at);

/* Makes s recoverable under `pid`, not saved yet. */
struct sio_keep *sio_keep_new(struct sio_socket *s, struct sio_slice pid);
void sio_keep_append(const struct sio_keep *k, struct sio_buf *out); /* its record; live */
/* Saves a live one now. False: it was too big or the backing is full; k is freed, s->keep NULL. */
bool sio_keep_save(struct sio_keep *k);
void sio_keep_touch(struct sio_socket *s); /* something changed: saved at the end of the tick */
void sio_keep_append_note(struct sio_buf *out, const struct sio_keep_note *note);

/* What became of a record that was delivered. */
void sio_keep_note(struct sio_socket *s, uint64_t end, enum sio_keep_change change,
                   struct sio_slice room);
/* A restored one has the notes of v, and `found`, those of what it missed. */
void sio_keep_restore_notes(struct sio_socket *s, const struct sio_saved *v,
                            struct sio_slice found);
/* The socket ends: parked as gone since gone_ms, else forgotten. */
void sio_keep_park(struct sio_socket *s, uint64_t gone_ms);
/* Parks a record that was claimed for a client that has gone meanwhile. */
void sio_keep_adopt(struct sio_server *s, struct sio_slice pid, struct sio_slice record);
/* Unlinks and frees, with `drop` from the backing too. */
void sio_keep_forget(struct sio_server *s, struct sio_keep *k, bool drop);
struct sio_keep *sio_keep_find(const struct sio_server *s, struct sio_slice pid);
uint64_t sio_keep_expire(struct sio_server *s, uint64_t now_ms); /* next expiry, 0: none */
void sio_keep_init(struct sio_server *s);
void sio_keep_fini(struct sio_server *s); /* the backing keeps what it has */

#endif
