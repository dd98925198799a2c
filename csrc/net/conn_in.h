// SPDX-License-Identifier: MIT
/* Private to net/conn*.c: what a connection is. conn.c reads and ends it, conn_write.c writes,
 * conn_origin.c knows where it comes from.
 *
 * Owns: as conn.h says. Errors: none of its own. Reenters: no.
 */
#ifndef SIO_NET_CONN_IN_H
#define SIO_NET_CONN_IN_H

#include "net/conn.h"

enum sio_conn_state { SIO_CONN_ATTACHED, SIO_CONN_FINISHING, SIO_CONN_CLOSED };

struct sio_conn_sending;
struct sio_outq;
struct sio_tls;

/* What is known of some connections. */
struct sio_conn_facts {
    struct sio_origin origin;
    bool has_origin;
    struct sio_quota_place *place;
};

/* Who is told what happens, while the connection is ATTACHED. */
struct sio_conn_owner {
    const struct sio_conn_events *events;
    void *self;
};

struct sio_conn {
    uv_tcp_t tcp; /* also for Unix sockets: libuv only wants a stream socket. Its `data`: struct
                   * sio_conn_facts, NULL for most */
    union {
        struct {
            struct sio_list flush; /* FINISHING too, until the linger */
            struct sio_conn_owner owner;
        };                        /* ATTACHED */
        struct sio_linger linger; /* FINISHING */
        struct sio_grave grave;   /* CLOSED */
    };
    struct sio_outq *out;             /* with TLS plaintext, and net/tls has a queue for the wire */
    struct sio_tls *tls;              /* NULL: plain */
    struct sio_conn_sending *sending; /* while the kernel's buffer is full */
    struct sio_batch_span span;       /* in the loop's batch, when the queue is empty */
    uint32_t unsent; /* FINISHING: when the linger began; has the peer read anything since? */
    uint8_t state;   /* enum sio_conn_state */
    bool peer_ended;
    bool counted; /* see sio_conn_count */
};

_Static_assert(sizeof(struct sio_conn) <= sizeof(uv_tcp_t) + 72, "an idle connection stays small");
_Static_assert(offsetof(struct sio_conn, flush) == offsetof(struct sio_conn, linger.link),
               "whichever it is in, the connection leaves its list by one link");

/* ---- conn.c, for conn_write.c ---------------------------------------------------------------- */

int sio_conn_raw_fd(const struct sio_conn *c);
void sio_conn_on_flush(struct sio_list *flush);
/* `err`: libuv's. `drained`: behind a uv_write, after which on_drain is due when nothing is left.
 */
void sio_conn_after_write(struct sio_conn *c, int err, bool drained);

/* ---- conn_write.c, for conn.c ---------------------------------------------------------------- */

/* Gives the kernel all it takes; 0 or libuv's error. Then nothing is queued or c->sending is set.
 */
int sio_conn_write_out(struct sio_conn *c);
void sio_conn_write_soon(struct sio_conn *c); /* at the end of the tick, if there is anything */
bool sio_conn_write_done(const struct sio_conn *c); /* nothing is left */
void sio_conn_write_drop(struct sio_conn *c);       /* what is queued is not sent */
/* TLS: fills an empty wire from the plaintext; behind the last of it comes close_notify. */
int sio_conn_write_seal(struct sio_conn *c);

#endif
