// SPDX-License-Identifier: MIT
/* Content codings (RFC 9110 §8.4): which one a client wants, and bodies in it.
 *
 * gzip and deflate come from zlib, br from libbrotlienc if the build had it.
 *
 * Owns: a coder its streams. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_HTTP_CODING_H
#define SIO_CODEC_HTTP_CODING_H

#include "codec/deflate.h"
#include "codec/http_parse.h"

enum sio_coding { /* the better ones last */
                  SIO_CODING_IDENTITY,
                  SIO_CODING_DEFLATE, /* the zlib format (§8.4.1.2) */
                  SIO_CODING_GZIP,
                  SIO_CODING_BR,
                  SIO_CODINGS
};

struct sio_slice sio_coding_name(enum sio_coding c); /* as in Content-Encoding */
/* The best that this Accept-Encoding field allows (§12.5.3): highest weight, then the best one; an
 * item that is malformed does not count. */
enum sio_coding sio_coding_choose(struct sio_slice accept_encoding);
/* The same for all Accept-Encoding fields of a request. */
enum sio_coding sio_coding_of_request(const struct sio_http_request *r);

/* Whether the field allows `c`, also when this build cannot make it. */
bool sio_coding_accepts(struct sio_slice accept_encoding, enum sio_coding c);

/* Streams of the formats that were asked for so far. Zeroed but for `effort` is valid. */
struct sio_coder {
    struct sio_deflate_effort effort; /* brotli's quality is the level, too */
    struct sio_deflater *streams[SIO_CODINGS];
};

void sio_coder_fini(struct sio_coder *c);
/* Appends `in`; not for SIO_CODING_IDENTITY. */
void sio_coder_encode(struct sio_coder *c, enum sio_coding how, struct sio_slice in,
                      struct sio_buf *out);

#endif
