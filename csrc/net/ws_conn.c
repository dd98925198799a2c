// SPDX-License-Identifier: MIT
/* WebSocket on a connection: frames in, control frames answered, the closing handshake.
 *
 * Stands on conn and codec/ws_frame; the engine's websocket transport uses it. Invariant: events
 * are called in OPEN only; nothing follows a close frame that we sent; of the task that feeds the
 * first bytes, the linger and the grave one is in use at a time, so they share their memory. A read
 * begins with a reader on the stack, which moves to the heap only when it leaves something
 * unfinished.
 */
#include "net/ws_conn.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <assert.h>

enum state { OPEN, CLOSING, GONE };

enum { CONTROL_MAX = 125 }; /* payload of a control frame, §5.5 */

struct sio_ws_conn {
    struct sio_conn *stream;
    const struct sio_ws_conn_events *events;
    void *owner;
    struct sio_ws_reader *reader; /* NULL between messages, unless compression was agreed on */
    union {
        struct sio_list link;
        struct sio_task feed_rest;
        struct sio_linger linger;
        struct sio_grave grave;
    } end;
    struct sio_blob *held; /* unfed: what came behind the handshake; later the newest pong, while
                            * the connection is congested */
    uint32_t max_message;  /* bytes */
    uint8_t state;
    bool paused;
    bool unfed;    /* nothing was read yet, `held` comes first */
    bool borrowed; /* the reader is on the stack of a read, which os.exit() never goes back to */
};

_Static_assert(sizeof(struct sio_ws_conn) <= 80, "an idle connection stays small");

/* ---- the reader ------------------------------------------------------------------------------ */

static void init_reader(const struct sio_ws_conn *w, struct sio_ws_reader *r)
{
    sio_ws_reader_init(r, w->max_message);
    r->pool = &sio_conn_loop(w->stream)->ws_pool;
}

