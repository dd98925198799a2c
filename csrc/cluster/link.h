// SPDX-License-Identifier: MIT
/* One end of a SOCK_SEQPACKET socketpair on the loop: whole messages, with or without descriptors
 * (SCM_RIGHTS). The mesh between workers and the channel between supervisor and worker are links.
 *
 * Own sendmsg and uv_poll instead of libuv's ipc pipe: the pipe queues without limit and needs the
 * handle until its callback (docs/decisions). What does not go out at once waits in a bounded
 * queue; its descriptors are dup'ed meanwhile. EOF comes only when every copy of the peer's end is
 * closed: after spawning, close both ends.
 *
 * Owns: the descriptor given to sio_link_open. Errors: as stated. Reenters: callbacks may close the
 * link.
 */
#ifndef SIO_CLUSTER_LINK_H
#define SIO_CLUSTER_LINK_H

#include <uv.h>

#include "base/buf.h"
#include "base/list.h"
#include "net/loop.h"

enum {
    SIO_LINK_FDS_MAX = 4,              /* descriptors per message */
    SIO_LINK_MESSAGE_MAX = 128 * 1024, /* bytes of one message */
    SIO_LINK_SEND_BUFFER = 1 << 20,    /* asked of the kernel, which may grant less */
    SIO_LINK_QUEUE_BYTES = 4 << 20,    /* waiting to go out; more is SIO_EFULL */
    SIO_LINK_QUEUE_MESSAGES = 16384,   /* the same, for small messages */
    SIO_LINK_QUEUE_FDS = 64,           /* the same, for descriptors */
    SIO_LINK_BATCH = 64,               /* messages taken per wake-up */
    SIO_LINK_RETRY_MS = 2,             /* when the kernel is short of something but room */
};

struct sio_link;

struct sio_link_events {
    /* One message, never empty. fds[0..n) are the callee's to close; they are CLOEXEC, and fewer
     * than were sent when this process is at its descriptor limit (logged). */
    void (*on_message)(void *owner, struct sio_link *l, struct sio_slice bytes, const int *fds,
                       unsigned n);
    /* The peer is gone (EOF or error), once; the link is closed already. */
    void (*on_gone)(void *owner, struct sio_link *l);
};

/* Takes fd and makes it non-blocking and CLOEXEC. NULL with errno when it cannot be polled; it is
 * closed then too. */
struct sio_link *sio_link_open(struct sio_loop *loop, int fd, const struct sio_link_events *events,
                               void *owner);
/* Queued at the latest, behind what waits already. fds stay the caller's (the kernel or the queue
 * holds its own reference). Errors: SIO_EINVAL (empty, too many descriptors), SIO_ETOOBIG,
 * SIO_EFULL (logged), SIO_ECLOSED, SIO_ESYS (a descriptor that cannot be dup'ed or sent). */
int sio_link_send(struct sio_link *l, struct sio_slice bytes, const int *fds, unsigned n);
/* Whether sio_link_send would take a message of so many bytes without descriptors. */
bool sio_link_has_room(const struct sio_link *l, size_t len);
/* Sends now or not at all: SIO_EAGAIN when it would have to wait, otherwise the same errors. For
 * `give`, which must know. */
int sio_link_try_send(struct sio_link *l, struct sio_slice bytes, const int *fds, unsigned n);
/* Idempotent until it is freed, at the end of a tick; no callback any more; what still waits to go
 * out is dropped. */
void sio_link_close(struct sio_link *l);
/* A new pair, both ends non-blocking and CLOEXEC, SO_SNDBUF raised. SIO_ESYS. */
int sio_link_pair(int out[2]);

#endif
