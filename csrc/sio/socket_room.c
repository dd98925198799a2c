// SPDX-License-Identifier: MIT
/* A socket's rooms. Where replays or waiting records depend on membership, joining is a record of
 * the log and takes effect when that is delivered: within the same call unless the log is blocked,
 * and then behind the emits that wait there too.
 *
 * Called by bind (join, leave) and server (apply).
 */
#include "sio/socket_room.h"

#include "base/err.h"
#include "base/log.h"
#include "sio/keep.h"

static bool in_use(const struct sio_socket *s)
{
    return (s->state == SIO_SOCKET_CONNECTING || s->state == SIO_SOCKET_CONNECTED) && !s->doomed;
}

enum way { AT_ONCE, THROUGH_LOG, WAITING };

/* The rooms of a fresh socket before it connects need no record: its replay starts behind them. */
static enum way way_of(const struct sio_socket *s)
{
    const struct sio_server *server = s->nsp->server;
    if (s->state != SIO_SOCKET_CONNECTED && !s->recovered)
        return AT_ONCE;
    if (server->backing.blocked(server->backing.ctx))
        return WAITING;
    return server->options.recovery ? THROUGH_LOG : AT_ONCE;
}

static bool is_full(const struct sio_socket *s)
{
    unsigned limit = s->nsp->server->options.rooms_per_socket;
    if (s->member.count < limit)
        return false;
    sio_log_about(SIO_LOG_WARN, "rooms", (struct sio_log_about){.sid = s->id},
                  "a socket is in %u rooms: no more", limit);
    return true;
}

/* Into a room that it is not in. */
static void enter(struct sio_socket *s, struct sio_slice room)
{
    sio_room_join(&s->nsp->rooms, &s->member, room);
    sio_watch_joined(s, room);
    sio_keep_touch(s);
}

bool sio_socket_room_join(struct sio_socket *s, struct sio_slice room)
{
    if (sio_socket_in(s, room) || is_full(s))
        return false;
    enter(s, room);
    return true;
}

bool sio_socket_room_leave(struct sio_socket *s, struct sio_slice room)
{
    if (!sio_room_leave(&s->nsp->rooms, &s->member, room))
        return false;
    sio_watch_left(s, room);
    sio_keep_touch(s);
    return true;
}

void sio_socket_room_apply(struct sio_nsp *n, const struct sio_record *r, uint64_t end)
{
    struct sio_socket *s = sio_nsp_by_id(n, r->sid);
    bool join = r->type == SIO_RECORD_JOIN;
    if (s == NULL || !in_use(s))
        return;
    bool changed = join ? sio_socket_room_join(s, r->room) : sio_socket_room_leave(s, r->room);
    bool unsure = (r->flags & SIO_RECORD_UNSURE) != 0;
    if (changed && unsure)
        sio_keep_note(s, end, join ? SIO_KEEP_JOINED : SIO_KEEP_LEFT, r->room);
    else if (!changed && !unsure) /* a CROWD was there first, and we have not seen it in time */
        sio_keep_note(s, end, SIO_KEEP_NOTHING, r->room);
}

/* Whether a record that waits will change anything is not known yet, so it is UNSURE; the others
 * do. */
static int publish(struct sio_socket *s, enum sio_record_type type, struct sio_slice room,
                   enum way way)
{
    struct sio_buf record = sio_server_scratch(s->nsp->server);
    sio_record_append_room(&record,
                           &(struct sio_record){.type = type,
                                                .flags = way == WAITING ? SIO_RECORD_UNSURE : 0,
                                                .nsp = s->nsp->name,
                                                .sid = sio_socket_id_slice(s),
                                                .room = room});
    return sio_server_publish(s->nsp->server, &record, SIO_PUBLISH_LOCAL);
}

/* A join at once is behind all that was sent before, also what this worker was not woken for.
 * False: it was lapped, and the socket has gone. */
static bool catch_up(const struct sio_socket *s)
{
    const struct sio_backing *b = &s->nsp->server->backing;
    b->catch_up(b->ctx);
    return in_use(s);
}

int sio_socket_join(struct sio_socket *s, struct sio_slice room)
{
    if (!in_use(s))
        return SIO_ECLOSED;
    if (room.len > SIO_ROOM_NAME_MAX)
        return SIO_ETOOBIG;
    enum way way = way_of(s);
    if (way == AT_ONCE && !catch_up(s))
        return SIO_ECLOSED;
    bool in = sio_socket_in(s, room);
    if (sio_slice_eq(room, sio_socket_id_slice(s)) || (in && way != WAITING))
        return 0;
    if (!in && is_full(s))
        return SIO_EFULL;
    if (way != AT_ONCE)
        return publish(s, SIO_RECORD_JOIN, room, way);
    enter(s, room);
    return 0;
}

int sio_socket_leave(struct sio_socket *s, struct sio_slice room)
{
    if (!in_use(s))
        return SIO_ECLOSED;
    enum way way = way_of(s);
    if (sio_slice_eq(room, sio_socket_id_slice(s)) || (way != WAITING && !sio_socket_in(s, room)))
        return 0;
    if (way != AT_ONCE)
        return publish(s, SIO_RECORD_LEAVE, room, way);
    sio_socket_room_leave(s, room);
    return 0;
}

bool sio_socket_in(const struct sio_socket *s, struct sio_slice room)
{
    if (s->state == SIO_SOCKET_GONE)
        return false;
    return sio_slice_eq(room, sio_socket_id_slice(s)) ||
           sio_room_in(&s->nsp->rooms, &s->member, room);
}

void sio_socket_each_room(const struct sio_socket *s, void (*fn)(void *ctx, struct sio_slice room),
                          void *ctx)
{
    if (s->state == SIO_SOCKET_GONE)
        return;
    fn(ctx, sio_socket_id_slice(s));
    for (uint32_t i = 0; i < s->member.count; i++)
        fn(ctx, sio_room_name(s->member.seats[i].room));
}
