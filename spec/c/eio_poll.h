// SPDX-License-Identifier: MIT
/* A long-polling client on two connections, with a session. */
#ifndef SPEC_C_EIO_POLL_H
#define SPEC_C_EIO_POLL_H

#include "eio.h"

static struct peer p, q; /* two connections of one client */
static char sid[SIO_ID_LEN + 1];

static inline void begin(void)
{
    eio_open();
    client_open(&p);
    client_open(&q);
    client_handshake(&p, sid);
    sio_buf_clear(&eio.log);
}

static inline void end(void)
{
    peer_fini(&p);
    peer_fini(&q);
    eio_close();
}

/* The session is gone: its sid is unknown. */
static inline void expect_gone(void)
{
    struct peer other;
    client_open(&other);
    client_get(&other, sid);
    EXPECT(&other, 400, "{\"code\":1,\"message\":\"Session ID unknown\"}");
    peer_fini(&other);
}

#endif
