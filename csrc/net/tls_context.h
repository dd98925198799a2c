// SPDX-License-Identifier: MIT
/* What the TLS connections of a server share: certificate, key and the rules of the handshake.
 *
 * TLS 1.2 and 1.3 only, no compression, no renegotiation, cipher suites with forward secrecy and
 * authenticated encryption, ALPN "http/1.1". Sessions are resumed by tickets; their keys belong to
 * this context, so a ticket of another worker, or from before a reload, leads to a full handshake.
 *
 * A context never changes: a reload makes a new one, and connections keep the one they began with.
 *
 * Thread: loop. Owns: its copy of everything; each reference is one count. Errors: as stated; the
 * OpenSSL error queue is left empty. Reenters: no.
 */
#ifndef SIO_NET_TLS_CONTEXT_H
#define SIO_NET_TLS_CONTEXT_H

#include "base/slice.h"

struct sio_tls_context;

struct sio_tls_options {
    struct sio_slice cert;       /* PEM: the server's certificate, then those that signed it */
    struct sio_slice key;        /* PEM */
    struct sio_slice passphrase; /* of the key; empty: none */
    struct sio_slice ca; /* PEM: who must have signed a client's certificate; empty: clients need
                          * none */
    const char *ciphers; /* of TLS 1.2, in OpenSSL's words; NULL: SIO_TLS_CIPHERS */
    bool only_tls13;
};

#define SIO_TLS_CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

struct sio_tls_problem {
    const char *option; /* "cert", "key", "ca" or "ciphers" */
    char text[160];     /* what is wrong with it */
};

/* SIO_EINVAL: *problem says why. */
int sio_tls_context_new(const struct sio_tls_options *options, struct sio_tls_context **out,
                        struct sio_tls_problem *problem);
struct sio_tls_context *sio_tls_context_ref(struct sio_tls_context *c);
void sio_tls_context_unref(struct sio_tls_context *c); /* NULL is allowed */

#endif
