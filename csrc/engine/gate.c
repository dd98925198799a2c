// SPDX-License-Identifier: MIT
/* Requests on their way through the hooks. Stands on net/http_conn's hold and server_in.h;
 * eio_server_handle opens a gate when a hook wants one.
 *
 * Invariant: a gate is in the server's list exactly while it holds its connection, and run is on
 * the stack at most once for each; what a hook decides meanwhile only moves the stage.
 */
#include "engine/gate.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/http_request.h"
#include "engine/handshake.h"
#include "engine/server_in.h"

struct eio_gate {
    struct sio_list link; /* in the server's gates */
    struct eio_server *server;
    struct sio_http_conn *conn;
    struct sio_http_request *request; /* our copy */
    struct sio_grave grave;
    uint8_t stage;            /* enum eio_stage */
    bool running;             /* run is on the stack */
    bool opens;               /* a handshake */
    char id[EIO_SID_MAX + 1]; /* of the session it begins; "": not chosen */
};

static void gate_free(void *object)
{
    struct eio_gate *g = object;
    sio_free(g->request);
    sio_free(g);
}

static void count_handshake(struct eio_server *e, int change)
{
    e->n_waiting += (size_t)change;
    if (e->events->on_waiting != NULL)
        e->events->on_waiting(e->owner, change);
}

static void leave(struct eio_gate *g)
{
    struct eio_server *e = g->server;
    g->stage = EIO_AT_END;
    sio_list_remove(&g->link);
    e->n_gates--;
    if (g->opens)
        count_handshake(e, -1);
    sio_loop_bury(e->loop, &g->grave, gate_free, g);
    e->hooks->on_left(e->hooks_owner, g);
}

/* ---- the stages ------------------------------------------------------------------------------ */

/* True: nobody wants to be asked, or it is decided already. */
static bool ask(struct eio_gate *g)
{
    struct eio_server *e = g->server;
    uint8_t stage = g->stage;
    if (e->wants & 1u << stage)
        e->hooks->on_stage(e->hooks_owner, g, (enum eio_stage)stage);
    else
        g->stage++;
    return g->stage != stage;
}

static bool check(struct eio_gate *g)
{
    struct eio_request q;
    struct eio_session *s = NULL;
    bool admitted;
    eio_request_init(&q, g->request);
    q.gate = g;
    admitted = eio_server_admit(g->server, g->conn, &q, &s);
    if (admitted && s == NULL)
        g->stage++;
    else if (admitted)
        eio_server_serve(g->server, g->conn, &q, s);
    eio_request_fini(&q);
    if (g->stage == EIO_AT_CHECKS)
        leave(g);
    return g->stage != EIO_AT_END;
}

static bool check_version(struct eio_gate *g)
{
    struct eio_request q;
    bool good;
    eio_request_init(&q, g->request);
    q.gate = g;
    good = eio_server_admit_version(g->server, g->conn, &q);
    eio_request_fini(&q);
    if (good)
        g->stage++;
    else if (g->stage != EIO_AT_END)
        leave(g);
    return good;
}

static bool serve(struct eio_gate *g)
{
    struct eio_request q;
    eio_request_init(&q, g->request);
    q.gate = g;
    q.id = g->id;
    eio_server_serve(g->server, g->conn, &q, NULL);
    eio_request_fini(&q);
    if (g->stage != EIO_AT_END)
        leave(g);
    return false;
}

/* One stage; true: the next one can follow at once. */
static bool step(struct eio_gate *g)
{
    switch ((enum eio_stage)g->stage) {
    case EIO_AT_MIDDLEWARES:
    case EIO_AT_ALLOW:
    case EIO_AT_ID:
        return ask(g);
    case EIO_AT_CHECKS:
        return check(g);
    case EIO_AT_VERSION:
        return check_version(g);
    case EIO_AT_SERVICE:
        return serve(g);
    case EIO_AT_END:
        break;
    }
    return false;
}

