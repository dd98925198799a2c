// SPDX-License-Identifier: MIT
/* What a session missed: the records of [from, position of the backing) that select it, under the
 * membership that held at each position.
 *
 * The start set is, for each room with a JOIN or LEAVE of this session in the range, the opposite
 * of the first one; for the others what the session's record says. The scan assumes that the
 * record's rooms were held throughout; when an operation contradicts that, it runs once more.
 *
 * Called by recovery. Owns: rooms and messages until sio_replay_fini. Errors: SIO_ENOENT,
 * SIO_ELAPPED (the log does not reach back to `from`), SIO_ETOOBIG (max_missed_bytes, _packets).
 * Reenters: no.
 */
#ifndef SIO_SIO_REPLAY_H
#define SIO_SIO_REPLAY_H

#include "sio/server_in.h"

enum {
    SIO_REPLAY_MSG_BYTES = 64, /* what one message counts beside its bytes */
};

struct sio_replay {
    struct sio_nsp *nsp;
    char sid[SIO_ID_LEN + 1];
    struct sio_place place; /* the worker whose HERE records meant this session */
    struct sio_map rooms;   /* struct sio_replay_room by name */
    struct eio_msg *msgs;
    size_t count, cap;
    uint8_t *first; /* beside msgs: 1 where a packet begins */
    size_t bytes, packets;
    bool again; /* an operation contradicted the start set */
    int err;
};

struct sio_replay_room {
    bool start, member;
    bool seen; /* there was an operation: `start` is certain */
    size_t len;
    char name[];
};

void sio_replay_init(struct sio_replay *r, struct sio_nsp *n, struct sio_slice sid,
                     struct sio_place place);
void sio_replay_add_room(struct sio_replay *r, struct sio_slice room);
int sio_replay_run(struct sio_replay *r, uint64_t from);
/* After run: the rooms held at the end. */
void sio_replay_each_room(const struct sio_replay *r, void (*fn)(void *ctx, struct sio_slice room),
                          void *ctx);
void sio_replay_send(const struct sio_replay *r, struct eio_session *session);
void sio_replay_fini(struct sio_replay *r);

#endif
