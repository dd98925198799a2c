// SPDX-License-Identifier: MIT
/* The way out of an HTTP connection: answers, the decision who answers, and leaving HTTP.
 *
 * Stands on http_in.h and codec/http_write. Invariant: a request gets one head, whose Connection
 * field says what then happens.
 */
#include "net/http_in.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "codec/http_write.h"

#include <stdio.h>

static bool has_date(const struct sio_http_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sio_slice_eq_nocase(fields[i].name, SIO_LIT("Date")))
            return true;
    return false;
}

/* The clock of the day is asked once a second. */
static void renew_date(struct sio_http_server *s, uint64_t now_ms)
{
    char date[SIO_HTTP_DATE_LEN + 1];
    uint64_t wall_ms = sio_clock_wall_ms();
    sio_http_write_date(date, (int64_t)(wall_ms / 1000));
    snprintf(s->date, sizeof s->date, "Date: %s\r\n\r\n", date);
    s->date_until_ms = now_ms + 1000 - wall_ms % 1000;
}

/* In front of the empty line that ends the head. */
static void append_date(struct sio_http_server *s)
{
    uint64_t now_ms = sio_loop_now(s->loop);
    if (now_ms >= s->date_until_ms)
        renew_date(s, now_ms);
    s->scratch.len -= 2;
    sio_buf_append(&s->scratch, s->date, SIO_HTTP_DATE_LINE_LEN);
}

int sio_http_reply_head(struct sio_http_server *s, struct sio_conn *stream, int status,
                        const struct sio_http_response *r, const struct sio_http_fields *added,
                        uint64_t body_len, bool keep_alive)
{
    size_t n = r->n_fields;
    struct sio_http_field *joined =
        added != NULL ? sio_http_fields_join(added, r->fields, &n) : NULL;
    const struct sio_http_field *fields = joined != NULL ? joined : r->fields;
    int err = SIO_EINVAL;
    sio_buf_clear(&s->scratch);
    if (r->ready.p != NULL && joined == NULL) {
        sio_http_write_ready_head(&s->scratch, r->ready, body_len, keep_alive);
        err = 0;
    } else if (status >= 200) {
        err = sio_http_write_head(&s->scratch, status, fields, n, body_len, keep_alive);
    }
    if (err == 0 && s->dated && !has_date(fields, n))
        append_date(s);
    if (err == 0)
        sio_conn_write(stream, sio_buf_slice(&s->scratch));
    sio_free(joined);
    return err;
}

/* A body that nobody wanted is read to its end when that is cheap; a client that waits for 100 may
 * send its body or not, so the connection cannot go on. */
bool sio_http_reply_may_go_on(const struct sio_http_conn *c, const struct sio_http_response *r)
{
    bool unread = c->intake == SIO_HTTP_INTAKE_HELD || c->intake == SIO_HTTP_INTAKE_BODY;
    if (!c->keep_alive || r->close || c->server->draining || c->server->closing)
        return false;
    return !unread || (!c->want_continue && c->content_length <= SIO_HTTP_DRAIN_MAX);
}

bool sio_http_reply_has_body(const struct sio_http_conn *c, int status)
{
    return !c->head_only && status != 204 && status != 304;
}

static void write_body(struct sio_http_conn *c, const struct sio_http_response *r)
{
    if (!sio_http_reply_has_body(c, r->status))
        return;
    if (r->blob != NULL)
        sio_conn_write_blob(c->stream, r->blob, r->blob_from);
    else
        sio_conn_write(c->stream, r->body);
}

static size_t body_length(const struct sio_http_response *r)
{
    if (r->blob == NULL)
        return r->body.len;
    return r->blob->len > r->blob_from ? r->blob->len - r->blob_from : 0;
}

static void begin_drain(struct sio_http_conn *c)
{
    c->intake = SIO_HTTP_INTAKE_DRAIN;
    c->max_body = SIO_HTTP_DRAIN_MAX;
    c->part = sio_slice(NULL, 0);
    sio_buf_fini(&c->body);
    sio_http_conn_set_deadline(c, c->server->limits.body_timeout_ms);
    sio_http_conn_resume(c);
}

