// SPDX-License-Identifier: MIT
/* One stream connection (TCP or Unix socket), plain or with TLS: reads into the loop's shared
 * buffer, collects writes and sends them once per tick, closes once.
 *
 * Writes: sio_conn_write* only queue; at the end of the tick everything queued leaves at once, what
 * did not fit goes on with uv_write, one at a time: one write per connection and turn is what
 * separates the fast servers from the others. Short writes wait in the loop's batch (net/batch.h)
 * and leave with one send, others in a queue (net/outq.h) and with one writev; nothing while idle.
 *
 * Thread: loop. Owns: its descriptor, its queue and its span of the batch. Freed at the
 * end of the tick in which both close and libuv's close callback have happened; until then a
 * pointer to it may still be asked anything, and answers as a closed one. Errors: through on_close.
 * Reenters: events may close the connection, or any other.
 */
#ifndef SIO_NET_CONN_H
#define SIO_NET_CONN_H

#include "base/blob.h"
#include "base/buf.h"
#include "codec/origin.h"
#include "net/loop.h"
#include "net/quota.h"

struct sio_conn;
struct sio_tls_context;

struct sio_conn_events {
    /* Borrowed bytes, decrypted. */
    void (*on_data)(void *owner, struct sio_conn *c, struct sio_slice data);
    /* Once, from the loop, never from inside sio_conn_close (which is silent): the peer ended the
     * stream (err 0) or it failed (SIO_ESYS, with errno; EPROTO: by the rules of TLS). The
     * connection is closed already; what was queued when the peer ended its side still goes out,
     * for it may only have closed its half.
     */
    void (*on_close)(void *owner, struct sio_conn *c, int err);
    /* The queue has become empty after it had not left whole at the end of a tick. May be NULL. */
    void (*on_drain)(void *owner, struct sio_conn *c);
};

enum {
    SIO_CONN_LINGER_MS = SIO_LOOP_LINGER_MS, /* how long sio_conn_finish waits for the peer */
    SIO_CONN_IOV_MAX = 64,                   /* pieces in one writev */
};

/* Takes fd (non-blocking, stream). NULL with errno when libuv refuses it (fd is closed then).
 * TCP_NODELAY is the caller's to have set; what a listener accepts has it. Reading starts with
 * sio_conn_read_start. */
struct sio_conn *sio_conn_adopt(struct sio_loop *loop, int fd, const struct sio_conn_events *events,
                                void *owner);
/* TLS from here on: before anything is written; `records` were read already. What is written before
 * the handshake is done is dropped. An end without close_notify is reported as any other: nothing
 * above takes the end of a stream for the end of a message. False when OpenSSL is out of memory. */
bool sio_conn_encrypt(struct sio_conn *c, struct sio_tls_context *context,
                      struct sio_slice records);
bool sio_conn_encrypted(const struct sio_conn *c); /* here: it cannot leave with its descriptor */
void sio_conn_set_events(struct sio_conn *c, const struct sio_conn_events *events, void *owner);
/* Idempotent; without effect once closed. */
void sio_conn_read_start(struct sio_conn *c);
void sio_conn_read_stop(struct sio_conn *c);
struct sio_loop *sio_conn_loop(const struct sio_conn *c);

/* Without effect once closed. */
void sio_conn_write(struct sio_conn *c, struct sio_slice bytes); /* copied */
/* The bytes of `b` from `from` on; takes its own reference. */
void sio_conn_write_blob(struct sio_conn *c, struct sio_blob *b, size_t from);
/* Sends what is queued now, for who must know that the kernel has it all: true when nothing is
 * left. Calls no events; a failure is reported at the end of the tick. */
bool sio_conn_flush(struct sio_conn *c);
/* It will be written to soon: what that needs of memory is asked for, and nobody waits. */
void sio_conn_prefetch(const struct sio_conn *c);
/* Bytes not yet taken by the kernel, those of TLS itself too. */
size_t sio_conn_queued(const struct sio_conn *c);
/* The same with what lies in the kernel's buffer, on systems that tell: less than before means that
 * the peer reads. */
size_t sio_conn_unsent(const struct sio_conn *c);
/* The kernel's buffer is full: what is written now waits for the peer. on_drain says when it is
 * over. */
bool sio_conn_congested(const struct sio_conn *c);

void sio_conn_close(struct sio_conn *c); /* now; the queue is dropped; idempotent */
/* The same with a reset (TCP), which leaves nothing behind in the kernel. */
void sio_conn_reset(struct sio_conn *c);
/* Close once the queue is written: shutdown, then wait for the peer's end up to SIO_CONN_LINGER_MS,
 * then reset; the time starts anew while the peer reads. What still arrives is thrown away, so that
 * a client that is still sending can read the answer. No event is called any more. Idempotent.
 * Nobody counts these connections but we, so beyond SIO_LOOP_FINISHING_MAX of them there is no
 * waiting: what the kernel does not take is lost (logged). */
void sio_conn_finish(struct sio_conn *c);
bool sio_conn_closed(const struct sio_conn *c); /* or finishing, or ended by the peer */

int sio_conn_fd(const struct sio_conn *c); /* for handing over; -1 once closed */

/* Where the client really is, when the socket only leads to a proxy or to another worker; copied.
 */
void sio_conn_set_origin(struct sio_conn *c, const struct sio_origin *o);
/* As it was set; NULL: the socket tells the truth. */
const struct sio_origin *sio_conn_origin(const struct sio_conn *c);
/* The place in a quota that the connection has until it is freed. At most once. */
void sio_conn_hold(struct sio_conn *c, struct sio_quota_place *place);
/* Counts it in the loop's n_clients until it finishes or closes, whatever it speaks by then. At
 * most once. */
void sio_conn_count(struct sio_conn *c);
/* Appends the client's address as text: "127.0.0.1" (also when it came over a dual-stack socket),
 * "::1"; "" for a Unix socket. False, and "" too: nobody knows, for the connection is closed, or
 * was reset by the peer, whose last words may still arrive. */
bool sio_conn_peer(const struct sio_conn *c, struct sio_buf *out);
bool sio_conn_secure(const struct sio_conn *c); /* the client's connection is encrypted */
bool sio_conn_copy_origin(const struct sio_conn *c, struct sio_origin *out); /* both together */

#endif
