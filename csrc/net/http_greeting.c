// SPDX-License-Identifier: MIT
/* What comes before the first request when every connection comes from a proxy: the PROXY header.
 *
 * Stands on conn and codec/proxy_header; http_conn.c calls it for new connections of a server with
 * `proxy_protocol`, and goes on when the header is there. Invariant: whoever does not begin with a
 * header is closed without an answer; it is no client of ours.
 */
#include "net/http_in.h"

#include "base/err.h"
#include "base/log.h"
#include "codec/proxy_header.h"

static void turn_down(struct sio_http_conn *c, const char *why)
{
    struct sio_buf peer = {0};
    sio_conn_peer(c->stream, &peer);
    sio_log_limited(SIO_LOG_WARN, why, "http: a connection from \"%s\" is closed: %s",
                    sio_log_text(sio_buf_slice(&peer)), why);
    sio_buf_fini(&peer);
    sio_http_abort(c);
}

static void go_on(struct sio_http_conn *c, const struct sio_proxy_header *h)
{
    struct sio_buf got = c->pending;
    c->pending = (struct sio_buf){0};
    if (!h->unknown)
        sio_conn_set_origin(c->stream, &h->origin);
    sio_http_conn_begin(c, sio_slice_from(sio_buf_slice(&got), h->len));
    sio_buf_fini(&got);
}

static void on_data(void *owner, struct sio_conn *stream, struct sio_slice data)
{
    struct sio_http_conn *c = owner;
    struct sio_proxy_header header;
    (void)stream;
    sio_buf_append_slice(&c->pending, data);
    int rc = sio_proxy_header_parse(sio_buf_slice(&c->pending), &header);
    if (rc == 0)
        go_on(c, &header);
    else if (rc != SIO_EAGAIN)
        turn_down(c, "it does not begin with a PROXY header");
}

static void on_close(void *owner, struct sio_conn *stream, int err)
{
    (void)stream;
    (void)err;
    sio_http_conn_drop(owner);
}

static const struct sio_conn_events greeting_events = {on_data, on_close, NULL};

static bool may_speak(const struct sio_http_conn *c)
{
    const struct sio_trust *t = c->server->trust;
    struct sio_buf peer = {0};
    if (t == NULL)
        return true;
    bool trusted = sio_conn_peer(c->stream, &peer) && sio_trust_has(t, sio_buf_slice(&peer));
    sio_buf_fini(&peer);
    return trusted;
}

void sio_http_conn_greet(struct sio_http_conn *c)
{
    c->intake = SIO_HTTP_INTAKE_GREETING;
    if (!may_speak(c)) {
        turn_down(c, "only trusted proxies may speak PROXY");
        return;
    }
    sio_conn_set_events(c->stream, &greeting_events, c);
    sio_conn_read_start(c->stream);
}

void sio_http_conn_greet_late(struct sio_http_conn *c)
{
    turn_down(c, "its PROXY header did not come in time");
}
