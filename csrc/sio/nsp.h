// SPDX-License-Identifier: MIT
/* A namespace: its sockets by id, its rooms, and broadcasts to them.
 *
 * Owns: rooms. Reenters: emit delivers to queues only, it calls no event.
 */
#ifndef SIO_SIO_NSP_H
#define SIO_SIO_NSP_H

#include "sio/server.h"

enum {
    SIO_EMIT_VOLATILE = 1,
    SIO_EMIT_HERE = 2,  /* upstream's `local`: this worker's sockets only */
    SIO_EMIT_PLAIN = 4, /* not to be compressed */
};

/* Who is meant: union of rooms (all sockets when n_rooms == 0) minus union of except. A socket's id
 * is a room that it alone is in. */
struct sio_selection {
    const struct sio_slice *rooms;
    size_t n_rooms;
    const struct sio_slice *except;
    size_t n_except;
};

/* An event to send: `data` is the JSON array with its placeholders, attachments in order of num. */
struct sio_outgoing {
    struct sio_slice data;
    const struct sio_slice *attachments;
    unsigned n_attachments;
    unsigned flags;
};

struct sio_slice sio_nsp_name(const struct sio_nsp *n);
struct sio_place sio_nsp_place(const struct sio_nsp *n); /* its worker's */
size_t sio_nsp_count(const struct sio_nsp *n);           /* connected sockets of this worker */
unsigned sio_nsp_workers(const struct sio_nsp *n);       /* that have clients now, and this one */
/* Of a parent: in its children. */
struct sio_socket *sio_nsp_find(struct sio_nsp *n, struct sio_slice id);
/* One record in the log, delivered everywhere in log order. Errors: SIO_EINVAL (data is no
 * array with an element), SIO_ETOOBIG, SIO_EFULL. */
int sio_nsp_emit(struct sio_nsp *n, const struct sio_selection *to, const struct sio_outgoing *out);
/* Visits a snapshot of connected sockets; of a parent, those of its children. */
void sio_nsp_each(struct sio_nsp *n, void (*fn)(void *ctx, struct sio_socket *s), void *ctx);
/* The roll of the backing begins: puts its rooms and ids on it. */
void sio_nsp_enroll(const struct sio_nsp *n);
int sio_nsp_check(const struct sio_outgoing *out); /* SIO_EINVAL, SIO_ETOOBIG */
/* Bind's word for this namespace. */
void sio_nsp_set_user(struct sio_nsp *n, void *user);
void *sio_nsp_user(const struct sio_nsp *n);

#endif
