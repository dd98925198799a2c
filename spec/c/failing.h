// SPDX-License-Identifier: MIT
/* Allocations that fail when a test says so. The linker sends malloc, calloc and realloc of our
 * objects here (--wrap, see the Makefile); libraries keep theirs. Include it behind test.h.
 */
#ifndef SPEC_C_FAILING_H
#define SPEC_C_FAILING_H

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

static struct {
    size_t from, to; /* these fail, counted from 1; from 0: none */
    size_t n;        /* allocations since failing_arm */
} failing;

static inline void failing_arm(size_t from, size_t to)
{
    failing.from = from;
    failing.to = to;
    failing.n = 0;
}

/* Whether the first of them has come. */
static inline bool failing_disarm(void)
{
    bool came = failing.from != 0 && failing.n >= failing.from;
    failing.from = 0;
    return came;
}

static inline bool failing_now(void)
{
    failing.n++;
    return failing.from != 0 && failing.n >= failing.from && failing.n <= failing.to;
}

void *__wrap_malloc(size_t size)
{
    return failing_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return failing_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return failing_now() ? NULL : __real_realloc(p, size);
}

#endif
