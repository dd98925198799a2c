// SPDX-License-Identifier: MIT
/* The way in of an HTTP connection: bytes to requests and bodies, and what happens when they stop.
 *
 * Stands on conn and codec/http_parse; see http_in.h for the states. The way out is http_reply.c,
 * the set of connections http_server.c. Invariant: outside of on_request an unanswered request has
 * a handler; the parser is not fed while a body's fate or an answer is open.
 */
#include "net/http_in.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/http_write.h"

void sio_http_conn_set_deadline(struct sio_http_conn *c, uint64_t timeout_ms)
{
    c->deadline_ms = sio_loop_now(c->server->loop) + timeout_ms;
}

bool sio_http_conn_quiet(const struct sio_http_conn *c)
{
    return c->intake == SIO_HTTP_INTAKE_HEAD && c->parser.state == SIO_HTTP_AT_START &&
           c->pending.len == 0;
}

/* ---- ends ------------------------------------------------------------------------------------ */

void sio_http_conn_free(void *object)
{
    struct sio_http_conn *c = object;
    sio_http_parser_fini(&c->parser);
    sio_buf_fini(&c->pending);
    sio_buf_fini(&c->body);
    sio_http_fields_free(c->added);
    sio_free(c);
}

void sio_http_conn_tell_gone(struct sio_http_conn *c, int err)
{
    const struct sio_http_handler *h = c->handler;
    c->handler = NULL;
    if (h != NULL && h->on_gone != NULL)
        h->on_gone(c->self, c, err);
}

void sio_http_conn_finish(struct sio_http_conn *c)
{
    sio_conn_finish(c->stream);
    sio_http_conn_drop(c);
}

void sio_http_conn_reset(struct sio_http_conn *c)
{
    sio_conn_reset(c->stream);
    sio_http_conn_drop(c);
}

void sio_http_conn_refuse(struct sio_http_conn *c, int status, int err)
{
    static const struct sio_http_field allow = {{"Allow", 5}, {"", 0}}; /* a 405 has to name some */
    const char *reason = sio_http_reason(status);
    const struct sio_http_response r = {.fields = &allow, .n_fields = status == 405};
    sio_log_limited(SIO_LOG_INFO, reason, "http: request refused: %d %s", status, reason);
    if (!c->answered)
        sio_http_reply_head(c->server, c->stream, status, &r, c->added, 0, false);
    sio_http_conn_finish(c);
    sio_http_conn_tell_gone(c, err);
}

/* Only who is owed an answer is waited for: others could hold the server open by sending nothing.
 */
void sio_http_conn_close(struct sio_http_conn *c)
{
    if (c->intake == SIO_HTTP_INTAKE_BODY)
        sio_http_conn_refuse(c, 503, SIO_ECLOSED);
    else if (c->intake != SIO_HTTP_INTAKE_HELD && c->intake != SIO_HTTP_INTAKE_DONE)
        sio_http_conn_finish(c);
}

/* ---- requests -------------------------------------------------------------------------------- */

void sio_http_conn_resume(struct sio_http_conn *c)
{
    if (!c->running && c->pending.len != 0)
        sio_loop_defer(c->server->loop, &c->end.resume);
}

/* With a body, only when the parser comes to its end; without, at once. */
void sio_http_conn_next(struct sio_http_conn *c)
{
    if (c->intake != SIO_HTTP_INTAKE_DONE || !c->answered || c->streaming)
        return;
    c->intake = SIO_HTTP_INTAKE_HEAD;
    c->answered = false;
    c->idle = true;
    c->hops = 0;
    c->unread = SIZE_MAX;
    sio_http_fields_free(c->added);
    c->added = NULL;
    sio_http_conn_set_deadline(c, c->server->limits.keep_alive_timeout_ms);
    sio_http_conn_resume(c);
}

static void begin_request(struct sio_http_conn *c, const struct sio_http_request *r)
{
    c->intake = r->has_body ? SIO_HTTP_INTAKE_HELD : SIO_HTTP_INTAKE_DONE;
    c->content_length = r->content_length;
    c->has_body = r->has_body;
    c->head_only = sio_slice_eq(r->method, SIO_LIT("HEAD"));
    c->old = r->minor == 0;
    c->want_continue = r->expect_continue && r->has_body;
    /* Who asked for another protocol and is answered in HTTP may send either next. */
    c->keep_alive = r->keep_alive && !r->upgrade;
    c->idle = false;
    c->deadline_ms = 0;
}

