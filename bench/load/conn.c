// SPDX-License-Identifier: MIT
/* Sockets and epoll. Stands on bytes; client and http call it.
 *
 * Invariant: between turns `out` is empty or the socket was full when it was last written to, so
 * that the edge of EPOLLOUT comes.
 */
#include "conn.h"

#include "fail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    READ_BYTES = 256 * 1024,
    EVENTS = 512,       /* served by one epoll_wait */
    SOURCE_FIRST = 2,   /* 127.0.0.1 is the server's */
    SOURCE_COUNT = 250, /* 127.0.0.2 to 127.0.0.251 */
};

void load_loop_init(struct load_loop *loop, const struct load_options *options)
{
    *loop =
        (struct load_loop){.epoll = epoll_create1(EPOLL_CLOEXEC), .port = (uint16_t)options->port};
    if (loop->epoll < 0)
        load_fail_errno("epoll_create1");
    loop->in = malloc(READ_BYTES);
    if (loop->in == NULL)
        load_fail("no memory for a buffer");
    if (options->tls)
        loop->tls = load_tls_context();
}

void load_loop_fini(struct load_loop *loop)
{
    close(loop->epoll);
    free(loop->in);
    if (loop->tls != NULL)
        SSL_CTX_free(loop->tls);
}

void load_conn_close(struct load_conn *conn)
{
    if (conn->fd < 0)
        return;
    if (conn->tls != NULL)
        load_tls_end(conn->tls);
    close(conn->fd);
    conn->fd = -1;
    load_bytes_fini(&conn->rest);
    load_bytes_fini(&conn->out);
}

static size_t write_some(struct load_conn *conn, const uint8_t *p, size_t len)
{
    if (conn->tls != NULL)
        return load_tls_write(conn->tls, p, len);
    ssize_t n = send(conn->fd, p, len, MSG_NOSIGNAL);
    if (n >= 0)
        return (size_t)n;
    if (errno != EAGAIN) /* full, or still connecting */
        load_fail_errno("send");
    return 0;
}

void load_conn_send(struct load_conn *conn, const void *p, size_t len)
{
    size_t done = 0;
    size_t n;
    /* TLS writes a record at a time. */
    while (conn->out.len == 0 && done < len &&
           (n = write_some(conn, (const uint8_t *)p + done, len - done)) > 0)
        done += n;
    load_bytes_append(&conn->out, (const uint8_t *)p + done, len - done);
}

static void flush(struct load_conn *conn)
{
    size_t n;
    while (conn->out.len > 0 && (n = write_some(conn, conn->out.p, conn->out.len)) > 0)
        load_bytes_drop(&conn->out, n);
}

/* What was kept comes first: such a message is completed in `rest`, others stay where they were
 * read. */
static void take(struct load_conn *conn, const uint8_t *p, size_t len)
{
    if (conn->rest.len > 0) {
        load_bytes_append(&conn->rest, p, len);
        size_t taken = conn->user->on_bytes(conn, conn->rest.p, conn->rest.len);
        if (conn->fd >= 0)
            load_bytes_drop(&conn->rest, taken);
        return;
    }
    size_t taken = conn->user->on_bytes(conn, p, len);
    if (conn->fd >= 0)
        load_bytes_append(&conn->rest, p + taken, len - taken);
}

static size_t read_some(struct load_conn *conn, bool *is_ended)
{
    if (conn->tls != NULL)
        return load_tls_read(conn->tls, conn->loop->in, READ_BYTES, is_ended);
    ssize_t n = recv(conn->fd, conn->loop->in, READ_BYTES, 0);
    if (n < 0 && errno != EAGAIN)
        load_fail_errno("recv");
    *is_ended = n == 0;
    return n > 0 ? (size_t)n : 0;
}

/* A short read emptied the socket (epoll(7)), but one record of TLS need not be all of them. */
static bool may_have_more(const struct load_conn *conn, size_t n)
{
    return conn->fd >= 0 && (conn->tls != NULL ? n > 0 : n == READ_BYTES);
}

static void read_all(struct load_conn *conn)
{
    size_t n;
    do {
        bool is_ended;
        n = read_some(conn, &is_ended);
        if (is_ended)
            load_fail("client %u: the server closed the connection", conn->index);
        if (n > 0)
            take(conn, conn->loop->in, n);
    } while (may_have_more(conn, n));
    if (conn->fd >= 0 && conn->user->on_read != NULL)
        conn->user->on_read(conn);
}

static void serve(struct load_conn *conn, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_all(conn);
    if (conn->fd >= 0 && conn->out.len > 0)
        flush(conn); /* after reading: a handshake of TLS may have come to its end */
}

unsigned load_loop_turn(struct load_loop *loop, uint64_t wait_ns)
{
    struct epoll_event events[EVENTS];
    struct timespec wait = {(time_t)(wait_ns / 1000000000u), (long)(wait_ns % 1000000000u)};
    int n = epoll_pwait2(loop->epoll, events, EVENTS, &wait, NULL);
    if (n < 0 && errno != EINTR)
        load_fail_errno("epoll_pwait2");
    for (int i = 0; i < n; i++) {
        struct load_conn *conn = events[i].data.ptr;
        if (conn->fd >= 0)
            serve(conn, events[i].events);
    }
    return n > 0 ? (unsigned)n : 0;
}

static void bind_source(int fd, uint32_t index)
{
    int on = 1;
    struct sockaddr_in from = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xffu) + SOURCE_FIRST + index % SOURCE_COUNT),
    };
    if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        load_fail_errno("bind");
}

void load_conn_open(struct load_conn *conn, struct load_loop *loop, uint32_t index,
                    const struct load_conn_user *user)
{
    *conn = (struct load_conn){.loop = loop, .user = user, .index = index};
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (conn->fd < 0)
        load_fail_errno("socket");
    int on = 1;
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    bind_source(conn->fd, index);
    struct sockaddr_in to = {
        .sin_family = AF_INET,
        .sin_port = htons(loop->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    if (connect(conn->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        load_fail_errno("connect");
    if (loop->tls != NULL)
        conn->tls = load_tls_start(loop->tls, conn->fd);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = conn};
    if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, conn->fd, &event) != 0)
        load_fail_errno("epoll_ctl");
}
