// SPDX-License-Identifier: MIT
/* Allocation over libc's malloc that ends the process instead of failing; everybody calls it.
 *
 * The last line is written with write(2): when memory has run out, stdio may not work either.
 * Threads of libuv's pool allocate too, so the reserve is taken and given up atomically. Its pages
 * are touched: memory that the kernel has only promised is no reserve.
 */
#include "base/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

static _Atomic(void *) reserve;
static atomic_bool given_up; /* since the last refill that succeeded */

void sio_mem_exhausted(void)
{
    static const char line[] = "sio: out of memory, aborting\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);
    (void)n;
    abort();
}

void sio_mem_give_up(void)
{
    void *p = atomic_exchange(&reserve, NULL);
    if (p != NULL)
        atomic_store(&given_up, true);
    free(p);
}

void sio_mem_refill(void)
{
    void *p, *none = NULL;
    if (atomic_load(&reserve) != NULL)
        return;
    p = malloc(SIO_MEM_RESERVE);
    if (p == NULL)
        return;
    memset(p, 1, SIO_MEM_RESERVE);
    if (!atomic_compare_exchange_strong(&reserve, &none, p))
        free(p);
    atomic_store(&given_up, false);
}

bool sio_mem_low(void)
{
    return atomic_load_explicit(&given_up, memory_order_relaxed);
}

void *sio_alloc(size_t size)
{
    void *p;
    if (size == 0)
        size = 1;
    p = malloc(size);
    if (p == NULL) {
        sio_mem_give_up();
        p = malloc(size);
    }
    if (p == NULL)
        sio_mem_exhausted();
    return p;
}

void *sio_calloc(size_t n, size_t size)
{
    void *p;
    if (size != 0 && n > SIZE_MAX / size)
        sio_mem_exhausted();
    if (n == 0 || size == 0)
        n = size = 1;
    p = calloc(n, size);
    if (p == NULL) {
        sio_mem_give_up();
        p = calloc(n, size);
    }
    if (p == NULL)
        sio_mem_exhausted();
    return p;
}

void *sio_realloc(void *p, size_t size)
{
    void *q;
    if (size == 0)
        size = 1;
    q = realloc(p, size);
    if (q == NULL) {
        sio_mem_give_up();
        q = realloc(p, size);
    }
    if (q == NULL)
        sio_mem_exhausted();
    return q;
}

void sio_free(void *p)
{
    free(p);
}

void sio_mem_trim(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
