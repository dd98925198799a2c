// SPDX-License-Identifier: MIT
/* What a session has to send and cannot yet: messages in order. Private to engine/.
 *
 * A queue is one pointer, NULL while it is empty.
 * Owns: one reference per message. Errors: none; limits are the session's. Reenters: no.
 */
#ifndef SIO_ENGINE_QUEUE_H
#define SIO_ENGINE_QUEUE_H

#include "engine/message.h"

struct eio_queue {
    uint32_t n, cap;
    size_t bytes; /* of the frames */
    struct eio_msg msgs[];
};

void eio_queue_push(struct eio_queue **q, const struct eio_msg *m); /* takes its own reference */
void eio_queue_drop(struct eio_queue **q);                          /* empties it */
static inline size_t eio_queue_count(const struct eio_queue *queue)
{
    return queue != NULL ? queue->n : 0;
}
static inline size_t eio_queue_bytes(const struct eio_queue *queue)
{
    return queue != NULL ? queue->bytes : 0;
}

#endif
