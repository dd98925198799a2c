// SPDX-License-Identifier: MIT
/* Accepting from a listening socket (net/listen makes them).
 *
 * Accepting goes through uv_poll_t and accept4, not uv_listen: at EMFILE libuv closes pending
 * connections, which on a shared socket destroys what a sibling could have served. Capped per turn,
 * paused while the owner is at its connection limit or descriptors are short (one limited log
 * line). What is accepted has TCP_NODELAY.
 *
 * Thread: loop. Owns: a listener its descriptor. Reenters: on_accept may pause or close it.
 */
#ifndef SIO_NET_LISTENER_H
#define SIO_NET_LISTENER_H

#include "net/loop.h"

enum {
    SIO_ACCEPT_BATCH = 64,     /* connections per turn */
    SIO_ACCEPT_PAUSE_MS = 100, /* after EMFILE, ENFILE, ENOBUFS, ENOMEM */
};

struct sio_listener;
/* fd is the callee's. */
typedef void (*sio_listener_fn)(void *owner, int fd);

/* Takes fd, also when it fails: NULL with errno. */
struct sio_listener *sio_listener_open(struct sio_loop *loop, int fd, sio_listener_fn on_accept,
                                       void *owner);
void sio_listener_pause(struct sio_listener *l, bool paused); /* the owner's limit */
/* At once; freed at the end of a tick. Once. */
void sio_listener_close(struct sio_listener *l);

#endif
