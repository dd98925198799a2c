// SPDX-License-Identifier: MIT
/* Two workers of one host in one process, for the tests of worker/: a shared memory as the
 * supervisor makes it, a link and bells between them, and clients on socket pairs that talk to the
 * one or the other. Included behind test.h.
 *
 * What happens at a worker is collected in its log as text: "connect ", "recovered ", "event[...]
 * ", "disconnect:reason ", "request:path ".
 */
#ifndef SPEC_C_WORKER_SIDE_H
#define SPEC_C_WORKER_SIDE_H

#include <sys/eventfd.h>

#include "cluster/layout.h"
#include "eio.h"
#include "sio/nsp.h"
#include "sio/socket.h"
#include "worker/joint.h"

struct side {
    struct sio_worker *w;
    struct sio_service *service; /* the one that tests talk to */
    struct sio_place me;
    int bell;
    struct sio_buf log;
    struct sio_socket *socket;  /* the newest */
    struct sio_http_conn *held; /* /held: not answered yet */
    bool closed;
};

static struct sio_shm host;
static struct side side[2];
static bool side_forgets;       /* servers made from now on have no recovery */
static void (*side_then)(void); /* what the application does at each disconnect; NULL: nothing */

/* ---- the application ------------------------------------------------------------------------- */

static inline void side_on_gone(void *self, struct sio_http_conn *c, int err)
{
    (void)c, (void)err;
    ((struct side *)self)->held = NULL;
}

static const struct sio_http_handler side_holds = {.on_gone = side_on_gone};

static inline void side_on_request(void *owner, struct sio_http_conn *c,
                                   const struct sio_http_request *r)
{
    struct side *s = owner;
    sio_buf_printf(&s->log, "request:%.*s ", (int)r->path.len, r->path.p);
    if (sio_slice_eq(r->path, SIO_LIT("/held"))) {
        s->held = c;
        sio_http_accept(c, &side_holds, s, 0);
        return;
    }
    sio_http_respond_text(c, 200, "text/plain", "app");
}

static inline void side_on_connecting(void *owner, struct sio_socket *s, struct sio_slice auth)
{
    (void)owner, (void)auth;
    sio_socket_accept(s);
}

static inline void side_on_connection(void *owner, struct sio_socket *s)
{
    struct side *at = owner;
    at->socket = s;
    sio_buf_printf(&at->log, "%s ", sio_socket_recovered(s) ? "recovered" : "connect");
}

static inline void side_on_event(void *owner, struct sio_socket *s, const struct sio_incoming *in)
{
    (void)s;
    sio_buf_printf(&((struct side *)owner)->log, "event%.*s ", (int)in->data.len, in->data.p);
}

static inline void side_on_ack(void *owner, struct sio_socket *s, uint64_t cookie, int err,
                               const struct sio_incoming *in)
{
    (void)owner, (void)s, (void)cookie, (void)err, (void)in;
}

static inline void side_on_error(void *owner, struct sio_socket *s, const char *message)
{
    (void)s;
    sio_buf_printf(&((struct side *)owner)->log, "error:%s ", message);
}

static inline void side_on_disconnecting(void *owner, struct sio_socket *s, const char *reason,
                                         const char *detail)
{
    (void)owner, (void)s, (void)reason, (void)detail;
}

static inline void side_on_disconnect(void *owner, struct sio_socket *s, const char *reason,
                                      const char *detail)
{
    (void)s, (void)detail;
    sio_buf_printf(&((struct side *)owner)->log, "disconnect:%s ", reason ? reason : "-");
    if (side_then != NULL)
        side_then();
}

/* Never answered. */
static inline void side_on_question(void *owner, struct sio_nsp *n, struct sio_asker to,
                                    const struct sio_incoming *in)
{
    (void)n, (void)to;
    sio_buf_printf(&((struct side *)owner)->log, "question%.*s ", (int)in->data.len, in->data.p);
}

static const struct sio_server_events side_sio_events = {
    .on_connecting = side_on_connecting,
    .on_connection = side_on_connection,
    .on_event = side_on_event,
    .on_ack = side_on_ack,
    .on_error = side_on_error,
    .on_disconnecting = side_on_disconnecting,
    .on_disconnect = side_on_disconnect,
    .on_question = side_on_question,
};
static const struct sio_app_events side_events = {.on_request = side_on_request,
                                                  .sio = &side_sio_events};

/* ---- the host -------------------------------------------------------------------------------- */

/* Another server of the same worker. */
static inline struct sio_service *side_serve(unsigned slot)
{
    struct side *s = &side[slot];
    struct sio_service *service = NULL;
    struct sio_app_options app = {.balance = SIO_LEAST_CONNECTION};
    eio_options_default(&app.engine);
    sio_server_options_default(&app.sio);
    sio_http_limits_default(&app.http);
    app.sio.recovery = !side_forgets;
    CHECK_EQ_INT(sio_service_new(s->w, &app, &side_events, s, &service), 0);
    sio_service_ready(service);
    return service;
}

static inline void side_open(unsigned slot)
{
    struct side *s = &side[slot];
    *s = (struct side){.me = {.slot = slot}, .bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    REQUIRE(sio_shm_assign(&host, slot, &s->me.generation) == 0);
    struct sio_worker_options o = {.me = s->me, .shm_fd = dup(host.fd), .bell_fd = dup(s->bell)};
    REQUIRE(sio_worker_open(&net.loop, &o, &s->w) == 0);
    s->service = side_serve(slot);
}

/* Both know each other from here on. */
static inline void side_link(void)
{
    int ends[2];
    REQUIRE(sio_link_pair(ends) == 0);
    sio_worker_add_peer(side[0].w, side[1].me, ends[0], dup(side[1].bell));
    sio_worker_add_peer(side[1].w, side[0].me, ends[1], dup(side[0].bell));
}

static inline void host_open_with(const struct sio_shm_config *config)
{
    net_open();
    net.loop.linger_ms = 50;
    REQUIRE(sio_shm_create(&host, config) == 0);
    side_open(0);
    side_open(1);
}

/* A host whose workers are not linked yet. */
static inline void host_open(void)
{
    host_open_with(&(struct sio_shm_config){
        .slots = 2, .journal_bytes = 65536, .arena_bytes = 1 << 20, .arena_sessions = 64});
}

static inline void side_close(unsigned slot)
{
    if (!side[slot].closed)
        sio_worker_close(side[slot].w, eio_set_flag, &side[slot].closed);
    WAIT(side[slot].closed);
}

static inline void host_close(void)
{
    for (unsigned i = 0; i < 2; i++) {
        side_close(i);
        close(side[i].bell);
        sio_buf_fini(&side[i].log);
    }
    CHECK(net_close());
    sio_shm_detach(&host);
}

static inline bool side_logged(unsigned slot, const char *text)
{
    const struct sio_buf *b = &side[slot].log;
    return b->len != 0 && memmem(b->p, b->len, text, strlen(text)) != NULL;
}

#define CHECK_SIDE(slot, text)                                                                     \
    do {                                                                                           \
        CHECK_EQ_SLICE(sio_buf_slice(&side[slot].log), sio_slice_str(text));                       \
        sio_buf_clear(&side[slot].log);                                                            \
    } while (0)

static inline int sessions_of(unsigned slot)
{
    return atomic_load(&host.slots[slot].sessions);
}

static inline unsigned slot_of(const char *sid)
{
    struct sio_place place = {.slot = 99};
    CHECK_EQ_INT(sio_id_place(sio_slice_str(sid), &place), 0);
    return place.slot;
}

#include "worker_user.h"

#endif
