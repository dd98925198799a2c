// SPDX-License-Identifier: MIT
/* What a session has to send and cannot yet: messages in order. Private to engine/.
 *
 * A zeroed struct is an empty, valid queue, and an empty queue holds no memory.
 * Owns: one reference per message. Errors: none; limits are the session's. Reenters: no.
 */
#ifndef SIO_ENGINE_QUEUE_H
#define SIO_ENGINE_QUEUE_H

#include "engine/message.h"

struct eio_queue {
    struct eio_msg *msgs;
    uint32_t n, cap;
    size_t bytes; /* of the frames */
};

void eio_queue_push(struct eio_queue *q, const struct eio_msg *m); /* takes its own reference */
void eio_queue_drop(struct eio_queue *q);                          /* empties it */

#endif
