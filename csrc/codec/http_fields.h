// SPDX-License-Identifier: MIT
/* Response fields that are collected before the answer is known: hooks add them, whoever answers
 * takes them along.
 *
 * Owns: the list owns copies of names and values, until sio_http_fields_free. Errors: as stated.
 * Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_FIELDS_H
#define SIO_CODEC_HTTP_FIELDS_H

#include "codec/http_parse.h"

enum {
    SIO_HTTP_ADDED_MAX = 48,          /* fields of one list */
    SIO_HTTP_ADDED_BYTES_MAX = 16384, /* of their names and values together */
};

struct sio_http_fields {
    size_t n;
    size_t bytes;
    struct sio_http_field at[SIO_HTTP_ADDED_MAX];
};

/* Adds a copy; the list is made by its first field (*f is NULL before).
 * Errors: SIO_EINVAL: a name that is no token, a value with CR, LF or NUL, or a field that belongs
 * to the message's framing or to the change of protocol (Content-Length, Connection, Upgrade,
 * Sec-WebSocket-*, ...); SIO_EFULL: a limit, logged. */
int sio_http_fields_add(struct sio_http_fields **f, struct sio_slice name, struct sio_slice value);
/* Whether it would not be SIO_EINVAL. */
bool sio_http_fields_allow(struct sio_slice name, struct sio_slice value);
void sio_http_fields_free(struct sio_http_fields *f); /* may be NULL */
/* The answer's own fields and those that were added, in one array for sio_free, with their number
 * in *n. An added one is left out when the answer has one of that name, for the answer knows
 * better; but Set-Cookie and Vary are lists, and both stay. */
struct sio_http_field *sio_http_fields_join(const struct sio_http_fields *added,
                                            const struct sio_http_field *own, size_t *n);

#endif
