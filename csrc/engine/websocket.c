// SPDX-License-Identifier: MIT
/* Packets as WebSocket frames. Stands on net/ws_conn; sessions send through its table.
 *
 * Closes carry no code, as upstream's; those for protocol errors are net/ws_conn's and do.
 */
#include "engine/websocket.h"

#include "base/log.h"
#include "base/mem.h"
#include "engine/pressure.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

/* RFC 6455 §7.4.1, and the registry of close codes. */
enum { CLOSE_POLICY = 1008, CLOSE_TOO_BIG = 1009, CLOSE_TRY_LATER = 1013 };

/* ---- unfinished messages --------------------------------------------------------------------- */

/* Exists while a session has one. */
struct eio_part {
    struct eio_due due;
    struct eio_session *session;
};

static void forget_part(struct eio_session *s)
{
    if (s->part == NULL)
        return;
    s->server->n_partial--;
    eio_heartbeat_cancel(&s->part->due);
    sio_free(s->part);
    s->part = NULL;
}

static void note_part(struct eio_session *s)
{
    struct eio_server *e = s->server;
    e->n_partial++;
    s->part = sio_alloc(sizeof *s->part);
    s->part->session = s;
    eio_due_init(&s->part->due);
    eio_heartbeat_arm(&e->heartbeat, EIO_DUE_PART, &s->part->due, sio_loop_now(e->loop));
}

struct eio_session *eio_websocket_waits(struct eio_due *due)
{
    return SIO_CONTAINER_OF(due, struct eio_part, due)->session;
}

static void end_partial(struct eio_session *s, uint16_t code, const char *detail)
{
    sio_log_about(SIO_LOG_WARN, "eio partial", eio_session_about(s), "engine: %s, closed", detail);
    sio_ws_conn_fail(s->websocket, code); /* its answer would come behind the rest */
    eio_session_end(s, EIO_TRANSPORT_ERROR, detail);
}

void eio_websocket_give_up(struct eio_session *s)
{
    end_partial(s, CLOSE_POLICY, "message timeout");
}

/* Beyond the limit the oldest one goes: whoever holds many of them hurts himself most. */
static void limit_partial(struct eio_server *e)
{
    struct sio_list *oldest = sio_list_first(&e->heartbeat.queues[EIO_DUE_PART]);
    if (e->n_partial > e->options.max_partial)
        end_partial(eio_websocket_waits(SIO_CONTAINER_OF(oldest, struct eio_due, link)),
                    CLOSE_TRY_LATER, "too many unfinished messages");
}

static void on_part(void *owner, struct sio_ws_conn *w, enum sio_ws_part part)
{
    struct eio_session *s = owner;
    (void)w;
    if (s->transport != &eio_websocket)
        return; /* a probe has its own time */
    eio_session_note_life(s);
    if (part == SIO_WS_PART_GROWN)
        return;
    forget_part(s);
    if (part == SIO_WS_PART_OVER)
        return;
    note_part(s);
    limit_partial(s->server);
}

/* ---- up -------------------------------------------------------------------------------------- */

static void on_message(void *owner, struct sio_ws_conn *w, bool binary, struct sio_slice data)
{
    struct eio_session *s = owner;
    enum eio_version v = (enum eio_version)s->dialect.version;
    struct sio_buf decoded = {0};
    struct eio_packet p;
    int err;
    (void)w;
    if (binary)
        err = eio_packet_decode_bytes(v, data, &p);
    else if (data.len != 0 && data.p[0] == 'b')
        err = eio_packet_decode_base64(v, data, &decoded, &p);
    else
        err = eio_packet_decode(data, &p);
    if (err == 0)
        eio_session_on_packet(s, &eio_websocket, &p);
    else
        eio_session_on_error(s, &eio_websocket, EIO_PARSE_ERROR, NULL);
    sio_buf_fini(&decoded);
}

static void log_too_big(const struct eio_session *s)
{
    sio_log_about(SIO_LOG_WARN, "eio max_http_buffer_size ws", eio_session_about(s),
                  "engine: a message above max_http_buffer_size %zu, closed",
                  s->server->options.max_http_buffer_size);
}

static void on_close(void *owner, struct sio_ws_conn *w, uint16_t code, int err)
{
    struct eio_session *s = owner;
    const char *detail = "Invalid WebSocket frame";
    (void)w;
    s->websocket = NULL;
    forget_part(s);
    if (err == 0 || code == SIO_WS_CLOSE_ABNORMAL) {
        eio_session_on_error(s, &eio_websocket, EIO_TRANSPORT_CLOSE, NULL);
        return;
    }
    if (code == CLOSE_TOO_BIG) {
        detail = "Max payload size exceeded";
        log_too_big(s);
    }
    eio_session_on_error(s, &eio_websocket, EIO_TRANSPORT_ERROR, detail);
}

