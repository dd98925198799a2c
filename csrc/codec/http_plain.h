// SPDX-License-Identifier: MIT
/* Plain heads: whole, GET or POST in HTTP/1.1 to a path, each byte visible ASCII or a space where
 * one may be, at most a length for the body, and nothing wrong. Nearly all heads are. They are read
 * in one pass, by words where the text is long.
 *
 * What is plain is a part of what llhttp and http_head let through, and means the same; all else,
 * every refusal too, is theirs.
 *
 * Owns: nothing. Errors: none. Reenters: no. Only http_parse.c calls it.
 */
#ifndef SIO_CODEC_HTTP_PLAIN_H
#define SIO_CODEC_HTTP_PLAIN_H

#include "codec/http_parse.h"

/* Whether `in` begins with a plain head; then r and fields[SIO_HTTP_HEADERS_MAX] are filled, else
 * they may have anything in them. */
bool sio_http_plain_head(struct sio_http_request *r, struct sio_http_field *fields,
                         struct sio_slice in);

#endif
