// SPDX-License-Identifier: MIT
/* The encryption of one connection: records in, plaintext out, and back. It has no descriptor;
 * net/conn moves the bytes and is the only caller.
 *
 *     socket ──► sio_tls_open ──► plaintext for the owner
 *     queue of plaintext ──► sio_tls_seal ──► wire ──► socket
 *     a tick's short writes ──► sio_tls_seal_into ──► socket
 *
 * What the protocol itself has to say (handshake, alerts, tickets) goes into the wire queue during
 * sio_tls_open. Limit: a peer that provokes such answers and does not read them fails at
 * SIO_TLS_WIRE_MAX.
 *
 * Thread: loop. Owns: a reference to its context, the wire queue. Errors: as stated; after one only
 * the wire queue is of use (the alert is in it). The OpenSSL error queue, which is the thread's and
 * would spoil the next connection, is left empty. Reenters: no.
 */
#ifndef SIO_NET_TLS_H
#define SIO_NET_TLS_H

#include "base/buf.h"
#include "net/outq.h"

struct sio_tls;
struct sio_tls_context;

enum {
    SIO_TLS_RECORD_BYTES = 16384, /* of plaintext in a record at most, RFC 8446 §5.1 */
    SIO_TLS_SEAL_RECORDS = 4,     /* sealed ahead of the socket */
    SIO_TLS_WIRE_MAX = 131072,    /* bytes that wait for the socket; beyond, the peer is cut off */
};

/* The server's side of a handshake. NULL when OpenSSL is short of something. */
struct sio_tls *sio_tls_new(struct sio_tls_context *context);
void sio_tls_free(struct sio_tls *t);
bool sio_tls_ready(const struct sio_tls *t); /* the handshake is done */

/* Takes all of `records`; the plaintext is appended to `plain`, also when it returns an error.
 * Errors: SIO_ECLOSED: the peer's close_notify; SIO_EPROTO (logged). */
int sio_tls_open(struct sio_tls *t, struct sio_slice records, struct sio_buf *plain);
/* `sealed` becomes the record of the plaintext, 1 to SIO_TLS_RECORD_BYTES. It is for the socket
 * before anything else, so the wire queue has to be empty. Once ready. SIO_EPROTO. */
int sio_tls_seal_into(struct sio_tls *t, struct sio_slice plain, struct sio_buf *sealed);
/* Moves plaintext from the front of the queue to the wire, SIO_TLS_SEAL_RECORDS at most. Once
 * ready. SIO_EPROTO. */
int sio_tls_seal(struct sio_tls *t, struct sio_outq **plain);
/* close_notify, when there is a peer to understand it. Idempotent; nothing is sealed after it. */
void sio_tls_end(struct sio_tls *t);
struct sio_outq **sio_tls_wire(struct sio_tls *t);

#endif
