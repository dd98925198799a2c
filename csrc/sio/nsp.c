// SPDX-License-Identifier: MIT
/* A namespace: the list and the map of its sockets, and emits that become records.
 *
 * Stands on record and room; called by bind, client and socket. Invariant: list holds exactly the
 * connected sockets, list[s->at] == s.
 */
#include "sio/nsp.h"

#include "base/err.h"
#include "base/mem.h"
#include "sio/server_in.h"
#include "sio/topic.h"

bool sio_nsp_name_valid(struct sio_slice name)
{
    return name.len > 0 && name.len <= SIO_NSP_NAME_MAX && name.p[0] == '/' &&
           memchr(name.p, ',', name.len) == NULL;
}

static struct sio_slice id_of(const struct sio_index_node *n)
{
    return sio_socket_id_slice(SIO_CONTAINER_OF(n, const struct sio_socket, by_id));
}

struct sio_nsp *sio_nsp_new(struct sio_server *s, struct sio_map *map, struct sio_slice name)
{
    struct sio_nsp *n = sio_calloc(1, sizeof *n + name.len);
    memcpy(n->bytes, name.p, name.len);
    n->name = sio_slice(n->bytes, name.len);
    n->server = s;
    n->rooms.roll = s->backing.roll;
    n->rooms.of_nsp = sio_topic_nsp(s->backing.seed, name);
    sio_index_init(&n->by_id, id_of);
    n->open = true;
    sio_list_init(&n->children);
    sio_list_init(&n->sibling);
    sio_list_init(&n->idle);
    sio_map_put(map, n->name, n);
    return n;
}

void sio_nsp_free(struct sio_nsp *n)
{
    sio_index_fini(&n->by_id);
    sio_room_fini(&n->rooms);
    sio_free(n->list);
    sio_free(n);
}

struct sio_slice sio_nsp_name(const struct sio_nsp *n)
{
    return n->name;
}

struct sio_place sio_nsp_place(const struct sio_nsp *n)
{
    return n->server->options.place;
}

unsigned sio_nsp_workers(const struct sio_nsp *n)
{
    struct sio_peer peers[SIO_WORKERS_MAX];
    const struct sio_backing *b = &n->server->backing;
    return 1 + b->peers(b->ctx, peers);
}

size_t sio_nsp_count(const struct sio_nsp *n)
{
    return n->count;
}

static struct sio_socket *socket_of(struct sio_index_node *n)
{
    return n != NULL ? SIO_CONTAINER_OF(n, struct sio_socket, by_id) : NULL;
}

struct sio_socket *sio_nsp_by_id(const struct sio_nsp *n, struct sio_slice id)
{
    return socket_of(sio_index_get(&n->by_id, id));
}

struct sio_socket *sio_nsp_next(const struct sio_nsp *n, const struct sio_socket *s)
{
    return socket_of(sio_index_next(&n->by_id, s != NULL ? &s->by_id : NULL));
}

struct sio_socket *sio_nsp_find(struct sio_nsp *n, struct sio_slice id)
{
    struct sio_socket *s =
        sio_list_empty(&n->children) ? sio_nsp_by_id(n, id) : sio_parent_find(n, id);
    return s != NULL && sio_socket_connected(s) ? s : NULL;
}

void sio_nsp_set_user(struct sio_nsp *n, void *user)
{
    n->user = user;
}

void *sio_nsp_user(const struct sio_nsp *n)
{
    return n->user;
}

void sio_nsp_add(struct sio_nsp *n, struct sio_socket *s)
{
    if (n->count == n->cap) {
        n->cap = n->cap == 0 ? 4 : n->cap * 2;
        n->list = sio_realloc(n->list, n->cap * sizeof(struct sio_socket *));
    }
    s->at = (uint32_t)n->count;
    n->list[n->count++] = s;
}

/* Not on the roll: whoever writes to that id sees that it lives here. */
static bool is_native(const struct sio_nsp *n, const struct sio_socket *s)
{
    struct sio_place home;
    return sio_id_place(sio_socket_id_slice(s), &home) == 0 &&
           home.slot == n->server->options.place.slot;
}

void sio_nsp_enter(struct sio_nsp *n, struct sio_socket *s)
{
    sio_index_add(&n->by_id, &s->by_id);
    if (sio_roll_begun(n->rooms.roll) && !is_native(n, s))
        sio_roll_add(n->rooms.roll, sio_topic_in(n->rooms.of_nsp, sio_socket_id_slice(s)));
}

void sio_nsp_enroll(const struct sio_nsp *n)
{
    sio_room_enroll(&n->rooms);
    for (const struct sio_socket *s = NULL; (s = sio_nsp_next(n, s)) != NULL;)
        if (!is_native(n, s))
            sio_roll_add(n->rooms.roll, sio_topic_in(n->rooms.of_nsp, sio_socket_id_slice(s)));
}

void sio_nsp_remove(struct sio_nsp *n, struct sio_socket *s)
{
    if (sio_roll_begun(n->rooms.roll) && !is_native(n, s))
        sio_roll_remove(n->rooms.roll, sio_topic_in(n->rooms.of_nsp, sio_socket_id_slice(s)));
    sio_index_remove(&n->by_id, &s->by_id);
    if (s->at >= n->count || n->list[s->at] != s)
        return;
    struct sio_socket *last = n->list[--n->count];
    n->list[s->at] = last;
    last->at = s->at;
}

int sio_nsp_check(const struct sio_outgoing *out)
{
    if (out->n_attachments > SIO_OUT_ATTACHMENTS_MAX)
        return SIO_ETOOBIG;
    bool array =
        out->data.len >= 2 && out->data.p[0] == '[' && out->data.p[out->data.len - 1] == ']';
    return array ? 0 : SIO_EINVAL;
}

int sio_nsp_emit(struct sio_nsp *n, const struct sio_selection *to, const struct sio_outgoing *out)
{
    int err = sio_nsp_check(out);
    if (err != 0 || out->data.len < 3)
        return err != 0 ? err : SIO_EINVAL;
    struct sio_server *s = n->server;
    sio_stats_up(s->loop->stats, SIO_STAT_BROADCASTS);
    bool here = (out->flags & SIO_EMIT_HERE) != 0;
    struct sio_buf record = sio_server_scratch(s);
    sio_record_append_packet(
        &record,
        &(struct sio_record){.type = SIO_RECORD_EVENT,
                             .flags =
                                 out->flags & (SIO_EMIT_VOLATILE | SIO_EMIT_HERE | SIO_EMIT_PLAIN),
                             .writer = s->options.place,
                             .nsp = n->name},
        to, out);
    return sio_server_publish(s, &record, here ? SIO_PUBLISH_LOCAL : 0);
}

void sio_nsp_each(struct sio_nsp *n, void (*fn)(void *ctx, struct sio_socket *s), void *ctx)
{
    SIO_LIST_EACH (node, &n->children)
        sio_nsp_each(SIO_CONTAINER_OF(node, struct sio_nsp, sibling), fn, ctx);
    size_t count = n->count;
    if (count == 0)
        return;
    struct sio_socket **snapshot = sio_alloc(count * sizeof(struct sio_socket *));
    memcpy(snapshot, n->list, count * sizeof(struct sio_socket *));
    for (size_t i = 0; i < count; i++)
        if (snapshot[i]->state == SIO_SOCKET_CONNECTED && !snapshot[i]->doomed)
            fn(ctx, snapshot[i]);
    sio_free(snapshot);
}
