// SPDX-License-Identifier: MIT
/* Connecting to this machine. Stands on the system alone; bind/stream.c and
 * bind/process_lines.c call it. */
#include "net/dial.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int prepare(int fd)
{
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* not for Unix sockets */
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return SIO_ESYS;
    return 0;
}

/* A socket on its way to an address. One of a Unix socket is there at once or not at all. */
static int dial(const struct sockaddr *to, socklen_t len, int *fd)
{
    int saved;
    *fd = socket(to->sa_family, SOCK_STREAM, 0);
    if (*fd < 0)
        return SIO_ESYS;
    if (prepare(*fd) == 0 && (connect(*fd, to, len) == 0 || errno == EINPROGRESS))
        return 0;
    saved = errno;
    close(*fd);
    errno = saved;
    return SIO_ESYS;
}

int sio_dial_loopback(unsigned port, int *fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (port == 0 || port > 65535)
        return SIO_EINVAL;
    return dial((const void *)&to, sizeof to, fd);
}

int sio_dial_unix(const char *path, int *fd)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof to.sun_path)
        return len == 0 ? SIO_EINVAL : SIO_ETOOBIG;
    memcpy(to.sun_path, path, len);
    return dial((const void *)&to, sizeof to, fd);
}
