// SPDX-License-Identifier: MIT
/* Requests through llhttp. Stands on llhttp, http_head, http_plain and buf; net/http_conn calls it.
 *
 * A head that begins is tried as a plain one first. If it is not, llhttp sees every byte of it as
 * it comes, so a bad one is refused at its first bad byte; its fields are kept as offsets, because
 * a split head moves when it grows. A body with a length needs no parser; a chunked one goes
 * through llhttp again, and its framing is checked beside it.
 */
#include "codec/http_parse.h"

#include "base/mem.h"
#include "codec/http_head.h"
#include "codec/http_plain.h"

struct span { /* offsets into the head, which has at most SIO_HTTP_HEAD_MAX bytes */
    uint16_t name, name_len, value, value_len;
};

struct sio_http_spans {
    const char *base; /* where the head begins now */
    size_t n;
    bool in_value; /* the last callback was about a value: the next name begins a field */
    bool line_checked;
    struct span at[SIO_HTTP_HEADERS_MAX];
    struct sio_http_field fields[SIO_HTTP_HEADERS_MAX]; /* filled when the head is complete */
};

static int on_header_field(llhttp_t *h, const char *at, size_t len)
{
    struct sio_http_parser *p = h->data;
    struct sio_http_spans *s = p->spans;
    if (s->n == 0 || s->in_value) {
        if (s->n == SIO_HTTP_HEADERS_MAX) {
            p->status = 431;
            return -1;
        }
        s->at[s->n++] = (struct span){.name = (uint16_t)(at - s->base)};
        s->in_value = false;
    }
    s->at[s->n - 1].name_len = (uint16_t)(s->at[s->n - 1].name_len + len);
    return 0;
}

static int on_header_value(llhttp_t *h, const char *at, size_t len)
{
    struct sio_http_parser *p = h->data;
    struct sio_http_spans *s = p->spans;
    struct span *span;
    if (s->n == 0)
        return 0;
    span = &s->at[s->n - 1];
    if (!s->in_value)
        span->value = (uint16_t)(at - s->base);
    s->in_value = true;
    /* to the end of this piece: the pieces of a folded line are joined with what lies between
     * them, which http_head then refuses */
    span->value_len = (uint16_t)((size_t)(at - s->base) + len - span->value);
    return 0;
}

static int on_header_value_complete(llhttp_t *h)
{
    struct sio_http_parser *p = h->data;
    p->spans->in_value = true; /* also for an empty value, which has no span */
    return 0;
}

static int on_headers_complete(llhttp_t *h)
{
    (void)h;
    return HPE_PAUSED; /* so that the parser stops exactly behind the head */
}

static int on_body(llhttp_t *h, const char *at, size_t len)
{
    struct sio_http_parser *p = h->data;
    p->body = sio_slice(at, len);
    return len == 0 ? 0 : HPE_PAUSED;
}

/* Behind the last chunk llhttp is not needed any more, and is too kind to trailers. */
static int on_chunk_header(llhttp_t *h)
{
    struct sio_http_parser *p = h->data;
    if (h->content_length != 0)
        return 0;
    p->state = SIO_HTTP_IN_TRAILER;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_header_field,
    .on_header_value = on_header_value,
    .on_header_value_complete = on_header_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
};

void sio_http_parser_init(struct sio_http_parser *p)
{
    *p = (struct sio_http_parser){0};
}

void sio_http_pool_fini(struct sio_http_pool *pool)
{
    sio_free(pool->spare);
    pool->spare = NULL;
}

static struct sio_http_spans *borrow_spans(struct sio_http_pool *pool)
{
    struct sio_http_spans *spare = pool != NULL ? pool->spare : NULL;
    if (spare == NULL)
        return sio_alloc(sizeof *spare);
    pool->spare = NULL;
    return spare;
}

static void return_spans(struct sio_http_pool *pool, struct sio_http_spans *spans)
{
    if (pool != NULL && pool->spare == NULL)
        pool->spare = spans;
    else
        sio_free(spans);
}

static void drop_head(struct sio_http_parser *p)
{
    if (p->spans == NULL)
        return;
    return_spans(p->pool, p->spans);
    p->spans = NULL;
    sio_buf_fini(&p->head);
    p->request = (struct sio_http_request){0};
}

void sio_http_parser_fini(struct sio_http_parser *p)
{
    drop_head(p);
    *p = (struct sio_http_parser){0};
}

