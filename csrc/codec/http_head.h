// SPDX-License-Identifier: MIT
/* What a complete request head must be beyond what llhttp checks (RFC 9112 §3, §5, §6), and what
 * the fields behind a chunked body must be, which llhttp does not see.
 *
 * The head is walked once more, byte by byte, against the fields that llhttp reported. So a quirk
 * of an installed llhttp (8.1 lets several CR and LF tricks through) cannot become a second
 * request.
 *
 * Owns: nothing. Errors: an HTTP status. Reenters: no. http_parse.c and http_plain.c call it.
 */
#ifndef SIO_CODEC_HTTP_HEAD_H
#define SIO_CODEC_HTTP_HEAD_H

#include "codec/http_parse.h"

/* The request line with its CRLF, as soon as it is complete. 0 with method, target and minor
 * filled; 400; 405 for CONNECT; 505 for a version other than 1.0 and 1.1. */
int sio_http_head_line(struct sio_http_request *r, struct sio_slice line);
/* `r` has head, fields and n_fields; fills the rest. 0, 400, 405, 417, 501 or 505. */
int sio_http_head_check(struct sio_http_request *r);
/* The last part of that: what the fields say, of a head whose text is good. Has n_fields, fields
 * and minor. 0, 400, 417 or 501. */
int sio_http_head_read_fields(struct sio_http_request *r);

/* Letters, digits and !#$%&'*+-.^_`|~, a bit per character. */
static inline bool sio_http_is_token_char(char c)
{
    static const uint32_t chars[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    unsigned char u = (unsigned char)c;
    return chars[u / 32] >> u % 32 & 1;
}

/* Where in the trailer section, byte by byte (RFC 9112 §7.1.2). */
enum sio_http_trailer {
    SIO_HTTP_TRAILER_START, /* of a line */
    SIO_HTTP_TRAILER_NAME,
    SIO_HTTP_TRAILER_VALUE,
    SIO_HTTP_TRAILER_CR,    /* at the end of a line */
    SIO_HTTP_TRAILER_EMPTY, /* behind the CR of the empty line */
    SIO_HTTP_TRAILER_END,
    SIO_HTTP_TRAILER_BAD,
};
enum sio_http_trailer sio_http_trailer_step(enum sio_http_trailer at, char c);

#endif
