// SPDX-License-Identifier: MIT
/* Long-polling requests. Stands on net/http_conn, codec/eio_payload and dialect.h; server.c hands
 * it the requests of known sessions, sessions send through its table.
 *
 * Invariant: get and post are requests that still want an answer; whoever answers or cuts one
 * clears the field first, because answering may let that connection's next request in.
 */
#include "engine/polling.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "codec/eio_jsonp.h"
#include "codec/eio_payload.h"
#include "engine/handshake.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

/* The rest of a long body. */
struct eio_inbox {
    struct sio_list link; /* in the server's inboxes */
    struct eio_session *session;
    struct sio_blob *body;
    struct eio_payload_reader reader;
};

static struct eio_polling *polling_of(struct eio_session *s)
{
    if (s->polling == NULL)
        s->polling = sio_calloc(1, sizeof *s->polling);
    return s->polling;
}

void eio_polling_leave(struct eio_session *s)
{
    const struct eio_polling *p = s->polling;
    if (p == NULL || p->get != NULL || p->post != NULL || p->inbox != NULL)
        return;
    sio_free(s->polling);
    s->polling = NULL;
}

static void polling_fail(struct eio_session *s, enum eio_reason reason, const char *detail)
{
    eio_session_on_error(s, &eio_polling, reason, detail);
}

/* ---- answers --------------------------------------------------------------------------------- */

#define TEXT "text/plain; charset=UTF-8"
#define HTML "text/html"
#define READY(type) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\ncache-control: no-store\r\n"

/* The fields that nearly all answers have, and no others, as they are written. */
static struct sio_slice ready_head(struct sio_slice type)
{
    if (sio_slice_eq(type, SIO_LIT(TEXT)))
        return SIO_LIT(READY(TEXT));
    return sio_slice_eq(type, SIO_LIT(HTML)) ? SIO_LIT(READY(HTML)) : sio_slice(NULL, 0);
}

/* `coding`: of the body, as it is in r. */
static void respond(const struct eio_session *s, struct sio_http_conn *c,
                    struct sio_http_response *r, struct sio_slice type, enum sio_coding coding)
{
    const struct eio_dialect *d = &s->dialect;
    struct sio_http_field fields[6] = {{SIO_LIT("Content-Type"), type},
                                       {SIO_LIT("cache-control"), SIO_LIT("no-store")}};
    r->n_fields = 2;
    if (d->jsonp != 0) /* the client chose a part of what is run */
        fields[r->n_fields++] =
            (struct sio_http_field){SIO_LIT("X-Content-Type-Options"), SIO_LIT("nosniff")};
    if (d->old_ie)
        fields[r->n_fields++] = (struct sio_http_field){SIO_LIT("X-XSS-Protection"), SIO_LIT("0")};
    if (coding != SIO_CODING_IDENTITY) {
        fields[r->n_fields++] =
            (struct sio_http_field){SIO_LIT("Content-Encoding"), sio_coding_name(coding)};
        fields[r->n_fields++] =
            (struct sio_http_field){SIO_LIT("Vary"), SIO_LIT("Accept-Encoding")};
    }
    if (r->n_fields == 2)
        r->ready = ready_head(type);
    r->status = 200;
    r->fields = fields;
    sio_http_respond(c, r);
}

static void respond_ok(const struct eio_session *s, struct sio_http_conn *c)
{
    struct sio_http_response r = {.body = SIO_LIT("ok")};
    respond(s, c, &r, SIO_LIT(HTML), SIO_CODING_IDENTITY);
}

static void respond_refused(struct sio_http_conn *c)
{
    struct sio_http_response r = {.status = 400, .close = true};
    sio_http_respond(c, &r);
}

/* Upstream's rule: one message that may be compressed makes it of all. */
static bool may_compress(const struct eio_msg *msgs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!msgs[i].plain)
            return true;
    return false;
}

/* `of`: the frame whose packet the body is, or NULL. */
static void respond_body(const struct eio_session *s, struct sio_http_conn *c,
                         struct sio_http_response *r, struct sio_slice type, bool compress,
                         struct sio_blob *of)
{
    enum sio_coding coding = (enum sio_coding)s->polling->coding;
    struct sio_slice body = of ? sio_slice_from(sio_blob_slice(of), r->blob_from) : r->body;
    struct sio_blob *coded = NULL;
    if (compress && coding != SIO_CODING_IDENTITY)
        coded = eio_compress_body(s->server->compress, coding, of, body);
    if (coded != NULL) {
        r->blob = coded;
        r->blob_from = 0;
    }
    respond(s, c, r, type, coded ? coding : SIO_CODING_IDENTITY);
    sio_blob_unref(coded);
}

