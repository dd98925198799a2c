// SPDX-License-Identifier: MIT
/* An event for many with an answer of each: broadcast with acknowledgements.
 *
 *     sio_chorus_ask ─► EVENT record that asks ─► each worker: a chorus of the sockets it was
 *     queued for ─► their answers, as they come, to who asks (ask.h)
 *
 * Everybody counts as asked at the record's place in the log. A worker's chorus ends when each of
 * its sockets has answered or has left: who has left is not waited for. The ids of the packets are
 * the answering worker's own, from the counter of its namespace, so they meet no others.
 *
 * Called by bind (ask), server and fanout (new, expect, seal), ack (answer). Owns: the choruses; an
 * ack entry counts as one voice. Errors: as stated. Reenters: no.
 */
#ifndef SIO_SIO_CHORUS_H
#define SIO_SIO_CHORUS_H

#include "sio/ask.h"

enum {
    SIO_CHORUS_VOICES_MAX = 100000, /* sockets of one worker that one question waits for */
    SIO_CHORUS_GRACE_MS = 2000,     /* that a worker waits longer than who asks */
};

struct sio_chorus;

/* Sends `out` to the selection, and calls fn with what came of it, see sio_ask_open. Errors:
 * SIO_EINVAL, SIO_ETOOBIG, SIO_EFULL, SIO_ECLOSED: nothing was sent, fn is not called. */
int sio_chorus_ask(struct sio_nsp *n, const struct sio_selection *to,
                   const struct sio_outgoing *out, uint64_t timeout_ms, sio_asked_fn fn, void *arg);

/* An answer, and the time at which it came, to put those of several workers in order. */
struct sio_voice {
    uint64_t came_ns;      /* monotonic, of the host */
    struct sio_slice data; /* JSON array */
    struct sio_record_list attachments;
};
void sio_voice_append(struct sio_buf *out, struct sio_slice data,
                      const struct sio_slice *attachments, size_t n_attachments);
/* The next one of an answer's bytes; false at their end, also where they were cut. */
bool sio_voice_next(struct sio_reader *r, struct sio_voice *out);

/* ---- where it is answered -------------------------------------------------------------------- */

/* For the EVENT r, which asks. Then sio_chorus_expect for each socket, and sio_chorus_seal. */
struct sio_chorus *sio_chorus_new(struct sio_server *s, const struct sio_record *r);
/* The packet `id` is on its way to s. */
void sio_chorus_expect(struct sio_chorus *c, struct sio_socket *s, uint64_t id);
void sio_chorus_seal(struct sio_chorus *c); /* there are no more; c may be gone after it */
/* One of them has answered, or will not: err as of on_ack. c may be gone after it. */
void sio_chorus_answer(struct sio_chorus *c, int err, const struct sio_incoming *in);

#endif
