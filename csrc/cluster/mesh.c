// SPDX-License-Identifier: MIT
/* The mesh: one link per sibling, addressed by slot. Stands on link, the load page and
 * codec/mesh_msg; worker/ gives connections and sends messages through it.
 *
 * Invariant: a link belongs to one incarnation. When the slot has another one by now, nothing is
 * given to the old link: its EOF is only not here yet.
 */
#include "cluster/mesh.h"

#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "cluster/load.h"

_Static_assert((int)SIO_MESH_MSG_MAX <= (int)SIO_LINK_MESSAGE_MAX,
               "a link takes what the mesh sends");

struct peer {
    struct sio_mesh *mesh;
    struct sio_place place;
    struct sio_link *link; /* NULL: none */
};

struct sio_mesh {
    struct sio_loop *loop;
    struct sio_shm *shm;
    struct sio_place me;
    const struct sio_mesh_events *events;
    void *owner;
    struct sio_buf out; /* the message being sent */
    bool closed;
    struct sio_grave grave;
    struct peer peers[SIO_WORKERS_MAX];
};

/* ---- what comes ------------------------------------------------------------------------------ */

static void log_bad(const struct peer *p, size_t len)
{
    sio_log_limited(SIO_LOG_ERROR, "mesh-bad", "mesh: bad message of %zu bytes from slot %u", len,
                    p->place.slot);
}

static void take_given(struct peer *p, const struct sio_mesh_msg *m, int fd)
{
    struct sio_reader r = {.rest = m->payload};
    struct sio_origin origin;
    bool has_origin;
    if (sio_origin_decode(&r, &origin, &has_origin) != 0) {
        log_bad(p, m->payload.len);
        close(fd);
        return;
    }
    struct sio_arrival a = {.fd = fd,
                            .hops = m->hops,
                            .service = m->service,
                            .origin = has_origin ? &origin : NULL,
                            .bytes = r.rest};
    p->mesh->events->on_give(p->mesh->owner, p->place.slot, &a);
}

static void on_link_message(void *owner, struct sio_link *l, struct sio_slice bytes, const int *fds,
                            unsigned n)
{
    struct peer *p = owner;
    struct sio_mesh_msg m;
    (void)l;
    int r = sio_mesh_msg_decode(bytes, &m);
    bool takes_fd = r == 0 && m.type == SIO_MESH_GIVE && n == 1;
    for (unsigned i = 0; i < n && !takes_fd; i++)
        close(fds[i]);
    if (r != 0)
        log_bad(p, bytes.len);
    else if (takes_fd)
        take_given(p, &m, fds[0]);
    else if (m.type == SIO_MESH_GIVE)
        sio_log_limited(SIO_LOG_ERROR, "mesh-give", "mesh: a connection came without descriptor");
    else
        p->mesh->events->on_message(p->mesh->owner, p->place.slot, &m);
}

static void tell(struct sio_mesh *m, unsigned slot, bool up)
{
    if (m->events->on_peer != NULL)
        m->events->on_peer(m->owner, slot, up);
}

static void on_link_gone(void *owner, struct sio_link *l)
{
    struct peer *p = owner;
    (void)l;
    p->link = NULL;
    tell(p->mesh, p->place.slot, false);
}

static const struct sio_link_events link_events = {on_link_message, on_link_gone};

/* ---- life ------------------------------------------------------------------------------------ */

struct sio_mesh *sio_mesh_new(struct sio_loop *loop, struct sio_shm *shm, struct sio_place me,
                              const struct sio_mesh_events *events, void *owner)
{
    struct sio_mesh *m = sio_calloc(1, sizeof *m);
    m->loop = loop;
    m->shm = shm;
    m->me = me;
    m->events = events;
    m->owner = owner;
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        m->peers[i] = (struct peer){.mesh = m, .place = {.slot = i}};
    return m;
}

static void free_mesh(void *object)
{
    struct sio_mesh *m = object;
    sio_buf_fini(&m->out);
    sio_free(m);
}

static void drop_link(struct peer *p)
{
    if (p->link != NULL)
        sio_link_close(p->link);
    p->link = NULL;
}