static enum sio_http_event fail(struct sio_http_parser *p, int status)
{
    p->state = SIO_HTTP_FAILED;
    p->status = status;
    return SIO_HTTP_ERROR;
}

static void begin_head(struct sio_http_parser *p)
{
    llhttp_init(&p->llhttp, HTTP_REQUEST, &settings);
    p->spans->n = 0;
    p->spans->in_value = p->spans->line_checked = false;
    p->status = 0;
    p->state = SIO_HTTP_IN_HEAD;
}

static void fill_fields(struct sio_http_parser *p, struct sio_slice head)
{
    struct sio_http_spans *s = p->spans;
    for (size_t i = 0; i < s->n; i++) {
        const struct span *at = &s->at[i];
        struct sio_slice value = sio_slice(head.p + at->value, at->value_len);
        while (value.len > 0 && (value.p[value.len - 1] == ' ' || value.p[value.len - 1] == '\t'))
            value.len--;
        s->fields[i].name = sio_slice(head.p + at->name, at->name_len);
        s->fields[i].value = value;
    }
    p->request = (struct sio_http_request){.fields = s->fields, .n_fields = s->n, .head = head};
}

static enum sio_http_event admit_head(struct sio_http_parser *p)
{
    const struct sio_http_request *r = &p->request;
    p->body_left = r->content_length;
    p->framing_left = SIO_HTTP_HEAD_MAX;
    p->after_cr = false;
    p->state = !r->has_body            ? SIO_HTTP_AT_END
               : r->content_length > 0 ? SIO_HTTP_IN_BODY
                                       : SIO_HTTP_IN_CHUNKED;
    return SIO_HTTP_HEAD;
}

static enum sio_http_event finish_head(struct sio_http_parser *p, struct sio_slice head)
{
    int status;
    fill_fields(p, head);
    status = sio_http_head_check(&p->request);
    return status ? fail(p, status) : admit_head(p);
}

/* The request line of a head that is not complete is judged as soon as it is there, so that an
 * HTTP/0.9 request, which has nothing else, is answered at once. 0 or a status. */
static int check_line(struct sio_http_parser *p, struct sio_slice so_far)
{
    struct sio_http_request scratch;
    const char *end;
    if (p->spans->line_checked)
        return 0;
    end = memchr(so_far.p, '\n', so_far.len);
    if (end == NULL)
        return 0;
    p->spans->line_checked = true;
    return sio_http_head_line(&scratch, sio_slice(so_far.p, (size_t)(end - so_far.p) + 1));
}

/* llhttp stopped at `good` bytes of the head. A wrong version in front of that comes first, as it
 * does when the bytes arrive one by one. */
static enum sio_http_event fail_head(struct sio_http_parser *p, size_t good)
{
    int status = check_line(p, sio_slice(p->spans->base, good));
    if (status == 0)
        status = p->status ? p->status : 400;
    return fail(p, status);
}

static enum sio_http_event parse_head(struct sio_http_parser *p, struct sio_slice *in)
{
    size_t had = p->head.len, room = SIO_HTTP_HEAD_MAX - had;
    size_t take = in->len < room ? in->len : room, used;
    const char *at = in->p;
    llhttp_errno_t err;
    int status;
    if (had != 0) {
        sio_buf_append(&p->head, in->p, take);
        at = p->head.p + had;
    }
    p->spans->base = at - had;
    p->llhttp.data = p;
    err = llhttp_execute(&p->llhttp, at, take);
    if (err != HPE_OK && err != HPE_PAUSED)
        return fail_head(p, had + (size_t)(llhttp_get_error_pos(&p->llhttp) - at));
    used = err == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&p->llhttp) - at) : take;
    *in = sio_slice_from(*in, used);
    if (err == HPE_PAUSED) {
        p->head.len = had ? had + used : 0;
        return finish_head(p, sio_slice(p->spans->base, had + used));
    }
    if (used == room)
        return fail(p, 431);
    if (had == 0)
        sio_buf_append(&p->head, at, used);
    status = check_line(p, sio_buf_slice(&p->head));
    return status ? fail(p, status) : SIO_HTTP_MORE;
}

static enum sio_http_event start_head(struct sio_http_parser *p, struct sio_slice *in)
{
    size_t len = in->len < SIO_HTTP_HEAD_MAX ? in->len : SIO_HTTP_HEAD_MAX;
    p->spans = borrow_spans(p->pool);
    if (sio_http_plain_head(&p->request, p->spans->fields, sio_slice(in->p, len))) {
        *in = sio_slice_from(*in, p->request.head.len);
        return admit_head(p);
    }
    begin_head(p);
    return parse_head(p, in);
}

