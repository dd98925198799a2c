// SPDX-License-Identifier: MIT
/* One TCP connection to the server, and the epoll loop that all of them share.
 *
 * Reads go into one buffer of the loop; a connection has memory of its own only for a message that
 * is not whole yet and for bytes that the kernel did not take. Edge-triggered: no call per message
 * but the read and the write.
 *
 * Owns:     its descriptor and its leftovers. The embedding struct is the user's.
 * Errors:   a connection that ends, and every failed call, fail the run; the message names it.
 * Reenters: load_loop_turn calls on_bytes and on_read of the connections that are ready; they may
 *           send and close. A connection is only freed when no turn is running.
 */
#ifndef LOAD_CONN_H
#define LOAD_CONN_H

#include "bytes.h"
#include "options.h"
#include "tls.h"

struct load_conn;

struct load_conn_user {
    /* Takes what is whole of the bytes and says how much that was; the rest comes again, with more
     * behind it. */
    size_t (*on_bytes)(struct load_conn *conn, const uint8_t *p, size_t len);
    void (*on_read)(struct load_conn *conn); /* after all that could be read; may be NULL */
};

struct load_loop {
    int epoll;
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    uint8_t *in;  /* shared by all reads */
};

struct load_conn {
    struct load_loop *loop;
    const struct load_conn_user *user;
    struct load_bytes rest; /* read, not taken by on_bytes yet */
    struct load_bytes out;  /* sent, not taken by the kernel yet */
    SSL *tls;               /* NULL: plain */
    uint32_t index;         /* its number, for messages and its source address */
    int fd;                 /* -1: closed */
};

void load_loop_init(struct load_loop *loop, const struct load_options *options);
void load_loop_fini(struct load_loop *loop);
/* Waits for readiness, at most so long, and serves it. How many connections were served. */
unsigned load_loop_turn(struct load_loop *loop, uint64_t wait_ns);

/* Connects to 127.0.0.1 from 127.0.0.x, x by `index`: one address has 28,000 ports, and those of
 * the last run are still in TIME_WAIT. */
void load_conn_open(struct load_conn *conn, struct load_loop *loop, uint32_t index,
                    const struct load_conn_user *user);
void load_conn_send(struct load_conn *conn, const void *p, size_t len);
void load_conn_close(struct load_conn *conn); /* idempotent */

#endif
