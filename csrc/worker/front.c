// SPDX-License-Identifier: MIT
/* Where a request belongs, decided once its head is read:
 *
 *     not under the engine's path      the application's HTTP, here
 *     names a sid of another worker    given to that worker, with the bytes read so far
 *     a handshake                      given to the worker that the balance method picks
 *     anything else                    the engine, here
 *
 * A TLS connection stays, and is relayed to the other worker (net/relay.h). A connection is given
 * only between requests and only while no answer is outstanding; later requests on it find their
 * worker in the same way, so keep-alive and several sids on one connection work.
 */
#include "worker/joint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* A connection that waits because the link to its worker is full. */
struct waiting_give {
    struct sio_list link;
    struct sio_service *service;
    struct sio_arrival arrival; /* its descriptor is our duplicate; the http_conn is gone */
    struct sio_origin origin;   /* where arrival.origin points, if it does */
    struct sio_buf bytes;       /* where arrival.bytes points */
    unsigned slot, tries;
};

/* The names that upstream serves beside the engine: "socket.io" + [.msgpack|.esm] + [.min] +
 * .js[.map]. */
static bool names_client_file(const struct eio_options *o, struct sio_slice path)
{
    struct sio_slice name = sio_slice_from(path, strlen(o->path));
    if (sio_slice_starts(name, SIO_LIT("/"))) /* add_trailing_slash is false */
        name = sio_slice_from(name, 1);
    if (!sio_slice_starts(name, SIO_LIT("socket.io.")))
        return false;
    struct sio_slice rest = sio_slice_from(name, sizeof "socket.io." - 1);
    static const struct sio_slice names[] = {
        {"js", 2},     {"min.js", 6},      {"esm.min.js", 10},     {"msgpack.min.js", 14},
        {"js.map", 6}, {"min.js.map", 10}, {"esm.min.js.map", 14}, {"msgpack.min.js.map", 18},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sio_slice_eq(rest, names[i]))
            return true;
    return false;
}

static bool for_engine(const struct sio_service *s, const struct sio_http_request *r)
{
    return eio_server_matches(s->engine, r->path) &&
           !(s->sio && names_client_file(&s->app.engine, r->path));
}

static void give_free(struct waiting_give *g)
{
    sio_buf_fini(&g->bytes);
    sio_free(g);
}

/* At the hop limit it is not given any more. */
static void take_back(struct waiting_give *g)
{
    g->arrival.hops = SIO_MESH_HOPS_MAX;
    sio_http_server_adopt(&g->service->http, &g->arrival);
    give_free(g);
}

static void keep_give(struct sio_worker *w, struct waiting_give *g)
{
    sio_list_append(&w->gives, &g->link);
    w->n_gives++;
}

static void retry_give(struct sio_worker *w, struct waiting_give *g)
{
    int rc = sio_mesh_give(w->mesh, g->slot, &g->arrival);
    if (rc == SIO_EAGAIN && ++g->tries < SIO_GIVE_TRIES) {
        keep_give(w, g);
    } else if (rc < 0) {
        take_back(g);
    } else {
        close(g->arrival.fd);
        give_free(g);
    }
}

static void on_give_timer(uv_timer_t *t)
{
    struct sio_worker *w = t->data;
    struct sio_list *node;
    /* Each of them once; what is taken back may add others, or close the worker. */
    for (unsigned n = w->n_gives; n > 0 && (node = sio_list_first(&w->gives)) != NULL; n--) {
        struct waiting_give *g = SIO_CONTAINER_OF(node, struct waiting_give, link);
        sio_list_remove(node);
        w->n_gives--;
        retry_give(w, g);
    }
    if (w->n_gives > 0 && !w->closing)
        uv_timer_start(&w->give, on_give_timer, SIO_GIVE_RETRY_MS, 0);
}

void sio_worker_drop_gives(struct sio_worker *w, const struct sio_service *s)
{
    SIO_LIST_EACH (node, &w->gives) {
        struct waiting_give *g = SIO_CONTAINER_OF(node, struct waiting_give, link);
        if (g->service != s)
            continue;
        close(g->arrival.fd);
        sio_list_remove(node);
        w->n_gives--;
        give_free(g);
    }
}

