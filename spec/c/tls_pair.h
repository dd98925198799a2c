// SPDX-License-Identifier: MIT
/* A connection with TLS and its client, for the tests of net/tls. Include it behind test.h.
 */
#ifndef SPEC_C_TLS_PAIR_H
#define SPEC_C_TLS_PAIR_H

#include "net.h"
#include "conn_side.h"
#include "tls_side.h"

/* A server side with a client, in one place because every test has both. */
static struct {
    struct identity id;
    struct sio_tls_context *context;
    struct side side;
    struct tls_client client;
} t;

static inline void open_server(int fd)
{
    start(&t.side, fd);
    CHECK(sio_conn_encrypt(t.side.c, t.context, sio_slice(NULL, 0)));
    CHECK(sio_conn_encrypted(t.side.c) && sio_conn_secure(t.side.c));
}

static inline void open_pair_with(int type, const struct sio_tls_options *options, SSL_CTX *client)
{
    net_open();
    memset(&t.client, 0, sizeof t.client);
    t.context = context_of(options);
    open_server(type == 0 ? peer_tcp(&t.client.peer, AF_INET) : peer_pair(&t.client.peer, type));
    client_init(&t.client, client);
}

static inline void open_pair(void)
{
    if (t.id.cert[0] == '\0')
        identity_make(&t.id, "localhost", NULL);
    struct sio_tls_options o = options_of(&t.id);
    open_pair_with(0, &o, client_context());
}

/* In 1.3 the client is done before the server, which has its word when data arrives. */
static inline void shake(void)
{
    WAIT(client_step(&t.client) && SSL_is_init_finished(t.client.ssl));
    client_say(&t.client, SIO_LIT("."));
    WAIT(t.side.got.len == 1);
    sio_buf_clear(&t.side.got);
    WAIT(client_step(&t.client) && sio_conn_queued(t.side.c) == 0);
}

/* The connection may be gone already: closing is idempotent only while its memory lives. */
static inline void leave_pair(void)
{
    peer_fini(&t.client.peer);
    client_fini(&t.client);
    sio_buf_fini(&t.side.got);
    sio_tls_context_unref(t.context);
    CHECK_EQ_INT(ERR_peek_error(), 0);
    CHECK(net_close());
}

static inline void close_pair(void)
{
    sio_conn_close(t.side.c);
    leave_pair();
}

#endif
