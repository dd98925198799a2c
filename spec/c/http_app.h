// SPDX-License-Identifier: MIT
/* The application of the tests of net/http_*: it notes what it is asked and does what it was told.
 *
 * One server on the loop of net.h; `app.on_request` decides. Include it behind net.h.
 */
#ifndef SPEC_C_HTTP_APP_H
#define SPEC_C_HTTP_APP_H

#include "net/http_conn.h"

enum { APP_WAITING_MAX = 512 };

static struct {
    struct sio_http_server s;
    void (*on_request)(struct sio_http_conn *c, const struct sio_http_request *r);
    void (*on_body)(struct sio_http_conn *c, struct sio_slice body);
    struct sio_http_conn *waiting[APP_WAITING_MAX]; /* accepted, neither answered nor gone */
    unsigned requests, bodies, gone, n_waiting;
    int err; /* of the newest on_gone */
    size_t max_body;
    struct sio_buf asked; /* "GET /a;POST /b;" */
    struct sio_buf body;  /* the newest */
    bool closed;
} app;

static inline void app_forget(struct sio_http_conn *c)
{
    for (unsigned i = 0; i < app.n_waiting; i++)
        if (app.waiting[i] == c)
            app.waiting[i] = app.waiting[--app.n_waiting];
}

static inline void app_on_request(void *owner, struct sio_http_conn *c,
                                  const struct sio_http_request *r)
{
    CHECK(owner == &app);
    app.requests++;
    sio_buf_append_slice(&app.asked, r->method);
    sio_buf_append_char(&app.asked, ' ');
    sio_buf_append_slice(&app.asked, r->target);
    sio_buf_append_char(&app.asked, ';');
    app.on_request(c, r);
}

static inline void app_on_body(void *self, struct sio_http_conn *c, struct sio_slice body)
{
    CHECK(self == &app);
    app.bodies++;
    sio_buf_clear(&app.body);
    sio_buf_append_slice(&app.body, body);
    if (app.on_body != NULL)
        app.on_body(c, body);
}

static inline void app_on_gone(void *self, struct sio_http_conn *c, int err)
{
    CHECK(self == &app);
    CHECK_EQ_INT(sio_http_respond(c, &(struct sio_http_response){.status = 200}), SIO_ECLOSED);
    app.gone++;
    app.err = err;
    app_forget(c);
}

static const struct sio_http_handler app_handler = {.on_body = app_on_body, .on_gone = app_on_gone};
static const struct sio_http_server_events app_events = {app_on_request};

/* What a request may meet. */
static inline void app_hello(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    sio_http_respond_text(c, 200, "text/plain", "hello");
}

static inline void app_echo(struct sio_http_conn *c, struct sio_slice body)
{
    CHECK_EQ_INT(sio_http_respond(c, &(struct sio_http_response){.status = 200, .body = body}), 0);
}

static inline void app_accept(struct sio_http_conn *c, const struct sio_http_request *r)
{
    (void)r;
    if (app.n_waiting < APP_WAITING_MAX && app.on_body == NULL)
        app.waiting[app.n_waiting++] = c;
    sio_http_accept(c, &app_handler, &app, app.max_body);
}

static inline void app_answer_first(const char *text)
{
    struct sio_http_conn *c = app.waiting[0];
    memmove(app.waiting, app.waiting + 1, --app.n_waiting * sizeof app.waiting[0]);
    sio_http_respond_text(c, 200, NULL, text);
}

static inline void app_on_closed(void *ctx)
{
    CHECK(ctx == &app);
    app.closed = true;
}

/* Timeouts of a minute: only the tests of timeouts shall meet one. */
static inline struct sio_http_limits app_limits(void)
{
    struct sio_http_limits l;
    sio_http_limits_default(&l);
    l.head_timeout_ms = l.body_timeout_ms = l.keep_alive_timeout_ms = 60000;
    return l;
}

static inline void app_open_with(struct sio_http_limits limits)
{
    net_open();
    memset(&app, 0, sizeof app);
    app.on_request = app_hello;
    app.max_body = 1000000;
    sio_http_server_init(&app.s, &net.loop, &limits, &app_events, &app);
}

static inline void app_open(void)
{
    app_open_with(app_limits());
}

static inline void app_adopt(int fd)
{
    sio_http_server_adopt(&app.s, &(struct sio_arrival){.fd = fd});
}

static inline void app_close(void)
{
    sio_http_server_close(&app.s, app_on_closed, &app);
    WAIT(app.closed);
    CHECK_EQ_INT(app.s.n_conns, 0);
    sio_buf_fini(&app.asked);
    sio_buf_fini(&app.body);
    CHECK(net_close());
}

#define CHECK_ASKED(text) CHECK_SLICE(sio_buf_slice(&app.asked), text)

#endif
