// SPDX-License-Identifier: MIT
/* The other end of a connection: a raw socket on the loop of net.h, which includes this.
 *
 * It collects what arrives, notices the end, and writes at once.
 */
#ifndef SPEC_C_PEER_H
#define SPEC_C_PEER_H

struct peer {
    uv_poll_t poll;
    int fd;
    struct sio_buf got;
    unsigned reads; /* successful ones */
    bool ended;     /* the other side ended its stream */
    bool reset;     /* or was reset */
    bool deaf;      /* does not read */
    bool handle_gone;
};

static inline void peer_take(struct peer *p)
{
    for (;;) {
        ssize_t n = recv(p->fd, sio_buf_reserve(&p->got, 65536), 65536, 0);
        if (n > 0) {
            p->got.len += (size_t)n;
            p->reads++;
            continue;
        }
        if (n < 0 && errno == EAGAIN)
            return;
        p->ended = n == 0;
        p->reset = n < 0;
        uv_poll_stop(&p->poll);
        return;
    }
}

static inline void peer_on_poll(uv_poll_t *h, int status, int events)
{
    struct peer *p = h->data;
    (void)status;
    (void)events;
    if (!p->deaf)
        peer_take(p);
}

static inline void peer_listen(struct peer *p)
{
    p->deaf = false;
    uv_poll_start(&p->poll, UV_READABLE | UV_DISCONNECT, peer_on_poll);
}

static inline void peer_be_deaf(struct peer *p)
{
    p->deaf = true;
    uv_poll_stop(&p->poll);
}

static inline void peer_init(struct peer *p, int fd)
{
    memset(p, 0, sizeof *p);
    p->fd = fd;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    uv_poll_init(&net.loop.uv, &p->poll, fd);
    p->poll.data = p;
    peer_listen(p);
}

static inline void peer_on_gone(uv_handle_t *h)
{
    struct peer *p = h->data;
    p->handle_gone = true;
}

/* Also waits until libuv is through with it, for a peer lives on the test's stack. */
static inline void peer_fini(struct peer *p)
{
    uv_close((uv_handle_t *)&p->poll, peer_on_gone);
    close(p->fd);
    while (!p->handle_gone)
        net_turn();
    sio_buf_fini(&p->got);
}

static inline void peer_send(struct peer *p, struct sio_slice s)
{
    ssize_t n = send(p->fd, s.p, s.len, MSG_NOSIGNAL);
    if (n != (ssize_t)s.len)
        test_fail(__FILE__, __LINE__, "peer_send: %zd of %zu: %s", n, s.len, strerror(errno));
}

static inline void peer_say(struct peer *p, const char *text)
{
    peer_send(p, sio_slice_str(text));
}

static inline bool peer_has(const struct peer *p, const char *text)
{
    return p->got.len != 0 && memmem(p->got.p, p->got.len, text, strlen(text)) != NULL;
}

/* A pair of Unix sockets; the peer gets one end, the other is returned. `type` SOCK_SEQPACKET makes
 * each write of ours one read of the peer. */
static inline int peer_pair(struct peer *p, int type)
{
    int ends[2];
    if (socketpair(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        abort();
    peer_init(p, ends[0]);
    return ends[1];
}

/* Small kernel buffers, so that a peer that does not read is noticed after some 100 KiB. */
static inline void net_narrow(int from, int to)
{
    int bytes = 32768;
    setsockopt(from, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    setsockopt(to, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* The same over TCP on `family`'s loopback address. */
static inline int peer_tcp(struct peer *p, int family)
{
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr *a = family == AF_INET6 ? (void *)&six : (void *)&four;
    socklen_t len = family == AF_INET6 ? sizeof six : sizeof four;
    int listening = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0), fd;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    net_narrow(listening, client);
    if (bind(listening, a, len) != 0 || listen(listening, 1) != 0 ||
        getsockname(listening, a, &len) != 0 || connect(client, a, len) != 0)
        abort();
    fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    close(listening);
    peer_init(p, client);
    return fd;
}

#endif
