// SPDX-License-Identifier: MIT
/* TLS contexts: PEM texts to an SSL_CTX. Stands on OpenSSL; the worker makes them, net/tls uses
 * them.
 *
 * Invariant: a context that is returned can serve a handshake: its key belongs to its certificate.
 * Nothing here asks the terminal for a passphrase, which OpenSSL would do by itself.
 */
#include "net/tls_in.h"

#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static int explain(struct sio_tls_problem *p, const char *option, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static int explain(struct sio_tls_problem *p, const char *option, const char *fmt, ...)
{
    va_list args;
    p->option = option;
    va_start(args, fmt);
    vsnprintf(p->text, sizeof p->text, fmt, args);
    va_end(args);
    return SIO_EINVAL;
}

/* What OpenSSL says about the newest error; it has a number for everything, but not always words.
 */
static const char *reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());
    return text != NULL ? text : "unknown error";
}

static BIO *reader(struct sio_slice pem)
{
    return BIO_new_mem_buf(pem.p, (int)pem.len);
}

/* ---- certificates ---------------------------------------------------------------------------- */

static int use_certificate(SSL_CTX *ctx, BIO *in, struct sio_tls_problem *p)
{
    X509 *cert = PEM_read_bio_X509_AUX(in, NULL, NULL, NULL);
    int ok;
    if (cert == NULL)
        return explain(p, "cert", "no certificate in PEM format");
    ok = SSL_CTX_use_certificate(ctx, cert);
    X509_free(cert);
    return ok == 1 ? 0 : explain(p, "cert", "%s", reason());
}

/* The end of the text shows as the error that no line begins a PEM block. */
static bool at_end(void)
{
    unsigned long e = ERR_peek_last_error();
    return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int use_chain(SSL_CTX *ctx, struct sio_slice pem, struct sio_tls_problem *p)
{
    BIO *in = reader(pem);
    int rc = use_certificate(ctx, in, p);
    X509 *cert;
    while (rc == 0 && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL)
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            rc = explain(p, "cert", "%s", reason());
        }
    if (rc == 0 && !at_end())
        rc = explain(p, "cert", "a certificate of the chain cannot be read: %s", reason());
    BIO_free(in);
    return rc;
}

/* Its names also go to the client, which picks its certificate by them. */
static bool trust(SSL_CTX *ctx, X509 *cert)
{
    return X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) == 1 &&
           SSL_CTX_add_client_CA(ctx, cert) == 1;
}

static int use_authorities(SSL_CTX *ctx, struct sio_slice pem, struct sio_tls_problem *p)
{
    BIO *in = reader(pem);
    unsigned n = 0;
    int rc = 0;
    for (X509 *cert; rc == 0 && (cert = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL; n++) {
        if (!trust(ctx, cert))
            rc = explain(p, "ca", "%s", reason());
        X509_free(cert);
    }
    if (rc == 0 && (n == 0 || !at_end()))
        rc =
            explain(p, "ca", n == 0 ? "no certificate in PEM format" : "cannot be read to its end");
    BIO_free(in);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return rc;
}

/* ---- the key --------------------------------------------------------------------------------- */

struct secret {
    struct sio_slice passphrase;
    bool asked;
};

static int on_passphrase(char *out, int cap, int writing, void *arg)
{
    struct secret *s = arg;
    (void)writing;
    s->asked = true;
    if (s->passphrase.len == 0 || s->passphrase.len > (size_t)cap)
        return -1;
    memcpy(out, s->passphrase.p, s->passphrase.len);
    return (int)s->passphrase.len;
}

static int use_key(SSL_CTX *ctx, const struct sio_tls_options *o, struct sio_tls_problem *p)
{
    struct secret s = {.passphrase = o->passphrase};
    BIO *in = reader(o->key);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, on_passphrase, &s);
    int rc = 0;
    BIO_free(in);
    if (key == NULL && s.asked)
        return explain(p, "key",
                       o->passphrase.len == 0 ? "is encrypted, and there is no passphrase"
                                              : "wrong passphrase");
    if (key == NULL)
        return explain(p, "key", "no private key in PEM format");
    if (X509_check_private_key(SSL_CTX_get0_certificate(ctx), key) != 1)
        rc = explain(p, "key", "does not match the certificate");
    else if (SSL_CTX_use_PrivateKey(ctx, key) != 1)
        rc = explain(p, "key", "%s", reason());
    EVP_PKEY_free(key);
    return rc;
}

/* ---- the rules ------------------------------------------------------------------------------- */

/* A client that offers protocols must offer ours; one that offers none is taken as it is. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static void set_rules(SSL_CTX *ctx, bool only_tls13)
{
    SSL_CTX_set_min_proto_version(ctx, only_tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS); /* an idle connection holds none */
    SSL_CTX_set_read_ahead(ctx, 1);                  /* a record in one go, not its head first */
    /* Tickets are the client's to keep; a table of sessions would be ours, and one worker's. */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(ctx, 1);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"sio", 3);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

static int fill(SSL_CTX *ctx, const struct sio_tls_options *o, struct sio_tls_problem *p)
{
    int rc = use_chain(ctx, o->cert, p);
    set_rules(ctx, o->only_tls13);
    if (rc == 0)
        rc = use_key(ctx, o, p);
    if (rc == 0 && o->ca.len != 0)
        rc = use_authorities(ctx, o->ca, p);
    if (rc == 0 &&
        SSL_CTX_set_cipher_list(ctx, o->ciphers != NULL ? o->ciphers : SIO_TLS_CIPHERS) != 1)
        rc = explain(p, "ciphers", "%s", reason());
    return rc;
}

int sio_tls_context_new(const struct sio_tls_options *options, struct sio_tls_context **out,
                        struct sio_tls_problem *problem)
{
    struct sio_tls_context *c = sio_calloc(1, sizeof *c);
    int rc;
    ERR_clear_error();
    c->refs = 1;
    c->method = sio_tls_method();
    c->ssl = SSL_CTX_new(TLS_server_method());
    rc = c->ssl != NULL && c->method != NULL ? fill(c->ssl, options, problem)
                                             : explain(problem, "cert", "%s", reason());
    ERR_clear_error();
    if (rc == 0)
        *out = c;
    else
        sio_tls_context_unref(c);
    return rc;
}

struct sio_tls_context *sio_tls_context_ref(struct sio_tls_context *c)
{
    c->refs++;
    return c;
}

void sio_tls_context_unref(struct sio_tls_context *c)
{
    if (c == NULL || --c->refs != 0)
        return;
    SSL_CTX_free(c->ssl);
    BIO_meth_free(c->method);
    sio_free(c);
}
