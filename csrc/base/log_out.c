// SPDX-License-Identifier: MIT
/* The log's way out. Stands on the kernel; log.c calls it. What is kept between calls is the
 * process's, as its descriptors are.
 *
 * In a process that is ours alone, what the app prints to a pipe or socket must not hold it up
 * either, so descriptors 1 and 2 themselves are made non-blocking: pipes by putting our own opening
 * in their place, sockets by the flag, for whoever starts us made them for us. Terminals are left
 * alone: they are shared with the shell, and who stops one wants it to stop.
 */
#include "base/log_out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    int fd;
    bool opened;
    bool socket;
    bool blocks;    /* a pipe or terminal that could not be opened once more */
    bool impatient; /* the last wait was in vain */
    bool torn;      /* the last line was written in part */
    uint64_t lost;
    int why;
} out = {.fd = STDERR_FILENO};

/* The same pipe or terminal by an opening of our own; -1 when that cannot be. */
static int reopen(int fd)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static void unblock(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return;
    if (S_ISSOCK(st.st_mode)) {
        int flags = fcntl(fd, F_GETFL);
        if (flags >= 0)
            fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    } else if (S_ISFIFO(st.st_mode)) {
        int own = reopen(fd);
        if (own < 0)
            return;
        dup2(own, fd);
        close(own);
    }
}

/* A descriptor that is not open would be given to the next file, and the log written into it. */
static void fill_gaps(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) < 0)
            return;
}

void sio_log_out_open(void)
{
    struct stat st = {0};
    if (out.opened)
        return;
    out.opened = true;
    fill_gaps();
    if (fstat(STDERR_FILENO, &st) != 0)
        return;
    out.socket = S_ISSOCK(st.st_mode);
    bool reopens = S_ISFIFO(st.st_mode) || sio_log_out_tty();
    int own = reopens ? reopen(STDERR_FILENO) : -1;
    out.blocks = reopens && own < 0; /* another user's, or without a reader just now */
    out.fd = own >= 0 ? own : STDERR_FILENO;
}

void sio_log_out_guard(void)
{
    unblock(STDOUT_FILENO);
    unblock(STDERR_FILENO);
}

/* A pipe that says so takes 4096 bytes at once, which no line exceeds; unless another process is
 * quicker to fill it. */
static bool would_block(void)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};
    return out.blocks && poll(&p, 1, 0) == 0;
}

static ssize_t write_once(const char *p, size_t n)
{
    ssize_t written;
    if (would_block()) {
        errno = EAGAIN;
        return -1;
    }
    do
        written =
            out.socket ? send(out.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL) : write(out.fd, p, n);
    while (written < 0 && errno == EINTR);
    return written;
}

/* False at once when the last wait was in vain. */
static bool wait_for_room(void)
{
    struct pollfd p = {.fd = out.fd, .events = POLLOUT};
    if (out.impatient)
        return false;
    out.impatient = poll(&p, 1, SIO_LOG_PATIENCE_MS) <= 0;
    return !out.impatient;
}

static bool write_all(const char *p, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t written = write_once(p + done, n - done);
        if (written > 0) {
            done += (size_t)written;
        } else if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait_for_room()) {
            out.torn = out.torn || done != 0;
            return false;
        }
    }
    return true;
}

bool sio_log_out_write(const char *line, size_t len)
{
    if (out.torn && write_once("\n", 1) == 1)
        out.torn = false;
    if (out.torn || !write_all(line, len)) {
        out.why = errno;
        out.lost++;
        return false;
    }
    out.impatient = false;
    return true;
}

uint64_t sio_log_out_lost(void)
{
    return out.lost;
}

int sio_log_out_why(void)
{
    return out.why;
}

bool sio_log_out_tty(void)
{
    return isatty(STDERR_FILENO) == 1;
}
