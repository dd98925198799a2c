// SPDX-License-Identifier: MIT
/* JSONP, polling by script element and form for browsers without cross-origin requests: an answer
 * is a call of ___eio[n] with the payload as its argument, what is posted is the field d of a form.
 *
 * Owns: nothing. Errors: below. Reenters: no.
 */
#ifndef SIO_CODEC_EIO_JSONP_H
#define SIO_CODEC_EIO_JSONP_H

#include "base/buf.h"

enum { EIO_JSONP_DIGITS_MAX = 9 }; /* of n; those behind are left out */

/* n: the digits among `text`, and nothing else of it. */
uint32_t eio_jsonp_number(struct sio_slice text);
/* Appends the call; it is JavaScript, which U+2028 and U+2029 may not stand in (ECMA-262 before
 * 2019). The payload is valid UTF-8. */
void eio_jsonp_append(struct sio_buf *out, uint32_t number, struct sio_slice payload);
/* Appends the payload of a posted form: SIO_EPROTO when it has none. It may be invalid UTF-8. */
int eio_jsonp_decode(struct sio_buf *out, struct sio_slice form);

#endif
