// SPDX-License-Identifier: MIT
/* TLS under a connection, for --tls. The certificate is not verified: the bench's is its own.
 *
 * Owns:     a session, from load_tls_start to load_tls_end; the descriptor stays conn's.
 * Errors:   a failed handshake or record fails the run.
 * Reenters: no.
 */
#ifndef LOAD_TLS_H
#define LOAD_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

SSL_CTX *load_tls_context(void); /* SSL_CTX_free ends it */
SSL *load_tls_start(SSL_CTX *context, int fd);
void load_tls_end(SSL *tls);
/* Both go on with the handshake as far as it comes. */
size_t load_tls_write(SSL *tls, const void *p, size_t len);          /* 0: not now */
size_t load_tls_read(SSL *tls, void *p, size_t len, bool *is_ended); /* 0: nothing there */

#endif
