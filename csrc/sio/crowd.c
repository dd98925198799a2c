// SPDX-License-Identifier: MIT
/* Selections that change their sockets. Stands on select, whose lists must not change under it, so
 * the sockets are collected first.
 *
 * A restored session takes part from its restoring on, also while its middlewares run: its packets
 * are replayed from then on too (recovery.c).
 */
#include "sio/crowd.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/keep.h"
#include "sio/select.h"
#include "sio/socket_room.h"

int sio_crowd_change(struct sio_nsp *n, enum sio_crowd_kind kind, const struct sio_selection *to,
                     unsigned flags, const struct sio_slice *rooms, size_t n_rooms)
{
    struct sio_server *s = n->server;
    bool here = (flags & SIO_EMIT_HERE) != 0;
    for (size_t i = 0; i < n_rooms; i++)
        if (rooms[i].len > SIO_ROOM_NAME_MAX)
            return SIO_ETOOBIG;
    struct sio_buf record = sio_server_scratch(s);
    sio_record_append_crowd(&record,
                            &(struct sio_record){.type = SIO_RECORD_CROWD,
                                                 .flags = flags & SIO_EMIT_HERE,
                                                 .writer = s->options.place,
                                                 .nsp = n->name,
                                                 .kind = (uint8_t)kind},
                            to, rooms, n_rooms);
    return sio_server_publish(s, &record, here ? SIO_PUBLISH_LOCAL : 0);
}

/* ---- who ------------------------------------------------------------------------------------- */

struct crowd {
    struct sio_socket **list;
    size_t n, cap;
};

static void collect(void *ctx, struct sio_socket *s)
{
    struct crowd *c = ctx;
    if (c->n == c->cap) {
        c->cap = c->cap == 0 ? 16 : c->cap * 2;
        c->list = sio_realloc(c->list, c->cap * sizeof(struct sio_socket *));
    }
    c->list[c->n++] = s;
}

/* ---- rooms ----------------------------------------------------------------------------------- */

static void change_rooms(struct sio_socket *s, const struct sio_record *r, uint64_t end)
{
    bool join = r->kind == SIO_CROWD_JOIN;
    struct sio_reader at = r->names.at;
    for (uint32_t i = 0; i < r->names.n; i++) {
        struct sio_slice room = sio_reader_bytes(&at);
        if (sio_slice_eq(room, sio_socket_id_slice(s)))
            continue;
        if (join ? sio_socket_room_join(s, room) : sio_socket_room_leave(s, room))
            sio_keep_note(s, end, join ? SIO_KEEP_JOINED : SIO_KEEP_LEFT, room);
    }
}

/* ---- disconnects ----------------------------------------------------------------------------- */

struct doomed {
    struct sio_list link;
    struct sio_socket *socket;
    bool close;
};

static struct sio_slice address_in(struct sio_socket *const *socket)
{
    return sio_slice(socket, sizeof *socket);
}

static void doomed_free(struct sio_server *s, struct doomed *d)
{
    sio_map_del(&s->crowds.by_socket, address_in(&d->socket));
    sio_list_remove(&d->link);
    sio_free(d);
}

static void on_doom(void *ctx)
{
    struct sio_server *s = ctx;
    struct sio_list *node;
    while ((node = sio_list_first(&s->crowds.doomed)) != NULL) {
        struct doomed *d = SIO_CONTAINER_OF(node, struct doomed, link);
        struct sio_socket *socket = d->socket;
        bool close = d->close;
        doomed_free(s, d);
        socket->doomed = false;
        sio_socket_disconnect(socket, close);
    }
}

/* What it was cannot be recovered, and it is a client that has come anew: its middlewares know it
 * by its id, so that stays. */
static void demote(struct sio_socket *s)
{
    s->recovered = false;
    sio_watch_leaving(s, false);
    sio_room_leave_all(&s->nsp->rooms, &s->member);
}

static void doom(struct sio_socket *s, bool close)
{
    struct sio_server *server = s->nsp->server;
    if (s->keep != NULL)
        sio_keep_forget(server, s->keep, true);
    if (s->state == SIO_SOCKET_CONNECTING) {
        demote(s);
        return;
    }
    struct doomed *d = sio_calloc(1, sizeof *d);
    d->socket = s;
    d->close = close;
    sio_list_init(&d->link);
    sio_list_append(&server->crowds.doomed, &d->link);
    sio_map_put(&server->crowds.by_socket, address_in(&d->socket), d);
    s->doomed = true;
    sio_loop_defer(server->loop, &server->crowds.task);
}

void sio_crowd_spare(struct sio_socket *s)
{
    struct sio_server *server = s->nsp->server;
    s->doomed = false;
    doomed_free(server, sio_map_get(&server->crowds.by_socket, address_in(&s)));
}

/* ---- the log --------------------------------------------------------------------------------- */

void sio_crowd_apply(struct sio_nsp *n, const struct sio_record *r, uint64_t end)
{
    struct crowd c = {0};
    sio_select_with_restored(n, r, collect, &c);
    for (size_t i = 0; i < c.n; i++) {
        if (r->kind == SIO_CROWD_JOIN || r->kind == SIO_CROWD_LEAVE)
            change_rooms(c.list[i], r, end);
        else
            doom(c.list[i], r->kind == SIO_CROWD_CLOSE);
    }
    sio_free(c.list);
}

void sio_crowd_init(struct sio_server *s)
{
    sio_list_init(&s->crowds.doomed);
    sio_task_init(&s->crowds.task, on_doom, s);
}

void sio_crowd_fini(struct sio_server *s)
{
    sio_task_cancel(&s->crowds.task);
    sio_map_fini(&s->crowds.by_socket);
}
