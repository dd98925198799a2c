// SPDX-License-Identifier: MIT
/* net/tls below net/conn, against OpenSSL's own client: handshakes, bytes both ways, and every way
 * to end.
 */
#include "test.h"
#include "tls_pair.h"

/* ---- the handshake --------------------------------------------------------------------------- */

TEST(tls_speaks_12_and_13_and_http11)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (unsigned i = 0; i < 2; i++) {
        const unsigned char *protocol;
        unsigned len;
        open_pair();
        SSL_set_min_proto_version(t.client.ssl, versions[i]);
        SSL_set_max_proto_version(t.client.ssl, versions[i]);
        SSL_set_alpn_protos(t.client.ssl, (const unsigned char *)"\x02h2\x08http/1.1", 12);
        shake();
        SSL_get0_alpn_selected(t.client.ssl, &protocol, &len);
        CHECK_SLICE(sio_slice((const char *)protocol, len), "http/1.1");
        CHECK(SSL_get_current_compression(t.client.ssl) == NULL);
        client_say(&t.client, SIO_LIT("ping"));
        WAIT(t.side.got.len == 4);
        CHECK_SLICE(sio_buf_slice(&t.side.got), "ping");
        sio_conn_write(t.side.c, SIO_LIT("pong"));
        WAIT(client_step(&t.client) && t.client.got.len == 4);
        CHECK_SLICE(sio_buf_slice(&t.client.got), "pong");
        close_pair();
    }
}

static void refuses(const char *words)
{
    WAIT(t.side.closes == 1);
    CHECK_EQ_INT(t.side.err, SIO_ESYS);
    CHECK_EQ_INT(t.side.saved_errno, EPROTO);
    CHECK_EQ_INT(t.side.got.len, 0);
    CHECK(strstr(net.logged, words) != NULL);
    WAIT(t.client.peer.ended);
}