/* One payload. */
static void respond_messages(const struct eio_session *s, struct sio_http_conn *c,
                             const struct eio_msg *msgs, size_t n)
{
    struct eio_server *e = s->server;
    const struct eio_dialect *d = &s->dialect;
    bool compress = may_compress(msgs, n);
    struct sio_http_response r = {0};
    struct sio_slice type;
    if (n == 1 && !msgs[0].binary && eio_dialect_plain(d)) {
        r.blob = msgs[0].frame; /* the usual case shares the broadcast's bytes */
        r.blob_from = msgs[0].head;
        respond_body(s, c, &r, SIO_LIT(TEXT), compress, msgs[0].frame);
        return;
    }
    sio_buf_clear(&e->scratch);
    type = eio_dialect_append(d, &e->scratch, msgs, n);
    r.body = sio_buf_slice(&e->scratch);
    respond_body(s, c, &r, type, compress, NULL);
    if (e->scratch.cap > EIO_SCRATCH_KEPT)
        sio_buf_fini(&e->scratch);
}

static void note_coding(struct eio_session *s, const struct sio_http_request *r)
{
    polling_of(s)->coding = (uint8_t)eio_compress_coding(s->server->compress, r);
}

void eio_polling_open(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q,
                      const struct eio_msg *msgs, size_t n)
{
    note_coding(s, q->http);
    respond_messages(s, c, msgs, n);
}

/* ---- GET ------------------------------------------------------------------------------------- */

static void on_get_gone(void *self, struct sio_http_conn *c, int err)
{
    struct eio_session *s = self;
    (void)c;
    s->polling->get = NULL;
    if (err == SIO_ECLOSED)
        polling_fail(s, EIO_TRANSPORT_ERROR, "poll connection closed prematurely");
}

static const struct sio_http_handler get_handler = {.on_gone = on_get_gone};

void eio_polling_get(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q)
{
    if (polling_of(s)->get != NULL) {
        polling_fail(s, EIO_TRANSPORT_ERROR, "overlap from client");
        respond_refused(c);
        return;
    }
    if (!eio_hooks_welcome(s, c, q))
        return;
    note_coding(s, q->http);
    s->polling->get = c;
    sio_http_accept(c, &get_handler, s, 0);
    if (s->polling->get == c)
        eio_session_on_poll(s);
}

/* ---- POST ------------------------------------------------------------------------------------ */

enum progress { MORE, DONE };

/* Delivers the next packets. DONE as well when the session wants no more. */
static enum progress deliver(struct eio_session *s, struct eio_payload_reader *r)
{
    struct eio_packet packet;
    for (int i = 0; i < EIO_INBOX_BATCH; i++) {
        int rc = eio_payload_next(r, &packet);
        if (rc < 0)
            polling_fail(s, EIO_PARSE_ERROR, NULL);
        if (rc <= 0 || !eio_session_on_packet(s, &eio_polling, &packet))
            return DONE;
    }
    return r->done ? DONE : MORE;
}

static void inbox_new(struct eio_session *s, struct sio_http_conn *c,
                      const struct eio_payload_reader *r)
{
    struct eio_inbox *in = sio_calloc(1, sizeof *in);
    in->session = s;
    in->body = sio_blob_new(r->rest);
    eio_payload_reader_init(&in->reader, r->form, sio_blob_slice(in->body));
    sio_list_init(&in->link);
    sio_list_append(&s->server->inboxes, &in->link);
    s->polling->inbox = in;
    s->polling->post = c;
}

static void inbox_free(struct eio_inbox *in)
{
    sio_list_remove(&in->link);
    eio_payload_reader_fini(&in->reader);
    sio_blob_unref(in->body);
    sio_free(in);
}

/* A body is answered 200 whatever it was, as upstream; what was wrong with it shows in the session.
 */
static void end_inbox(struct eio_session *s)
{
    struct eio_polling *p = s->polling;
    struct sio_http_conn *c = p->post;
    struct eio_inbox *in = p->inbox;
    p->post = NULL;
    p->inbox = NULL;
    inbox_free(in);
    if (c != NULL)
        respond_ok(s, c);
}

void eio_polling_resume(struct sio_list *node)
{
    struct eio_inbox *in = SIO_CONTAINER_OF(node, struct eio_inbox, link);
    struct eio_session *s = in->session;
    struct eio_polling *p = s->polling;
    struct sio_http_conn *c = p->post;
    enum progress progress;
    p->post = NULL; /* as in on_post_body */
    p->inbox = NULL;
    progress = deliver(s, &in->reader);
    p->post = c;
    p->inbox = in;
    if (progress == MORE)
        sio_list_append(&s->server->inboxes, node);
    else
        end_inbox(s);
}

