// SPDX-License-Identifier: MIT
/* A part of a file as an answer's body: read piece by piece on libuv's pool, at the client's pace.
 * However large the file and slow the client, at most SIO_HTTP_FILE_PIECE bytes of it are in
 * memory.
 *
 * Thread: loop. Owns: the descriptor, from the call on. Errors: a file that cannot be read, or has
 * become shorter, ends the connection before the announced length (logged). Reenters: on_end.
 */
#ifndef SIO_NET_HTTP_FILE_H
#define SIO_NET_HTTP_FILE_H

#include "net/http_stream.h"

enum { SIO_HTTP_FILE_PIECE = SIO_HTTP_STREAM_HIGH }; /* bytes per read */

/* Answers an accepted request with `length` bytes of fd, a regular file, from `from` on; takes fd,
 * also on an error. on_end(self), once, perhaps before this returns: sent, or the connection is
 * gone. Errors as sio_http_stream_begin, and then on_end is not called. */
int sio_http_file_send(struct sio_http_conn *c, const struct sio_http_response *r, int fd,
                       uint64_t from, uint64_t length, void (*on_end)(void *self), void *self);

#endif