/* The link is full: keep the connection, without its HTTP state, and try again soon. */
static int wait_to_give(struct sio_service *s, const struct sio_arrival *a, unsigned slot,
                        struct sio_buf *bytes)
{
    struct sio_worker *w = s->worker;
    int fd = w->n_gives < SIO_GIVES_MAX ? fcntl(a->fd, F_DUPFD_CLOEXEC, 0) : -1;
    if (fd < 0) {
        sio_log_limited(SIO_LOG_WARN, "gives",
                        "mesh: the link to worker %u is full, a request for it is refused (%u "
                        "wait)",
                        sio_shm_number(&w->shm, slot), w->n_gives);
        return SIO_EFULL;
    }
    struct waiting_give *g = sio_calloc(1, sizeof *g);
    g->service = s;
    g->arrival = *a;
    g->arrival.fd = fd;
    if (a->origin != NULL) {
        g->origin = *a->origin;
        g->arrival.origin = &g->origin;
    }
    g->slot = slot;
    g->bytes = *bytes; /* moved: what arrival.bytes points to stays where it is */
    *bytes = (struct sio_buf){0};
    sio_list_init(&g->link);
    keep_give(w, g);
    if (!uv_is_active((uv_handle_t *)&w->give)) /* started anew by each it might never run */
        uv_timer_start(&w->give, on_give_timer, SIO_GIVE_RETRY_MS, 0);
    return 0;
}

static int hand_over(struct sio_service *s, unsigned slot, const struct sio_arrival *a,
                     struct sio_buf *bytes, bool wait)
{
    int rc = sio_mesh_give(s->worker->mesh, slot, a);
    if (rc == SIO_EAGAIN && wait)
        rc = wait_to_give(s, a, slot, bytes);
    if (rc == 0)
        sio_stats_up(s->worker->loop->stats, SIO_STAT_GIVES);
    return rc;
}

static int open_pair(const struct sio_worker *w, int pair[2])
{
    bool full = w->relays.n >= SIO_RELAYS_MAX;
    if (!full && socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0)
        return 0;
    sio_log_limited(SIO_LOG_WARN, "relays", "relay: %s (%zu are open)",
                    full ? "no more of them" : strerror(errno), w->relays.n);
    return SIO_EFULL;
}

/* The keys of a TLS connection cannot leave: what leaves is one end of a pair, whose other end is
 * relayed. Only here is still known where the client is. */
static int give_relayed(struct sio_service *s, struct sio_http_conn *c, unsigned slot,
                        struct sio_arrival *a, struct sio_buf *bytes, bool wait)
{
    struct sio_worker *w = s->worker;
    struct sio_slice rest; /* is among the bytes */
    struct sio_origin origin;
    int pair[2], rc;
    if (!sio_conn_copy_origin(sio_http_conn_stream(c), &origin))
        return SIO_ECLOSED; /* it is gone, and there it would seem to come from nowhere */
    if (open_pair(w, pair) != 0)
        return SIO_EFULL;
    a->fd = pair[0];
    a->origin = &origin;
    rc = hand_over(s, slot, a, bytes, wait);
    close(pair[0]); /* whoever has it now has a copy */
    if (rc != 0) {
        close(pair[1]);
        return rc;
    }
    sio_stats_up(w->loop->stats, SIO_STAT_RELAYS);
    sio_relay_open(&w->relays, sio_http_upgrade(c, &rest), pair[1]);
    return 0;
}

/* 0: the connection has left this worker. */
static int give(struct sio_service *s, struct sio_http_conn *c, unsigned slot, bool wait)
{
    struct sio_buf bytes = {0};
    int rc;
    sio_http_conn_bytes(c, &bytes);
    struct sio_arrival a = {.fd = sio_http_conn_fd(c),
                            .hops = sio_http_conn_hops(c) + 1,
                            .service = s->number,
                            .origin = sio_conn_origin(sio_http_conn_stream(c)),
                            .bytes = sio_buf_slice(&bytes)};
    if (sio_conn_encrypted(sio_http_conn_stream(c))) {
        rc = give_relayed(s, c, slot, &a, &bytes, wait);
    } else {
        rc = hand_over(s, slot, &a, &bytes, wait);
        if (rc == 0)
            sio_http_release(c);
    }
    sio_buf_fini(&bytes);
    return rc;
}

/* The request names a session: true when it went to the worker that has it. */
static bool route(struct sio_service *s, struct sio_http_conn *c, struct sio_slice sid)
{
    const struct sio_worker *w = s->worker;
    struct sio_place where;
    if (sio_id_suffix_place(sid, &where) < 0 || where.slot == w->me.slot ||
        !sio_shm_alive(&w->shm, where) || eio_server_find(s->engine, sid))
        return false;
    bool far = sio_http_conn_hops(c) >= SIO_MESH_HOPS_MAX;
    int rc = far ? SIO_EFULL : give(s, c, where.slot, true);
    if (rc == SIO_EFULL || rc == SIO_ETOOBIG) { /* the session lives; only this request is lost */
        sio_http_respond(c, &(struct sio_http_response){.status = 503, .close = true});
        return true;
    }
    return rc == 0;
}

/* What the hash methods hash: the client's address. As long as nobody is trusted, forwarded-for
 * takes anybody's word for it, for all that it decides is which worker. */
