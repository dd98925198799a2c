// SPDX-License-Identifier: MIT
/* Private to net/conn*.c: what a connection is. conn.c moves its bytes and ends it, conn_origin.c
 * knows where it comes from.
 *
 * Owns: as conn.h says. Errors: none of its own. Reenters: no.
 */
#ifndef SIO_NET_CONN_IN_H
#define SIO_NET_CONN_IN_H

#include "net/conn.h"

struct sio_conn_sending;
struct sio_outq;
struct sio_tls;

/* What is known of some connections. */
struct sio_conn_facts {
    struct sio_origin origin;
    bool has_origin;
    struct sio_quota_place *place;
};

struct sio_conn {
    uv_tcp_t tcp; /* also for Unix sockets: libuv only wants a stream socket. Its `data`: struct
                   * sio_conn_facts, NULL for most */
    const struct sio_conn_events *events;
    void *owner;
    union {
        struct sio_list link;
        struct sio_task flush;
        struct sio_linger linger;
        struct sio_grave grave;
    } end;
    struct sio_outq *out;
    struct sio_tls *tls;              /* NULL: plain */
    struct sio_conn_sending *sending; /* while the kernel's buffer is full */
    size_t unsent; /* FINISHING: when the linger began; has the peer read anything since? */
    uint8_t state; /* see conn.c */
    bool peer_ended;
    bool counted; /* see sio_conn_count */
};

_Static_assert(sizeof(struct sio_conn) <= sizeof(uv_tcp_t) + 88, "an idle connection stays small");

#endif
