// SPDX-License-Identifier: MIT
/* The one slice operation that is not worth inlining. Stands on words; HTTP calls it.
 *
 * Case is folded for A-Z only and without the locale: tolower() under a Turkish locale would make
 * field names unequal that are equal on the wire.
 */
#include "base/slice.h"

#include "base/word.h"

static unsigned char fold(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u | 0x20) : u;
}

bool sio_slice_same_nocase(const char *a, const char *b, size_t len)
{
    size_t i = 0;
    while (len - i >= 8 && sio_word_load(a + i) == sio_word_load(b + i))
        i += 8;
    for (; i < len; i++)
        if (a[i] != b[i] && fold(a[i]) != fold(b[i]))
            return false;
    return true;
}
