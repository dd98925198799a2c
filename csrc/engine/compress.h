// SPDX-License-Identifier: MIT
/* Compressed forms of outgoing messages, for WebSocket and for polls: made for the first recipient
 * that wants one, shared by all others. Private to engine/.
 *
 * A form is kept until the end of the tick, at most EIO_FORMS_KEPT of them, with references to the
 * message it is of and to its bytes. Only a connection with context takeover has messages
 * compressed for it alone, by its own stream.
 *
 * Thread: loop. Owns: its streams, made at their first use, and the forms. Errors: none.
 * Reenters: no.
 */
#ifndef SIO_ENGINE_COMPRESS_H
#define SIO_ENGINE_COMPRESS_H

#include "codec/http_coding.h"
#include "codec/ws_deflate.h"
#include "engine/message.h"
#include "engine/options.h"
#include "net/loop.h"

enum {
    EIO_FORMS_KEPT = 128, /* more than one packet has messages, with all its attachments */
    EIO_COMPRESS_SCRATCH_KEPT = 64 << 10, /* bytes of the buffer that are kept for the next */
};

struct eio_compress;

/* NULL when the options ask for no compression. */
struct eio_compress *eio_compress_new(struct sio_loop *loop, const struct eio_options *o);
void eio_compress_free(struct eio_compress *c); /* NULL is allowed */
/* The frame in which a WebSocket that agreed on `d` gets m: m->frame itself when it is too short,
 * not to be compressed, or does not become smaller. Owns: returns one reference. */
struct sio_blob *eio_compress_frame(struct eio_compress *c, struct sio_ws_deflate *d,
                                    const struct eio_msg *m);
/* How a request's answer may be compressed. `c` may be NULL. */
enum sio_coding eio_compress_coding(const struct eio_compress *c, const struct sio_http_request *r);
/* A poll's body in a coding; NULL when it is too short or does not become smaller. `of`: the frame
 * whose packet `body` is, so that other polls get the same bytes; may be NULL. Owns: returns one
 * reference. */
struct sio_blob *eio_compress_body(struct eio_compress *c, enum sio_coding how, struct sio_blob *of,
                                   struct sio_slice body);
uint64_t eio_compress_made(const struct eio_compress *c); /* how often something was compressed */

#endif
