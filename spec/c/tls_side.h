// SPDX-License-Identifier: MIT
/* TLS for the tests of net/: certificates made on the spot, and an OpenSSL client that lives in
 * memory behind a peer (peer.h). Include it behind net.h.
 *
 * A client moves only in client_step: what the peer has received goes in, what OpenSSL wants to say
 * goes out, so that a test can look at every byte and hold it back.
 */
#ifndef SPEC_C_TLS_SIDE_H
#define SPEC_C_TLS_SIDE_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "net/tls_context.h"

struct identity {
    char cert[2048], key[1024];
};

static inline void pem_take(BIO *from, char *to, size_t cap)
{
    int n = BIO_read(from, to, (int)cap - 1);
    to[n > 0 ? n : 0] = '\0';
    BIO_free(from);
}

static inline X509 *certificate_for(EVP_PKEY *key, const char *name, long serial)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, subject);
    X509_set_pubkey(x, key);
    X509_sign(x, key, EVP_sha256());
    return x;
}

/* Signed by itself. With a passphrase the key's PEM is encrypted. */
static inline void identity_make(struct identity *id, const char *name, const char *passphrase)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certificate_for(key, name, 1);
    BIO *cert = BIO_new(BIO_s_mem()), *secret = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(cert, x);
    PEM_write_bio_PKCS8PrivateKey(secret, key, passphrase != NULL ? EVP_aes_128_cbc() : NULL,
                                  passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0,
                                  NULL, NULL);
    pem_take(cert, id->cert, sizeof id->cert);
    pem_take(secret, id->key, sizeof id->key);
    X509_free(x);
    EVP_PKEY_free(key);
}

static inline struct sio_tls_options options_of(const struct identity *id)
{
    return (struct sio_tls_options){.cert = sio_slice_str(id->cert), .key = sio_slice_str(id->key)};
}

static inline struct sio_tls_context *context_of(const struct sio_tls_options *o)
{
    struct sio_tls_context *c = NULL;
    struct sio_tls_problem problem;
    if (sio_tls_context_new(o, &c, &problem) != 0)
        test_fail(__FILE__, __LINE__, "%s: %s", problem.option, problem.text);
    return c;
}

/* ---- the client ------------------------------------------------------------------------------ */

struct tls_client {
    struct peer peer;
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;       /* from and to the server */
    struct sio_buf got;  /* plaintext */
    struct sio_buf held; /* with `hold`: what would have been sent */
    bool hold;
    bool ended; /* close_notify came */
    int error;  /* OpenSSL's reason, 0: none */
};

static inline SSL_CTX *client_context(void)
{
    return SSL_CTX_new(TLS_client_method());
}

/* Takes ctx. The peer was made before. */
static inline void client_init(struct tls_client *c, SSL_CTX *ctx)
{
    c->ctx = ctx;
    c->ssl = SSL_new(ctx);
    c->in = BIO_new(BIO_s_mem());
    c->out = BIO_new(BIO_s_mem());
    SSL_set_bio(c->ssl, c->in, c->out);
    SSL_set_connect_state(c->ssl);
}

static inline void client_fini(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    sio_buf_fini(&c->got);
    sio_buf_fini(&c->held);
}

static inline void client_flush(struct tls_client *c)
{
    char bytes[4096];
    int n;
    while ((n = BIO_read(c->out, bytes, sizeof bytes)) > 0) {
        sio_buf_append(&c->held, bytes, (size_t)n);
        if (!c->hold)
            send(c->peer.fd, bytes, (size_t)n, MSG_NOSIGNAL);
    }
    if (!c->hold)
        sio_buf_clear(&c->held);
}

/* True always, so that it can stand in a WAIT. */
static inline bool client_step(struct tls_client *c)
{
    char *room = sio_buf_reserve(&c->got, 16384);
    int n;
    ERR_clear_error();
    if (c->peer.got.len != 0)
        BIO_write(c->in, c->peer.got.p, (int)c->peer.got.len);
    sio_buf_clear(&c->peer.got);
    while ((n = SSL_read(c->ssl, room, 16384)) > 0) {
        c->got.len += (size_t)n;
        room = sio_buf_reserve(&c->got, 16384);
    }
    c->ended |= SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN;
    if (SSL_get_error(c->ssl, n) == SSL_ERROR_SSL)
        c->error = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error(); /* the server shares the queue: it must find it as it left it */
    client_flush(c);
    return true;
}

static inline void client_say(struct tls_client *c, struct sio_slice s)
{
    CHECK_EQ_INT(SSL_write(c->ssl, s.p, (int)s.len), s.len);
    client_flush(c);
}

#endif
