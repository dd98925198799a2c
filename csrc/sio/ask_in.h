// SPDX-License-Identifier: MIT
/* The inside of questions, for the server that has them: what waits, and the calls between ask.c,
 * answer.c and server.c.
 *
 * Owns: as ask.h and answer.h say. Errors: none. Reenters: as stated there.
 */
#ifndef SIO_SIO_ASK_IN_H
#define SIO_SIO_ASK_IN_H

#include "base/list.h"
#include "sio/ask.h"

struct sio_asks {
    struct sio_list pending; /* struct sio_ask */
    struct sio_list ended;   /* until the end of the tick */
    struct sio_list held;    /* for bind, until the end of the tick */
    struct sio_task end_task, held_task;
    unsigned n, n_held;
    uint32_t last_request;
    size_t bytes; /* of answers */
};

void sio_ask_init(struct sio_server *s);
void sio_ask_shutdown(struct sio_server *s); /* ends all questions: SIO_ECLOSED */
void sio_ask_fini(struct sio_server *s);
uint64_t sio_ask_expire(struct sio_server *s, uint64_t now_ms); /* next deadline, 0: none */
/* Our own record r, which asks, is in the log. */
void sio_ask_written(struct sio_server *s, const struct sio_record *r);
/* What we wrote last may have been skipped here. */
void sio_ask_lapped(struct sio_server *s);
void sio_answer_init(struct sio_server *s);
void sio_answer_fini(struct sio_server *s);

#endif
