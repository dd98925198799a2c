// SPDX-License-Identifier: MIT
/* net/listener on loopback: accepting in batches, pauses, and running out of descriptors. */
#include "test.h"
#include "net.h"

#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/resource.h>

#include "net/listen.h"
#include "net/listener.h"

enum { MANY = SIO_ACCEPT_BATCH * 2 + 10 };

static struct {
    struct sio_listener *l;
    int fds[MANY];
    unsigned n, close_at, pause_at;
} got;

static void on_accept(void *owner, int fd)
{
    CHECK(owner == &got);
    int nodelay = 0;
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &(socklen_t){sizeof nodelay}) == 0);
    CHECK(nodelay);
    got.fds[got.n++] = fd;
    if (got.n == got.close_at)
        sio_listener_close(got.l);
    if (got.n == got.pause_at)
        sio_listener_pause(got.l, true);
}

static unsigned start(void)
{
    int fd = -1;
    unsigned port;
    net_open();
    memset(&got, 0, sizeof got);
    if (sio_listen_tcp("127.0.0.1", 0, &fd) != 0)
        abort();
    port = sio_listen_port(fd);
    got.l = sio_listener_open(&net.loop, fd, on_accept, &got);
    return port;
}

static void end(void)
{
    for (unsigned i = 0; i < got.n; i++)
        close(got.fds[i]);
    if (got.n < got.close_at || got.close_at == 0)
        sio_listener_close(got.l);
    CHECK(net_close());
}

static int dial(unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_port = htons((uint16_t)port);
    if (connect(fd, (void *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void dial_many(unsigned port, int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        fds[i] = dial(port);
}

static void hang_up(int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

TEST(listener_accepts_a_batch_per_turn)
{
    int fds[MANY];
    unsigned port = start();
    CHECK(port > 0);
    dial_many(port, fds, MANY);
    sio_loop_run_once(&net.loop);
    CHECK_EQ_INT(got.n, SIO_ACCEPT_BATCH);
    WAIT(got.n == MANY);
    hang_up(fds, MANY);
    end();
}

TEST(listener_pauses_and_goes_on)
{
    int fds[10];
    unsigned port = start();
    sio_listener_pause(got.l, true);
    dial_many(port, fds, 10);
    net_turn();
    CHECK_EQ_INT(got.n, 0);
    got.pause_at = 4;
    sio_listener_pause(got.l, false);
    WAIT(got.n == 4);
    net_turn();
    CHECK_EQ_INT(got.n, 4);
    sio_listener_pause(got.l, false);
    WAIT(got.n == 10);
    hang_up(fds, 10);
    end();
}

TEST(listener_may_be_closed_while_it_accepts)
{
    int fds[10];
    unsigned port = start();
    got.close_at = 3;
    dial_many(port, fds, 10);
    WAIT(got.n == 3);
    net_turn();
    CHECK_EQ_INT(got.n, 3);
    CHECK_EQ_INT(dial(port), -1);
    hang_up(fds, 10);
    end();
}

/* Nobody may lose a connection: it stays in the backlog, and is accepted later. */
TEST(listener_waits_while_descriptors_are_short)
{
    int fds[3];
    struct rlimit before, few;
    uint64_t began;
    unsigned port = start();
    dial_many(port, fds, 3);
    getrlimit(RLIMIT_NOFILE, &before);
    few = before;
    few.rlim_cur = (rlim_t)fds[2] + 1;
    setrlimit(RLIMIT_NOFILE, &few);
    WAIT(net.log_lines > 0);
    CHECK(strstr(net.logged, "listener: accept: Too many open files") == net.logged);
    net_turn();
    CHECK_EQ_INT(got.n, 0);
    began = sio_loop_now(&net.loop);
    sio_loop_run_once(&net.loop); /* it does not spin */
    CHECK(sio_loop_now(&net.loop) >= began + SIO_ACCEPT_PAUSE_MS / 2);
    setrlimit(RLIMIT_NOFILE, &before);
    WAIT(got.n == 3);
    hang_up(fds, 3);
    end();
}

TEST(listener_takes_its_descriptor_also_when_it_fails)
{
    int file = fileno(tmpfile());
    net_open();
    CHECK(sio_listener_open(&net.loop, file, on_accept, NULL) == NULL);
    CHECK_EQ_INT(errno, EPERM);
    CHECK_EQ_INT(fcntl(file, F_GETFD), -1);
    CHECK(net_close());
}
