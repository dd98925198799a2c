// SPDX-License-Identifier: MIT
/* DEFLATE streams (RFC 1951) through zlib: whole bodies for HTTP, messages for WebSocket.
 *
 * A stream is made once and used again and again; what that costs is its memory: a deflater of
 * window 2^w and memory level m holds 2^(w+2) + 2^(m+9) bytes (15 and 8: 256 KiB), an inflater
 * 2^w + 7 KiB.
 *
 * Owns: a stream its memory and nothing else. Errors: as stated; out of memory ends the process
 * (mem.h). Reenters: no.
 */
#ifndef SIO_CODEC_DEFLATE_H
#define SIO_CODEC_DEFLATE_H

#include <stdint.h>

#include "base/buf.h"

enum {
    SIO_DEFLATE_LEVEL = 6,     /* zlib's own default: of 1 (fast) to 9 (small) */
    SIO_DEFLATE_MEM_LEVEL = 8, /* of 1 to 9 */
    SIO_DEFLATE_BITS_MIN = 8,  /* windows are 2^8 .. */
    SIO_DEFLATE_BITS_MAX = 15, /* .. to 2^15 bytes */
};

enum sio_deflate_format { SIO_DEFLATE_RAW, SIO_DEFLATE_ZLIB, SIO_DEFLATE_GZIP };

struct sio_deflate_effort {
    uint8_t level, mem_level;
};

struct sio_deflater;
struct sio_inflater;

struct sio_deflater *sio_deflater_new(enum sio_deflate_format format, unsigned window_bits,
                                      struct sio_deflate_effort effort);
void sio_deflater_free(struct sio_deflater *d); /* NULL is allowed */
/* Appends `in` as one complete stream; then the deflater is as new. */
void sio_deflater_stream(struct sio_deflater *d, struct sio_slice in, struct sio_buf *out);
/* Appends `in` as one message (RFC 7692 §7.2.1). `forget`: the next will not refer to it (no
 * context takeover). */
void sio_deflater_message(struct sio_deflater *d, struct sio_slice in, bool forget,
                          struct sio_buf *out);

struct sio_inflater *sio_inflater_new(unsigned window_bits); /* of raw streams */
void sio_inflater_free(struct sio_inflater *i);              /* NULL is allowed */
/* What a message is checked for while it is inflated. */
struct sio_inflate_limits {
    size_t max; /* bytes, inclusive */
    bool text;  /* must be UTF-8 */
};
/* Appends what the whole message `in` inflates to (RFC 7692 §7.2.2). It may consist of several
 * final blocks (§7.2.3.4), and may end in the middle of one: then that is all there is, as zlib's
 * sync flush has it. SIO_ETOOBIG one byte above the limit, SIO_EUTF8 at the first bad byte,
 * SIO_EPROTO: no DEFLATE data. After an error only sio_inflater_forget makes it usable. */
int sio_inflater_message(struct sio_inflater *i, struct sio_slice in,
                         const struct sio_inflate_limits *limits, struct sio_buf *out);
void sio_inflater_forget(struct sio_inflater *i); /* what came so far; as new */

#endif