/* Puts away what a read has used: `fresh` is on the stack. */
static void put_reader(struct sio_ws_conn *w, struct sio_ws_reader *fresh)
{
    struct sio_ws_reader *r = w->reader;
    if (w->borrowed && r != fresh) /* of the read that we are in the midst of: os.exit() */
        return;
    w->borrowed = false;
    if (r->deflate != NULL || (r != fresh && sio_ws_reader_partial(r)))
        return;
    w->reader = NULL;
    if (sio_ws_reader_partial(r)) {
        w->reader = sio_alloc(sizeof *r);
        *w->reader = *r;
        return;
    }
    sio_ws_reader_fini(r);
    if (r != fresh)
        sio_free(r);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void free_conn(void *object)
{
    struct sio_ws_conn *w = object;
    if (w->reader != NULL)
        sio_ws_reader_fini(w->reader);
    if (!w->borrowed)
        sio_free(w->reader);
    sio_blob_unref(w->held);
    sio_free(w);
}

/* The reader's memory stays until the end of the tick: an event may be using a message. */
static void leave(struct sio_ws_conn *w)
{
    w->state = GONE;
    sio_list_remove(&w->end.link);
    sio_loop_bury(sio_conn_loop(w->stream), &w->end.grave, free_conn, w);
}

static void finish(struct sio_ws_conn *w)
{
    sio_conn_finish(w->stream);
    leave(w);
}

void sio_ws_conn_abort(struct sio_ws_conn *w)
{
    if (w->state == GONE)
        return;
    sio_conn_close(w->stream);
    leave(w);
}

/* ---- control frames -------------------------------------------------------------------------- */

/* `out` has room for the longest control frame; returns its length. */
static size_t write_control(char *out, enum sio_ws_op op, struct sio_slice a, struct sio_slice b)
{
    size_t head = sio_ws_frame_head(out, op, a.len + b.len);
    if (a.len != 0)
        memcpy(out + head, a.p, a.len);
    if (b.len != 0)
        memcpy(out + head + a.len, b.p, b.len);
    return head + a.len + b.len;
}

static void send_close(struct sio_ws_conn *w, uint16_t code, struct sio_slice reason)
{
    char frame[SIO_WS_HEAD_MAX + CONTROL_MAX];
    char number[2] = {(char)(code >> 8), (char)(code & 0xff)};
    size_t len = write_control(frame, SIO_WS_CLOSE, sio_slice(number, code == 0 ? 0 : 2), reason);
    sio_conn_write(w->stream, sio_slice(frame, len));
}

static void answer_ping(struct sio_ws_conn *w, struct sio_slice data)
{
    char frame[SIO_WS_HEAD_MAX + CONTROL_MAX];
    size_t len = write_control(frame, SIO_WS_PONG, data, sio_slice(NULL, 0));
    if (!sio_conn_congested(w->stream)) {
        sio_conn_write(w->stream, sio_slice(frame, len));
        return;
    }
    sio_blob_unref(w->held);
    w->held = sio_blob_new(sio_slice(frame, len));
}

/* ---- frames in ------------------------------------------------------------------------------- */

static void on_close_frame(struct sio_ws_conn *w, const struct sio_ws_event *e)
{
    bool told = w->state != OPEN;
    uint16_t code = e->code;
    if (!told)
        send_close(w, code == 1005 ? 0 : code, e->data);
    finish(w);
    if (!told)
        w->events->on_close(w->owner, w, code, 0);
}

static void on_bad_frame(struct sio_ws_conn *w, int err)
{
    bool told = w->state != OPEN;
    uint16_t code = w->reader->close_code;
    if (!told) {
        sio_log_limited(SIO_LOG_INFO, "ws bad frame", "websocket: closed with %u: %s", code,
                        sio_err_text(err));
        send_close(w, code, sio_slice(NULL, 0));
    }
    finish(w);
    if (!told)
        w->events->on_close(w->owner, w, code, err);
}

static void on_frame(struct sio_ws_conn *w, const struct sio_ws_event *e)
{
    if (e->op == SIO_WS_CLOSE)
        on_close_frame(w, e);
    else if (w->state != OPEN || e->op == SIO_WS_PONG)
        return;
    else if (e->op == SIO_WS_PING)
        answer_ping(w, e->data);
    else
        w->events->on_message(w->owner, w, e->op == SIO_WS_BINARY, e->data);
}

/* `was`: something was unfinished before this read; `ended`: and is so no more. */
static void note_part(struct sio_ws_conn *w, bool was, bool ended)
{
    bool is = sio_ws_reader_partial(w->reader);
    if (w->state != OPEN || w->events->on_part == NULL || !(is || was))
        return;
    w->events->on_part(w->owner, w,
                       !is             ? SIO_WS_PART_OVER
                       : was && !ended ? SIO_WS_PART_GROWN
                                       : SIO_WS_PART_BEGUN);
}

static void feed(struct sio_ws_conn *w, struct sio_slice in)
{
    struct sio_ws_reader fresh;
    bool was = w->reader != NULL && sio_ws_reader_partial(w->reader), ended = false;
    if (w->reader == NULL) {
        init_reader(w, &fresh);
        w->reader = &fresh;
        w->borrowed = true;
    }
    while (w->state != GONE) {
        struct sio_ws_event e;
        int got = sio_ws_read(w->reader, &in, &e);
        if (got == 0)
            break;
        ended |= w->reader->op == 0; /* a ping inside of a message ends nothing */
        if (got < 0)
            on_bad_frame(w, got);
        else
            on_frame(w, &e);
    }
    note_part(w, was, ended);
    put_reader(w, &fresh);
}

static void on_rest(void *ctx)
{
    struct sio_ws_conn *w = ctx;
    struct sio_blob *rest = w->held;
    w->held = NULL;
    w->unfed = false;
    feed(w, sio_blob_slice(rest));
    sio_blob_unref(rest);
    if (w->state != GONE && !w->paused)
        sio_conn_read_start(w->stream);
}

/* ---- the stream's events --------------------------------------------------------------------- */

static void on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    (void)c;
    feed(owner, data);
}

static void on_stream_close(void *owner, struct sio_conn *c, int err)
{
    struct sio_ws_conn *w = owner;
    bool told = w->state != OPEN;
    (void)c;
    leave(w);
    if (!told)
        w->events->on_close(w->owner, w, SIO_WS_CLOSE_ABNORMAL, err);
}

static void on_stream_drain(void *owner, struct sio_conn *c)
{
    struct sio_ws_conn *w = owner;
    if (w->state != OPEN)
        return;
    if (w->held != NULL && !w->unfed) {
        sio_conn_write_blob(c, w->held, 0);
        sio_blob_unref(w->held);
        w->held = NULL;
    }
    if (w->events->on_drain != NULL)
        w->events->on_drain(w->owner, w);
}

