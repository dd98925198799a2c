// SPDX-License-Identifier: MIT
/* net/tls and records that no library sends: made by hand from the keys of the client's traffic. */
#include "test.h"
#include "tls_pair.h"

#include <openssl/hmac.h>

static unsigned char secret[32]; /* of the client's traffic */

static void on_key(const SSL *ssl, const char *line)
{
    const char *hex = strrchr(line, ' ');
    (void)ssl;
    if (strncmp(line, "CLIENT_TRAFFIC_SECRET_0 ", 24) == 0)
        for (size_t i = 0; i < sizeof secret; i++)
            sscanf(hex + 1 + 2 * i, "%2hhx", &secret[i]);
}

/* RFC 8446 §7.1, for what fits one block. */
static void derive(const char *label, unsigned char *out, unsigned len)
{
    unsigned char info[32] = {0, (unsigned char)len}, block[32];
    size_t n = 3 + (size_t)snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    info[2] = (unsigned char)(n - 3);
    info[n + 1] = 1; /* behind the empty context */
    HMAC(EVP_sha256(), secret, sizeof secret, info, n + 2, block, NULL);
    memcpy(out, block, len);
}

/* A record of the handshake's kind, the `number`th of the client (§5.2). */
static void say_record(unsigned char number, struct sio_slice text)
{
    unsigned char key[16], nonce[12], record[64] = {0x17, 3, 3, 0}, plain[32];
    int len = (int)text.len + 1, done;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    derive("key", key, sizeof key);
    derive("iv", nonce, sizeof nonce);
    nonce[11] ^= number;
    memcpy(plain, text.p, text.len);
    plain[text.len] = 0x16;
    record[4] = (unsigned char)(len + 16);
    EVP_EncryptInit_ex(c, EVP_aes_128_gcm(), NULL, key, nonce);
    EVP_EncryptUpdate(c, NULL, &done, record, 5);
    EVP_EncryptUpdate(c, record + 5, &done, plain, len);
    EVP_EncryptFinal_ex(c, record + 5 + len, &done);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, 16, record + 5 + len);
    EVP_CIPHER_CTX_free(c);
    peer_send(&t.client.peer, sio_slice(record, (size_t)len + 21));
}

/* OpenSSL cannot write meanwhile. What the owner writes must not vanish from the middle of the
 * stream, so the connection ends. */
TEST(tls_half_a_key_update_makes_no_hole)
{
    struct sio_tls_options o;
    identity_make(&t.id, "localhost", NULL);
    o = options_of(&t.id);
    open_pair_with(SOCK_STREAM, &o, client_context());
    SSL_set_ciphersuites(t.client.ssl, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_keylog_callback(t.client.ctx, on_key);
    shake();
    say_record(1, sio_slice("\x18\0\0\1", 4));
    for (int i = 0; i < 4; i++)
        net_turn();
    CHECK_EQ_INT(t.side.closes, 0);
    sio_conn_write(t.side.c, SIO_LIT("a"));
    WAIT(t.side.closes == 1);
    CHECK_EQ_INT(t.side.saved_errno, EPROTO);
    leave_pair();
}
