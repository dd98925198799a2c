// SPDX-License-Identifier: MIT
/* Questions to every worker of the host, for who answers: what the log asks is answered here, at
 * its place in the order.
 *
 * Counts, rooms and sockets are answered from here, as bytes: nobody's code runs. A question for
 * bind is kept until the end of the tick, for a delivery calls no event.
 *
 * Called by server (question) and whoever answers (send). Owns: questions that bind has not seen
 * yet. Errors: as stated. Reenters: on_question, at the end of a tick.
 */
#ifndef SIO_SIO_ANSWER_H
#define SIO_SIO_ANSWER_H

#include "sio/ask.h"

enum { SIO_ANSWERS_HELD_MAX = 1024 }; /* questions for bind in one tick; more: not answered */

/* One of SIO_ASK_FETCH's sockets, as `bytes` of:
 *     bytes id  bytes data  bytes auth  bytes request head  bytes address  u64 since_ms  u8 secure
 *     list rooms (its id not among them)
 * Our own sockets are answered with `bytes id` alone. */
struct sio_answer_socket {
    struct sio_slice id, data, auth, request, address;
    uint64_t since_ms; /* wall clock */
    bool secure;
    struct sio_record_list rooms;
};
int sio_answer_decode(struct sio_slice bytes, struct sio_answer_socket *out); /* SIO_EPROTO */

/* Answers the QUESTION r, of which `bytes` are the record; `own`: we wrote it. n is NULL when we do
 * not have its namespace. */
void sio_answer_question(struct sio_server *s, struct sio_nsp *n, const struct sio_record *r,
                         struct sio_slice bytes, bool own);
/* A part of an answer, of any size. Errors: SIO_ECLOSED (nobody waits for it), SIO_EFULL (given up,
 * as the asker knows). */
int sio_answer_send(struct sio_server *s, struct sio_asker to, struct sio_slice bytes,
                    enum sio_answer_end end);

#endif