TEST(tls_refuses_versions_before_12)
{
    open_pair();
    SSL_set_security_level(t.client.ssl, 0);
    SSL_set_min_proto_version(t.client.ssl, TLS1_VERSION);
    SSL_set_max_proto_version(t.client.ssl, TLS1_1_VERSION);
    client_step(&t.client);
    refuses("unsupported protocol");
    client_step(&t.client);
    CHECK_EQ_INT(t.client.error, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
    leave_pair();
}

TEST(tls_refuses_12_when_told_to)
{
    struct sio_tls_options o = options_of(&t.id);
    o.only_tls13 = true;
    open_pair_with(0, &o, client_context());
    SSL_set_max_proto_version(t.client.ssl, TLS1_2_VERSION);
    client_step(&t.client);
    refuses(""); /* the same words as above, which are logged once in a while */
    leave_pair();
}

TEST(tls_refuses_a_client_that_wants_another_protocol)
{
    open_pair();
    SSL_set_alpn_protos(t.client.ssl, (const unsigned char *)"\x02h2", 3);
    client_step(&t.client);
    refuses("no application protocol");
    client_step(&t.client);
    CHECK_EQ_INT(t.client.error, SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL);
    leave_pair();
}

TEST(tls_asks_clients_for_certificates)
{
    struct identity known, stranger;
    struct sio_tls_options o = options_of(&t.id);
    struct identity *shown[] = {&known, &stranger, NULL};
    identity_make(&known, "known", NULL);
    identity_make(&stranger, "stranger", NULL);
    o.ca = sio_slice_str(known.cert);
    for (unsigned i = 0; i < 3; i++) {
        SSL_CTX *ctx = client_context();
        if (shown[i] != NULL) {
            BIO *cert = BIO_new_mem_buf(shown[i]->cert, -1),
                *key = BIO_new_mem_buf(shown[i]->key, -1);
            X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
            EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
            SSL_CTX_use_certificate(ctx, x);
            SSL_CTX_use_PrivateKey(ctx, k);
            X509_free(x);
            EVP_PKEY_free(k);
            BIO_free(cert);
            BIO_free(key);
        }
        open_pair_with(0, &o, ctx);
        WAIT(client_step(&t.client) && SSL_is_init_finished(t.client.ssl));
        client_say(&t.client, SIO_LIT("let me in"));
        if (i == 0)
            WAIT(t.side.got.len != 0);
        else
            refuses(i == 1 ? "certificate verify failed" : "did not return a certificate");
        if (i == 0)
            close_pair();
        else
            leave_pair();
    }
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* Byte by byte through the whole handshake and the data behind it: each is a read of its own. */
TEST(tls_takes_records_split_at_every_byte)
{
    bool said = false;
    open_pair();
    t.client.hold = true;
    while (t.side.got.len < 5) {
        client_step(&t.client);
        if (SSL_is_init_finished(t.client.ssl) && !said) {
            client_say(&t.client, SIO_LIT("hello"));
            said = true;
        }
        for (size_t i = 0; i < t.client.held.len; i++) {
            peer_send(&t.client.peer, sio_slice(t.client.held.p + i, 1));
            net_turn();
        }
        sio_buf_clear(&t.client.held);
        net_turn();
        REQUIRE(t.side.closes == 0);
    }
    CHECK_SLICE(sio_buf_slice(&t.side.got), "hello");
    close_pair();
}

TEST(tls_carries_much_both_ways)
{
    size_t sent = 0;
    open_pair();
    shake();
    write_pattern(t.side.c, 0, BIG);
    while (sent < BIG) {
        char piece[20000];
        size_t n = BIG - sent < sizeof piece ? BIG - sent : sizeof piece;
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(sent + i);
        client_say(&t.client, sio_slice(piece, n));
        sent += n;
        WAIT(client_step(&t.client) && t.side.got.len == sent);
    }
    WAIT(client_step(&t.client) && t.client.got.len == BIG);
    CHECK(is_pattern(sio_buf_slice(&t.client.got)));
    CHECK(is_pattern(sio_buf_slice(&t.side.got)));
    CHECK_EQ_INT(sio_conn_queued(t.side.c), 0);
    close_pair();
}

TEST(tls_waits_for_a_peer_that_does_not_read)
{
    open_pair();
    shake();
    peer_be_deaf(&t.client.peer);
    write_pattern(t.side.c, 0, BIG);
    CHECK_EQ_INT(sio_conn_queued(t.side.c), BIG);
    net_turn();
    CHECK(sio_conn_congested(t.side.c));
    CHECK(!sio_conn_flush(t.side.c));
    CHECK(sio_conn_queued(t.side.c) > BIG / 2);
    CHECK_EQ_INT(t.side.drains, 0);
    peer_listen(&t.client.peer);
    WAIT(client_step(&t.client) && t.client.got.len == BIG);
    CHECK(is_pattern(sio_buf_slice(&t.client.got)));
    CHECK_EQ_INT(t.side.drains, 1);
    CHECK(!sio_conn_congested(t.side.c) && sio_conn_flush(t.side.c));
    close_pair();
}

/* A few bytes in each tick, so that each record is sent as soon as it is made, until the kernel
 * takes only a part of one; some more of them then wait their turn. */
TEST(tls_keeps_the_order_of_short_writes_that_a_full_kernel_cuts)
{
    char piece[4000];
    size_t said = 0, behind = 0;
    open_pair();
    shake();
    peer_be_deaf(&t.client.peer);
    while (behind < 5) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = pattern(said + i);
        sio_conn_write(t.side.c, sio_slice(piece, sizeof piece));
        said += sizeof piece;
        REQUIRE(said < 64 << 20);
        behind += sio_conn_congested(t.side.c);
        net_turn();
    }
    CHECK_EQ_INT(t.side.drains, 0);
    CHECK(sio_conn_queued(t.side.c) > 4 * sizeof piece);
    peer_listen(&t.client.peer);
    WAIT(client_step(&t.client) && t.client.got.len == said);
    CHECK(is_pattern(sio_buf_slice(&t.client.got)));
    CHECK_EQ_INT(t.side.drains, 1);
    sio_conn_write(t.side.c, SIO_LIT("!"));
    WAIT(client_step(&t.client) && t.client.got.len == said + 1);
    close_pair();
}

/* With the record made already. */
TEST(tls_tells_once_that_a_short_write_failed)
{
    open_pair();
    shake();
    shutdown(sio_conn_fd(t.side.c), SHUT_WR);
    sio_conn_write(t.side.c, SIO_LIT("a"));
    CHECK(!sio_conn_flush(t.side.c));
    CHECK(sio_conn_queued(t.side.c) > 1);
    CHECK_EQ_INT(t.side.closes, 0);
    WAIT(t.side.closes != 0);
    CHECK_EQ_INT(t.side.closes, 1);
    CHECK_EQ_INT(t.side.err, SIO_ESYS);
    CHECK_EQ_INT(t.side.saved_errno, EPIPE);
    leave_pair();
}

/* A message boundary socket shows each write: many small ones of a tick leave as one record. */
TEST(tls_sends_a_tick_in_one_write)
{
    struct sio_tls_options o = options_of(&t.id);
    unsigned reads;
    open_pair_with(SOCK_SEQPACKET, &o, client_context());
    shake();
    reads = t.client.peer.reads;
    for (unsigned i = 0; i < 100; i++)
        sio_conn_write(t.side.c, SIO_LIT("0123456789"));
    WAIT(t.client.peer.got.len != 0);
    CHECK_EQ_INT(t.client.peer.reads, reads + 1);
    CHECK(t.client.peer.got.len < 1000 + 64);
    client_step(&t.client);
    CHECK_EQ_INT(t.client.got.len, 1000);
    close_pair();
}

/* ---- ends ------------------------------------------------------------------------------------ */

TEST(tls_answers_close_notify_and_is_closed)
{
    open_pair();
    shake();
    client_say(&t.client, SIO_LIT("last words"));
    SSL_shutdown(t.client.ssl);
    client_flush(&t.client);
    WAIT(t.side.closes == 1);
    CHECK_EQ_INT(t.side.err, 0);
    CHECK_SLICE(sio_buf_slice(&t.side.got), "last words");
    WAIT(client_step(&t.client) && t.client.ended && t.client.peer.ended);
    CHECK_EQ_INT(t.side.closes, 1);
    leave_pair();
}

TEST(tls_reports_an_end_without_close_notify)
{
    open_pair();
    shake();
    shutdown(t.client.peer.fd, SHUT_WR);
    WAIT(t.side.closes == 1);
    CHECK_EQ_INT(t.side.err, 0);
    leave_pair();
}

TEST(tls_finishes_after_its_queue_with_close_notify)
{
    open_pair();
    shake();
    peer_be_deaf(&t.client.peer);
    write_pattern(t.side.c, 0, BIG);
    sio_conn_finish(t.side.c);
    sio_conn_finish(t.side.c);
    net_turn();
    peer_listen(&t.client.peer);
    client_say(&t.client, SIO_LIT("still talking"));
    WAIT(client_step(&t.client) && t.client.ended && t.client.peer.ended);
    CHECK_EQ_INT(t.client.got.len, BIG);
    CHECK(is_pattern(sio_buf_slice(&t.client.got)));
    CHECK_EQ_INT(t.side.got.len, 0);
    CHECK_EQ_INT(t.side.closes, 0);
    leave_pair();
}

TEST(tls_finishes_an_empty_queue_with_close_notify)
{
    open_pair();
    shake();
    sio_conn_finish(t.side.c);
    WAIT(client_step(&t.client) && t.client.ended && t.client.peer.ended);
    leave_pair();
}

/* What http_conn says to a client that is too slow for its handshake. */
TEST(tls_drops_what_is_written_before_the_handshake)
{
    open_pair();
    sio_conn_write(t.side.c, SIO_LIT("HTTP/1.1 408 Request Timeout\r\n\r\n"));
    CHECK_EQ_INT(sio_conn_queued(t.side.c), 0);
    sio_conn_finish(t.side.c);
    WAIT(t.client.peer.ended);
    CHECK_EQ_INT(t.client.peer.got.len, 0);
    leave_pair();
}

static void close_at_data(struct side *s)
{
    sio_conn_close(s->c);
    sio_conn_write(s->c, SIO_LIT("nobody hears this"));
    CHECK(!sio_conn_encrypted(s->c));
}

TEST(tls_may_be_closed_by_its_owner_at_any_event)
{
    open_pair();
    shake();
    t.side.on_data = close_at_data;
    client_say(&t.client, SIO_LIT("one"));
    client_say(&t.client, SIO_LIT("two"));
    SSL_shutdown(t.client.ssl);
    client_flush(&t.client);
    WAIT(t.client.peer.ended || t.client.peer.reset);
    CHECK_EQ_INT(t.side.closes, 0);
    leave_pair();
}

/* ---- hostile clients ------------------------------------------------------------------------- */

static void throw_at(struct sio_slice bytes)
{
    open_pair();
    peer_send(&t.client.peer, bytes);
}

TEST(tls_closes_on_what_is_no_handshake)
{
    char zeros[70000] = {0};
    throw_at(SIO_LIT("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    refuses("http request");
    CHECK_EQ_INT(t.client.peer.got.len, 0);
    leave_pair();
    throw_at(sio_slice(zeros, sizeof zeros));
    refuses("wrong version number");
    leave_pair();
    throw_at(SIO_LIT("\x16\x03\x01\xff\xff"));
    refuses("packet length too long");
    leave_pair();
}

/* Cut off at every byte of the handshake's first flight; nothing is left behind. */
TEST(tls_a_handshake_may_end_anywhere)
{
    open_pair();
    t.client.hold = true;
    client_step(&t.client);
    size_t len = t.client.held.len;
    close_pair();
    for (size_t at = 1; at < len; at += 7) {
        open_pair();
        t.client.hold = true;
        client_step(&t.client);
        peer_send(&t.client.peer, sio_slice(t.client.held.p, at));
        net_turn();
        shutdown(t.client.peer.fd, SHUT_WR);
        WAIT(t.side.closes == 1);
        leave_pair();
    }
}

TEST(tls_a_broken_record_ends_it_with_an_alert)
{
    open_pair();
    shake();
    t.client.hold = true;
    client_say(&t.client, SIO_LIT("hello"));
    t.client.held.p[t.client.held.len - 1] ^= 1;
    peer_send(&t.client.peer, sio_buf_slice(&t.client.held));
    t.client.hold = false;
    refuses("decryption failed or bad record mac");
    client_step(&t.client);
    CHECK_EQ_INT(t.client.error, SSL_R_SSLV3_ALERT_BAD_RECORD_MAC);
    leave_pair();
}

TEST(tls_does_not_negotiate_again)
{
    open_pair();
    SSL_set_max_proto_version(t.client.ssl, TLS1_2_VERSION);
    shake();
    SSL_renegotiate(t.client.ssl);
    SSL_do_handshake(t.client.ssl);
    client_flush(&t.client);
    WAIT(client_step(&t.client) && t.client.error != 0);
    CHECK_EQ_INT(t.client.error, SSL_R_NO_RENEGOTIATION);
    CHECK_EQ_INT(t.side.closes, 0); /* it is asked to go on without */
    close_pair();
}

/* Each asks for an answer, and none is read. */
TEST(tls_a_peer_that_asks_and_does_not_read_is_cut_off)
{
    open_pair();
    shake();
    peer_be_deaf(&t.client.peer);
    t.client.hold = true;
    for (unsigned i = 0; i < 200000 && t.side.closes == 0; i++) {
        SSL_key_update(t.client.ssl, SSL_KEY_UPDATE_REQUESTED);
        SSL_do_handshake(t.client.ssl);
        client_flush(&t.client);
        if (t.client.held.len > 4000) {
            peer_send(&t.client.peer, sio_buf_slice(&t.client.held));
            sio_buf_clear(&t.client.held);
            net_turn();
        }
        CHECK(sio_conn_queued(t.side.c) <= 4 * BIG);
    }
    CHECK_EQ_INT(t.side.closes, 1);
    CHECK(strstr(net.logged, "asks and does not read") != NULL);
    leave_pair();
}
