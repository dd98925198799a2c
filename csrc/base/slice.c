// SPDX-License-Identifier: MIT
/* The one slice operation that is not worth inlining. HTTP calls it.
 *
 * Case is folded for A-Z only and without the locale: tolower() under a Turkish locale would make
 * field names unequal that are equal on the wire.
 */
#include "base/slice.h"

static unsigned char fold(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool sio_slice_same_nocase(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (fold(a[i]) != fold(b[i]))
            return false;
    return true;
}
