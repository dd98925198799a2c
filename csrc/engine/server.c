// SPDX-License-Identifier: MIT
/* Requests to sessions. Stands on handshake, session_in.h and net/http_conn; worker/front calls it.
 *
 * Invariant: a sid is in the map exactly as long as its session is not CLOSED, so a request that
 * finds nothing is answered "Session ID unknown" from the very end of a session on.
 */
#include "engine/server.h"

#include "base/log.h"
#include "base/mem.h"
#include "codec/query.h"
#include "engine/handshake.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

/* ---- the end of a tick ----------------------------------------------------------------------- */

static void flush_dirty(void *ctx)
{
    struct eio_server *e = ctx;
    struct sio_list batch, *node;
    sio_list_take(&e->dirty, &batch);
    while ((node = sio_list_first(&batch)) != NULL) {
        sio_list_remove(node);
        eio_session_flush(SIO_CONTAINER_OF(node, struct eio_session, dirty));
    }
}

void eio_server_mark(struct eio_server *e, struct eio_session *s)
{
    if (!sio_list_empty(&s->dirty))
        return;
    sio_list_append(&e->dirty, &s->dirty);
    sio_loop_defer(e->loop, &e->flush);
}

static void before_block(void *ctx)
{
    struct eio_server *e = ctx;
    if (!sio_list_empty(&e->inboxes))
        sio_loop_do_not_block(e->loop);
}

