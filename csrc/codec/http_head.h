// SPDX-License-Identifier: MIT
/* What a complete request head must be beyond what llhttp checks (RFC 9112 §3, §5, §6).
 *
 * The head is walked once more, byte by byte, against the fields that llhttp reported. So a quirk
 * of an installed llhttp (8.1 lets several CR and LF tricks through) cannot become a second
 * request.
 *
 * Owns: nothing. Errors: an HTTP status. Reenters: no. Only http_parse.c calls it.
 */
#ifndef SIO_CODEC_HTTP_HEAD_H
#define SIO_CODEC_HTTP_HEAD_H

#include "codec/http_parse.h"

/* The request line with its CRLF, as soon as it is complete. 0 with method, target and minor
 * filled; 400; 505 for a version other than 1.0 and 1.1. */
int sio_http_head_line(struct sio_http_request *r, struct sio_slice line);
/* `r` has head, fields and n_fields; fills the rest. 0, 400, 417 or 501. */
int sio_http_head_check(struct sio_http_request *r);

#endif
