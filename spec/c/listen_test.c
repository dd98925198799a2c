// SPDX-License-Identifier: MIT
/* net/listen: addresses, paths with what was left on them, and descriptors that were inherited. */
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/err.h"
#include "net/listen.h"

static char folder[] = "/tmp/sio_listen_XXXXXX";
static char path[SIO_LISTEN_PATH_MAX + 2];

/* An empty folder and a path in it. */
static void begin(void)
{
    memcpy(strrchr(folder, '_') + 1, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(path, sizeof path, "%s/s", folder);
}

static void end(void)
{
    unlink(path);
    CHECK(rmdir(folder) == 0);
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

static struct sockaddr_un path_address(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof a.sun_path)
        abort();
    memcpy(a.sun_path, path, strlen(path));
    return a;
}

static bool answers(void)
{
    struct sockaddr_un to = path_address();
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    bool connected = connect(fd, (void *)&to, sizeof to) == 0;
    close(fd);
    return connected;
}

static bool is_ready(int fd)
{
    return fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

static unsigned mode_of(const char *file)
{
    struct stat st;
    return lstat(file, &st) == 0 ? st.st_mode & 0777 : 0;
}

static void check_name(int fd, const char *want)
{
    struct sio_buf name = {0};
    sio_listen_name(fd, &name);
    CHECK_EQ_SLICE(sio_buf_slice(&name), sio_slice_str(want));
    sio_buf_fini(&name);
}

TEST(listen_says_what_is_wrong)
{
    int fd = -1, other;
    CHECK_EQ_INT(sio_listen_tcp("127.0.0.1", 65536, &other), SIO_EINVAL);
    CHECK_EQ_INT(sio_listen_tcp("no such host", 0, &other), SIO_ENOENT);
    CHECK_EQ_INT(sio_listen_tcp("192.0.2.1", 0, &other), SIO_ESYS);
    CHECK_EQ_INT(errno, EADDRNOTAVAIL);
    REQUIRE(sio_listen_tcp("127.0.0.1", 0, &fd) == 0);
    CHECK_EQ_INT(sio_listen_tcp("127.0.0.1", sio_listen_port(fd), &other), SIO_ESYS);
    CHECK_EQ_INT(errno, EADDRINUSE);
    close(fd);
}

TEST(listen_takes_both_families_by_default)
{
    int fd = -1, client, other = -1;
    REQUIRE(sio_listen_tcp(NULL, 0, &fd) == 0);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    client = dial(sio_listen_port(fd));
    CHECK(client >= 0);
    CHECK_EQ_INT(sio_listen_tcp("", sio_listen_port(fd), &other), SIO_ESYS);
    CHECK_EQ_INT(errno, EADDRINUSE);
    CHECK_EQ_INT(sio_listen_port(STDIN_FILENO), 0);
    close(client);
    close(fd);
}

TEST(listen_names_what_it_is)
{
    char want[64];
    int fd = -1;
    REQUIRE(sio_listen_tcp("127.0.0.1", 0, &fd) == 0);
    snprintf(want, sizeof want, "127.0.0.1:%u", sio_listen_port(fd));
    check_name(fd, want);
    close(fd);
    if (sio_listen_tcp("::1", 0, &fd) != 0)
        return;
    snprintf(want, sizeof want, "[::1]:%u", sio_listen_port(fd));
    check_name(fd, want);
    close(fd);
}

TEST(listen_on_a_path)
{
    char want[SIO_LISTEN_PATH_MAX + 8];
    uint64_t inode = 0;
    int fd = -1;
    begin();
    umask(022);
    REQUIRE(sio_listen_unix(path, -1, &fd, &inode) == 0);
    CHECK(is_ready(fd) && answers() && sio_listen_port(fd) == 0);
    CHECK_EQ_INT(mode_of(path), 0755);
    snprintf(want, sizeof want, "unix:%s", path);
    check_name(fd, want);
    sio_listen_unlink(path, inode + 1); /* somebody else's by now */
    CHECK(answers());
    sio_listen_unlink(path, inode);
    CHECK_EQ_INT(access(path, F_OK), -1);
    close(fd);
    REQUIRE(sio_listen_unix(path, 0660, &fd, &inode) == 0);
    CHECK_EQ_INT(mode_of(path), 0660);
    close(fd);
    end();
}

TEST(listen_replaces_what_a_dead_process_left)
{
    uint64_t first = 0, second = 0;
    int fd = -1;
    begin();
    REQUIRE(sio_listen_unix(path, -1, &fd, &first) == 0);
    close(fd);
    CHECK(!answers() && access(path, F_OK) == 0);
    REQUIRE(sio_listen_unix(path, -1, &fd, &second) == 0);
    CHECK(answers());
    close(fd);
    end();
}

TEST(listen_leaves_what_lives)
{
    uint64_t inode = 0;
    int fd = -1, other = -1;
    begin();
    REQUIRE(sio_listen_unix(path, -1, &fd, &inode) == 0);
    CHECK_EQ_INT(sio_listen_unix(path, -1, &other, &inode), SIO_ESYS);
    CHECK_EQ_INT(errno, EADDRINUSE);
    CHECK(answers());
    close(fd);
    end();
}

/* A listener whose backlog is full is busy, not dead. */
TEST(listen_leaves_what_is_busy)
{
    struct sockaddr_un a;
    int busy = socket(AF_UNIX, SOCK_STREAM, 0), first = socket(AF_UNIX, SOCK_STREAM, 0), other;
    uint64_t inode = 0;
    begin();
    a = path_address();
    REQUIRE(bind(busy, (void *)&a, sizeof a) == 0 && listen(busy, 0) == 0);
    REQUIRE(connect(first, (void *)&a, sizeof a) == 0);
    CHECK_EQ_INT(sio_listen_unix(path, -1, &other, &inode), SIO_ESYS);
    CHECK_EQ_INT(errno, EADDRINUSE);
    CHECK_EQ_INT(access(path, F_OK), 0);
    close(first);
    close(busy);
    end();
}

TEST(listen_leaves_what_is_no_socket)
{
    uint64_t inode = 0;
    int other = -1, file;
    begin();
    file = open(path, O_CREAT | O_WRONLY, 0600);
    CHECK_EQ_INT(sio_listen_unix(path, -1, &other, &inode), SIO_EEXIST);
    close(file);
    CHECK_EQ_INT(access(path, F_OK), 0);
    unlink(path);
    CHECK_EQ_INT(symlink("/nowhere/at/all", path), 0);
    CHECK_EQ_INT(sio_listen_unix(path, -1, &other, &inode), SIO_EEXIST);
    unlink(path);
    CHECK_EQ_INT(sio_listen_unix("/nowhere/at/all", -1, &other, &inode), SIO_ESYS);
    CHECK_EQ_INT(errno, ENOENT);
    end();
}

TEST(listen_paths_are_limited)
{
    uint64_t inode = 0;
    int fd = -1;
    begin();
    size_t len = strlen(path);
    memset(path + len, 'x', SIO_LISTEN_PATH_MAX + 1 - len);
    path[SIO_LISTEN_PATH_MAX + 1] = '\0';
    CHECK_EQ_INT(sio_listen_unix(path, -1, &fd, &inode), SIO_ETOOBIG);
    CHECK_EQ_INT(sio_listen_unix("", -1, &fd, &inode), SIO_EINVAL);
    path[SIO_LISTEN_PATH_MAX] = '\0';
    REQUIRE(sio_listen_unix(path, -1, &fd, &inode) == 0);
    CHECK(answers());
    close(fd);
    end();
}

TEST(listen_inherits_listening_sockets_only)
{
    int tcp = socket(AF_INET, SOCK_STREAM, 0), udp = socket(AF_INET, SOCK_DGRAM, 0), pipes[2], fd;
    uint64_t inode = 0;
    REQUIRE(pipe(pipes) == 0);
    CHECK_EQ_INT(sio_listen_inherit(pipes[0]), SIO_EINVAL);
    CHECK_EQ_INT(sio_listen_inherit(udp), SIO_EINVAL);
    CHECK_EQ_INT(sio_listen_inherit(tcp), SIO_EINVAL); /* it does not listen yet */
    REQUIRE(listen(tcp, 1) == 0);
    CHECK_EQ_INT(sio_listen_inherit(tcp), 0);
    CHECK(is_ready(tcp));
    close(tcp);
    CHECK_EQ_INT(sio_listen_inherit(tcp), SIO_ESYS);
    CHECK_EQ_INT(errno, EBADF);
    begin();
    REQUIRE(sio_listen_unix(path, -1, &fd, &inode) == 0);
    CHECK_EQ_INT(sio_listen_inherit(fd), 0);
    close(fd);
    end();
    close(udp);
    close(pipes[0]);
    close(pipes[1]);
}
