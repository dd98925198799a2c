// SPDX-License-Identifier: MIT
/* Connecting to this machine. Stands on the system alone; bind/stream.c calls it. */
#include "net/dial.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static int begin(int fd, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0)
        return SIO_ESYS;
    if (connect(fd, (const void *)&to, sizeof to) != 0 && errno != EINPROGRESS)
        return SIO_ESYS;
    return 0;
}

int sio_dial_loopback(unsigned port, int *fd)
{
    int err, saved;
    if (port == 0 || port > 65535)
        return SIO_EINVAL;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    if (*fd < 0)
        return SIO_ESYS;
    err = begin(*fd, port);
    if (err != 0) {
        saved = errno;
        close(*fd);
        errno = saved;
    }
    return err;
}
