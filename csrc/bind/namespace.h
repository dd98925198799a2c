// SPDX-License-Identifier: MIT
/* The handle type of namespaces. Their Lua objects are made in Lua; server.c drops the handles when
 * the server closes, for namespaces have no event of their own at their end.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_NAMESPACE_H
#define SIO_BIND_NAMESPACE_H

#include "sio/nsp.h"

#define SIO_NAMESPACE "sio.namespace"

/* What a namespace has people's functions for. Nothing is called, and no object made, for a socket
 * that nobody listens to. Bits. */
enum {
    SIO_WANT_MIDDLEWARES = 1,
    SIO_WANT_CONNECTION = 2,
    SIO_WANT_EVENTS = 4,  /* of any of its sockets */
    SIO_WANT_GOODBYE = 8, /* disconnecting, disconnect */
};

bool sio_namespace_wants(const struct sio_nsp *nsp, unsigned what);

#endif
