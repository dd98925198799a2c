// SPDX-License-Identifier: MIT
/* net/tls_context: what is wrong with a certificate or a key is said by option and in words. */
#include "test.h"
#include "net.h"
#include "tls_side.h"

static struct sio_tls_problem problem;

/* The problem's text, "" when there is none. */
static const char *wrong(const struct sio_tls_options *o)
{
    struct sio_tls_context *c = NULL;
    int rc = sio_tls_context_new(o, &c, &problem);
    sio_tls_context_unref(c);
    CHECK_EQ_INT(ERR_peek_error(), 0);
    return rc == 0 ? "" : problem.text;
}

TEST(tls_context_needs_a_certificate_in_pem)
{
    struct identity id;
    struct sio_tls_options o;
    identity_make(&id, "localhost", NULL);
    o = options_of(&id);
    CHECK_EQ_STR(wrong(&o), "");
    o.cert = SIO_LIT("");
    CHECK_EQ_STR(wrong(&o), "no certificate in PEM format");
    CHECK_EQ_STR(problem.option, "cert");
    o.cert = sio_slice_str(id.key);
    CHECK_EQ_STR(wrong(&o), "no certificate in PEM format");
    o.cert = sio_slice(id.cert, strlen(id.cert) / 2);
    CHECK_EQ_STR(wrong(&o), "no certificate in PEM format");
}

TEST(tls_context_reads_the_whole_chain)
{
    struct identity id, other;
    struct sio_tls_options o;
    struct sio_buf chain = {0};
    identity_make(&id, "localhost", NULL);
    identity_make(&other, "authority", NULL);
    o = options_of(&id);
    sio_buf_printf(&chain, "%s\n%s", id.cert, other.cert);
    o.cert = sio_buf_slice(&chain);
    CHECK_EQ_STR(wrong(&o), "");
    o.cert = sio_slice(chain.p, chain.len - 100);
    CHECK(strstr(wrong(&o), "a certificate of the chain cannot be read") != NULL);
    sio_buf_fini(&chain);
}

TEST(tls_context_needs_the_key_of_its_certificate)
{
    struct identity id, other;
    struct sio_tls_options o;
    identity_make(&id, "localhost", NULL);
    identity_make(&other, "localhost", NULL);
    o = options_of(&id);
    o.key = sio_slice_str(other.key);
    CHECK_EQ_STR(wrong(&o), "does not match the certificate");
    CHECK_EQ_STR(problem.option, "key");
    o.key = SIO_LIT("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    CHECK_EQ_STR(wrong(&o), "no private key in PEM format");
    o.key = sio_slice_str(id.cert);
    CHECK_EQ_STR(wrong(&o), "no private key in PEM format");
}

TEST(tls_context_takes_a_passphrase_and_asks_nobody_for_one)
{
    struct identity id;
    struct sio_tls_options o;
    char longest[4096];
    identity_make(&id, "localhost", "open sesame");
    o = options_of(&id);
    CHECK_EQ_STR(wrong(&o), "is encrypted, and there is no passphrase");
    o.passphrase = SIO_LIT("guess");
    CHECK_EQ_STR(wrong(&o), "wrong passphrase");
    memset(longest, 'x', sizeof longest);
    o.passphrase = sio_slice(longest, sizeof longest);
    CHECK_EQ_STR(wrong(&o), "wrong passphrase");
    o.passphrase = SIO_LIT("open sesame");
    CHECK_EQ_STR(wrong(&o), "");
}

TEST(tls_context_checks_authorities_and_ciphers)
{
    struct identity id;
    struct sio_tls_options o;
    identity_make(&id, "localhost", NULL);
    o = options_of(&id);
    o.ca = SIO_LIT("nobody");
    CHECK_EQ_STR(wrong(&o), "no certificate in PEM format");
    CHECK_EQ_STR(problem.option, "ca");
    o.ca = sio_slice_str(id.cert);
    CHECK_EQ_STR(wrong(&o), "");
    o.ciphers = "ROT13";
    CHECK_EQ_STR(wrong(&o), "no cipher match");
    CHECK_EQ_STR(problem.option, "ciphers");
    o.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256";
    CHECK_EQ_STR(wrong(&o), "");
}
