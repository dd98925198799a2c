// SPDX-License-Identifier: MIT
/* A request's head that outlives its bytes: for who answers later and still wants to ask it.
 *
 * Owns: the copy is one allocation, which sio_free frees. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_REQUEST_H
#define SIO_CODEC_HTTP_REQUEST_H

#include "codec/http_parse.h"

/* Everything of `r`, its slices and fields within the copy. */
struct sio_http_request *sio_http_request_copy(const struct sio_http_request *r);

#endif
