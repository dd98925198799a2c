// SPDX-License-Identifier: MIT
/* Allocation that cannot fail.
 *
 * What a client can make us hold is bounded elsewhere, so running out of memory
 * means the machine is full: the process logs one line and aborts, its supervisor
 * replaces it, its clients recover (docs/decisions/0003-out-of-memory-ends-the-worker.md).
 */
#ifndef SIO_BASE_MEM_H
#define SIO_BASE_MEM_H

#include <stddef.h>

/* Uninitialised memory. Owns: caller frees with sio_free. Errors: none, aborts. */
void *sio_alloc(size_t size);
/* Zeroed memory; n * size is checked for overflow. */
void *sio_calloc(size_t n, size_t size);
/* Grows or shrinks; p may be NULL. */
void *sio_realloc(void *p, size_t size);
void sio_free(void *p);

#endif
