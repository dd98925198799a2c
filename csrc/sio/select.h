// SPDX-License-Identifier: MIT
/* Whom a record means: its selection over the local sockets of a namespace, each visited once.
 *
 * Excepted sockets get the selection's mark first; whoever carries it is passed over, so the union
 * of rooms visits nobody twice and the difference needs no set. The loops are inline because a
 * broadcast runs them once per recipient, with a visitor that the compiler then knows.
 *
 * Called by fanout, answer and crowd. Invariant: a visitor calls no event and changes no room, so
 * no list changes under the loops. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_SELECT_H
#define SIO_SIO_SELECT_H

#include "sio/server_in.h"

typedef void (*sio_select_fn)(void *ctx, struct sio_socket *s);

struct sio_select {
    struct sio_nsp *nsp;
    uint64_t mark;
    sio_select_fn fn;
    void *ctx;
    bool restored; /* those too whose middlewares run: a replay will make up for it */
};

static inline bool sio_select_takes(const struct sio_select *v, const struct sio_socket *s)
{
    if (s->state == SIO_SOCKET_CONNECTED)
        return !s->doomed;
    return v->restored && s->state == SIO_SOCKET_CONNECTING && s->recovered;
}

static inline void sio_select_one(const struct sio_select *v, struct sio_socket *s)
{
    if (s->member.mark == v->mark || !sio_select_takes(v, s))
        return;
    s->member.mark = v->mark;
    v->fn(v->ctx, s);
}

/* `direct`: the name means the socket of that id only. */
static inline void sio_select_room(const struct sio_select *v, struct sio_slice name, bool direct)
{
    struct sio_socket *self = sio_nsp_by_id(v->nsp, name);
    if (self != NULL)
        sio_select_one(v, self);
    const struct sio_room *room = direct ? NULL : sio_room_find(&v->nsp->rooms, name);
    for (uint32_t i = 0; room != NULL && i < room->count; i++)
        sio_select_one(v, SIO_CONTAINER_OF(room->list[i].member, struct sio_socket, member));
}

static inline void sio_select_except(const struct sio_select *v, struct sio_slice name)
{
    struct sio_socket *self = sio_nsp_by_id(v->nsp, name);
    if (self != NULL)
        self->member.mark = v->mark;
    const struct sio_room *room = sio_room_find(&v->nsp->rooms, name);
    for (uint32_t i = 0; room != NULL && i < room->count; i++)
        room->list[i].member->mark = v->mark;
}

static inline void sio_select_all(const struct sio_select *v)
{
    for (size_t i = 0; i < v->nsp->count && !v->restored; i++)
        sio_select_one(v, v->nsp->list[i]);
    for (struct sio_socket *s = NULL; v->restored && (s = sio_nsp_next(v->nsp, s)) != NULL;)
        sio_select_one(v, s);
}

static inline void sio_select_run(const struct sio_select *v, const struct sio_record *r)
{
    bool direct = (r->flags & SIO_RECORD_DIRECT) != 0;
    struct sio_reader at = r->except.at;
    for (uint32_t i = 0; i < r->except.n; i++)
        sio_select_except(v, sio_reader_bytes(&at));
    at = r->rooms.at;
    for (uint32_t i = 0; i < r->rooms.n; i++)
        sio_select_room(v, sio_reader_bytes(&at), direct);
    if (r->rooms.n == 0)
        sio_select_all(v);
}

/* Visits the connected sockets that `r` means, of its rooms, except and flags. */
static inline void sio_select_each(struct sio_nsp *n, const struct sio_record *r, sio_select_fn fn,
                                   void *ctx)
{
    const struct sio_select v = {
        .nsp = n, .mark = sio_room_next_mark(&n->rooms), .fn = fn, .ctx = ctx};
    sio_select_run(&v, r);
}

/* The same, and restored sockets that are not connected yet. */
static inline void sio_select_with_restored(struct sio_nsp *n, const struct sio_record *r,
                                            sio_select_fn fn, void *ctx)
{
    const struct sio_select v = {
        .nsp = n, .mark = sio_room_next_mark(&n->rooms), .fn = fn, .ctx = ctx, .restored = true};
    sio_select_run(&v, r);
}

#endif
