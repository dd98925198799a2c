// SPDX-License-Identifier: MIT
/* What a session missed: the records of [from, position of the backing) that select it, under the
 * membership that held at each position.
 *
 * The record's rooms are those behind `at`. Up to there, the start set is found backwards: a room
 * with a change of this session is the opposite of its first one, the others are as the record
 * says. The scan assumes that the record's rooms were held throughout; when a change contradicts
 * that, it runs once more. What a CROWD or an UNSURE record changed stands in the record's notes.
 * The log is asked for what is about rooms that are known; when more become known, it runs again.
 *
 * Behind `at` nobody was there to apply a CROWD, so it is applied here, going forward.
 *
 * Called by recovery. Owns: rooms and messages until sio_replay_fini. Errors: SIO_ENOENT,
 * SIO_ELAPPED (the log, or the notes, do not reach back to `from`), SIO_ETOOBIG (max_missed_bytes,
 * _packets). Reenters: no.
 */
#ifndef SIO_SIO_REPLAY_H
#define SIO_SIO_REPLAY_H

#include "sio/keep.h"

enum {
    SIO_REPLAY_MSG_BYTES = 64, /* what one message counts beside its bytes */
    SIO_REPLAY_PASSES_MAX = 4, /* that ask for what is known; then the whole log is read */
};

struct sio_replay {
    struct sio_nsp *nsp;
    char sid[SIO_ID_LEN + 1];
    struct sio_place place; /* the worker whose HERE records meant this session */
    struct sio_map rooms;   /* struct sio_replay_room by name */
    uint64_t at;            /* its rooms were known behind the records before */
    uint64_t noted_from;
    struct sio_record_list notes; /* of the records before; borrowed */
    bool past;                    /* the record at hand ends behind `at` */
    struct sio_buf found;         /* notes of the records behind it */
    bool disconnected;            /* by a record behind it */
    struct eio_msg *msgs;
    size_t count, cap;
    uint8_t *first; /* beside msgs: 1 where a packet begins */
    size_t bytes, packets;
    bool again; /* an operation contradicted the start set */
    int err;
};

struct sio_replay_room {
    bool start, member;
    bool seen; /* there was a change before: `start` is certain */
    size_t len;
    char name[];
};

/* `at`: a position. Without notes there are none. */
void sio_replay_init(struct sio_replay *r, struct sio_nsp *n, struct sio_slice sid,
                     struct sio_place place, uint64_t at);
/* Borrows until fini. */
void sio_replay_set_notes(struct sio_replay *r, uint64_t from, const struct sio_record_list *notes);
void sio_replay_add_room(struct sio_replay *r, struct sio_slice room);
/* Also SIO_ENOENT: a record that it missed has disconnected it. */
int sio_replay_run(struct sio_replay *r, uint64_t from);
/* After run: the rooms held at the end. */
void sio_replay_each_room(const struct sio_replay *r, void (*fn)(void *ctx, struct sio_slice room),
                          void *ctx);
void sio_replay_send(const struct sio_replay *r, struct eio_session *session);
void sio_replay_fini(struct sio_replay *r);

#endif
