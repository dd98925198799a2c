// SPDX-License-Identifier: MIT
/* Links: whole messages with descriptors between processes of one host. Stands on net/loop and
 * sendmsg/recvmsg; mesh.c and the supervisor's channel use it.
 *
 * Invariant: messages leave in the order of the calls; a message is in the kernel, in the queue, or
 * was refused, never half of it. An error found while sending is left to the reading side, so that
 * what the peer said before it went is heard first.
 */
#include "cluster/link.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

enum { DRAIN_MAX = 1 << 16 }; /* messages read after the peer has gone */

struct sio_link {
    uv_poll_t poll;
    uv_timer_t retry;
    struct sio_loop *loop;
    const struct sio_link_events *events;
    void *owner;
    struct sio_list queue; /* of struct waiting */
    size_t queue_bytes;
    unsigned queue_messages, queue_fds;
    int fd;
    unsigned handles; /* of libuv, not yet closed */
    bool closed;
    struct sio_grave grave;
};

struct waiting {
    struct sio_list link;
    unsigned n;
    int fds[SIO_LINK_FDS_MAX];
    size_t len;
    char bytes[];
};

union control { /* aligned as the kernel wants it */
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int) * SIO_LINK_FDS_MAX)];
};

static void on_poll(uv_poll_t *poll, int status, int events);

