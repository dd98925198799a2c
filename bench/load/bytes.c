// SPDX-License-Identifier: MIT
/* Growable bytes on malloc: the generator shares no code with the server that it measures. */
#include "bytes.h"

#include "fail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_CAP = 64 };

void load_bytes_fini(struct load_bytes *b)
{
    free(b->p);
    *b = (struct load_bytes){0};
}

uint8_t *load_bytes_reserve(struct load_bytes *b, size_t extra)
{
    size_t cap = b->cap != 0 ? b->cap : LEAST_CAP;
    while (cap - b->len < extra)
        cap *= 2;
    if (cap != b->cap) {
        b->p = realloc(b->p, cap);
        if (b->p == NULL)
            load_fail("no memory for %zu bytes", cap);
        b->cap = cap;
    }
    return b->p + b->len;
}

void load_bytes_append(struct load_bytes *b, const void *p, size_t len)
{
    if (len == 0)
        return;
    memcpy(load_bytes_reserve(b, len), p, len);
    b->len += len;
}

void load_bytes_print(struct load_bytes *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    uint8_t *end = load_bytes_reserve(b, (size_t)len + 1);
    va_start(args, format);
    vsnprintf((char *)end, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
}

void load_bytes_drop(struct load_bytes *b, size_t n)
{
    b->len -= n;
    memmove(b->p, b->p + n, b->len);
}
