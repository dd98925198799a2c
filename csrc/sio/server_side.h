// SPDX-License-Identifier: MIT
/* Events from server to server: what the other workers' code gets from serverSideEmit.
 *
 * A record of the log like any other, so it comes in order with what is emitted to clients. Where
 * it arrives it is on_question; an answer is one voice (chorus.h).
 *
 * Called by bind. Owns: nothing. Errors: SIO_EINVAL, SIO_ETOOBIG, SIO_EFULL, SIO_ECLOSED.
 * Reenters: as sio_ask.
 */
#ifndef SIO_SIO_SERVER_SIDE_H
#define SIO_SIO_SERVER_SIDE_H

#include "sio/ask.h"

/* Nobody answers. */
int sio_server_side_emit(struct sio_nsp *n, const struct sio_outgoing *out);
/* fn gets the answers, of all workers but this one. */
int sio_server_side_ask(struct sio_nsp *n, const struct sio_outgoing *out, sio_asked_fn fn,
                        void *arg);
/* An answer to on_question; `out` NULL: there is nobody who would give one. As sio_answer_send. */
int sio_server_side_answer(struct sio_server *s, struct sio_asker to,
                           const struct sio_outgoing *out);

#endif