int sio_http_respond(struct sio_http_conn *c, const struct sio_http_response *r)
{
    bool keep_alive;
    int err;
    if (c->gone || c->answered || c->intake == SIO_HTTP_INTAKE_HEAD)
        return SIO_ECLOSED;
    keep_alive = sio_http_reply_may_go_on(c, r);
    err = sio_http_reply_head(c->server, c->stream, r->status, r, c->added, body_length(r),
                              keep_alive);
    if (err == 0) {
        write_body(c, r);
    } else {
        const struct sio_http_response none = {0};
        keep_alive = false;
        sio_http_reply_head(c->server, c->stream, 500, &none, c->added, 0, false);
    }
    c->answered = true;
    c->handler = NULL;
    if (!keep_alive)
        sio_http_conn_finish(c);
    else if (c->intake == SIO_HTTP_INTAKE_DONE)
        sio_http_conn_next(c);
    else
        begin_drain(c);
    return err;
}

void sio_http_respond_text(struct sio_http_conn *c, int status, const char *type, const char *body)
{
    struct sio_http_field field = {SIO_LIT("Content-Type"), {NULL, 0}};
    struct sio_http_response r = {.status = status};
    if (type != NULL) {
        field.value = sio_slice_str(type);
        r.fields = &field;
        r.n_fields = 1;
    }
    if (body != NULL)
        r.body = sio_slice_str(body);
    sio_http_respond(c, &r);
}

void sio_http_accept(struct sio_http_conn *c, const struct sio_http_handler *h, void *self,
                     size_t max_body)
{
    if (c->gone || c->answered || c->intake == SIO_HTTP_INTAKE_HEAD)
        return;
    c->handler = h;
    c->self = self;
    if (!c->has_body) {
        if (h->on_body != NULL)
            h->on_body(self, c, sio_slice(NULL, 0));
        return;
    }
    c->max_body = max_body;
    if (c->content_length > max_body) {
        sio_http_conn_refuse(c, 413, SIO_ETOOBIG);
        return;
    }
    c->intake = SIO_HTTP_INTAKE_BODY;
    sio_http_conn_set_deadline(c, c->server->limits.body_timeout_ms);
    if (c->want_continue && c->in.len == 0 &&
        c->pending.len == 0) /* else the body is coming already */
        sio_conn_write(c->stream, SIO_LIT("HTTP/1.1 100 Continue\r\n\r\n"));
    c->want_continue = false;
    sio_http_conn_resume(c);
}

void sio_http_hold(struct sio_http_conn *c, const struct sio_http_handler *h, void *self)
{
    if (c->gone || c->answered || c->intake == SIO_HTTP_INTAKE_HEAD)
        return;
    c->handler = h;
    c->self = self;
}

void sio_http_answer_within(struct sio_http_conn *c, uint64_t timeout_ms)
{
    if (!c->gone && !c->answered && c->intake == SIO_HTTP_INTAKE_DONE)
        sio_http_conn_set_deadline(c, timeout_ms);
}

int sio_http_add_field(struct sio_http_conn *c, struct sio_slice name, struct sio_slice value)
{
    if (c->gone || c->answered || c->intake == SIO_HTTP_INTAKE_HEAD)
        return SIO_ECLOSED;
    return sio_http_fields_add(&c->added, name, value);
}

const struct sio_http_fields *sio_http_added(const struct sio_http_conn *c)
{
    return c->added;
}

/* ---- leaving --------------------------------------------------------------------------------- */

void sio_http_abort(struct sio_http_conn *c)
{
    if (c->gone)
        return;
    sio_conn_close(c->stream);
    sio_http_conn_drop(c);
}

void sio_http_release(struct sio_http_conn *c)
{
    sio_http_abort(c); /* close(2) is all that this does to the descriptor */
}

struct sio_conn *sio_http_upgrade(struct sio_http_conn *c, struct sio_slice *rest)
{
    if (c->gone)
        return NULL;
    *rest = c->running ? c->in : sio_buf_slice(&c->pending);
    sio_http_conn_drop(c);
    return c->stream;
}

int sio_http_conn_fd(const struct sio_http_conn *c)
{
    return c->gone ? -1 : sio_conn_fd(c->stream);
}

void sio_http_conn_bytes(const struct sio_http_conn *c, struct sio_buf *out)
{
    sio_buf_append_slice(out, c->parser.request.head);
    sio_buf_append_slice(out, c->in);
}

unsigned sio_http_conn_hops(const struct sio_http_conn *c)
{
    return c->hops;
}

struct sio_conn *sio_http_conn_stream(const struct sio_http_conn *c)
{
    return c->stream;
}
