// SPDX-License-Identifier: MIT
/* The mesh: a link to every other worker, addressed by slot; `give` hands a connection over.
 *
 * Owns: the links. Errors: as stated; a message that cannot be decoded is logged and dropped.
 * Reenters: callbacks may send, add and close.
 */
#ifndef SIO_CLUSTER_MESH_H
#define SIO_CLUSTER_MESH_H

#include "cluster/link.h"
#include "cluster/shm.h"
#include "codec/mesh_msg.h"
#include "net/arrival.h"

struct sio_mesh;

struct sio_mesh_events {
    /* A connection for us, with the bytes read from it so far; its descriptor is the callee's. */
    void (*on_give)(void *owner, unsigned from, const struct sio_arrival *a);
    /* Any other message. */
    void (*on_message)(void *owner, unsigned from, const struct sio_mesh_msg *m);
    /* A link came or went; one that is replaced goes first. Not called by sio_mesh_close. */
    void (*on_peer)(void *owner, unsigned slot, bool up);
};

struct sio_mesh *sio_mesh_new(struct sio_loop *loop, struct sio_shm *shm, struct sio_place me,
                              const struct sio_mesh_events *events, void *owner);
void sio_mesh_close(struct sio_mesh *m); /* idempotent; freed at the end of the tick */
/* A link to the worker in `slot`; replaces an older one. Takes fd. Ignored (and logged) when the
 * slot is out of range, ours, or fd cannot be polled. */
void sio_mesh_add(struct sio_mesh *m, struct sio_place peer, int fd);
bool sio_mesh_has(const struct sio_mesh *m, unsigned slot);
/* The incarnation that the link of `slot` leads to, or led to last. */
struct sio_place sio_mesh_place(const struct sio_mesh *m, unsigned slot);
/* Whether there is a link to this incarnation. */
bool sio_mesh_reaches(const struct sio_mesh *m, struct sio_place who);
/* Whether `slot` may be given a connection at all: linked, the same incarnation as when the link
 * was made, not suspect, with room for a descriptor. */
bool sio_mesh_can_give(const struct sio_mesh *m, unsigned slot);

/* Hands a connection and the bytes read from it to another worker. On 0 the caller closes its
 * descriptor (close only, no shutdown). Errors: SIO_EAGAIN (link full, kernel out of buffers: keep
 * the connection, retry or place elsewhere), SIO_ECLOSED (sio_mesh_can_give is false, or the
 * sibling just died), SIO_ETOOBIG, SIO_EINVAL (hops > SIO_MESH_HOPS_MAX: answer it here). */
int sio_mesh_give(struct sio_mesh *m, unsigned slot, const struct sio_arrival *a);
/* Whether a message of any size would be sent or queued now. */
bool sio_mesh_has_room(const struct sio_mesh *m, unsigned slot);
/* Errors: SIO_ECLOSED (no link), and those of sio_link_send. */
int sio_mesh_send(struct sio_mesh *m, unsigned slot, const struct sio_mesh_msg *msg);
/* Now or not at all: SIO_EAGAIN when it would have to wait; else as sio_mesh_send. */
int sio_mesh_try_send(struct sio_mesh *m, unsigned slot, const struct sio_mesh_msg *msg);

#endif