/* Once per turn, after the poll: the others' packets come between the parts of a long body. */
static void after_block(void *ctx)
{
    struct eio_server *e = ctx;
    struct sio_list batch, *node;
    sio_list_take(&e->inboxes, &batch);
    while ((node = sio_list_first(&batch)) != NULL) {
        sio_list_remove(node);
        eio_polling_resume(node);
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

static void heartbeat_init(struct eio_server *e)
{
    const struct eio_options *o = &e->options;
    e->heartbeat.loop = e->loop;
    e->heartbeat.on_due = eio_session_on_due;
    e->heartbeat.after_ms[EIO_DUE_PING] = o->ping_interval_ms;
    e->heartbeat.after_ms[EIO_DUE_PONG] = o->ping_timeout_ms;
    e->heartbeat.after_ms[EIO_DUE_SILENCE] = o->ping_interval_ms + o->ping_timeout_ms;
    e->heartbeat.after_ms[EIO_DUE_CLOSE] = o->close_timeout_ms;
    e->heartbeat.after_ms[EIO_DUE_OPEN] = EIO_OPEN_HOLD_MS;
    e->heartbeat.after_ms[EIO_DUE_PROBE] = o->upgrade_timeout_ms;
    e->heartbeat.after_ms[EIO_DUE_PRESSURE] = o->pressure_timeout_ms;
    e->heartbeat.after_ms[EIO_DUE_PART] = o->message_timeout_ms;
    eio_heartbeat_init(&e->heartbeat);
}

static struct sio_slice sid_of(const struct sio_index_node *n)
{
    const struct eio_session *s = SIO_CONTAINER_OF(n, const struct eio_session, by_sid);
    return sio_slice(s->sid, s->sid_len);
}

struct eio_server *eio_server_new(struct sio_loop *loop, const struct eio_options *options,
                                  const struct eio_server_events *events, void *owner)
{
    static const struct sio_slice probe = {"probe", 5};
    struct eio_server *e = sio_calloc(1, sizeof *e);
    e->loop = loop;
    e->options = *options;
    e->path = sio_slice_str(e->options.path);
    sio_index_init(&e->sessions, sid_of);
    e->events = events;
    e->owner = owner;
    e->ping = eio_msg_text(EIO_PING, NULL, 0);
    e->pong = eio_msg_text(EIO_PONG, NULL, 0);
    e->pong_probe = eio_msg_text(EIO_PONG, &probe, 1);
    e->noop = eio_msg_text(EIO_NOOP, NULL, 0);
    e->close = eio_msg_text(EIO_CLOSE, NULL, 0);
    e->ping.plain = e->pong.plain = e->pong_probe.plain = e->noop.plain = e->close.plain = true;
    e->hook = (struct sio_hook){.before_block = before_block, .after_block = after_block, .ctx = e};
    sio_list_init(&e->dirty);
    sio_list_init(&e->inboxes);
    sio_list_init(&e->gates);
    sio_task_init(&e->flush, flush_dirty, e);
    sio_loop_add_hook(loop, &e->hook);
    heartbeat_init(e);
    eio_opening_init(e);
    e->compress = eio_compress_new(loop, options);
    return e;
}

static void server_free(void *object)
{
    struct eio_server *e = object;
    sio_index_fini(&e->sessions);
    sio_buf_fini(&e->scratch);
    eio_compress_free(e->compress);
    eio_opening_fini(e);
    sio_blob_unref(e->ping.frame);
    sio_blob_unref(e->pong.frame);
    sio_blob_unref(e->pong_probe.frame);
    sio_blob_unref(e->noop.frame);
    sio_blob_unref(e->close.frame);
    sio_free(e);
}

static void on_timer_closed(uv_handle_t *h)
{
    struct eio_server *e = h->data;
    sio_loop_bury(e->loop, &e->grave, server_free, e); /* behind the sessions */
    if (e->on_closed != NULL)
        e->on_closed(e->closed_ctx);
}

static void end_session(void *ctx, struct eio_session *s)
{
    (void)ctx;
    eio_session_end(s, EIO_FORCED_CLOSE, NULL);
}

void eio_server_close(struct eio_server *e, sio_loop_fn on_closed, void *ctx)
{
    if (e->closing)
        return;
    e->closing = true;
    e->on_closed = on_closed;
    e->closed_ctx = ctx;
    eio_gate_close_all(e);
    eio_server_each(e, end_session, NULL);
    sio_task_cancel(&e->flush);
    sio_loop_remove_hook(&e->hook);
    eio_heartbeat_close(&e->heartbeat, on_timer_closed, e);
}

void eio_server_depart(struct eio_server *e)
{
    e->departing = true;
}

/* ---- sessions -------------------------------------------------------------------------------- */

void eio_server_add(struct eio_server *e, struct eio_session *s)
{
    struct sio_stats *stats = e->loop->stats;
    sio_index_add(&e->sessions, &s->by_sid);
    sio_stats_up(stats, SIO_STAT_CONNECTIONS);
    sio_stats_up(stats, eio_session_stat(s));
}

void eio_server_count_close(const struct eio_session *s, enum eio_reason reason)
{
    struct sio_stats *stats = s->server->loop->stats;
    static const enum sio_stat closed[] = {
#define X(name, text) SIO_STAT_CLOSED_##name,
        EIO_REASON_MAP(X)
#undef X
    };
    sio_stats_down(stats, eio_session_stat(s));
    sio_stats_up(stats, closed[reason]);
}

void eio_server_forget(struct eio_server *e, struct eio_session *s)
{
    sio_index_remove(&e->sessions, &s->by_sid);
}

struct eio_session *eio_server_find(const struct eio_server *e, struct sio_slice sid)
{
    struct sio_index_node *found = sio_index_get(&e->sessions, sid);
    return found != NULL ? SIO_CONTAINER_OF(found, struct eio_session, by_sid) : NULL;
}

size_t eio_server_count(const struct eio_server *e)
{
    return e->sessions.count;
}

size_t eio_server_waiting(const struct eio_server *e)
{
    return e->n_waiting;
}

void eio_server_each(struct eio_server *e, void (*fn)(void *ctx, struct eio_session *s), void *ctx)
{
    size_t n = 0;
    struct eio_session **all = sio_alloc((e->sessions.count + 1) * sizeof(struct eio_session *));
    for (struct sio_index_node *at = NULL; (at = sio_index_next(&e->sessions, at)) != NULL;)
        all[n++] = SIO_CONTAINER_OF(at, struct eio_session, by_sid);
    for (size_t i = 0; i < n; i++)
        if (all[i]->state != EIO_STATE_CLOSED)
            fn(ctx, all[i]);
    sio_free(all);
}

/* ---- requests -------------------------------------------------------------------------------- */

bool eio_server_matches(const struct eio_server *e, struct sio_slice path)
{
    return sio_slice_starts(path, e->path);
}

struct sio_slice eio_server_request_sid(const struct sio_http_request *r)
{
    struct sio_slice sid = sio_query_get(r->query, SIO_LIT("sid"));
    return sid.len != 0 ? sid : sio_slice(NULL, 0);
}

/* Behind the engine's own path, which it begins with. */
static bool has_dot_segments(const struct eio_server *e, struct sio_slice path)
{
    if (path.len == e->path.len)
        return false;
    return memmem(path.p, path.len, "/../", 4) != NULL ||
           memmem(path.p, path.len, "/./", 3) != NULL;
}

static void serve_upgrade(struct sio_http_conn *c, const struct eio_request *q,
                          struct eio_session *s)
{
    bool base64 = eio_dialect_wants_base64(q->http);
    struct sio_slice rest;
    struct sio_conn *stream;
    if (!eio_hooks_welcome(s, c, q))
        return;
    stream = eio_handshake_upgrade(c, q, &rest);
    if (stream == NULL)
        return;
    if (!eio_upgrade_possible(s)) {
        eio_websocket_reject(stream, rest, s->server->options.max_http_buffer_size);
        return;
    }
    s->dialect.websocket_base64 = base64;
    eio_upgrade_begin(s, stream, &q->terms, rest);
}

static void serve_known(struct sio_http_conn *c, const struct eio_request *q, struct eio_session *s)
{
    static const struct sio_http_field allow = {{"Allow", 5}, {"GET, POST", 9}};
    if (q->upgrade) {
        serve_upgrade(c, q, s);
    } else if (sio_slice_eq(q->http->method, SIO_LIT("GET"))) {
        eio_polling_get(s, c, q);
    } else if (sio_slice_eq(q->http->method, SIO_LIT("POST"))) {
        eio_polling_post(s, c, q);
    } else {
        sio_http_respond(
            c, &(struct sio_http_response){.status = 405, .fields = &allow, .n_fields = 1});
    }
}

static bool has_room(struct eio_server *e)
{
    if (e->sessions.count < e->options.max_sessions)
        return true;
    sio_log_limited(SIO_LOG_WARN, "eio max_sessions",
                    "engine: max_sessions %zu reached, handshakes are answered 503",
                    e->options.max_sessions);
    return false;
}

static void serve_new(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q)
{
    char made[SIO_ID_LEN + 1];
    const char *sid = made;
    if (q->id != NULL && q->id[0] != '\0')
        sid = q->id;
    else
        sio_id_new(e->options.place, made);
    if (has_room(e))
        eio_hooks_headers(e, c, q, sid);
    if (e->closing || e->sessions.count >= e->options.max_sessions)
        sio_http_respond(c, &(struct sio_http_response){.status = 503, .close = true});
    else
        eio_opening_serve(e, c, q, sid);
}

void eio_server_serve(struct eio_server *e, struct sio_http_conn *c, struct eio_request *q,
                      struct eio_session *s)
{
    const char *error;
    if (q->upgrade && eio_handshake_check_websocket(&e->options, q, &error) != 0)
        eio_hooks_refuse_websocket(e, c, q, error);
    else if (s != NULL)
        serve_known(c, q, s);
    else
        serve_new(e, c, q);
}

bool eio_server_admit(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q,
                      struct eio_session **s)
{
    struct eio_refused why;
    *s = q->sid.p != NULL ? eio_server_find(e, q->sid) : NULL;
    if (*s != NULL && eio_session_overdue(*s))
        *s = NULL;
    why = eio_handshake_check(&e->options, q, *s);
    if (why.code != EIO_ACCEPTED)
        eio_hooks_refuse(e, c, q, &why);
    else if (has_dot_segments(e, q->http->path))
        sio_http_respond(c, &(struct sio_http_response){.status = 404});
    else
        return true;
    return false;
}

bool eio_server_admit_version(struct eio_server *e, struct sio_http_conn *c,
                              const struct eio_request *q)
{
    struct eio_refused why = eio_handshake_check_version(&e->options, q);
    if (why.code == EIO_ACCEPTED)
        return true;
    eio_hooks_refuse(e, c, q, &why);
    return false;
}

/* Nobody wants to decide: all in one go, without a copy. */
static void serve_now(struct eio_server *e, struct sio_http_conn *c,
                      const struct sio_http_request *r)
{
    struct eio_session *s;
    struct eio_request q;
    eio_request_init(&q, r);
    if (eio_server_admit(e, c, &q, &s) && (s != NULL || eio_server_admit_version(e, c, &q)))
        eio_server_serve(e, c, &q, s);
    eio_request_fini(&q);
}

/* Before anything is asked of the application. */
static bool too_many_handshakes(struct sio_http_conn *c, const struct sio_http_request *r)
{
    static const struct sio_http_field retry_after = {{"Retry-After", 11}, {"1", 1}};
    if (!sio_http_conn_counts_shakes(c) || eio_server_request_sid(r).p != NULL ||
        sio_http_conn_may_shake(c, r))
        return false;
    sio_http_respond(c, &(struct sio_http_response){
                            .status = 429, .fields = &retry_after, .n_fields = 1, .close = true});
    return true;
}

/* Only middlewares see the requests of sessions; the other hooks are for handshakes. */
static bool wants_gate(const struct eio_server *e, const struct sio_http_request *r)
{
    unsigned wants = e->wants & EIO_WANT_GATE;
    return (wants & EIO_WANT_MIDDLEWARES) || (wants != 0 && eio_server_request_sid(r).p == NULL);
}

void eio_server_handle(struct eio_server *e, struct sio_http_conn *c,
                       const struct sio_http_request *r)
{
    if (e->closing)
        sio_http_respond(c, &(struct sio_http_response){.status = 503, .close = true});
    else if (too_many_handshakes(c, r) || (e->departing && eio_leave_answer(e, c, r)))
        return;
    else if (wants_gate(e, r))
        eio_gate_open(e, c, r);
    else
        serve_now(e, c, r);
}