static void placement_key(struct sio_service *s, struct sio_http_conn *c,
                          const struct sio_http_request *r, struct sio_buf *out)
{
    if (s->app.balance == SIO_FORWARDED_FOR && s->http.trust == NULL) {
        struct sio_slice list = sio_http_field(r, SIO_LIT("X-Forwarded-For"));
        const char *comma = list.len ? memchr(list.p, ',', list.len) : NULL;
        sio_buf_append(out, list.p, comma ? (size_t)(comma - list.p) : list.len);
    }
    if (out->len == 0) {
        struct sio_origin origin;
        sio_http_conn_origin(c, r, &origin);
        sio_buf_append_slice(out, sio_origin_address(&origin));
    }
}

/* A relay costs this worker as much as the session would have: it is for the methods that promise a
 * place, and for counts that have drifted apart. */
static bool worth_a_relay(const struct sio_service *s, unsigned slot)
{
    const struct sio_worker *w = s->worker;
    int32_t mine = atomic_load(&w->shm.slots[w->me.slot].sessions);
    int32_t theirs = atomic_load(&w->shm.slots[slot].sessions);
    return s->app.balance == SIO_IP_HASH || s->app.balance == SIO_FORWARDED_FOR ||
           mine > theirs + theirs / 8 + SIO_RELAY_SKEW;
}

/* The slot for a new session. */
static unsigned pick_slot(struct sio_service *s, struct sio_http_conn *c,
                          const struct sio_http_request *r)
{
    struct sio_buf key = {0};
    placement_key(s, c, r, &key);
    unsigned slot = sio_load_pick(&s->worker->shm, &(struct sio_pick){.self = s->worker->me.slot,
                                                                      .service = s->number,
                                                                      .method = s->app.balance,
                                                                      .key = sio_buf_slice(&key)});
    sio_buf_fini(&key);
    return slot;
}

/* All workers drain: the server stops. */
static bool turn_away(struct sio_http_conn *c)
{
    static const struct sio_http_field retry_after = {{"Retry-After", 11}, {"1", 1}};
    sio_http_respond(c, &(struct sio_http_response){
                            .status = 503, .fields = &retry_after, .n_fields = 1, .close = true});
    return true;
}

/* A handshake: true when it went to another worker, or was turned away. */
static bool place(struct sio_service *s, struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_worker *w = s->worker;
    if (sio_http_conn_hops(c) > 0) {
        /* Placed here: whoever gave it raised our count, the session will raise it itself. */
        sio_load_add(&w->shm, w->me.slot, -1);
        return false;
    }
    unsigned slot = w->shm.n_slots == 1 ? w->me.slot : pick_slot(s, c, r);
    if (slot == w->me.slot)
        return s->draining && turn_away(c);
    if (sio_conn_encrypted(sio_http_conn_stream(c)) && !worth_a_relay(s, slot))
        return false;
    sio_load_add(&w->shm, slot, 1);
    if (give(s, c, slot, false) == 0)
        return true;
    sio_load_add(&w->shm, slot, -1);
    return false;
}

/* True when the request went to another worker, or was turned away. */
static bool leaves(struct sio_service *s, struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_slice sid;
    if (s->worker->shm.n_slots == 1 && !s->draining)
        return false; /* whatever it asks for */
    sid = eio_server_request_sid(r);
    return sid.p ? route(s, c, sid) : place(s, c, r);
}

/* Who has reset meanwhile gets no answer, and would seem to come from a Unix socket. */
static void serve_app(struct sio_service *s, struct sio_http_conn *c,
                      const struct sio_http_request *r)
{
    struct sio_origin origin;
    if (!sio_http_conn_origin(c, r, &origin)) {
        sio_http_abort(c);
        return;
    }
    if (r->upgrade && s->app.destroy_upgrade_timeout_ms != 0)
        sio_http_answer_within(c, s->app.destroy_upgrade_timeout_ms);
    s->events->on_request(s->owner, c, r);
}

void sio_service_on_request(void *owner, struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_service *s = owner;
    bool engine = !s->closing && for_engine(s, r);
    if (s->closing || (s->shut && !(engine && eio_server_request_sid(r).p))) {
        sio_http_respond(c, &(struct sio_http_response){.status = 503, .close = true});
        return;
    }
    if (!engine)
        serve_app(s, c, r);
    else if (!leaves(s, c, r))
        eio_server_handle(s->engine, c, r);
}

void sio_worker_on_give(void *owner, unsigned from, const struct sio_arrival *a)
{
    struct sio_worker *w = owner;
    struct sio_service *s = a->service < SIO_SERVICES_MAX ? w->services[a->service] : NULL;
    (void)from;
    if (s != NULL)
        sio_http_server_adopt(&s->http, a);
    else
        close(a->fd);
}
