// SPDX-License-Identifier: MIT
/* Allocation that cannot fail, with a reserve for the day when the machine is full.
 *
 * What a client can make us hold is bounded elsewhere, so an allocation fails only when nobody on
 * the machine can have memory. Then the reserve is given up, which lets the work at hand go on, and
 * sio_mem_low tells whoever lets new work in. When the reserve does not help either, the process
 * logs one line and aborts, its supervisor replaces it, its clients recover
 * (docs/decisions/0003-out-of-memory-ends-the-worker.md).
 *
 * Thread: any for the allocations; the loop's for the others. Owns: the reserve. Errors: none.
 * Reenters: no.
 */
#ifndef SIO_BASE_MEM_H
#define SIO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>

enum { SIO_MEM_RESERVE = 1 << 20 }; /* bytes */

/* Uninitialised memory. Owns: caller frees with sio_free. Errors: none, aborts. */
void *sio_alloc(size_t size);
/* Zeroed memory; n * size is checked for overflow. */
void *sio_calloc(size_t n, size_t size);
/* Grows or shrinks; p may be NULL. */
void *sio_realloc(void *p, size_t size);
void sio_free(void *p);

/* Takes the reserve, when it is not held: at the start, and again and again while it is low. */
void sio_mem_refill(void);
/* The reserve was needed and is not back: no time for new work. False before the first refill. */
bool sio_mem_low(void);
/* For another allocator (Lua's) that has failed: give up the reserve and try again, then end. Also
 * for who leaves for good. */
void sio_mem_give_up(void);
__attribute__((noreturn, cold)) void sio_mem_exhausted(void);
/* Gives free memory back to the system, where malloc can; any thread. Takes up to a millisecond for
 * each MiB, in which others may have to wait for malloc. */
void sio_mem_trim(void);

#endif