static const struct sio_conn_events stream_events = {on_data, on_stream_close, on_stream_drain};

/* ---- for the owner --------------------------------------------------------------------------- */

struct sio_ws_conn *sio_ws_conn_open(struct sio_conn *c, struct sio_slice rest, size_t max_message,
                                     const struct sio_ws_conn_events *events, void *owner)
{
    struct sio_ws_conn *w = sio_calloc(1, sizeof *w);
    w->stream = c;
    w->events = events;
    w->owner = owner;
    assert(max_message <= UINT32_MAX);
    w->max_message = (uint32_t)max_message;
    sio_task_init(&w->end.feed_rest, on_rest, w);
    sio_conn_set_events(c, &stream_events, w);
    if (rest.len == 0) {
        sio_conn_read_start(c);
        return w;
    }
    sio_conn_read_stop(c); /* what comes now comes behind `rest` */
    w->held = sio_blob_new(rest);
    w->unfed = true;
    sio_loop_defer(sio_conn_loop(c), &w->end.feed_rest);
    return w;
}

void sio_ws_conn_set_terms(struct sio_ws_conn *w, const struct sio_ws_terms *agreed)
{
    if (!agreed->deflate)
        return;
    w->reader = sio_alloc(sizeof *w->reader);
    init_reader(w, w->reader);
    w->reader->deflate = sio_ws_deflate_new(agreed);
}

struct sio_ws_deflate *sio_ws_conn_deflate(const struct sio_ws_conn *w)
{
    return w->reader != NULL ? w->reader->deflate : NULL;
}

void sio_ws_conn_set_owner(struct sio_ws_conn *w, const struct sio_ws_conn_events *events,
                           void *owner)
{
    w->events = events;
    w->owner = owner;
}

void sio_ws_conn_send(struct sio_ws_conn *w, struct sio_blob *frame)
{
    if (w->state == OPEN)
        sio_conn_write_blob(w->stream, frame, 0);
}

void sio_ws_conn_send_copy(struct sio_ws_conn *w, struct sio_slice frame)
{
    if (w->state == OPEN)
        sio_conn_write(w->stream, frame);
}

void sio_ws_conn_send_parts(struct sio_ws_conn *w, struct sio_slice front, struct sio_blob *b,
                            size_t from)
{
    if (w->state != OPEN)
        return;
    sio_conn_write(w->stream, front);
    sio_conn_write_blob(w->stream, b, from);
}

void sio_ws_conn_pause(struct sio_ws_conn *w, bool paused)
{
    if (w->state != OPEN)
        return;
    w->paused = paused;
    if (paused)
        sio_conn_read_stop(w->stream);
    else if (!w->unfed) /* else on_rest starts it */
        sio_conn_read_start(w->stream);
}

/* The peer did not answer our close frame. One that is still reading may go on; see
 * sio_conn_finish. */
static void on_linger(struct sio_linger *g)
{
    struct sio_ws_conn *w = SIO_CONTAINER_OF(g, struct sio_ws_conn, end.linger);
    if (sio_conn_unsent(w->stream) != 0) {
        finish(w);
        return;
    }
    sio_conn_reset(w->stream);
    leave(w);
}

void sio_ws_conn_close(struct sio_ws_conn *w, uint16_t code)
{
    if (w->state != OPEN)
        return;
    send_close(w, code, sio_slice(NULL, 0));
    sio_ws_conn_pause(w, false); /* for the peer's close frame */
    w->state = CLOSING;
    if (w->unfed) {
        sio_task_cancel(&w->end.feed_rest);
        on_rest(w); /* silently: it may hold the peer's close frame, or half of one */
    }
    if (w->state == CLOSING)
        sio_loop_linger(sio_conn_loop(w->stream), &w->end.linger, on_linger);
}

void sio_ws_conn_fail(struct sio_ws_conn *w, uint16_t code)
{
    if (w->state != OPEN)
        return;
    send_close(w, code, sio_slice(NULL, 0));
    finish(w);
}

void sio_ws_conn_prefetch(const struct sio_ws_conn *w)
{
    __builtin_prefetch(&w->state);
    sio_conn_prefetch(w->stream);
}

size_t sio_ws_conn_queued(const struct sio_ws_conn *w)
{
    return sio_conn_queued(w->stream);
}

struct sio_conn *sio_ws_conn_stream(const struct sio_ws_conn *w)
{
    return w->stream;
}