static enum sio_http_event parse_body(struct sio_http_parser *p, struct sio_slice *in)
{
    size_t n = in->len < p->body_left ? in->len : (size_t)p->body_left;
    if (n == 0)
        return SIO_HTTP_MORE;
    p->body = sio_slice(in->p, n);
    *in = sio_slice_from(*in, n);
    p->body_left -= n;
    if (p->body_left == 0)
        p->state = SIO_HTTP_AT_END;
    return SIO_HTTP_BODY;
}

static enum sio_http_event finish_message(struct sio_http_parser *p)
{
    drop_head(p);
    p->state = SIO_HTTP_AT_START;
    return SIO_HTTP_END;
}

/* CR and LF come in pairs only, and there is not too much of it all. */
static int check_framing(struct sio_http_parser *p, struct sio_slice framing)
{
    p->framing_left -= (int64_t)framing.len;
    if (p->framing_left < 0)
        return 413;
    for (size_t i = 0; i < framing.len; i++) {
        if ((framing.p[i] == '\n') != p->after_cr)
            return 400;
        p->after_cr = framing.p[i] == '\r';
    }
    return 0;
}

/* Fields that nobody looks at have to be fields all the same: what one server takes for a trailer
 * another could take for a request. */
static enum sio_http_event parse_trailer(struct sio_http_parser *p, struct sio_slice *in)
{
    while (in->len > 0) {
        p->trailer = (uint8_t)sio_http_trailer_step(p->trailer, in->p[0]);
        if (p->trailer == SIO_HTTP_TRAILER_BAD)
            return fail(p, 400);
        if (--p->framing_left < 0)
            return fail(p, 413);
        *in = sio_slice_from(*in, 1);
        if (p->trailer == SIO_HTTP_TRAILER_END)
            return finish_message(p);
    }
    return SIO_HTTP_MORE;
}

static enum sio_http_event parse_chunked(struct sio_http_parser *p, struct sio_slice *in)
{
    llhttp_errno_t err;
    size_t used;
    int status;
    if (in->len == 0)
        return SIO_HTTP_MORE;
    p->body = sio_slice(NULL, 0);
    p->llhttp.data = p;
    llhttp_resume(&p->llhttp);
    err = llhttp_execute(&p->llhttp, in->p, in->len);
    if (err != HPE_OK && err != HPE_PAUSED)
        return fail(p, 400);
    used = err == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&p->llhttp) - in->p) : in->len;
    status = check_framing(p, sio_slice(in->p, used - p->body.len));
    if (status != 0)
        return fail(p, status);
    *in = sio_slice_from(*in, used);
    if (p->body.len != 0) {
        p->framing_left += (int64_t)p->body.len * SIO_HTTP_FRAMING_PER_BYTE;
        return SIO_HTTP_BODY;
    }
    if (p->state != SIO_HTTP_IN_TRAILER)
        return SIO_HTTP_MORE;
    p->trailer = SIO_HTTP_TRAILER_START;
    return parse_trailer(p, in);
}

/* Empty lines before a request are skipped (RFC 9112 §2.2); they are not part of its head. */
static void skip_empty_lines(struct sio_slice *in)
{
    while (in->len > 0 && (in->p[0] == '\r' || in->p[0] == '\n'))
        *in = sio_slice_from(*in, 1);
}

enum sio_http_event sio_http_parse(struct sio_http_parser *p, struct sio_slice *in)
{
    switch (p->state) {
    case SIO_HTTP_AT_START:
        skip_empty_lines(in);
        if (in->len == 0)
            return SIO_HTTP_MORE;
        return start_head(p, in);
    case SIO_HTTP_IN_HEAD:
        return in->len ? parse_head(p, in) : SIO_HTTP_MORE;
    case SIO_HTTP_IN_BODY:
        drop_head(p);
        return parse_body(p, in);
    case SIO_HTTP_IN_CHUNKED:
        drop_head(p);
        return parse_chunked(p, in);
    case SIO_HTTP_IN_TRAILER:
        return parse_trailer(p, in);
    case SIO_HTTP_AT_END:
        return finish_message(p);
    case SIO_HTTP_FAILED:
        break;
    }
    return SIO_HTTP_ERROR;
}
