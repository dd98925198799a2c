// SPDX-License-Identifier: MIT
/* Clients of the server in eio.h: requests, responses and frames as a browser would send them.
 * Included by eio.h. */
#ifndef SPEC_C_EIO_CLIENT_H
#define SPEC_C_EIO_CLIENT_H

static inline void client_open(struct peer *p)
{
    int fd = peer_pair(p, SOCK_STREAM);
    sio_http_server_adopt(&eio.http, &(struct sio_arrival){.fd = fd});
}

/* Sends a request; `more` are header lines, each with its CRLF. */
static inline void client_request(struct peer *p, const char *method, const char *target,
                                  const char *more, const char *body)
{
    struct sio_buf b = {0};
    sio_buf_printf(&b, "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, target, more);
    if (body != NULL)
        sio_buf_printf(&b, "Content-Length: %zu\r\n", strlen(body));
    sio_buf_printf(&b, "\r\n%s", body != NULL ? body : "");
    peer_send(p, sio_buf_slice(&b));
    sio_buf_fini(&b);
}

static inline const char *client_target(const char *transport, const char *sid)
{
    static char target[224];
    snprintf(target, sizeof target, "/engine.io/?EIO=4&transport=%s%s%s", transport,
             sid[0] ? "&sid=" : "", sid);
    return target;
}

static inline void client_get(struct peer *p, const char *sid)
{
    client_request(p, "GET", client_target("polling", sid), "", NULL);
}

static inline void client_post(struct peer *p, const char *sid, const char *body)
{
    client_request(p, "POST", client_target("polling", sid), "", body);
}

#define WS_HEADERS                                                                                 \
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static inline void client_upgrade(struct peer *p, const char *sid)
{
    client_request(p, "GET", client_target("websocket", sid), WS_HEADERS, NULL);
}

/* A frame with the masking key 0; at most 125 bytes. */
static inline void client_frame(struct peer *p, int op, const char *text)
{
    char frame[160] = {(char)(0x80 | op), (char)(0x80 | (int)strlen(text))};
    memcpy(frame + 6, text, strlen(text));
    peer_send(p, sio_slice(frame, 6 + strlen(text)));
}

struct reply {
    int status;
    char head[1024];
    struct sio_buf body;
};

/* Length of the first whole response in p->got, 0 when there is none yet. */
static inline size_t reply_length(const struct peer *p, size_t *head)
{
    const char *end = p->got.len ? memmem(p->got.p, p->got.len, "\r\n\r\n", 4) : NULL;
    const char *len;
    if (end == NULL)
        return 0;
    *head = (size_t)(end - p->got.p) + 4;
    len = memmem(p->got.p, *head, "Content-Length: ", 16);
    size_t total = *head + (len ? strtoul(len + 16, NULL, 10) : 0);
    return p->got.len >= total ? total : 0;
}

static inline bool has_reply(const struct peer *p)
{
    size_t head;
    return reply_length(p, &head) != 0;
}

/* Waits for a response and takes it. */
static inline void reply_take(struct peer *p, struct reply *r)
{
    size_t head = 0, total;
    WAIT(has_reply(p) || p->ended);
    total = reply_length(p, &head);
    sio_buf_clear(&r->body);
    r->status = 0;
    r->head[0] = '\0';
    if (total == 0)
        return;
    snprintf(r->head, sizeof r->head, "%.*s", (int)head, p->got.p);
    r->status = atoi(r->head + sizeof "HTTP/1.1");
    sio_buf_append(&r->body, p->got.p + head, total - head);
    sio_buf_consume(&p->got, total);
}

/* Status and body of the next response. */
static inline void expect_at(const char *file, int line, struct peer *p, int status,
                             const char *body)
{
    struct reply r = {0};
    reply_take(p, &r);
    test_eq_int(file, line, r.status, status, "status", "expected");
    test_eq_slice(file, line, sio_buf_slice(&r.body), sio_slice_str(body), "body");
    sio_buf_fini(&r.body);
}
#define EXPECT(p, status, body) expect_at(__FILE__, __LINE__, p, status, body)

/* Waits for exactly these bytes (frames) and takes them. */
static inline void expect_frames_at(const char *file, int line, struct peer *p,
                                    struct sio_slice expected)
{
    struct sio_slice got;
    WAIT(p->got.len >= expected.len || p->ended);
    got = sio_slice(p->got.p, p->got.len < expected.len ? p->got.len : expected.len);
    if (test_eq_slice(file, line, got, expected, "frames"))
        sio_buf_consume(&p->got, expected.len);
}
#define EXPECT_FRAMES(p, literal) expect_frames_at(__FILE__, __LINE__, p, SIO_LIT(literal))

/* A polling session; its sid goes to `sid`. Uses up one response of `p`. */
static inline void client_handshake(struct peer *p, char sid[SIO_ID_LEN + 1])
{
    struct reply r = {0};
    client_get(p, "");
    reply_take(p, &r);
    CHECK_EQ_INT(r.status, 200);
    memset(sid, 0, SIO_ID_LEN + 1);
    if (CHECK(r.body.len > 29))
        memcpy(sid, r.body.p + sizeof "0{\"sid\":", SIO_ID_LEN);
    sio_buf_fini(&r.body);
}

/* A websocket: the 101 is taken, frames are what remains. */
static inline void client_websocket(struct peer *p, const char *sid)
{
    struct reply r = {0};
    client_upgrade(p, sid);
    reply_take(p, &r);
    CHECK_EQ_INT(r.status, 101);
    sio_buf_fini(&r.body);
}

#endif
