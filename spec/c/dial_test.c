// SPDX-License-Identifier: MIT
/* net/dial: a socket that is being connected works as a connection from the first moment. */
#include "test.h"
#include "net.h"
#include "conn_side.h"
#include "net/dial.h"
#include "net/listen.h"

#include <unistd.h>

TEST(dial_writes_before_it_is_connected)
{
    struct peer p;
    struct side s;
    int listening, fd, client;
    net_open();
    CHECK_EQ_INT(sio_listen_tcp("127.0.0.1", 0, &listening), 0);
    CHECK_EQ_INT(sio_dial_loopback(sio_listen_port(listening), &fd), 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    start(&s, fd);
    sio_conn_write(s.c, SIO_LIT("early"));
    REQUIRE((client = accept(listening, NULL, NULL)) >= 0);
    peer_init(&p, client);
    WAIT(p.got.len == 5);
    CHECK_SLICE(sio_buf_slice(&p.got), "early");
    close(listening);
    end(&s, &p);
}

TEST(dial_tells_of_a_refusal_as_of_any_end)
{
    struct side s;
    int listening, fd;
    unsigned port;
    net_open();
    CHECK_EQ_INT(sio_listen_tcp("127.0.0.1", 0, &listening), 0);
    port = sio_listen_port(listening);
    close(listening);
    if (sio_dial_loopback(port, &fd) != 0) { /* at once, as the kernel likes */
        CHECK_EQ_INT(errno, ECONNREFUSED);
    } else {
        start(&s, fd);
        WAIT(s.closes == 1);
        CHECK_EQ_INT(s.err, SIO_ESYS);
        CHECK_EQ_INT(s.saved_errno, ECONNREFUSED);
        sio_buf_fini(&s.got);
    }
    CHECK(net_close());
}

TEST(dial_refuses_what_is_no_port)
{
    int fd = -2;
    CHECK_EQ_INT(sio_dial_loopback(0, &fd), SIO_EINVAL);
    CHECK_EQ_INT(sio_dial_loopback(65536, &fd), SIO_EINVAL);
    CHECK_EQ_INT(fd, -2);
}
