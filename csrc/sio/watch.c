// SPDX-License-Identifier: MIT
/* Events of rooms. Stands on room; called by socket, socket_room, crowd and recovery, where rooms
 * change, and by server at a shutdown.
 *
 * Invariant: a note is a use of its namespace, so a child does not go before its events were told.
 */
#include "sio/watch.h"

#include "base/log.h"
#include "base/mem.h"
#include "sio/server_in.h"

struct note {
    struct sio_list link;
    struct sio_nsp *nsp;
    enum sio_room_kind kind;
    size_t room_len, sid_len;
    char bytes[]; /* room, sid */
};

static size_t size_of(const struct note *note)
{
    return sizeof *note + note->room_len + note->sid_len;
}

static bool is_full(const struct sio_watch *w, size_t bytes)
{
    if (bytes <= SIO_WATCH_BYTES_MAX - w->bytes)
        return false;
    sio_log_limited(SIO_LOG_ERROR, "room-events",
                    "%zu bytes of room events wait to be told in this tick: one more is lost",
                    w->bytes);
    return true;
}

static void take_note(struct sio_nsp *n, enum sio_room_kind kind, struct sio_slice room,
                      struct sio_slice sid)
{
    struct sio_watch *w = &n->server->watch;
    if ((n->watched & kind) == 0 || is_full(w, sizeof(struct note) + room.len + sid.len))
        return;
    struct note *note = sio_alloc(sizeof *note + room.len + sid.len);
    sio_list_init(&note->link);
    note->nsp = n;
    note->kind = kind;
    note->room_len = room.len;
    note->sid_len = sid.len;
    if (room.len != 0)
        memcpy(note->bytes, room.p, room.len);
    if (sid.len != 0)
        memcpy(note->bytes + room.len, sid.p, sid.len);
    sio_list_append(&w->notes, &note->link);
    w->bytes += size_of(note);
    w->n_noted++;
    sio_parent_use(n);
    sio_loop_defer(n->server->loop, &w->task);
}

/* ---- what has happened ----------------------------------------------------------------------- */

/* Whether a connected socket has that id, and so is in the room without a seat. */
static bool is_own(const struct sio_nsp *n, struct sio_slice room)
{
    const struct sio_socket *s = sio_nsp_by_id(n, room);
    return s != NULL && sio_socket_connected(s);
}

static bool is_alone(const struct sio_nsp *n, const struct sio_room *r)
{
    return r->count == 1 && !is_own(n, sio_room_name(r));
}

static void note_joined(struct sio_socket *s, struct sio_slice room, bool first)
{
    if (first)
        take_note(s->nsp, SIO_ROOM_CREATED, room, SIO_LIT(""));
    take_note(s->nsp, SIO_ROOM_JOINED, room, sio_socket_id_slice(s));
}

static void note_left(struct sio_socket *s, struct sio_slice room, bool last)
{
    take_note(s->nsp, SIO_ROOM_LEFT, room, sio_socket_id_slice(s));
    if (last)
        take_note(s->nsp, SIO_ROOM_DELETED, room, SIO_LIT(""));
}

void sio_watch_joined(struct sio_socket *s, struct sio_slice room)
{
    struct sio_nsp *n = s->nsp;
    if (n->watched != 0)
        note_joined(s, room, is_alone(n, sio_room_find(&n->rooms, room)));
}

void sio_watch_left(struct sio_socket *s, struct sio_slice room)
{
    struct sio_nsp *n = s->nsp;
    if (n->watched != 0)
        note_left(s, room, sio_room_find(&n->rooms, room) == NULL && !is_own(n, room));
}

void sio_watch_connected(struct sio_socket *s)
{
    struct sio_nsp *n = s->nsp;
    struct sio_slice id = sio_socket_id_slice(s);
    if (n->watched != 0)
        note_joined(s, id, sio_room_find(&n->rooms, id) == NULL);
}

void sio_watch_leaving(struct sio_socket *s, bool own)
{
    struct sio_nsp *n = s->nsp;
    struct sio_slice id = sio_socket_id_slice(s);
    if (n->watched == 0)
        return;
    if (own)
        note_left(s, id, sio_room_find(&n->rooms, id) == NULL);
    for (uint32_t i = 0; i < s->member.count; i++) {
        const struct sio_room *r = s->member.seats[i].room;
        note_left(s, sio_room_name(r), is_alone(n, r));
    }
}

/* ---- telling --------------------------------------------------------------------------------- */

static struct note *take_first(struct sio_watch *w)
{
    struct note *note = SIO_CONTAINER_OF(sio_list_first(&w->notes), struct note, link);
    sio_list_remove(&note->link);
    w->bytes -= size_of(note);
    w->n_told++;
    return note;
}

static void tell(struct sio_server *s, const struct note *note)
{
    struct sio_room_event e = {.kind = note->kind,
                               .room = sio_slice(note->bytes, note->room_len),
                               .sid = sio_slice(note->bytes + note->room_len, note->sid_len)};
    if ((note->nsp->watched & note->kind) != 0)
        s->events->on_room(s->owner, note->nsp, &e);
}

/* One of them may shut the server down, which tells the rest in order. */
void sio_watch_tell(struct sio_server *s)
{
    struct sio_watch *w = &s->watch;
    uint64_t until = w->n_noted;
    while (w->n_told < until) {
        struct note *note = take_first(w);
        tell(s, note);
        sio_parent_unuse(note->nsp);
        sio_free(note);
    }
}

static void on_task(void *ctx)
{
    sio_watch_tell(ctx);
}

/* ---- beginning and end ----------------------------------------------------------------------- */

void sio_watch_set(struct sio_nsp *n, unsigned kinds)
{
    n->watched = n->server->events->on_room != NULL ? (uint8_t)kinds : 0;
}

void sio_watch_init(struct sio_server *s)
{
    sio_list_init(&s->watch.notes);
    sio_task_init(&s->watch.task, on_task, s);
}

void sio_watch_fini(struct sio_server *s)
{
    sio_task_cancel(&s->watch.task);
    while (!sio_list_empty(&s->watch.notes))
        sio_free(take_first(&s->watch));
}
