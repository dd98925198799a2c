// SPDX-License-Identifier: MIT
/* Accepting from listening sockets. Stands on loop; the worker uses it.
 *
 * Invariant of a listener: it polls exactly while it is neither closed nor paused by its owner nor
 * waiting for descriptors, so a level-triggered socket with a backlog never makes the loop spin.
 */
#include "net/listener.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

struct sio_listener {
    uv_poll_t poll;
    uv_timer_t timer; /* running: waiting for descriptors */
    struct sio_loop *loop;
    int fd;
    sio_listener_fn on_accept;
    void *owner;
    struct sio_grave grave;
    bool paused, closed;
    uint8_t handles; /* not yet closed by libuv */
};

static void on_pollable(uv_poll_t *h, int status, int events);

static void set_polling(struct sio_listener *l)
{
    bool waiting = uv_is_active((uv_handle_t *)&l->timer);
    if (l->closed)
        return;
    if (l->paused || waiting)
        uv_poll_stop(&l->poll);
    else
        uv_poll_start(&l->poll, UV_READABLE, on_pollable);
}

static void on_timer(uv_timer_t *h)
{
    set_polling(SIO_CONTAINER_OF(h, struct sio_listener, timer));
}

/* Connections wait in the backlog meanwhile, where a sibling can take them. */
static void wait_for_descriptors(struct sio_listener *l, int err)
{
    sio_log_limited(SIO_LOG_WARN, "accept", "listener: accept: %s; pausing for %d ms",
                    strerror(err), SIO_ACCEPT_PAUSE_MS);
    uv_timer_start(&l->timer, on_timer, SIO_ACCEPT_PAUSE_MS, 0);
    set_polling(l);
}

/* Fails on a Unix socket, which never delays. */
static void set_nodelay(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
}

/* On Linux an accepted socket has the listening one's TCP_NODELAY. */
static int accept_one(int fd)
{
#ifdef SOCK_NONBLOCK
    return accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
    int client = accept(fd, NULL, NULL);
    if (client >= 0 &&
        (fcntl(client, F_SETFL, O_NONBLOCK) != 0 || fcntl(client, F_SETFD, FD_CLOEXEC) != 0)) {
        close(client);
        return -1;
    }
    if (client >= 0)
        set_nodelay(client);
    return client;
#endif
}

/* The errors of a connection that died in the backlog, accept(2): on to the next. */
static bool is_transient(int err)
{
#ifdef ENONET
    if (err == ENONET)
        return true;
#endif
    return err == EINTR || err == ECONNABORTED || err == EPROTO || err == ENETDOWN ||
           err == ENOPROTOOPT || err == EHOSTDOWN || err == EHOSTUNREACH || err == EOPNOTSUPP ||
           err == ENETUNREACH;
}

static void on_pollable(uv_poll_t *h, int status, int events)
{
    struct sio_listener *l = SIO_CONTAINER_OF(h, struct sio_listener, poll);
    (void)status; /* an error of the socket shows in accept4 too */
    (void)events;
    for (int i = 0; i < SIO_ACCEPT_BATCH && !l->closed && !l->paused; i++) {
        int fd = accept_one(l->fd);
        if (fd >= 0) {
            l->on_accept(l->owner, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (!is_transient(errno)) {
            wait_for_descriptors(l, errno);
            return;
        }
    }
}

static void on_handle_closed(uv_handle_t *h)
{
    struct sio_listener *l = h->data;
    if (--l->handles == 0)
        sio_loop_bury(l->loop, &l->grave, sio_free, l);
}

static void close_handle(struct sio_listener *l, void *handle)
{
    uv_handle_t *h = handle;
    h->data = l;
    l->handles++;
    uv_close(h, on_handle_closed);
}

struct sio_listener *sio_listener_open(struct sio_loop *loop, int fd, sio_listener_fn on_accept,
                                       void *owner)
{
    struct sio_listener *l = sio_calloc(1, sizeof *l);
    int err = uv_poll_init(&loop->uv, &l->poll, fd);
    if (err != 0) {
        close(fd);
        sio_free(l);
        errno = -err;
        return NULL;
    }
    set_nodelay(fd);
    uv_timer_init(&loop->uv, &l->timer);
    l->loop = loop;
    l->fd = fd;
    l->on_accept = on_accept;
    l->owner = owner;
    set_polling(l);
    return l;
}

void sio_listener_pause(struct sio_listener *l, bool paused)
{
    l->paused = paused;
    set_polling(l);
}

void sio_listener_close(struct sio_listener *l)
{
    if (l->closed)
        return;
    l->closed = true;
    close_handle(l, &l->poll);
    close_handle(l, &l->timer);
    close(l->fd); /* the handle no longer watches it */
}
