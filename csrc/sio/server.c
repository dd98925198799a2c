// SPDX-License-Identifier: MIT
/* The server: its namespaces, the log's records coming in, the one timer, and the ends.
 *
 * Stands on client, fanout, recovery; called by the worker and bind. Invariant: the timer is armed
 * for the earliest of connect timeouts, acks, questions and parked sessions, or for something
 * earlier.
 */
#include "sio/server.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/answer.h"
#include "sio/chorus.h"
#include "sio/crowd.h"
#include "sio/keep.h"
#include "sio/parser.h"
#include "sio/recovery_in.h"
#include "sio/server_in.h"
#include "sio/socket_room.h"

void sio_server_options_default(struct sio_server_options *o)
{
    *o = (struct sio_server_options){.connect_timeout_ms = 45000,
                                     .nsps_per_client = 64,
                                     .rooms_per_socket = 10000,
                                     .acks_per_socket = 10000,
                                     .max_attachment_bytes = 1000000,
                                     .max_disconnection_ms = 120000,
                                     .max_missed_packets = 10000,
                                     .max_missed_bytes = 2 << 20,
                                     .skip_middlewares = true,
                                     .parser = &sio_parser_default};
}

/* ---- time ----------------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer)
{
    struct sio_server *s = timer->data;
    uint64_t now_ms = sio_loop_now(s->loop);
    s->armed_ms = 0;
    uint64_t due[] = {sio_client_expire(s, now_ms), sio_ack_expire(s, now_ms),
                      sio_ask_expire(s, now_ms), sio_keep_expire(s, now_ms)};
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        if (due[i] != 0)
            sio_server_wake_at(s, due[i]);
}

void sio_server_wake_at(struct sio_server *s, uint64_t due_ms)
{
    if (s->armed_ms != 0 && s->armed_ms <= due_ms)
        return;
    uint64_t now_ms = sio_loop_now(s->loop);
    s->armed_ms = due_ms;
    uv_timer_start(&s->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

struct tomb {
    struct sio_grave grave;
    void (*free_fn)(void *);
    void *object;
};

static void open_tomb(void *object)
{
    struct tomb *t = object;
    t->free_fn(t->object);
    sio_free(t);
}

void sio_server_bury(struct sio_server *s, void (*free_fn)(void *), void *object)
{
    struct tomb *t = sio_calloc(1, sizeof *t);
    t->free_fn = free_fn;
    t->object = object;
    sio_loop_bury(s->loop, &t->grave, open_tomb, t);
}

/* ---- the log -------------------------------------------------------------------------------- */

struct sio_buf sio_server_scratch(struct sio_server *s)
{
    struct sio_buf b = s->scratch;
    s->scratch = (struct sio_buf){0};
    return b;
}

void sio_server_scratch_back(struct sio_server *s, struct sio_buf *b)
{
    sio_buf_clear(b);
    if (b->cap > SIO_SCRATCH_KEEP_BYTES || s->scratch.p != NULL)
        sio_buf_fini(b);
    else
        s->scratch = *b;
}

int sio_server_publish(struct sio_server *s, struct sio_buf *record, unsigned flags)
{
    int err = s->backing.publish(s->backing.ctx, sio_buf_slice(record), flags);
    if (err != 0)
        sio_log_limited(SIO_LOG_WARN, "publish", "a record of %zu bytes was not taken: %s",
                        record->len, sio_err_text(err));
    sio_server_scratch_back(s, record);
    return err;
}

static void deliver_to(struct sio_nsp *n, const struct sio_record *r, uint64_t end,
                       struct sio_chorus *chorus)
{
    if (r->type == SIO_RECORD_JOIN || r->type == SIO_RECORD_LEAVE)
        sio_socket_room_apply(n, r, end);
    else if (r->type == SIO_RECORD_CROWD)
        sio_crowd_apply(n, r, end);
    else
        sio_fanout_deliver(n, r, end, chorus);
}

/* To the namespace of that name, or to the children of that parent. */
static void deliver_by_name(struct sio_server *s, const struct sio_record *r, uint64_t end)
{
    bool asks = r->type == SIO_RECORD_EVENT && (r->flags & SIO_RECORD_ASKS) != 0;
    struct sio_chorus *chorus = asks ? sio_chorus_new(s, r) : NULL;
    struct sio_nsp *n = sio_server_find_nsp(s, r->nsp);
    if (n != NULL) {
        deliver_to(n, r, end, chorus);
    } else if ((n = sio_map_get(&s->parents, r->nsp)) != NULL) {
        SIO_LIST_EACH (node, &n->children)
            deliver_to(SIO_CONTAINER_OF(node, struct sio_nsp, sibling), r, end, chorus);
    }
    if (chorus != NULL)
        sio_chorus_seal(chorus);
}

