// SPDX-License-Identifier: MIT
/* Making listening sockets. Stands on the system alone; bind/listen.c calls it.
 *
 * Invariant: a path is only removed when it is a socket on which nobody listens, or ours.
 */
#include "net/listen.h"

#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

_Static_assert(SIO_LISTEN_PATH_MAX < sizeof((struct sockaddr_un *)0)->sun_path,
               "a path and its NUL fit");

static void close_keeping_errno(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
}

static int prepare(int fd)
{
    if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return SIO_ESYS;
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : SIO_ESYS;
}

static int new_socket(int family)
{
    int fd = socket(family, SOCK_STREAM, 0);
    if (fd >= 0 && prepare(fd) != 0) {
        close_keeping_errno(fd);
        return -1;
    }
    return fd;
}

/* ---- on an address --------------------------------------------------------------------------- */

static bool is_any6(const struct sockaddr *a)
{
    const struct sockaddr_in6 *six = (const void *)a;
    return a->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

static int bind_one(const struct addrinfo *ai)
{
    int one = 1, zero = 0;
    int fd = new_socket(ai->ai_family);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (is_any6(ai->ai_addr))
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SIO_LISTEN_BACKLOG) == 0)
        return fd;
    close_keeping_errno(fd);
    return -1;
}

static int bind_host(const char *host, const char *port, int *fd)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int err;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    err = getaddrinfo(host, port, &hints, &list);
    if (err != 0)
        return err == EAI_SYSTEM ? SIO_ESYS : SIO_ENOENT;
    *fd = -1;
    for (struct addrinfo *ai = list; ai != NULL && *fd < 0; ai = ai->ai_next)
        *fd = bind_one(ai);
    err = errno;
    freeaddrinfo(list);
    errno = err;
    return *fd < 0 ? SIO_ESYS : 0;
}

int sio_listen_tcp(const char *host, unsigned port, int *fd)
{
    char text[8];
    if (port > 65535)
        return SIO_EINVAL;
    snprintf(text, sizeof text, "%u", port);
    if (host != NULL && host[0] != '\0')
        return bind_host(host, text, fd);
    if (bind_host("::", text, fd) == 0)
        return 0;
    return errno == EADDRINUSE ? SIO_ESYS : bind_host("0.0.0.0", text, fd);
}

/* ---- on a path ------------------------------------------------------------------------------- */

/* Whether somebody listens on it: only a refusal says that nobody does. */
static bool is_dead(const struct sockaddr_un *a)
{
    int fd = new_socket(AF_UNIX);
    bool dead = fd >= 0 && connect(fd, (const void *)a, sizeof *a) != 0 && errno == ECONNREFUSED;
    if (fd >= 0)
        close(fd);
    return dead;
}

/* Makes room where bind said EADDRINUSE. */
static int remove_dead(const struct sockaddr_un *a)
{
    struct stat st;
    if (lstat(a->sun_path, &st) != 0)
        return errno == ENOENT ? 0 : SIO_ESYS;
    if (!S_ISSOCK(st.st_mode))
        return SIO_EEXIST;
    if (!is_dead(a)) {
        errno = EADDRINUSE;
        return SIO_ESYS;
    }
    return unlink(a->sun_path) == 0 || errno == ENOENT ? 0 : SIO_ESYS;
}

static int bind_path(int fd, const struct sockaddr_un *a)
{
    int rc;
    if (bind(fd, (const void *)a, sizeof *a) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return SIO_ESYS;
    rc = remove_dead(a);
    if (rc != 0)
        return rc;
    return bind(fd, (const void *)a, sizeof *a) == 0 ? 0 : SIO_ESYS;
}

/* Nobody can connect before listen, so the permissions are right from the first moment. */
static int open_path(int fd, const char *path, int mode, uint64_t *inode)
{
    struct stat st;
    if (mode >= 0 && chmod(path, (mode_t)mode) != 0)
        return SIO_ESYS;
    if (lstat(path, &st) != 0 || listen(fd, SIO_LISTEN_BACKLOG) != 0)
        return SIO_ESYS;
    *inode = st.st_ino;
    return 0;
}

int sio_listen_unix(const char *path, int mode, int *fd, uint64_t *inode)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    int rc;
    if (len == 0 || len > SIO_LISTEN_PATH_MAX)
        return len == 0 ? SIO_EINVAL : SIO_ETOOBIG;
    memcpy(a.sun_path, path, len);
    *fd = new_socket(AF_UNIX);
    if (*fd < 0)
        return SIO_ESYS;
    rc = bind_path(*fd, &a);
    if (rc == 0) {
        rc = open_path(*fd, path, mode, inode);
        if (rc != 0) {
            int saved = errno;
            unlink(path);
            errno = saved;
        }
    }
    if (rc != 0)
        close_keeping_errno(*fd);
    return rc;
}

void sio_listen_unlink(const char *path, uint64_t inode)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_ino == inode)
        unlink(path);
}

/* ---- inherited ------------------------------------------------------------------------------- */

/* 0 also for a socket that cannot tell. */
static int socket_option(int fd, int option)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 ? value : 0;
}

int sio_listen_inherit(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t len = sizeof a;
    if (fcntl(fd, F_GETFD) < 0)
        return SIO_ESYS;
    if (socket_option(fd, SO_TYPE) != SOCK_STREAM || !socket_option(fd, SO_ACCEPTCONN))
        return SIO_EINVAL;
    if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
        return SIO_ESYS;
    if (a.ss_family != AF_INET && a.ss_family != AF_INET6 && a.ss_family != AF_UNIX)
        return SIO_EINVAL;
    return prepare(fd);
}

/* ---- what it is ------------------------------------------------------------------------------ */

union any_address {
    struct sockaddr_storage storage;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_un local;
};

static bool get_name(int fd, union any_address *a)
{
    socklen_t len = sizeof *a;
    memset(a, 0, sizeof *a);
    return getsockname(fd, (struct sockaddr *)&a->storage, &len) == 0;
}

unsigned sio_listen_port(int fd)
{
    union any_address a;
    if (!get_name(fd, &a))
        return 0;
    if (a.storage.ss_family == AF_INET6)
        return ntohs(a.six.sin6_port);
    return a.storage.ss_family == AF_INET ? ntohs(a.four.sin_port) : 0;
}

void sio_listen_name(int fd, struct sio_buf *out)
{
    char text[INET6_ADDRSTRLEN];
    union any_address a;
    if (!get_name(fd, &a))
        return;
    if (a.storage.ss_family == AF_UNIX)
        sio_buf_printf(out, "unix:%.*s", (int)sizeof a.local.sun_path, a.local.sun_path);
    else if (a.storage.ss_family == AF_INET6)
        sio_buf_printf(out, "[%s]:%u", inet_ntop(AF_INET6, &a.six.sin6_addr, text, sizeof text),
                       sio_listen_port(fd));
    else
        sio_buf_printf(out, "%s:%u", inet_ntop(AF_INET, &a.four.sin_addr, text, sizeof text),
                       sio_listen_port(fd));
}
