// SPDX-License-Identifier: MIT
/* Allocation over libc's malloc that ends the process instead of failing; everybody calls it.
 *
 * The last line is written with write(2): when memory has run out, stdio may not work either.
 */
#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((noreturn, cold)) static void out_of_memory(void)
{
    static const char line[] = "sio: out of memory, aborting\n";
    ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);
    (void)n;
    abort();
}

void *sio_alloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *sio_calloc(size_t n, size_t size)
{
    void *p;
    if (size != 0 && n > SIZE_MAX / size)
        out_of_memory();
    p = calloc(n ? n : 1, size ? size : 1);
    if (p == NULL)
        out_of_memory();
    return p;
}

void *sio_realloc(void *p, size_t size)
{
    void *q = realloc(p, size ? size : 1);
    if (q == NULL)
        out_of_memory();
    return q;
}

void sio_free(void *p)
{
    free(p);
}
