// SPDX-License-Identifier: MIT
/* HTTP/1.1 responses -> bytes (RFC 9112 §4). Content-Length and Connection are ours to write.
 *
 * Owns: nothing. Errors: SIO_EINVAL, for what would not be a head. Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_WRITE_H
#define SIO_CODEC_HTTP_WRITE_H

#include "codec/http_parse.h"

/* In place of a body's length. */
#define SIO_HTTP_CHUNKED UINT64_MAX           /* Transfer-Encoding: chunked */
#define SIO_HTTP_UNTIL_CLOSE (UINT64_MAX - 1) /* the body ends with the connection (HTTP/1.0) */

const char *sio_http_reason(int status); /* "OK"; "Unknown" for what is not in the table */

/* Appends the status line and fields up to and with the empty line. A field whose name is not a
 * token (RFC 9110 §5.6.2) or whose value holds CR, LF or NUL makes it return SIO_EINVAL with `out`
 * unchanged (no header injection). The body's length is left out for 1xx, 204 and 304 (RFC 9110
 * §8.6, RFC 9112 §6.1), Connection for 1xx. */
int sio_http_write_head(struct sio_buf *out, int status, const struct sio_http_field *fields,
                        size_t n, uint64_t content_length, bool keep_alive);
/* The same of a 200 whose first lines are there already: `ready` is its status line and its fields,
 * each with its CRLF, and all good. */
void sio_http_write_ready_head(struct sio_buf *out, struct sio_slice ready, uint64_t content_length,
                               bool keep_alive);
/* Appends fields alone, for who has written the lines before them: all, or SIO_EINVAL as above. */
int sio_http_write_fields(struct sio_buf *out, const struct sio_http_field *fields, size_t n);
/* Appends the line before a chunk of `len` bytes, len > 0; CRLF is to follow the chunk. */
void sio_http_write_chunk_size(struct sio_buf *out, size_t len);

enum {
    SIO_HTTP_DATE_LEN = 29,
    SIO_HTTP_DATE_LINE_LEN = 6 + SIO_HTTP_DATE_LEN + 4, /* "Date: ", it, and two CRLF */
};
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), whatever the locale; ends with NUL. */
void sio_http_write_date(char out[SIO_HTTP_DATE_LEN + 1], int64_t seconds);

/* Whether `value` may stand in a field (no CR, LF, NUL). */
bool sio_http_valid_value(struct sio_slice value);

#endif
