// SPDX-License-Identifier: MIT
/* What the tests of engine/ share: an Engine.IO server behind a real HTTP server, and clients on
 * socket pairs that say what a browser would.
 *
 * What the server's events report is collected in eio.log as text: "open ", "message:text ",
 * "binary:bytes ", "upgrade ", "drain ", "close:reason[/detail] ", "gone ". Include it behind
 * test.h.
 */
#ifndef SPEC_C_EIO_H
#define SPEC_C_EIO_H

#include "engine/server.h"
#include "net.h"

static struct {
    struct sio_http_server http;
    struct eio_options options;
    struct eio_server *server;
    struct eio_session *session; /* the newest */
    struct sio_buf log;
    unsigned messages;
    void (*on_request)(void); /* has been read, and is not looked at yet */
    void (*on_open)(struct eio_session *s);
    void (*on_message)(struct eio_session *s, struct sio_slice data, bool binary);
    bool engine_closed, http_closed;
    int waiting; /* handshakes, as on_waiting counts them */
} eio;

/* ---- the server ------------------------------------------------------------------------------ */

static inline void eio_on_message(void *owner, struct eio_session *s, struct sio_slice data,
                                  bool binary)
{
    (void)owner;
    eio.messages++;
    if (eio.messages <= 100)
        sio_buf_printf(&eio.log, "%s:%.*s ", binary ? "binary" : "message", (int)data.len, data.p);
    if (eio.on_message != NULL)
        eio.on_message(s, data, binary);
}

static inline void eio_on_upgrade(void *owner, struct eio_session *s)
{
    (void)owner, (void)s;
    sio_buf_printf(&eio.log, "upgrade ");
}

static inline void eio_on_close(void *owner, struct eio_session *s, enum eio_reason reason,
                                const char *detail)
{
    (void)owner;
    CHECK_EQ_INT(eio_session_state(s), EIO_STATE_CLOSED);
    sio_buf_printf(&eio.log, "close:%s%s%s ", eio_reason_text(reason), detail ? "/" : "",
                   detail ? detail : "");
}

static inline void eio_on_drain(void *owner, struct eio_session *s)
{
    (void)owner;
    CHECK(!eio_session_pressed(s));
    sio_buf_printf(&eio.log, "drain ");
}

static inline void eio_on_leave(void *owner, struct eio_session *s)
{
    (void)owner, (void)s;
    sio_buf_append_slice(&eio.log, SIO_LIT("leave "));
}

static inline void eio_on_session(void *owner, struct eio_session *s)
{
    static const struct eio_session_events events = {.on_message = eio_on_message,
                                                     .on_upgrade = eio_on_upgrade,
                                                     .on_close = eio_on_close,
                                                     .on_drain = eio_on_drain,
                                                     .on_leave = eio_on_leave};
    (void)owner;
    eio.session = s;
    eio_session_set_events(s, &events, &eio);
    CHECK(eio_session_owner(s) == &eio);
    sio_buf_printf(&eio.log, "open ");
    if (eio.on_open != NULL)
        eio.on_open(s);
}

static inline void eio_on_gone(void *owner, struct eio_session *s)
{
    (void)owner, (void)s;
    sio_buf_printf(&eio.log, "gone ");
}

static inline void eio_on_waiting(void *owner, int change)
{
    (void)owner;
    eio.waiting += change;
}

static inline void eio_on_request(void *owner, struct sio_http_conn *c,
                                  const struct sio_http_request *r)
{
    (void)owner;
    if (eio.on_request != NULL)
        eio.on_request();
    if (eio_server_matches(eio.server, r->path))
        eio_server_handle(eio.server, c, r);
    else
        sio_http_respond_text(c, 404, NULL, NULL);
}

/* Fills eio.options with the defaults; then change them and call eio_open. */
static inline void eio_prepare(void)
{
    memset(&eio, 0, sizeof eio);
    eio_options_default(&eio.options);
}

static inline void eio_open(void)
{
    static const struct sio_http_server_events http_events = {eio_on_request};
    static const struct eio_server_events events = {
        .on_session = eio_on_session, .on_gone = eio_on_gone, .on_waiting = eio_on_waiting};
    struct sio_http_limits limits;
    net_open();
    net.loop.linger_ms = 50;
    sio_http_limits_default(&limits);
    sio_http_server_init(&eio.http, &net.loop, &limits, &http_events, NULL);
    eio.server = eio_server_new(&net.loop, &eio.options, &events, NULL);
}

static inline void eio_set_flag(void *flag)
{
    *(bool *)flag = true;
}

static inline void eio_close_engine(void)
{
    if (eio.engine_closed)
        return;
    eio_server_close(eio.server, eio_set_flag, &eio.engine_closed);
    WAIT(eio.engine_closed);
}

static inline void eio_close(void)
{
    eio_close_engine();
    sio_http_server_close(&eio.http, eio_set_flag, &eio.http_closed);
    WAIT(eio.http_closed);
    CHECK(net_close());
    sio_buf_fini(&eio.log);
}

static inline bool eio_logged(const char *text)
{
    return memmem(eio.log.p ? eio.log.p : "", eio.log.len, text, strlen(text)) != NULL;
}

#define CHECK_LOG(text) CHECK_EQ_SLICE(sio_buf_slice(&eio.log), sio_slice_str(text))

static inline int eio_say(struct eio_session *s, const char *text, unsigned flags)
{
    struct sio_slice part = sio_slice_str(text);
    struct eio_msg m = eio_msg_text(EIO_MESSAGE, &part, 1);
    int rc = eio_session_send(s, &m, 1, flags);
    sio_blob_unref(m.frame);
    return rc;
}

/* As one who sends to this session alone. */
static inline int eio_say_alone(struct eio_session *s, const char *text, unsigned flags)
{
    struct sio_slice part = sio_slice_str(text);
    return eio_session_send_text(s, &part, 1, flags);
}

static inline int eio_say_binary(struct eio_session *s, struct sio_slice bytes)
{
    struct eio_msg m = eio_msg_binary(bytes);
    int rc = eio_session_send(s, &m, 1, 0);
    sio_blob_unref(m.frame);
    return rc;
}

#include "eio_client.h"

#endif
