// SPDX-License-Identifier: MIT
/* CONNECT: which namespace is meant, by name, or by a lookup in the parents, which may take time;
 * then the socket is made.
 *
 * Stands on recovery and socket; called by client. Invariant: a lookup is in its client's list from
 * its beginning to its end, and a client that is closed has none.
 */
#include "sio/lookup.h"

#include "base/log.h"
#include "base/mem.h"
#include "sio/parent.h"
#include "sio/lookup_in.h"
#include "sio/recovery_in.h"
#include "sio/server_in.h"
#include "sio/v2.h"

struct sio_lookup {
    struct sio_client *client;
    struct sio_lookup *next;
    struct sio_blob *auth;
    size_t name_len;
    char name[];
};

static struct sio_slice name_of(const struct sio_lookup *l)
{
    return sio_slice(l->name, l->name_len);
}

static struct sio_lookup *find(const struct sio_client *c, struct sio_slice name)
{
    struct sio_lookup *l = c->lookups;
    while (l != NULL && !sio_slice_eq(name_of(l), name))
        l = l->next;
    return l;
}

static void lookup_free(void *object)
{
    struct sio_lookup *l = object;
    sio_blob_unref(l->auth);
    sio_free(l);
}

static void end(struct sio_lookup *l)
{
    struct sio_server *s = l->client->server;
    struct sio_lookup **at = &l->client->lookups;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    s->events->on_lookup_left(s->owner, l);
    sio_server_bury(s, lookup_free, l);
}

static void begin(struct sio_client *c, struct sio_slice name, struct sio_slice auth)
{
    const struct sio_server *s = c->server;
    struct sio_lookup *l = sio_alloc(sizeof *l + name.len);
    *l = (struct sio_lookup){.client = c,
                             .next = c->lookups,
                             .auth = sio_blob_new(auth.len <= 2 ? SIO_LIT("{}") : auth),
                             .name_len = name.len};
    memcpy(l->name, name.p, name.len);
    c->lookups = l;
    s->events->on_unknown_nsp(s->owner, l, name_of(l), sio_blob_slice(l->auth));
}

void sio_lookup_end_all(struct sio_client *c)
{
    while (c->lookups != NULL)
        end(c->lookups);
}

/* ---- entering ------------------------------------------------------------------------------- */

static void enter(struct sio_client *c, struct sio_nsp *n, struct sio_slice auth)
{
    struct sio_socket *s = sio_socket_new(c, n, auth);
    /* v2 knows nothing of recovery */
    if (c->v2 || !sio_recovery_begin(s, sio_socket_auth(s)))
        sio_socket_start(s);
}

void sio_lookup_pass(struct sio_lookup *l, struct sio_nsp *n)
{
    struct sio_client *c = l->client;
    end(l); /* the memory of this tick's dead stays */
    if (!c->server->down && eio_session_state(c->session) == EIO_STATE_OPEN &&
        sio_client_find(c, n) == NULL) {
        n->open = true;
        enter(c, n, sio_blob_slice(l->auth));
    } else {
        sio_parent_check(n);
    }
}

void sio_lookup_refuse(struct sio_lookup *l, struct sio_slice error)
{
    struct sio_client *c = l->client;
    end(l);
    sio_client_send(c, SIO_CONNECT_ERROR, name_of(l), error);
}

/* ---- CONNECT -------------------------------------------------------------------------------- */

static bool too_many(const struct sio_client *c)
{
    unsigned n = 0;
    for (const struct sio_socket *s = c->sockets; s != NULL; s = s->next)
        n++;
    for (const struct sio_lookup *l = c->lookups; l != NULL; l = l->next)
        n++;
    if (n < c->server->options.nsps_per_client)
        return false;
    sio_log_limited(SIO_LOG_WARN, "nsps_per_client", "a client is in %u namespaces: no more", n);
    return true;
}

/* The namespace is not there, or is closed. */
static void look_up(struct sio_client *c, struct sio_slice name, struct sio_slice auth)
{
    if (c->server->parents.count == 0 || !sio_nsp_name_valid(name))
        sio_client_send(c, SIO_CONNECT_ERROR, name, SIO_LIT("{\"message\":\"Invalid namespace\"}"));
    else
        begin(c, name, auth);
}

/* n: of that name, or NULL. */
static void enter_or_look_up(struct sio_client *c, struct sio_nsp *n, struct sio_slice name,
                             struct sio_slice auth)
{
    if (find(c, name) != NULL)
        return;
    if (n != NULL && !n->open)
        n = NULL;
    if ((n != NULL || c->server->parents.count > 0) && too_many(c))
        sio_client_send(c, SIO_CONNECT_ERROR, name,
                        SIO_LIT("{\"message\":\"too many namespaces\"}"));
    else if (n == NULL)
        look_up(c, name, auth);
    else
        enter(c, n, auth);
}

void sio_lookup_connect(struct sio_client *c, const struct sio_packet *p)
{
    struct sio_nsp *n = sio_server_find_nsp(c->server, p->nsp);
    const struct sio_socket *s = n == NULL ? NULL : sio_client_find(c, n);
    struct sio_buf auth = {0};
    if (c->server->down)
        return;
    if (s != NULL) {
        /* The official client asks twice when its user calls connect() on a socket that connects by
         * itself; both packets come in one segment. Upstream then has two sockets; here one. */
        if (s->state == SIO_SOCKET_CONNECTED && c->connect_tick != c->server->loop->ticks)
            sio_client_close(c);
        return;
    }
    if (c->v2)
        sio_v2_append_auth(&auth, p->query);
    enter_or_look_up(c, n, p->nsp, c->v2 ? sio_buf_slice(&auth) : p->data);
    sio_buf_fini(&auth);
}
