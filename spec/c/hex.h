// SPDX-License-Identifier: MIT
/* Bytes written by hand, for the tests of binary formats: "92 c3 a1'x'" is pairs of hex digits,
 * 'text' and blanks. Included behind test.h.
 */
#ifndef SPEC_C_HEX_H
#define SPEC_C_HEX_H

#include "base/buf.h"

static inline int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static inline void append_hex(struct sio_buf *out, const char *at)
{
    while (*at != '\0') {
        if (*at == ' ') {
            at++;
        } else if (*at == '\'') {
            const char *end = strchr(at + 1, '\'');
            sio_buf_append(out, at + 1, (size_t)(end - at - 1));
            at = end + 1;
        } else {
            sio_buf_append_char(out, (char)(hex_digit(at[0]) << 4 | hex_digit(at[1])));
            at += 2;
        }
    }
}

#endif
