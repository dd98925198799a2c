// SPDX-License-Identifier: MIT
/* A connection: one read per readiness, writes that keep what the kernel does not take. main calls
 * it with what is ready; messages come from here, deliveries come back here.
 */
#include "floor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void watch(struct floor_server *s, struct floor_conn *conn, int how, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = conn->fd};
    if (epoll_ctl(s->epoll, how, conn->fd, &event) != 0)
        abort();
}

void floor_conn_open(struct floor_server *s, int fd)
{
    struct floor_conn *conn = &s->conns[fd];
    *conn = (struct floor_conn){.fd = fd};
    floor_room_join(s, conn, 0);
    watch(s, conn, EPOLL_CTL_ADD, EPOLLIN);
}

static void drop(struct floor_bytes **b)
{
    if (*b != NULL)
        free((*b)->p);
    free(*b);
    *b = NULL;
}

static void keep(struct floor_bytes **b, const uint8_t *p, size_t len)
{
    if (len == 0)
        return;
    if (*b == NULL) {
        *b = floor_grow(NULL, sizeof **b);
        **b = (struct floor_bytes){0};
    }
    floor_bytes_append(*b, p, len);
}

void floor_conn_close(struct floor_server *s, struct floor_conn *conn)
{
    if (conn->fd < 0)
        return;
    floor_room_leave(s, conn);
    close(conn->fd);
    drop(&conn->rest);
    drop(&conn->out);
    conn->fd = -1;
}

void floor_conn_write(struct floor_server *s, struct floor_conn *conn, const uint8_t *p, size_t len)
{
    if (conn->out != NULL) {
        keep(&conn->out, p, len);
        return;
    }
    ssize_t n = send(conn->fd, p, len, MSG_NOSIGNAL);
    if (n < 0)
        n = 0; /* a peer that is gone is read as gone, too */
    if ((size_t)n < len) {
        keep(&conn->out, p + n, len - (size_t)n);
        watch(s, conn, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
    }
}

static void write_kept(struct floor_server *s, struct floor_conn *conn)
{
    ssize_t n = send(conn->fd, conn->out->p, conn->out->len, MSG_NOSIGNAL);
    if (n < 0)
        return;
    conn->out->len -= (size_t)n;
    memmove(conn->out->p, conn->out->p + n, conn->out->len);
    if (conn->out->len > 0)
        return;
    drop(&conn->out);
    watch(s, conn, EPOLL_CTL_MOD, EPOLLIN);
}

static size_t take(struct floor_server *s, struct floor_conn *conn, uint8_t *p, size_t len)
{
    size_t taken = conn->upgraded ? 0 : floor_message_upgrade(s, conn, p, len);
    if (conn->upgraded && conn->fd >= 0)
        taken += floor_message_take(s, conn, p + taken, len - taken);
    return taken;
}

static void take_with_rest(struct floor_server *s, struct floor_conn *conn, size_t len)
{
    struct floor_bytes *rest = conn->rest;
    floor_bytes_append(rest, s->in, len);
    size_t taken = take(s, conn, rest->p, rest->len);
    if (conn->fd < 0)
        return;
    rest->len -= taken;
    memmove(rest->p, rest->p + taken, rest->len);
    if (rest->len == 0)
        drop(&conn->rest);
}

void floor_conn_ready(struct floor_server *s, struct floor_conn *conn, uint32_t events)
{
    if (conn->fd < 0)
        return;
    if (events & EPOLLOUT && conn->out != NULL)
        write_kept(s, conn);
    if ((events & ~(uint32_t)EPOLLOUT) == 0)
        return;
    ssize_t n = recv(conn->fd, s->in, FLOOR_READ_BYTES, 0);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        floor_conn_close(s, conn);
    } else if (conn->rest != NULL) {
        take_with_rest(s, conn, (size_t)n);
    } else {
        size_t taken = take(s, conn, s->in, (size_t)n);
        if (conn->fd >= 0)
            keep(&conn->rest, s->in + taken, (size_t)n - taken);
    }
}
