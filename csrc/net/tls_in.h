// SPDX-License-Identifier: MIT
/* Private to net/tls*.c: the only place that knows OpenSSL's types.
 *
 * Owns: as tls_context.h says. Errors: as stated. Reenters: no.
 */
#ifndef SIO_NET_TLS_IN_H
#define SIO_NET_TLS_IN_H

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "net/tls.h"
#include "net/tls_context.h"

struct sio_tls_context {
    unsigned refs;
    SSL_CTX *ssl;
    BIO_METHOD *method; /* of every connection's BIO */
};

/* How OpenSSL reaches a connection's queues (tls.c). NULL when OpenSSL is out of memory. */
BIO_METHOD *sio_tls_method(void);

#endif