static void run(struct eio_gate *g)
{
    if (g->running)
        return;
    g->running = true;
    while (step(g))
        continue;
    g->running = false;
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void on_gone(void *self, struct sio_http_conn *c, int err)
{
    (void)c, (void)err;
    leave(self);
}

static const struct sio_http_handler handler = {.on_gone = on_gone};

void eio_gate_open(struct eio_server *e, struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_origin origin;
    struct eio_gate *g;
    if (e->n_gates >= e->options.max_held) {
        sio_log_limited(SIO_LOG_WARN, "eio max_held",
                        "engine: %zu requests wait for hooks, more are answered 503",
                        e->options.max_held);
        sio_http_respond(c, &(struct sio_http_response){.status = 503, .close = true});
        return;
    }
    if (eio_server_request_sid(r).p == NULL && !sio_http_conn_origin(c, r, &origin)) {
        sio_http_abort(c); /* gone already, and hooks would see a client without an address */
        return;
    }
    g = sio_calloc(1, sizeof *g);
    g->server = e;
    g->conn = c;
    g->request = sio_http_request_copy(r);
    sio_list_init(&g->link);
    sio_list_append(&e->gates, &g->link);
    e->n_gates++;
    g->opens = eio_server_request_sid(r).p == NULL;
    if (g->opens)
        count_handshake(e, 1);
    sio_http_hold(c, &handler, g);
    run(g);
}

void eio_gate_close_all(struct eio_server *e)
{
    struct sio_list *link;
    while ((link = sio_list_first(&e->gates)) != NULL) {
        struct eio_gate *g = SIO_CONTAINER_OF(link, struct eio_gate, link);
        leave(g);
        sio_http_respond(g->conn, &(struct sio_http_response){.status = 503, .close = true});
    }
}

/* ---- decisions ------------------------------------------------------------------------------- */

void eio_gate_pass(struct eio_gate *g)
{
    if (g->stage == EIO_AT_END)
        return;
    g->stage++;
    run(g);
}

static bool valid_id(struct sio_slice id, size_t max)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-._~"; /* RFC 3986 §2.3: what a query need not encode */
    for (size_t i = 0; i < id.len; i++)
        if (id.p[i] == '\0' || strchr(allowed, id.p[i]) == NULL)
            return false;
    return id.len > 0 && id.len <= max;
}

int eio_gate_set_id(struct eio_gate *g, struct sio_slice id)
{
    const struct eio_options *o = &g->server->options;
    size_t suffix = o->shared ? SIO_ID_PLACE_LEN : 0;
    if (g->stage != EIO_AT_ID)
        return 0;
    if (!valid_id(id, EIO_SID_MAX - suffix))
        return SIO_EINVAL;
    memcpy(g->id, id.p, id.len);
    g->id[id.len] = '\0';
    if (o->shared)
        sio_id_suffix(o->place, g->id + id.len);
    if (eio_server_find(g->server, sio_slice_str(g->id)) != NULL) {
        g->id[0] = '\0';
        return SIO_EEXIST;
    }
    eio_gate_pass(g);
    return 0;
}

void eio_gate_refuse(struct eio_gate *g, const struct eio_refused *why)
{
    struct eio_request q;
    if (g->stage == EIO_AT_END)
        return;
    eio_request_init(&q, g->request);
    q.gate = g;
    eio_hooks_refuse(g->server, g->conn, &q, why);
    eio_request_fini(&q);
    if (g->stage != EIO_AT_END)
        leave(g);
}

int eio_gate_respond(struct eio_gate *g, const struct sio_http_response *r)
{
    if (g->stage == EIO_AT_END)
        return SIO_ECLOSED;
    leave(g);
    return sio_http_respond(g->conn, r);
}

const struct sio_http_request *eio_gate_request(const struct eio_gate *g)
{
    return g->request;
}

struct sio_http_conn *eio_gate_conn(const struct eio_gate *g)
{
    return g->conn;
}