static void on_drain(void *owner, struct sio_ws_conn *w)
{
    struct eio_session *s = owner;
    (void)w;
    if (s->transport == &eio_websocket)
        eio_pressure_drained(s);
}

static const struct sio_ws_conn_events conn_events = {
    .on_message = on_message, .on_close = on_close, .on_drain = on_drain, .on_part = on_part};

/* ---- down ------------------------------------------------------------------------------------ */

static bool websocket_writable(const struct eio_session *s)
{
    return s->websocket != NULL && sio_ws_conn_queued(s->websocket) == 0;
}

/* As agreed on with the client. */
static void send_frame(struct eio_session *s, const struct eio_msg *m)
{
    struct sio_ws_deflate *d = sio_ws_conn_deflate(s->websocket);
    struct sio_blob *frame;
    if (d == NULL) {
        sio_ws_conn_send(s->websocket, m->frame);
        return;
    }
    frame = eio_compress_frame(s->server->compress, d, m);
    sio_ws_conn_send(s->websocket, frame);
    sio_blob_unref(frame);
}

/* Bytes for v3, or for who takes none. The bytes stay shared, and uncompressed; what is in front of
 * them in v3 is shorter than a reference to it. */
static void send_translated(struct eio_session *s, const struct eio_msg *m)
{
    const struct eio_dialect *d = &s->dialect;
    char head[EIO_MSG_V3_HEAD_MAX];
    if (d->websocket_base64) {
        struct eio_msg text = eio_msg_base64((enum eio_version)d->version, eio_msg_packet(m));
        text.plain = m->plain;
        send_frame(s, &text);
        sio_blob_unref(text.frame);
    } else if (d->version == EIO_V3) {
        size_t n = eio_msg_v3_head(m, head);
        sio_ws_conn_send_parts(s->websocket, sio_slice(head, n), m->frame, m->head);
    } else {
        send_frame(s, m);
    }
}

static void websocket_send(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    for (size_t i = 0; s->websocket != NULL && i < n; i++) {
        if (msgs[i].binary)
            send_translated(s, &msgs[i]);
        else
            send_frame(s, &msgs[i]);
    }
}

static bool websocket_send_short(struct eio_session *s, struct sio_slice frame)
{
    if (s->websocket == NULL || sio_ws_conn_deflate(s->websocket) != NULL)
        return false;
    sio_ws_conn_send_copy(s->websocket, frame);
    return true;
}

static size_t websocket_queued(const struct eio_session *s)
{
    return s->websocket != NULL ? sio_ws_conn_queued(s->websocket) : 0;
}

static size_t websocket_unread(const struct eio_session *s)
{
    return s->websocket != NULL ? sio_conn_unsent(sio_ws_conn_stream(s->websocket)) : 0;
}

static void websocket_relieve(struct eio_session *s)
{
    if (s->websocket != NULL)
        sio_conn_flush(sio_ws_conn_stream(s->websocket));
}

static void websocket_pause(struct eio_session *s, bool paused)
{
    if (s->websocket != NULL)
        sio_ws_conn_pause(s->websocket, paused);
}

static void websocket_close(struct eio_session *s, const struct eio_msg *msgs, size_t n)
{
    struct sio_ws_conn *conn = s->websocket;
    websocket_send(s, msgs, n);
    s->websocket = NULL;
    forget_part(s);
    if (conn != NULL)
        sio_ws_conn_close(conn, 0);
}

const struct eio_transport eio_websocket = {
    .name = "websocket",
    .at_once = true,
    .writable = websocket_writable,
    .send = websocket_send,
    .send_short = websocket_send_short,
    .queued = websocket_queued,
    .unread = websocket_unread,
    .relieve = websocket_relieve,
    .pause = websocket_pause,
    .close = websocket_close,
};

void eio_websocket_open(struct eio_session *s, struct sio_conn *c, const struct sio_ws_terms *terms,
                        struct sio_slice rest)
{
    size_t max = s->server->options.max_http_buffer_size;
    s->websocket = sio_ws_conn_open(c, rest, max, &conn_events, s);
    sio_ws_conn_set_terms(s->websocket, terms);
}

/* ---- connections nobody wants ---------------------------------------------------------------- */

static void ignore_message(void *owner, struct sio_ws_conn *w, bool binary, struct sio_slice data)
{
    (void)owner, (void)w, (void)binary, (void)data;
}

static void ignore_close(void *owner, struct sio_ws_conn *w, uint16_t code, int err)
{
    (void)owner, (void)w, (void)code, (void)err;
}

void eio_websocket_reject(struct sio_conn *c, struct sio_slice rest, size_t max_message)
{
    static const struct sio_ws_conn_events silent = {.on_message = ignore_message,
                                                     .on_close = ignore_close};
    struct sio_ws_conn *w = sio_ws_conn_open(c, rest, max_message, &silent, NULL);
    sio_ws_conn_close(w, 0);
}