void sio_mesh_close(struct sio_mesh *m)
{
    if (m->closed)
        return;
    m->closed = true;
    for (unsigned i = 0; i < SIO_WORKERS_MAX; i++)
        drop_link(&m->peers[i]);
    sio_loop_bury(m->loop, &m->grave, free_mesh, m);
}

static void refuse(unsigned slot, int fd, const char *why)
{
    sio_log(SIO_LOG_WARN, "mesh: no link to slot %u: %s", slot, why);
    if (fd >= 0)
        close(fd);
}

void sio_mesh_add(struct sio_mesh *m, struct sio_place peer, int fd)
{
    if (m->closed || peer.slot >= m->shm->n_slots || peer.slot == m->me.slot) {
        refuse(peer.slot, fd, "no such place");
        return;
    }
    struct peer *p = &m->peers[peer.slot];
    if (p->link != NULL) {
        drop_link(p);
        tell(m, peer.slot, false);
    }
    struct sio_link *link = sio_link_open(m->loop, fd, &link_events, p);
    if (link == NULL) {
        refuse(peer.slot, -1, "the descriptor cannot be polled");
        return;
    }
    p->place = peer;
    p->link = link;
    tell(m, peer.slot, true);
}

bool sio_mesh_has(const struct sio_mesh *m, unsigned slot)
{
    return slot < SIO_WORKERS_MAX && m->peers[slot].link != NULL;
}

struct sio_place sio_mesh_place(const struct sio_mesh *m, unsigned slot)
{
    return m->peers[slot].place;
}

bool sio_mesh_reaches(const struct sio_mesh *m, struct sio_place who)
{
    return sio_mesh_has(m, who.slot) && m->peers[who.slot].place.generation == who.generation;
}

/* ---- what goes ------------------------------------------------------------------------------- */

bool sio_mesh_can_give(const struct sio_mesh *m, unsigned slot)
{
    return sio_mesh_has(m, slot) && sio_shm_alive(m->shm, m->peers[slot].place) &&
           atomic_load(&m->shm->slots[slot].state) != SIO_SLOT_SUSPECT &&
           sio_load_has_room(m->shm, slot);
}

/* The encoded message, valid until the next one. */
static struct sio_slice encode(struct sio_mesh *m, const struct sio_mesh_msg *msg)
{
    sio_buf_clear(&m->out);
    sio_mesh_msg_encode(&m->out, msg);
    return sio_buf_slice(&m->out);
}

int sio_mesh_give(struct sio_mesh *m, unsigned slot, const struct sio_arrival *a)
{
    struct sio_mesh_msg msg = {
        .type = SIO_MESH_GIVE, .hops = (uint8_t)a->hops, .service = (uint8_t)a->service};
    if (a->hops > SIO_MESH_HOPS_MAX)
        return SIO_EINVAL;
    if (!sio_mesh_can_give(m, slot))
        return SIO_ECLOSED;
    encode(m, &msg);
    sio_origin_encode(&m->out, a->origin);
    if (a->bytes.len > SIO_MESH_MSG_MAX - m->out.len)
        return SIO_ETOOBIG;
    sio_buf_append_slice(&m->out, a->bytes);
    return sio_link_try_send(m->peers[slot].link, sio_buf_slice(&m->out), &a->fd, 1);
}

bool sio_mesh_has_room(const struct sio_mesh *m, unsigned slot)
{
    return sio_mesh_has(m, slot) && sio_link_has_room(m->peers[slot].link, SIO_MESH_MSG_MAX);
}

int sio_mesh_send(struct sio_mesh *m, unsigned slot, const struct sio_mesh_msg *msg)
{
    if (msg->payload.len > SIO_MESH_MSG_MAX - SIO_MESH_HEAD)
        return SIO_ETOOBIG;
    if (!sio_mesh_has(m, slot))
        return SIO_ECLOSED;
    return sio_link_send(m->peers[slot].link, encode(m, msg), NULL, 0);
}

int sio_mesh_try_send(struct sio_mesh *m, unsigned slot, const struct sio_mesh_msg *msg)
{
    if (msg->payload.len > SIO_MESH_MSG_MAX - SIO_MESH_HEAD)
        return SIO_ETOOBIG;
    if (!sio_mesh_has(m, slot))
        return SIO_ECLOSED;
    return sio_link_try_send(m->peers[slot].link, encode(m, msg), NULL, 0);
}
