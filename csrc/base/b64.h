// SPDX-License-Identifier: MIT
/* Base64 (RFC 4648 §4), strict on the way in: binary packets of polling bodies, the accept key.
 *
 * Owns: nothing; both append to the caller's buf. Reenters: no.
 */
#ifndef SIO_BASE_B64_H
#define SIO_BASE_B64_H

#include "base/buf.h"

void sio_b64_encode(struct sio_buf *out, struct sio_slice bytes); /* with padding */
/* Appends the decoded bytes. Padding may be absent. SIO_EINVAL on any other character, an
 * impossible length, or bits left over that no encoder writes ("AB"); `out` is then unchanged. */
int sio_b64_decode(struct sio_buf *out, struct sio_slice text);

#endif
