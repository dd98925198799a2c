// SPDX-License-Identifier: MIT
/* Questions to every worker of the host, for who asks.
 *
 *     sio_ask ─► record in the log ─► each worker, in log order ─► sio_answer_* ─► sio_ask_take
 *
 * A question is a record, so it sees what was written before it and nothing of what comes after.
 * Expected are the answers of the workers that are there when the record has been written. The
 * question ends when all have come or their workers have gone; else at its time, with what is
 * there. What is missing is counted, never passed over.
 *
 * An answer is a run of bytes that comes in parts. What it means is between who asks and who
 * answers (answer.h).
 *
 * Called by bind (ask), the worker (take, gone, lost) and server. Owns: questions and the answers
 * so far. Errors: as stated. Reenters: a question's fn, once each: from inside sio_ask and
 * sio_ask_send, else at the end of a tick or in sio_server_shutdown.
 */
#ifndef SIO_SIO_ASK_H
#define SIO_SIO_ASK_H

#include "sio/record.h"

enum {
    SIO_ASKS_MAX = 1024,          /* questions of one server that wait for answers */
    SIO_ASK_BYTES_MAX = 64 << 20, /* of all answers that they have so far */
    SIO_ASK_TIMEOUT_MS = 5000,    /* upstream's */
};

enum sio_ask_kind {
    SIO_ASK_COUNT = 1,        /* u64: how many sockets are meant; one for each namespace */
    SIO_ASK_ROOMS,            /* bytes name, u32 sockets; for each room that one of them is in */
    SIO_ASK_FETCH,            /* the sockets, see struct sio_answer_socket */
    SIO_ASK_SERVER_SIDE_EMIT, /* answered by bind, of all workers but the asker */
};

struct sio_ask;

/* One worker's answer. */
struct sio_ask_answer {
    struct sio_place from;
    bool whole; /* else it may end anywhere */
    struct sio_slice bytes;
};

/* What came of a question; borrowed for the call. */
struct sio_asked {
    int err;             /* 0, SIO_ETIMEDOUT, SIO_ECLOSED (the server was shut down) */
    unsigned n, missing; /* workers that were asked, of which: did not answer, or not to the end */
    const struct sio_ask_answer *answers; /* n of them, our own first */
    struct sio_nsp *nsp;                  /* that was asked about; NULL: it has gone here */
};
typedef void (*sio_asked_fn)(void *arg, const struct sio_asked *what);

struct sio_question {
    enum sio_ask_kind kind;
    unsigned flags;           /* SIO_EMIT_HERE: this worker alone is asked */
    struct sio_outgoing what; /* SERVER_SIDE_EMIT: event and arguments */
    uint64_t timeout_ms;      /* 0: SIO_ASK_TIMEOUT_MS */
};

/* fn may be called before it returns, when this worker alone can answer; not on an error:
 * SIO_EFULL (SIO_ASKS_MAX, or the log's queue), SIO_ETOOBIG, SIO_ECLOSED. */
int sio_ask(struct sio_nsp *n, const struct sio_selection *to, const struct sio_question *q,
            sio_asked_fn fn, void *arg);

/* ---- for who writes the record himself ------------------------------------------------------- */

/* A question whose record is still to be written; fills what is missing of `head`,
 * whose type and flags are set. With
 * `others` we are not among those who answer. Then comes sio_ask_send, or _cancel. */
int sio_ask_open(struct sio_nsp *n, uint64_t timeout_ms, bool others, sio_asked_fn fn, void *arg,
                 struct sio_record *head, struct sio_ask **out);
/* Publishes the record and takes the buffer back. On an error the question is gone, fn is not
 * called. */
int sio_ask_send(struct sio_ask *a, struct sio_buf *record);
void sio_ask_cancel(struct sio_ask *a);

/* ---- for the worker -------------------------------------------------------------------------- */

/* A part of an answer. Dropped when the question has ended, or does not expect it. */
void sio_ask_take(struct sio_server *s, struct sio_place from, uint32_t request,
                  struct sio_slice bytes, enum sio_answer_end end);
/* This worker will answer nothing more that we have asked so far. `done`: it has left in order, so
 * that nothing is missing. */
void sio_ask_gone(struct sio_server *s, struct sio_place who, bool done);

#endif