static void take_body(struct eio_session *s, struct sio_http_conn *c, struct sio_slice body)
{
    enum eio_payload_form form = eio_dialect_form(&s->dialect, s->polling->post_bytes);
    struct eio_payload_reader reader;
    eio_payload_reader_init(&reader, form, body);
    if (form != EIO_PAYLOAD_V3_BINARY && !sio_utf8_valid(body))
        polling_fail(s, EIO_PARSE_ERROR, NULL);
    else if (deliver(s, &reader) == MORE)
        inbox_new(s, c, &reader);
    eio_payload_reader_fini(&reader);
}

static void take_form(struct eio_session *s, struct sio_http_conn *c, struct sio_slice form)
{
    struct sio_buf body = {0};
    if (eio_jsonp_decode(&body, form) == 0)
        take_body(s, c, sio_buf_slice(&body));
    else
        polling_fail(s, EIO_PARSE_ERROR, NULL);
    sio_buf_fini(&body);
}

static void on_post_body(void *self, struct sio_http_conn *c, struct sio_slice body)
{
    struct eio_session *s = self;
    s->polling->post = NULL; /* while packets are delivered; it is complete, so nobody may cut it */
    if (s->dialect.jsonp != 0)
        take_form(s, c, body);
    else
        take_body(s, c, body);
    if (s->polling->post == NULL)
        respond_ok(s, c);
}

static void on_post_gone(void *self, struct sio_http_conn *c, int err)
{
    struct eio_session *s = self;
    (void)c;
    s->polling->post = NULL;
    if (s->polling->inbox != NULL)
        end_inbox(s);
    if (err == SIO_ETOOBIG)
        sio_log_about(SIO_LOG_WARN, "eio max_http_buffer_size", eio_session_about(s),
                      "engine: a body above max_http_buffer_size %zu, answered 413",
                      s->server->options.max_http_buffer_size);
    else
        polling_fail(s, EIO_TRANSPORT_ERROR, "data request connection closed prematurely");
}

static const struct sio_http_handler post_handler = {.on_body = on_post_body,
                                                     .on_gone = on_post_gone};

void eio_polling_post(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q)
{
    size_t max = s->server->options.max_http_buffer_size;
    struct sio_slice type = sio_http_field(q->http, SIO_LIT("Content-Type"));
    bool bytes = sio_slice_eq_nocase(type, SIO_LIT("application/octet-stream"));
    const char *wrong = NULL;
    if (polling_of(s)->post != NULL)
        wrong = "data request overlap from client";
    else if (bytes && s->dialect.version == EIO_V4)
        wrong = "invalid content"; /* binary payloads went away with v4 */
    if (wrong != NULL) {
        polling_fail(s, EIO_TRANSPORT_ERROR, wrong);
        respond_refused(c);
        return;
    }
    if (q->http->content_length <= max && !eio_hooks_welcome(s, c, q))
        return;
    s->polling->post = c;
    s->polling->post_bytes = bytes;
    sio_http_accept(c, &post_handler, s, max);
}

/* ---- the session's side ---------------------------------------------------------------------- */

static bool polling_writable(const struct eio_session *s)
{
    return eio_session_poll(s) != NULL;
}

static void polling_send(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    struct sio_http_conn *c = s->polling->get;
    s->polling->get = NULL;
    respond_messages(s, c, msgs, n);
}

static size_t polling_queued(const struct eio_session *s)
{
    (void)s; /* answered requests are the client's to read before it asks again */
    return 0;
}

static void say_goodbye(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    struct eio_queue *q = NULL;
    for (size_t i = 0; i < n; i++)
        eio_queue_push(&q, &msgs[i]);
    eio_queue_push(&q, &s->server->close);
    polling_send(s, q->msgs, q->n);
    eio_queue_drop(&q);
}

static void polling_close(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    struct eio_polling *p = s->polling;
    if (p == NULL)
        return;
    if (p->inbox != NULL) {
        end_inbox(s);
    } else if (p->post != NULL) {
        struct sio_http_conn *unfinished = p->post;
        p->post = NULL;
        sio_http_abort(unfinished);
    }
    if (p->get != NULL)
        say_goodbye(s, msgs, n);
}

const struct eio_transport eio_polling = {
    .name = "polling",
    .at_once = false,
    .writable = polling_writable,
    .send = polling_send,
    .queued = polling_queued,
    .close = polling_close,
};