/* The answer may have come already; the request's slices are in use until here. */
static void on_head(struct sio_http_conn *c)
{
    struct sio_http_server *s = c->server;
    struct sio_slice nothing = {NULL, 0};
    begin_request(c, &c->parser.request);
    sio_stats_up(sio_conn_loop(c->stream)->stats, SIO_STAT_HTTP_REQUESTS);
    s->events->on_request(s->owner, c, &c->parser.request);
    if (c->gone) {
        sio_http_parser_fini(&c->parser); /* others of this tick may have the table of fields */
        return;
    }
    if (c->handler == NULL && !c->answered && c->intake != SIO_HTTP_INTAKE_HEAD) {
        sio_log(SIO_LOG_ERROR, "http: nobody took a request");
        sio_http_respond_text(c, 500, NULL, NULL);
    }
    if (!c->gone && !c->has_body)
        sio_http_parse(&c->parser, &nothing); /* END: frees the head while the answer is pending */
}

static bool over_limit(const struct sio_http_conn *c, size_t more)
{
    size_t had = c->body.len + c->part.len;
    return had > c->max_body || more > c->max_body - had;
}

/* A piece stays where it lies until the next one or the end of the input: most bodies come whole.
 */
static void keep_part(struct sio_http_conn *c)
{
    sio_buf_append_slice(&c->body, c->part);
    c->part = sio_slice(NULL, 0);
}

static void on_body_part(struct sio_http_conn *c)
{
    struct sio_slice part = c->parser.body;
    bool draining = c->intake == SIO_HTTP_INTAKE_DRAIN;
    if (over_limit(c, part.len) && draining) {
        sio_http_conn_finish(c);
    } else if (over_limit(c, part.len)) {
        sio_http_conn_refuse(c, 413, SIO_ETOOBIG);
    } else if (draining) {
        c->max_body -= part.len;
    } else {
        keep_part(c);
        c->part = part;
    }
}

static void on_end(struct sio_http_conn *c)
{
    struct sio_slice body = c->part;
    if (c->body.len != 0) {
        keep_part(c);
        body = sio_buf_slice(&c->body);
    }
    c->part = sio_slice(NULL, 0);
    c->intake = SIO_HTTP_INTAKE_DONE;
    c->deadline_ms = 0;
    if (c->handler != NULL && c->handler->on_body != NULL)
        c->handler->on_body(c->self, c, body);
    if (c->gone)
        return;
    sio_buf_fini(&c->body);
    sio_http_conn_next(c);
}

/* Before the next head is looked at, earlier answers must be with the kernel: the request may have
 * to leave with the connection, and a client that reads nothing gets nothing more done. */
static bool may_parse(struct sio_http_conn *c)
{
    if (c->gone)
        return false;
    switch (c->intake) {
    case SIO_HTTP_INTAKE_HEAD:
        return c->in.len != 0 && sio_conn_flush(c->stream);
    case SIO_HTTP_INTAKE_BODY:
    case SIO_HTTP_INTAKE_DRAIN:
        return true;
    default:
        return false;
    }
}

static void on_parse_error(struct sio_http_conn *c)
{
    int status = c->parser.status;
    sio_http_conn_refuse(c, status, status == 413 ? SIO_ETOOBIG : SIO_ECLOSED);
}

static void run(struct sio_http_conn *c)
{
    bool more = true;
    c->running = true;
    while (more && may_parse(c)) {
        switch (sio_http_parse(&c->parser, &c->in)) {
        case SIO_HTTP_HEAD:
            on_head(c);
            break;
        case SIO_HTTP_BODY:
            on_body_part(c);
            break;
        case SIO_HTTP_END:
            on_end(c);
            break;
        case SIO_HTTP_ERROR:
            on_parse_error(c);
            break;
        case SIO_HTTP_MORE:
            more = false;
            break;
        }
    }
    c->running = false;
}

/* Everything that has arrived goes through the parser, as far as it may; the rest is kept. */
static void feed(struct sio_http_conn *c, struct sio_slice data)
{
    bool kept = c->pending.len != 0;
    if (kept)
        sio_buf_append_slice(&c->pending, data);
    c->in = kept ? sio_buf_slice(&c->pending) : data;
    run(c);
    if (c->gone)
        return;
    keep_part(c);
    if (kept)
        sio_buf_consume(&c->pending, c->pending.len - c->in.len);
    else
        sio_buf_append_slice(&c->pending, c->in);
    c->in = sio_slice(NULL, 0);
    if (c->pending.len == 0)
        sio_buf_fini(&c->pending);
    if (c->pending.len > SIO_HTTP_PENDING_MAX)
        sio_conn_read_stop(c->stream);
    if (c->idle && !sio_http_conn_quiet(c)) {
        c->idle = false;
        sio_http_conn_set_deadline(c, c->server->limits.head_timeout_ms);
    }
}

