// SPDX-License-Identifier: MIT
/* base/log_out and how the log tells of it: a pipe without a reader, a pipe and a socket that
 * nobody reads, a full disk, no stderr at all. Each in a process of its own, for what is tested is
 * the process's. */
#include "base/log_out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "test.h"

enum { LINES = 5000, CEILING_MS = 5000 };

/* Runs fn in a child whose stderr is `fd`; its exit status, or -1. */
static int in_child(int fd, int (*fn)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGPIPE, SIG_IGN); /* as the loop does */
        alarm(30);
        if (fd >= 0)
            dup2(fd, STDERR_FILENO);
        else
            close(STDERR_FILENO);
        sio_log_open();
        _exit(fn());
    }
    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static int log_many(void)
{
    uint64_t began_ms = sio_clock_ms();
    for (int i = 0; i < LINES; i++)
        sio_log(SIO_LOG_INFO, "a line that goes nowhere, and is long enough to fill a pipe");
    if (sio_clock_ms() - began_ms > CEILING_MS)
        return 2;
    return sio_log_lost() > 0 ? 0 : 1;
}

static int log_all_lost(void)
{
    sio_log(SIO_LOG_INFO, "one");
    sio_log(SIO_LOG_INFO, "two");
    return sio_log_lost() == 2 ? 0 : 1;
}

TEST(a_pipe_that_nobody_reads)
{
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    CHECK_EQ_INT(in_child(fds[1], log_many), 0);
    CHECK_EQ_INT(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0); /* ours stays as it was */
    close(fds[0]);
    close(fds[1]);
}

TEST(a_socket_that_nobody_reads)
{
    int fds[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_EQ_INT(in_child(fds[1], log_many), 0);
    CHECK_EQ_INT(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
    close(fds[0]);
    close(fds[1]);
}

TEST(a_pipe_without_a_reader)
{
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    close(fds[0]);
    CHECK_EQ_INT(in_child(fds[1], log_all_lost), 0);
    close(fds[1]);
}

/* One that could not be opened once more, here because it had no reader then. */
static char fifo[64];

static int log_many_to_a_reader_who_comes(void)
{
    return open(fifo, O_RDONLY | O_NONBLOCK) >= 0 ? log_many() : 3;
}

TEST(a_pipe_that_blocks)
{
    char folder[] = "/tmp/log_out_test.XXXXXX";
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    REQUIRE(mkfifo(fifo, 0600) == 0);
    int reader = open(fifo, O_RDONLY | O_NONBLOCK), fd = open(fifo, O_WRONLY);
    close(reader);
    CHECK_EQ_INT(in_child(fd, log_many_to_a_reader_who_comes), 0);
    close(fd);
    unlink(fifo);
    rmdir(folder);
}

TEST(a_full_disk)
{
    int fd = open("/dev/full", O_WRONLY);
    REQUIRE(fd >= 0);
    CHECK_EQ_INT(in_child(fd, log_all_lost), 0);
    close(fd);
}

/* The gap is filled, so that no file of ours gets the log's lines. */
static int open_a_file(void)
{
    sio_log(SIO_LOG_INFO, "nowhere");
    return dup(STDIN_FILENO) > STDERR_FILENO ? 0 : 1;
}

TEST(no_stderr_at_all)
{
    CHECK_EQ_INT(in_child(-1, open_a_file), 0);
}

/* ---- printing ---- */

static int print_many(void)
{
    static char line[1000];
    sio_log_guard();
    memset(line, 'x', sizeof line);
    for (int i = 0; i < LINES; i++)
        if (write(STDERR_FILENO, line, sizeof line) < 0)
            return errno == EAGAIN ? 0 : 1;
    return 2;
}

TEST(what_is_printed_cannot_block_either)
{
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    CHECK_EQ_INT(in_child(fds[1], print_many), 0);
    close(fds[0]);
    close(fds[1]);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK_EQ_INT(in_child(fds[1], print_many), 0);
    close(fds[0]);
    close(fds[1]);
}

/* ---- when lines can be written again ---- */

static int reader_end;

static int lose_and_go_on(void)
{
    static char all[1 << 20];
    size_t n = 0;
    ssize_t got;
    while (sio_log_lost() < 3)
        sio_log(SIO_LOG_INFO, "a line that goes nowhere, and is long enough to fill a pipe");
    fcntl(reader_end, F_SETFL, O_NONBLOCK);
    while (n < sizeof all && (got = read(reader_end, all + n, sizeof all - n)) > 0)
        n += (size_t)got;
    sio_log(SIO_LOG_INFO, "after");
    n = (size_t)read(reader_end, all, sizeof all - 1);
    all[n] = '\0';
    const char *after = strstr(all, "after\n");
    return after != NULL && strstr(after, "log: 3 lines could not be written") != NULL ? 0 : 1;
}

TEST(the_count_is_logged_when_lines_get_through)
{
    int fds[2];
    REQUIRE(pipe(fds) == 0);
    reader_end = fds[0];
    CHECK_EQ_INT(in_child(fds[1], lose_and_go_on), 0);
    close(fds[0]);
    close(fds[1]);
}
