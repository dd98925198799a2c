// SPDX-License-Identifier: MIT
/* OpenSSL on non-blocking sockets. conn calls it where it would call send and recv.
 *
 * It offers one cipher suite, that of OpenSSL's own choice, because Go's server would take another,
 * and then it would be ciphers that are compared.
 */
#include "tls.h"

#include "fail.h"

#include <openssl/err.h>

#define CIPHER_SUITE "TLS_AES_256_GCM_SHA384"

_Noreturn static void fail(const char *what)
{
    load_fail("%s: %s", what, ERR_reason_error_string(ERR_get_error()));
}

SSL_CTX *load_tls_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    if (context == NULL)
        fail("SSL_CTX_new");
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, CIPHER_SUITE) != 1)
        fail("SSL_CTX_set_ciphersuites");
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

SSL *load_tls_start(SSL_CTX *context, int fd)
{
    SSL *tls = SSL_new(context);
    if (tls == NULL || SSL_set_fd(tls, fd) != 1)
        fail("SSL_new");
    SSL_set_connect_state(tls);
    return tls;
}

void load_tls_end(SSL *tls)
{
    SSL_free(tls);
}

static bool is_later(SSL *tls, int result)
{
    int error = SSL_get_error(tls, result);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

size_t load_tls_write(SSL *tls, const void *p, size_t len)
{
    size_t n = 0;
    ERR_clear_error();
    int result = SSL_write_ex(tls, p, len, &n);
    if (result != 1 && !is_later(tls, result))
        fail("SSL_write");
    return result == 1 ? n : 0;
}

size_t load_tls_read(SSL *tls, void *p, size_t len, bool *is_ended)
{
    size_t n = 0;
    ERR_clear_error();
    int result = SSL_read_ex(tls, p, len, &n);
    *is_ended = result != 1 && SSL_get_error(tls, result) == SSL_ERROR_ZERO_RETURN;
    if (result != 1 && !*is_ended && !is_later(tls, result))
        fail("SSL_read");
    return result == 1 ? n : 0;
}
