// SPDX-License-Identifier: MIT
/* The life of one server: new (engine, sio, HTTP), ready, close. Stands on the worker, which it
 * tells when it is gone.
 *
 * Invariant: from new to the end of its close a service is in worker->services under its number, so
 * what arrives for that number meanwhile finds it, and nothing for it finds another one.
 */
#include "worker/service.h"

#include "worker/joint.h"

#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

/* ---- making ---------------------------------------------------------------------------------- */

static void on_session(void *owner, struct eio_session *session)
{
    struct sio_service *s = owner;
    sio_load_add(&s->worker->shm, s->worker->me.slot, 1);
    if (s->sio != NULL)
        sio_server_add_session(s->sio, session);
    else
        s->events->on_session(s->owner, session);
}

static void on_gone(void *owner, struct eio_session *session)
{
    struct sio_service *s = owner;
    (void)session;
    sio_load_add(&s->worker->shm, s->worker->me.slot, -1);
}

/* A hook may take its time, and a burst that it holds up must be seen by who places it. */
static void on_waiting(void *owner, int change)
{
    struct sio_service *s = owner;
    sio_load_add(&s->worker->shm, s->worker->me.slot, change);
}

static const struct eio_server_events engine_events = {
    .on_session = on_session, .on_gone = on_gone, .on_waiting = on_waiting};
static const struct sio_http_server_events http_events = {.on_request = sio_service_on_request};

static void open_http(struct sio_service *s)
{
    const struct sio_app_options *o = &s->app;
    sio_http_server_init(&s->http, s->worker->loop, &o->http, &http_events, s);
    s->http.dated = true;
    s->http.proxy_protocol = o->proxy_protocol;
    s->http.quota = sio_quota_new(o->max_connections_per_address, o->max_handshakes_per_address);
    s->http.trust = sio_trust_any(&o->trust) ? &o->trust : NULL;
}

/* Of worker->services; SIO_SERVICES_MAX: none is free. */
static unsigned free_number(const struct sio_worker *w)
{
    unsigned i = 0;
    while (i < SIO_SERVICES_MAX && w->services[i] != NULL)
        i++;
    return i;
}

int sio_service_new(struct sio_worker *w, const struct sio_app_options *options,
                    const struct sio_app_events *events, void *owner, struct sio_service **out)
{
    unsigned number = free_number(w);
    if (w->closing)
        return SIO_ECLOSED;
    if (number == SIO_SERVICES_MAX) {
        sio_log_limited(SIO_LOG_ERROR, "services", "there are %d servers: no more",
                        SIO_SERVICES_MAX);
        return SIO_EFULL;
    }
    struct sio_service *s = sio_calloc(1, sizeof *s);
    s->worker = w;
    s->number = number;
    s->app = *options;
    s->app.engine.place = s->app.sio.place = w->me;
    s->app.engine.shared = w->shm.n_slots > 1;
    s->events = events;
    s->owner = owner;
    s->engine = eio_server_new(w->loop, &s->app.engine, &engine_events, s);
    if (!options->engine_only) {
        struct sio_backing backing = sio_worker_backing(s);
        s->sio = sio_server_new(w->loop, &s->app.sio, &backing, events->sio, owner);
    }
    open_http(s);
    w->services[number] = s;
    w->n_services++;
    atomic_fetch_or(&w->shm.slots[w->me.slot].present, UINT64_C(1) << number);
    *out = s;
    return 0;
}

/* ---- listening ------------------------------------------------------------------------------- */

static void on_accept(void *owner, int fd)
{
    struct sio_service *s = owner;
    sio_http_server_adopt(&s->http, &(struct sio_arrival){.fd = fd});
}

void sio_service_add_listener(struct sio_service *s, int fd)
{
    struct sio_listener *l = NULL;
    if (s->n_listeners == SIO_LISTENERS_MAX || s->closing || s->draining)
        close(fd);
    else
        l = sio_listener_open(s->worker->loop, fd, on_accept, s);
    if (l == NULL)
        sio_log(SIO_LOG_ERROR, "worker: listener refused");
    else
        s->listeners[s->n_listeners++] = l;
}

void sio_service_set_tls(struct sio_service *s, struct sio_tls_context *tls)
{
    sio_http_server_set_tls(&s->http, tls);
}

void sio_service_place_here(struct sio_service *s)
{
    s->app.balance = SIO_HERE;
}

void sio_service_ready(struct sio_service *s)
{
    struct sio_slot *slot = &s->worker->shm.slots[s->worker->me.slot];
    if (s->closing || s->draining)
        return;
    sio_worker_publish_load(s->worker);
    atomic_fetch_or(&slot->services, UINT64_C(1) << s->number);
    atomic_store_explicit(&slot->state, SIO_SLOT_READY, memory_order_release);
}

void sio_service_stop_listening(struct sio_service *s)
{
    struct sio_worker *w = s->worker;
    atomic_fetch_and(&w->shm.slots[w->me.slot].services, ~(UINT64_C(1) << s->number));
    for (unsigned i = 0; i < s->n_listeners; i++)
        sio_listener_close(s->listeners[i]);
    s->n_listeners = 0;
}

/* ---- closing --------------------------------------------------------------------------------- */

static void free_service(void *object)
{
    struct sio_service *s = object;
    struct sio_worker *w = s->worker;
    sio_loop_fn on_closed = s->on_closed;
    void *ctx = s->closed_ctx;
    if (s->sio != NULL && w->alone) /* else siblings may ask for them */
        sio_recovery_forget_all(s->sio);
    if (s->sio != NULL)
        sio_server_free(s->sio);
    sio_quota_close(s->http.quota);
    sio_worker_drop_deferred(w, s);
    sio_service_said_all(s);
    sio_worker_service_gone(w, s);
    sio_free(s);
    if (on_closed != NULL)
        on_closed(ctx);
}

static void bury(void *ctx)
{
    struct sio_service *s = ctx;
    sio_loop_bury(s->worker->loop, &s->grave, free_service, s);
}

static void close_http(void *ctx)
{
    struct sio_service *s = ctx;
    s->engine = NULL; /* freed at the end of this tick */
    sio_http_server_close(&s->http, bury, s);
}

void sio_service_close(struct sio_service *s, sio_loop_fn on_closed, void *ctx)
{
    if (s->closing)
        return;
    s->closing = true;
    s->on_closed = on_closed;
    s->closed_ctx = ctx;
    sio_service_stop_listening(s);
    sio_worker_drop_claims(s->worker, s);
    sio_worker_drop_gives(s->worker, s);
    if (s->sio != NULL)
        sio_server_shutdown(s->sio);
    eio_server_close(s->engine, close_http, s);
}

/* ---- questions ------------------------------------------------------------------------------- */

unsigned sio_service_number(const struct sio_service *s)
{
    return s->number;
}

struct eio_server *sio_service_engine(const struct sio_service *s)
{
    return s->engine;
}

struct sio_server *sio_service_sio(const struct sio_service *s)
{
    return s->sio;
}