static void on_resume(void *ctx)
{
    struct sio_http_conn *c = ctx;
    if (c->streaming) {
        sio_http_stream_drained(c);
        return;
    }
    feed(c, sio_slice(NULL, 0));
    if (!c->gone && c->pending.len <= SIO_HTTP_PENDING_MAX)
        sio_conn_read_start(c->stream);
}

/* ---- the stream's events --------------------------------------------------------------------- */

static void on_data(void *owner, struct sio_conn *stream, struct sio_slice data)
{
    (void)stream;
    feed(owner, data);
}

static void on_close(void *owner, struct sio_conn *stream, int err)
{
    struct sio_http_conn *c = owner;
    (void)stream;
    (void)err;
    sio_http_conn_drop(c);
    sio_http_conn_tell_gone(c, SIO_ECLOSED);
}

static void on_drain(void *owner, struct sio_conn *stream)
{
    struct sio_http_conn *c = owner;
    (void)stream;
    if (c->idle)
        sio_http_conn_set_deadline(c, c->server->limits.keep_alive_timeout_ms);
    if (c->streaming || c->pending.len != 0)
        on_resume(c);
}

const struct sio_conn_events sio_http_conn_events = {on_data, on_close, on_drain};

static bool begins_with_tls(const struct sio_http_conn *c)
{
    return c->hops == 0 && c->server->tls != NULL;
}

/* With TLS an answer would cost the handshake. */
static void turn_away(struct sio_http_conn *c)
{
    if (begins_with_tls(c))
        sio_http_conn_finish(c);
    else
        sio_http_conn_refuse(c, 429, SIO_ECLOSED);
}

static void fail_tls(struct sio_http_conn *c)
{
    sio_log_limited(SIO_LOG_WARN, "http tls", "http: OpenSSL is out of memory");
    sio_http_abort(c);
}

void sio_http_conn_begin(struct sio_http_conn *c, struct sio_slice bytes)
{
    c->intake = SIO_HTTP_INTAKE_HEAD;
    if (!sio_http_conn_admit(c)) {
        turn_away(c);
        return;
    }
    sio_conn_set_events(c->stream, &sio_http_conn_events, c);
    sio_conn_read_start(c->stream);
    if (!begins_with_tls(c))
        feed(c, bytes);
    else if (!sio_conn_encrypt(c->stream, c->server->tls, bytes))
        fail_tls(c);
}

void sio_http_conn_open(struct sio_http_server *s, struct sio_conn *stream,
                        const struct sio_arrival *a)
{
    struct sio_http_conn *c = sio_calloc(1, sizeof *c);
    c->server = s;
    c->stream = stream;
    c->hops = a->hops;
    c->unread = SIZE_MAX;
    sio_http_parser_init(&c->parser);
    c->parser.pool = &s->loop->http_pool;
    sio_task_init(&c->end.resume, on_resume, c);
    sio_list_init(&c->link);
    sio_list_append(&s->conns, &c->link);
    sio_http_conn_set_deadline(c, s->limits.head_timeout_ms);
    if (s->proxy_protocol && a->hops == 0)
        sio_http_conn_greet(c);
    else
        sio_http_conn_begin(c, a->bytes);
}

/* ---- deadlines ------------------------------------------------------------------------------- */

/* An answer that the client has not taken yet: as long as it reads, it may be slow. */
static bool still_reading(struct sio_http_conn *c)
{
    size_t left = sio_conn_unsent(c->stream);
    bool progress = left < c->unread;
    c->unread = left;
    return progress;
}

/* What the kernel has not been offered yet does not wait for the client, but for us. */
void sio_http_conn_expire(struct sio_http_conn *c)
{
    bool unread = !sio_conn_flush(c->stream);
    if (c->intake == SIO_HTTP_INTAKE_GREETING) {
        sio_http_conn_greet_late(c);
    } else if (c->intake == SIO_HTTP_INTAKE_BODY) {
        sio_http_conn_refuse(c, 408, SIO_ETIMEDOUT);
    } else if (unread && still_reading(c)) {
        sio_http_conn_set_deadline(c, c->server->limits.body_timeout_ms);
    } else if (unread) {
        sio_http_conn_reset(c);
        sio_http_conn_tell_gone(c, SIO_ETIMEDOUT); /* who streams */
    } else if (c->streaming) {
        c->deadline_ms = 0; /* its writer has all the time it wants */
    } else if (c->intake == SIO_HTTP_INTAKE_HEAD && !c->idle) {
        sio_http_conn_refuse(c, 408, SIO_ETIMEDOUT);
    } else {
        sio_http_conn_finish(c);
        sio_http_conn_tell_gone(c, SIO_ETIMEDOUT); /* who has not answered within its time */
    }
}
