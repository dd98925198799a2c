// SPDX-License-Identifier: MIT
/* HTTP/1.1 responses -> bytes (RFC 9112 §4). Content-Length and Connection are ours to write.
 *
 * Owns: nothing. Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_WRITE_H
#define SIO_CODEC_HTTP_WRITE_H

#include "codec/http_parse.h"

const char *sio_http_reason(int status); /* "OK"; "Unknown" for what is not in the table */

/* Appends the status line and fields up to and with the empty line. A field whose name is not a
 * token (RFC 9110 §5.6.2) or whose value holds CR, LF or NUL makes it return SIO_EINVAL with `out`
 * unchanged (no header injection). Content-Length is left out for 1xx, 204 and 304 (RFC 9110 §8.6),
 * Connection for 1xx. */
int sio_http_write_head(struct sio_buf *out, int status, const struct sio_http_field *fields,
                        size_t n, size_t content_length, bool keep_alive);

/* Whether `value` may stand in a field (no CR, LF, NUL). */
bool sio_http_valid_value(struct sio_slice value);

#endif