static void close_fds(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

/* ---- sending --------------------------------------------------------------------------------- */

static void attach_fds(struct msghdr *msg, union control *control, const int *fds, unsigned n)
{
    memset(control, 0, sizeof *control);
    msg->msg_control = control->bytes;
    msg->msg_controllen = CMSG_SPACE(sizeof(int) * n);
    struct cmsghdr *c = CMSG_FIRSTHDR(msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * n);
    memcpy(CMSG_DATA(c), fds, sizeof(int) * n);
}

/* SIO_EAGAIN: the socket is full, and UV_WRITABLE will tell; with errno == ENOBUFS something else
 * is short (memory, descriptors in flight), and only time will. */
static int send_now(int fd, struct sio_slice bytes, const int *fds, unsigned n)
{
    union control control;
    union {
        const char *in;
        void *out;
    } base = {.in = bytes.p}; /* iovec has no const */
    struct iovec iov = {base.out, bytes.len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t r;
    if (n > 0)
        attach_fds(&msg, &control, fds, n);
    do
        r = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (r < 0 && errno == EINTR);
    if (r >= 0)
        return 0;
    switch (errno) {
    case EAGAIN:
        return SIO_EAGAIN;
    case ENOMEM:
    case ENOBUFS:
    case ETOOMANYREFS:
        errno = ENOBUFS;
        return SIO_EAGAIN;
    case EMSGSIZE:
        return SIO_ETOOBIG;
    case EPIPE:
    case ECONNRESET:
    case ENOTCONN:
        return SIO_ECLOSED;
    default:
        return SIO_ESYS;
    }
}

static void watch(struct sio_link *l, bool writable)
{
    uv_poll_start(&l->poll, UV_READABLE | (writable ? UV_WRITABLE : 0), on_poll);
}

static void drop_first(struct sio_link *l)
{
    struct sio_list *node = sio_list_first(&l->queue);
    struct waiting *w = SIO_CONTAINER_OF(node, struct waiting, link);
    sio_list_remove(node);
    close_fds(w->fds, w->n);
    l->queue_bytes -= w->len;
    l->queue_fds -= w->n;
    l->queue_messages--;
    sio_free(w);
}

static void flush(struct sio_link *l);

static void on_retry(uv_timer_t *timer)
{
    flush(timer->data);
}

static void wait_to_send(struct sio_link *l, bool short_of_something)
{
    watch(l, !short_of_something);
    if (short_of_something)
        uv_timer_start(&l->retry, on_retry, SIO_LINK_RETRY_MS, 0);
}

static void flush(struct sio_link *l)
{
    struct sio_list *node;
    while ((node = sio_list_first(&l->queue)) != NULL) {
        struct waiting *w = SIO_CONTAINER_OF(node, struct waiting, link);
        int r = send_now(l->fd, sio_slice(w->bytes, w->len), w->fds, w->n);
        if (r == SIO_EAGAIN) {
            wait_to_send(l, errno == ENOBUFS);
            return;
        }
        if (r != 0)
            sio_log_limited(SIO_LOG_WARN, "link-send", "link: a message of %zu bytes is lost: %s",
                            w->len, sio_err_text(r));
        drop_first(l);
    }
    watch(l, false);
}

static int dup_fds(struct waiting *w, const int *fds, unsigned n)
{
    for (w->n = 0; w->n < n; w->n++) {
        w->fds[w->n] = fcntl(fds[w->n], F_DUPFD_CLOEXEC, 3);
        if (w->fds[w->n] < 0)
            return SIO_ESYS;
    }
    return 0;
}

bool sio_link_has_room(const struct sio_link *l, size_t len)
{
    return l->queue_bytes + len <= SIO_LINK_QUEUE_BYTES &&
           l->queue_messages < SIO_LINK_QUEUE_MESSAGES;
}

static int enqueue(struct sio_link *l, struct sio_slice bytes, const int *fds, unsigned n)
{
    if (!sio_link_has_room(l, bytes.len) || l->queue_fds + n > SIO_LINK_QUEUE_FDS) {
        sio_log_limited(SIO_LOG_WARN, "link-full",
                        "link: %u messages (%zu bytes) wait already, one more is refused",
                        l->queue_messages, l->queue_bytes);
        return SIO_EFULL;
    }
    struct waiting *w = sio_alloc(sizeof *w + bytes.len);
    if (dup_fds(w, fds, n) != 0) {
        int saved = errno;
        close_fds(w->fds, w->n);
        sio_free(w);
        errno = saved;
        return SIO_ESYS;
    }
    w->len = bytes.len;
    memcpy(w->bytes, bytes.p, bytes.len);
    sio_list_init(&w->link);
    sio_list_append(&l->queue, &w->link);
    l->queue_bytes += bytes.len;
    l->queue_fds += n;
    l->queue_messages++;
    return 0;
}

int sio_link_try_send(struct sio_link *l, struct sio_slice bytes, const int *fds, unsigned n)
{
    if (l->closed)
        return SIO_ECLOSED;
    if (bytes.len == 0 || n > SIO_LINK_FDS_MAX)
        return SIO_EINVAL;
    if (bytes.len > SIO_LINK_MESSAGE_MAX)
        return SIO_ETOOBIG;
    if (!sio_list_empty(&l->queue))
        return SIO_EAGAIN;
    return send_now(l->fd, bytes, fds, n);
}

int sio_link_send(struct sio_link *l, struct sio_slice bytes, const int *fds, unsigned n)
{
    bool first = sio_list_empty(&l->queue);
    int r = sio_link_try_send(l, bytes, fds, n);
    if (r != SIO_EAGAIN)
        return r;
    bool short_of_something = first && errno == ENOBUFS;
    if ((r = enqueue(l, bytes, fds, n)) == 0 && first)
        wait_to_send(l, short_of_something);
    return r;
}

/* ---- receiving ------------------------------------------------------------------------------- */

static unsigned collect_fds(struct msghdr *msg, int out[SIO_LINK_FDS_MAX])
{
    unsigned n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < k && n < SIO_LINK_FDS_MAX; i++)
            memcpy(&out[n++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
    return n;
}

static void gone(struct sio_link *l)
{
    sio_link_close(l);
    if (l->events->on_gone != NULL)
        l->events->on_gone(l->owner, l);
}

static void deliver(struct sio_link *l, struct msghdr *msg, struct sio_slice bytes)
{
    int fds[SIO_LINK_FDS_MAX];
    unsigned n = collect_fds(msg, fds);
    if (msg->msg_flags & MSG_CTRUNC)
        sio_log_limited(SIO_LOG_ERROR, "link-fds",
                        "link: descriptors of a message are lost, at the limit of open files?");
    if (msg->msg_flags & MSG_TRUNC) {
        sio_log_limited(SIO_LOG_ERROR, "link-size", "link: a message above %d bytes is dropped",
                        SIO_LINK_MESSAGE_MAX);
        close_fds(fds, n);
        return;
    }
    l->events->on_message(l->owner, l, bytes, fds, n);
}

/* False when there is nothing more to read now. */
static bool take_one(struct sio_link *l, char *buf)
{
    union control control;
    struct iovec iov = {buf, SIO_LINK_MESSAGE_MAX};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.bytes,
                         .msg_controllen = sizeof control.bytes};
    ssize_t r = recvmsg(l->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (r > 0) {
        deliver(l, &msg, sio_slice(buf, (size_t)r));
        return true;
    }
    /* ECONNRESET: the peer went with messages of ours unread. It is reported once, ahead of the
     * peer's own messages that still lie here; after them comes EOF. */
    if (r < 0 && (errno == EINTR || errno == ECONNRESET))
        return true;
    if (r == 0 || errno != EAGAIN)
        gone(l);
    return false;
}

/* The buffer is borrowed from the heap per wake-up: most links are idle most of the time. */
static void take(struct sio_link *l, int most)
{
    char *buf = sio_alloc(SIO_LINK_MESSAGE_MAX);
    while (most-- > 0 && !l->closed && take_one(l, buf)) {
    }
    sio_free(buf);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sio_link *l = poll->data;
    if (status < 0) { /* POLLERR: libuv has stopped the handle, so this is the last call */
        take(l, DRAIN_MAX);
        if (!l->closed)
            gone(l);
        return;
    }
    if (events & UV_WRITABLE)
        flush(l);
    if (events & UV_READABLE)
        take(l, SIO_LINK_BATCH);
}

/* ---- life ------------------------------------------------------------------------------------ */

static int prepare_fd(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return -1;
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

struct sio_link *sio_link_open(struct sio_loop *loop, int fd, const struct sio_link_events *events,
                               void *owner)
{
    struct sio_link *l = sio_calloc(1, sizeof *l);
    int r = prepare_fd(fd) != 0 ? -errno : uv_poll_init(&loop->uv, &l->poll, fd);
    if (r != 0) {
        close(fd);
        sio_free(l);
        errno = -r;
        return NULL;
    }
    uv_timer_init(&loop->uv, &l->retry);
    l->poll.data = l->retry.data = l;
    l->loop = loop;
    l->fd = fd;
    l->events = events;
    l->owner = owner;
    l->handles = 2;
    sio_list_init(&l->queue);
    watch(l, false);
    return l;
}

static void on_closed(uv_handle_t *h)
{
    struct sio_link *l = h->data;
    if (--l->handles == 0)
        sio_loop_bury(l->loop, &l->grave, sio_free, l);
}

void sio_link_close(struct sio_link *l)
{
    if (l->closed)
        return;
    l->closed = true;
    while (!sio_list_empty(&l->queue))
        drop_first(l);
    uv_close((uv_handle_t *)&l->poll, on_closed); /* takes fd out of epoll at once */
    uv_close((uv_handle_t *)&l->retry, on_closed);
    close(l->fd);
}

int sio_link_pair(int out[2])
{
    const int bytes = SIO_LINK_SEND_BUFFER;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out) != 0)
        return SIO_ESYS;
    for (int i = 0; i < 2; i++) /* what is granted is enough, see SIO_LINK_MESSAGE_MAX */
        setsockopt(out[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    return 0;
}
