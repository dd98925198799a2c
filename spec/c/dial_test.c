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

TEST(dial_reaches_a_path)
{
    char folder[] = "/tmp/sio_dial_XXXXXX", path[64];
    struct peer p;
    struct side s;
    uint64_t inode;
    int listening, fd, client;
    net_open();
    REQUIRE(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/s", folder);
    CHECK_EQ_INT(sio_dial_unix(path, &fd), SIO_ESYS);
    CHECK_EQ_INT(errno, ENOENT);
    CHECK_EQ_INT(sio_listen_unix(path, 0600, &listening, &inode), 0);
    CHECK_EQ_INT(sio_dial_unix(path, &fd), 0);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    start(&s, fd);
    sio_conn_write(s.c, SIO_LIT("hello"));
    REQUIRE((client = accept(listening, NULL, NULL)) >= 0);
    peer_init(&p, client);
    WAIT(p.got.len == 5);
    close(listening);
    end(&s, &p);
    CHECK_EQ_INT(sio_dial_unix(path, &fd), SIO_ESYS);
    CHECK_EQ_INT(errno, ECONNREFUSED);
    sio_listen_unlink(path, inode);
    rmdir(folder);
}

TEST(dial_refuses_what_is_no_path)
{
    char longest[200];
    int fd = -2;
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    CHECK_EQ_INT(sio_dial_unix("", &fd), SIO_EINVAL);
    CHECK_EQ_INT(sio_dial_unix(longest, &fd), SIO_ETOOBIG);
    CHECK_EQ_INT(fd, -2);
}

TEST(dial_refuses_what_is_no_port)
{
    int fd = -2;
    CHECK_EQ_INT(sio_dial_loopback(0, &fd), SIO_EINVAL);
    CHECK_EQ_INT(sio_dial_loopback(65536, &fd), SIO_EINVAL);
    CHECK_EQ_INT(fd, -2);
}
