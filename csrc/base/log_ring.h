// SPDX-License-Identifier: MIT
/* The last lines of a log, numbered from 1; private to the log.
 *
 * Owns: copies of the lines. Errors: none. Reenters: no.
 */
#ifndef SIO_BASE_LOG_RING_H
#define SIO_BASE_LOG_RING_H

#include <stdint.h>

#include "base/slice.h"

struct sio_log_ring;

struct sio_log_ring *sio_log_ring_new(unsigned lines); /* at least 1 */
void sio_log_ring_free(struct sio_log_ring *r);        /* r may be NULL */
void sio_log_ring_push(struct sio_log_ring *r, struct sio_slice line);
/* As sio_log_kept. */
uint64_t sio_log_ring_after(const struct sio_log_ring *r, uint64_t after, struct sio_slice *line);

#endif
