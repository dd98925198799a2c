// SPDX-License-Identifier: MIT
/* The one slice operation that is not worth inlining. Stands on nothing; HTTP calls it.
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

bool sio_slice_eq_nocase(struct sio_slice a, struct sio_slice b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (fold(a.p[i]) != fold(b.p[i]))
            return false;
    return true;
}
