// SPDX-License-Identifier: MIT
/* Answers in pieces. Stands on http_in.h and codec/http_write; bind/request_reply.c and
 * http_file.c write them.
 *
 * Invariant: while c->streaming the head is out, c->handler is the writer, and a writer that was
 * told SIO_EAGAIN is owed one on_drain: by the stream's own on_drain when the kernel did not take
 * all, by the resume task otherwise.
 */
#include "net/http_stream.h"

#include "base/err.h"
#include "net/http_in.h"

static bool is_open(const struct sio_http_conn *c)
{
    return c->streaming && !c->gone;
}

/* The length that goes into the head for what the caller asked for. */
static uint64_t choose_framing(const struct sio_http_conn *c, uint64_t length)
{
    return length == SIO_HTTP_CHUNKED && c->old ? SIO_HTTP_UNTIL_CLOSE : length;
}

int sio_http_stream_begin(struct sio_http_conn *c, const struct sio_http_response *r,
                          uint64_t length, const struct sio_http_handler *writer, void *self)
{
    uint64_t framing = choose_framing(c, length);
    bool has_body = sio_http_reply_has_body(c, r->status);
    bool keep_alive;
    if (c->gone || c->answered || c->handler == NULL || c->intake != SIO_HTTP_INTAKE_DONE)
        return SIO_ECLOSED;
    keep_alive = sio_http_reply_may_go_on(c, r) && (framing != SIO_HTTP_UNTIL_CLOSE || !has_body);
    if (sio_http_reply_head(c->server, c->stream, r->status, r, c->added, framing, keep_alive) != 0)
        return sio_http_respond(c, r); /* answers 500 for the same reason */
    c->answered = true;
    c->streaming = true;
    c->handler = writer;
    c->self = self;
    c->mute = !has_body;
    c->keep_alive = keep_alive;
    c->content_length = framing;
    c->deadline_ms = 0;
    return 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool has_length(const struct sio_http_conn *c)
{
    return c->content_length < SIO_HTTP_UNTIL_CLOSE;
}

/* Whether `len` more bytes may be written; with a length they are counted. */
static int admit(struct sio_http_conn *c, size_t len)
{
    if (!is_open(c))
        return SIO_ECLOSED;
    if (c->mute || !has_length(c))
        return 0;
    if (len > c->content_length)
        return SIO_ETOOBIG;
    c->content_length -= len;
    return 0;
}

static void open_chunk(struct sio_http_conn *c, size_t len)
{
    struct sio_buf *line = &c->server->scratch;
    if (c->content_length != SIO_HTTP_CHUNKED)
        return;
    sio_buf_clear(line);
    sio_http_write_chunk_size(line, len);
    sio_conn_write(c->stream, sio_buf_slice(line));
}

static void close_chunk(struct sio_http_conn *c)
{
    if (c->content_length == SIO_HTTP_CHUNKED)
        sio_conn_write(c->stream, SIO_LIT("\r\n"));
}

/* What was written waits for the client from now on. A writer for whom the kernel always has room
 * still pauses once per SIO_HTTP_STREAM_HIGH: others share the loop with it. */
static int after_write(struct sio_http_conn *c)
{
    if (c->deadline_ms == 0) {
        c->unread = SIZE_MAX;
        sio_http_conn_set_deadline(c, c->server->limits.body_timeout_ms);
    }
    if (sio_conn_congested(c->stream))
        return SIO_EAGAIN;
    if (sio_conn_queued(c->stream) < SIO_HTTP_STREAM_HIGH)
        return 0;
    if (sio_conn_flush(c->stream))
        sio_loop_defer(c->server->loop, &c->end.resume);
    return SIO_EAGAIN;
}

int sio_http_stream_write(struct sio_http_conn *c, struct sio_slice bytes)
{
    int err = admit(c, bytes.len);
    if (err != 0 || c->mute || bytes.len == 0) /* an empty chunk would be the last one */
        return err;
    open_chunk(c, bytes.len);
    sio_conn_write(c->stream, bytes);
    close_chunk(c);
    return after_write(c);
}

int sio_http_stream_write_blob(struct sio_http_conn *c, struct sio_blob *b)
{
    int err = admit(c, b->len);
    if (err != 0 || c->mute || b->len == 0)
        return err;
    open_chunk(c, b->len);
    sio_conn_write_blob(c->stream, b, 0);
    close_chunk(c);
    return after_write(c);
}

void sio_http_stream_drained(struct sio_http_conn *c)
{
    const struct sio_http_handler *h = c->handler;
    if (sio_conn_queued(c->stream) == 0)
        c->deadline_ms = 0;
    if (h->on_drain != NULL)
        h->on_drain(c->self, c);
}

/* ---- the end --------------------------------------------------------------------------------- */

static bool is_whole(const struct sio_http_conn *c)
{
    return c->mute || !has_length(c) || c->content_length == 0;
}

int sio_http_stream_end(struct sio_http_conn *c)
{
    bool whole = is_whole(c);
    if (!is_open(c))
        return 0;
    if (!c->mute && c->content_length == SIO_HTTP_CHUNKED)
        sio_conn_write(c->stream, SIO_LIT("0\r\n\r\n"));
    c->streaming = false;
    c->handler = NULL;
    if (whole && c->keep_alive && !c->server->closing)
        sio_http_conn_next(c);
    else
        sio_http_conn_finish(c);
    return whole ? 0 : SIO_EINVAL;
}

void sio_http_stream_cut(struct sio_http_conn *c)
{
    if (!is_open(c))
        return;
    c->streaming = false;
    if (c->content_length == SIO_HTTP_UNTIL_CLOSE && !c->mute)
        sio_http_conn_reset(c);
    else
        sio_http_conn_finish(c);
    sio_http_conn_tell_gone(c, SIO_ECLOSED);
}
