// SPDX-License-Identifier: MIT
/* An answer in pieces: begin, write, end. For bodies that are made or read while they are sent.
 *
 *     sio_http_stream_begin(c, &response, SIO_HTTP_CHUNKED, &writer, self)
 *     while there is more
 *         if (sio_http_stream_write(c, piece) == SIO_EAGAIN)
 *             wait for writer.on_drain
 *     sio_http_stream_end(c)
 *
 * With a length the body has exactly that many bytes. Without one (SIO_HTTP_CHUNKED) it goes in
 * chunks, to HTTP/1.0 clients up to the end of the connection. A HEAD request, 204 and 304 get the
 * head alone and swallow what is written. The next request on the connection is looked at after the
 * end.
 *
 * A client that takes nothing of what is queued for body_timeout_ms is cut; a writer that writes
 * nothing may take its time. writer.on_gone says that the connection went before the end, for
 * whatever reason.
 *
 * Thread: loop. Owns: nothing. Errors: as stated. Reenters: write, begin and end call no events;
 * cut calls on_gone.
 */
#ifndef SIO_NET_HTTP_STREAM_H
#define SIO_NET_HTTP_STREAM_H

#include "codec/http_write.h"
#include "net/http_conn.h"

enum { SIO_HTTP_STREAM_HIGH = 65536 }; /* bytes queued, and the writer has to wait */

/* For an accepted request that was read to its end (in and after on_body); `writer` takes the place
 * of the handler. `r` has no body. `length`: bytes, or SIO_HTTP_CHUNKED. SIO_EINVAL: as
 * sio_http_respond, which has answered 500 then; SIO_ECLOSED: answered already, or gone. */
int sio_http_stream_begin(struct sio_http_conn *c, const struct sio_http_response *r,
                          uint64_t length, const struct sio_http_handler *writer, void *self);
/* 0: go on. SIO_EAGAIN: queued, but wait for on_drain before the next one. SIO_ETOOBIG: more than
 * `length` was announced for, nothing was queued. SIO_ECLOSED: gone, or ended. */
int sio_http_stream_write(struct sio_http_conn *c, struct sio_slice bytes);  /* copied */
int sio_http_stream_write_blob(struct sio_http_conn *c, struct sio_blob *b); /* takes a reference */
/* The writer is not called any more. SIO_EINVAL: bytes of `length` are missing; as
 * sio_http_stream_cut, but silently. */
int sio_http_stream_end(struct sio_http_conn *c);
/* Ends the connection so that the client sees that the body is not whole, and calls on_gone
 * (SIO_ECLOSED): behind what was written, or, when the end of the stream would be the end of the
 * body, with a reset. */
void sio_http_stream_cut(struct sio_http_conn *c);

#endif