void sio_server_deliver(struct sio_server *s, struct sio_slice record, uint64_t end, bool own)
{
    struct sio_record r;
    if (sio_record_decode(record, &r) != 0) {
        sio_log_limited(SIO_LOG_ERROR, "deliver", "a record of %zu bytes is not ours", record.len);
        return;
    }
    if (own && (r.flags & SIO_RECORD_ASKS) != 0)
        sio_ask_written(s, &r);
    if (r.type == SIO_RECORD_QUESTION)
        sio_answer_question(s, sio_server_find_nsp(s, r.nsp), &r, record, own);
    else if (own || (r.flags & (SIO_EMIT_HERE | SIO_RECORD_HAS_ID)) == 0)
        deliver_by_name(s, &r, end);
}

/* ---- namespaces ----------------------------------------------------------------------------- */

struct sio_nsp *sio_server_find_nsp(const struct sio_server *s, struct sio_slice name)
{
    return sio_map_get(&s->nsps, name);
}

/* The namespace that a record names, or the parent. */
struct sio_nsp *sio_server_addressed(const struct sio_server *s, struct sio_slice name)
{
    struct sio_nsp *n = sio_map_get(&s->nsps, name);
    return n != NULL ? n : sio_map_get(&s->parents, name);
}

struct sio_nsp *sio_server_nsp(struct sio_server *s, struct sio_slice name)
{
    struct sio_nsp *n = sio_server_find_nsp(s, name);
    if (n != NULL || !sio_nsp_name_valid(name))
        return n;
    if (s->nsps.count >= SIO_NSPS_MAX) {
        sio_log_limited(SIO_LOG_WARN, "nsps", "there are %d namespaces: no more", SIO_NSPS_MAX);
        return NULL;
    }
    return sio_nsp_new(s, &s->nsps, name);
}

void sio_server_each_nsp(const struct sio_server *s, void (*fn)(void *ctx, struct sio_nsp *n),
                         void *ctx)
{
    const struct sio_map *maps[] = {&s->nsps, &s->parents};
    struct sio_nsp *n;
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
        for (size_t pos = 0; (n = sio_map_next(maps[i], &pos)) != NULL;)
            fn(ctx, n);
}

/* ---- clients -------------------------------------------------------------------------------- */

void sio_server_add_session(struct sio_server *s, struct eio_session *session)
{
    sio_client_new(s, session);
}

static void shut_client(void *ctx, struct sio_client *c)
{
    (void)ctx;
    sio_client_shut(c);
}

void sio_server_shutdown(struct sio_server *s)
{
    s->down = true;
    sio_client_each(s, shut_client, NULL);
    sio_watch_tell(s);
    sio_ask_shutdown(s);
}

static void lapped_client(void *ctx, struct sio_client *c)
{
    struct sio_server *s = ctx;
    static const struct sio_parting why = {.reason = "transport error", .detail = "lapped"};
    for (struct sio_socket *socket = c->sockets; socket != NULL; socket = socket->next)
        if (socket->keep != NULL)
            sio_keep_forget(s, socket->keep, true);
    eio_session_end(c->session, EIO_TRANSPORT_ERROR, why.detail);
    if (!c->closed)
        sio_client_part_all(c, &why);
}

void sio_server_lapped(struct sio_server *s)
{
    sio_log_limited(SIO_LOG_ERROR, "lapped",
                    "this worker fell behind by a whole log: its clients "
                    "have missed something and must connect anew");
    sio_client_each(s, lapped_client, s);
    sio_ask_lapped(s);
}

/* ---- beginning and end ---------------------------------------------------------------------- */

struct sio_server *sio_server_new(struct sio_loop *loop, const struct sio_server_options *options,
                                  const struct sio_backing *backing,
                                  const struct sio_server_events *events, void *owner)
{
    struct sio_server *s = sio_calloc(1, sizeof *s);
    s->loop = loop;
    s->options = *options;
    if (s->options.nsps_per_client > SIO_NSPS_PER_CLIENT_MAX)
        s->options.nsps_per_client = SIO_NSPS_PER_CLIENT_MAX;
    s->backing = *backing;
    s->events = events;
    s->owner = owner;
    sio_list_init(&s->unjoined);
    sio_list_init(&s->joined);
    sio_keep_init(s);
    sio_parent_init(s);
    sio_ask_init(s);
    sio_answer_init(s);
    sio_crowd_init(s);
    sio_watch_init(s);
    uv_timer_init(&loop->uv, &s->timer);
    s->timer.data = s;
    sio_nsp_new(s, &s->nsps, SIO_LIT("/"));
    return s;
}

static void on_timer_closed(uv_handle_t *handle)
{
    sio_free(handle->data);
}

void sio_server_free(struct sio_server *s)
{
    struct sio_nsp *n;
    s->down = true;
    sio_recovery_fini(s);
    sio_answer_fini(s);
    sio_crowd_fini(s);
    sio_watch_fini(s);
    sio_ask_fini(s);
    for (size_t pos = 0; (n = sio_map_next(&s->nsps, &pos)) != NULL;)
        sio_nsp_free(n);
    sio_map_fini(&s->nsps);
    sio_parent_fini(s);
    sio_ack_fini(&s->acks);
    sio_buf_fini(&s->scratch);
    uv_close((uv_handle_t *)&s->timer, on_timer_closed);
}
