// SPDX-License-Identifier: MIT
/* Links: messages and descriptors, full queues, peers that go, and the limits of open files.
 *
 * Stands on cluster/link and a real loop; both ends are in this process.
 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/err.h"
#include "cluster/link.h"

struct end {
    struct sio_link *link;
    unsigned messages, gone, fds;
    struct sio_buf got; /* all messages, each followed by | */
    int fd[64];
    bool close_on_message, hold;
};

static struct sio_loop loop;
static struct end a, b;

static void on_message(void *owner, struct sio_link *l, struct sio_slice bytes, const int *fds,
                       unsigned n)
{
    struct end *e = owner;
    CHECK(l == e->link);
    CHECK(e->gone == 0);
    e->messages++;
    if (bytes.len < 100) {
        sio_buf_append_slice(&e->got, bytes);
        sio_buf_append_char(&e->got, '|');
    }
    for (unsigned i = 0; i < n; i++) {
        CHECK(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        if (e->fds < 64)
            e->fd[e->fds] = fds[i];
        else
            close(fds[i]);
        e->fds++;
    }
    if (e->close_on_message)
        sio_link_close(l);
}

static void on_gone(void *owner, struct sio_link *l)
{
    struct end *e = owner;
    CHECK(l == e->link);
    e->gone++;
    CHECK_EQ_INT(sio_link_send(l, SIO_LIT("x"), NULL, 0), SIO_ECLOSED);
    e->link = NULL;
}

static const struct sio_link_events events = {on_message, on_gone};

static void setup(void)
{
    int fds[2];
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    if (sio_loop_init(&loop) != 0 || sio_link_pair(fds) != 0)
        abort();
    a.link = sio_link_open(&loop, fds[0], &events, &a);
    b.link = sio_link_open(&loop, fds[1], &events, &b);
    CHECK(a.link != NULL && b.link != NULL);
}

static void drop(struct end *e)
{
    if (e->link != NULL)
        sio_link_close(e->link);
    e->link = NULL;
    for (unsigned i = 0; i < e->fds && i < 64; i++)
        close(e->fd[i]);
    sio_buf_fini(&e->got);
}

static void teardown(void)
{
    drop(&a);
    drop(&b);
    CHECK(sio_loop_fini(&loop));
}

/* Runs ticks until `n` has reached `want`; every tick must bring something or time ends. */
static bool run_until(const unsigned *n, unsigned want)
{
    for (int i = 0; i < 100000 && *n < want; i++)
        sio_loop_run_once(&loop);
    return *n >= want;
}

static unsigned open_fds(void)
{
    unsigned n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

TEST(link_messages_keep_order_and_bounds)
{
    setup();
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("one"), NULL, 0), 0);
    CHECK_EQ_INT(sio_link_try_send(a.link, SIO_LIT("two"), NULL, 0), 0);
    CHECK_EQ_INT(sio_link_send(b.link, SIO_LIT("back"), NULL, 0), 0);
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("three"), NULL, 0), 0);
    CHECK(run_until(&b.messages, 3) && run_until(&a.messages, 1));
    CHECK_SLICE(sio_buf_slice(&b.got), "one|two|three|");
    CHECK_SLICE(sio_buf_slice(&a.got), "back|");
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT(""), NULL, 0), SIO_EINVAL);
    teardown();
}

TEST(link_the_largest_message)
{
    static char big[SIO_LINK_MESSAGE_MAX + 1];
    setup();
    CHECK_EQ_INT(sio_link_send(a.link, sio_slice(big, sizeof big), NULL, 0), SIO_ETOOBIG);
    CHECK_EQ_INT(sio_link_send(a.link, sio_slice(big, sizeof big - 1), NULL, 0), 0);
    CHECK(run_until(&b.messages, 1));
    teardown();
}

TEST(link_descriptors_travel_with_their_message)
{
    int pipes[2], none[SIO_LINK_FDS_MAX + 1] = {0};
    char c = 0;
    setup();
    unsigned before = open_fds();
    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("plain"), NULL, 0), 0);
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("with two"), pipes, 2), 0);
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("x"), none, SIO_LINK_FDS_MAX + 1), SIO_EINVAL);
    close(pipes[0]);
    close(pipes[1]);
    CHECK(run_until(&b.messages, 2));
    CHECK_EQ_INT(b.fds, 2);
    CHECK(write(b.fd[1], "!", 1) == 1 && read(b.fd[0], &c, 1) == 1 && c == '!');
    CHECK_EQ_INT(open_fds(), before + 2);
    teardown();
}

TEST(link_a_bad_descriptor_is_an_error)
{
    int bad = 999;
    setup();
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("x"), &bad, 1), SIO_ESYS);
    CHECK_EQ_INT(errno, EBADF);
    teardown();
}

TEST(link_opening_what_cannot_be_polled)
{
    setup();
    int fd = memfd_create("file", 0);
    CHECK(sio_link_open(&loop, fd, &events, &a) == NULL);
    CHECK_EQ_INT(errno, EPERM);
    CHECK(fcntl(fd, F_GETFD) < 0); /* closed */
    CHECK(sio_link_open(&loop, fd, &events, &a) == NULL);
    CHECK_EQ_INT(errno, EBADF);
    teardown();
}

/* The peer does not read: the kernel's buffer, then the queue, then an error; nothing is lost of
 * what was accepted, and it arrives in order. */
TEST(link_full_queue)
{
    static char bytes[4096];
    unsigned sent = 0, tried;
    int r;
    setup();
    while ((r = sio_link_try_send(a.link, sio_slice(bytes, sizeof bytes), NULL, 0)) == 0)
        sent++;
    CHECK_EQ_INT(r, SIO_EAGAIN);
    CHECK(sent >= 20);
    tried = sent;
    while ((r = sio_link_send(a.link, sio_slice(bytes, sizeof bytes), NULL, 0)) == 0)
        sent++;
    CHECK_EQ_INT(r, SIO_EFULL);
    CHECK_EQ_INT(sent - tried, SIO_LINK_QUEUE_BYTES / sizeof bytes);
    CHECK_EQ_INT(sio_link_try_send(a.link, SIO_LIT("x"), NULL, 0), SIO_EAGAIN);
    CHECK(run_until(&b.messages, sent));
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("last"), NULL, 0), 0);
    CHECK(run_until(&b.messages, sent + 1));
    CHECK_SLICE(sio_buf_slice(&b.got), "last|");
    teardown();
}

TEST(link_queued_descriptors_are_dups)
{
    static char bytes[4096];
    unsigned sent = 0, before = open_fds();
    int pipes[2], r;
    setup();
    while (sio_link_try_send(a.link, sio_slice(bytes, sizeof bytes), NULL, 0) == 0)
        sent++;
    REQUIRE(pipe2(pipes, O_CLOEXEC) == 0);
    for (r = 0; r == 0; sent += r == 0)
        r = sio_link_send(a.link, SIO_LIT("fd"), &pipes[1], 1);
    CHECK_EQ_INT(r, SIO_EFULL); /* of descriptors */
    close(pipes[1]);
    CHECK(run_until(&b.messages, sent));
    CHECK_EQ_INT(b.fds, SIO_LINK_QUEUE_FDS);
    char c = 0;
    CHECK(write(b.fd[SIO_LINK_QUEUE_FDS - 1], "!", 1) == 1 && read(pipes[0], &c, 1) == 1);
    close(pipes[0]);
    teardown();
    CHECK_EQ_INT(open_fds(), before);
}

TEST(link_closing_drops_the_queue)
{
    static char bytes[4096];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    unsigned before = open_fds();
    setup();
    while (sio_link_try_send(a.link, sio_slice(bytes, sizeof bytes), NULL, 0) == 0) {
    }
    for (int i = 0; i < 5; i++)
        CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("fd"), &fd, 1), 0);
    sio_link_close(a.link);
    sio_link_close(a.link); /* idempotent in the tick */
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("x"), NULL, 0), SIO_ECLOSED);
    a.link = NULL;
    CHECK(run_until(&b.gone, 1));
    CHECK_EQ_INT(a.gone, 0);
    teardown();
    CHECK_EQ_INT(open_fds(), before);
    close(fd);
}

TEST(link_the_peer_that_goes_is_told_once)
{
    setup();
    sio_link_send(b.link, SIO_LIT("farewell"), NULL, 0);
    sio_link_close(b.link);
    b.link = NULL;
    CHECK(run_until(&a.gone, 1));
    CHECK_SLICE(sio_buf_slice(&a.got), "farewell|");
    CHECK_EQ_INT(a.gone, 1);
    teardown();
    CHECK_EQ_INT(a.gone, 1);
}

/* A peer that is closed with messages of ours unread makes the kernel report ECONNRESET ahead of
 * what the peer had sent. */
TEST(link_what_the_peer_said_before_a_reset_is_heard)
{
    setup();
    for (int i = 0; i < 100; i++)
        sio_link_send(b.link, SIO_LIT("m"), NULL, 0);
    for (int i = 0; i < 10; i++)
        sio_link_send(a.link, SIO_LIT("never read"), NULL, 0);
    sio_link_close(b.link);
    b.link = NULL;
    CHECK(run_until(&a.gone, 1));
    CHECK_EQ_INT(a.messages, 100);
    teardown();
}

TEST(link_sending_to_one_that_is_gone)
{
    setup();
    sio_link_send(b.link, SIO_LIT("m"), NULL, 0);
    sio_link_send(a.link, SIO_LIT("never read"), NULL, 0);
    sio_link_close(b.link);
    b.link = NULL;
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("late"), NULL, 0), SIO_ECLOSED);
    CHECK_EQ_INT(sio_link_try_send(a.link, SIO_LIT("late"), NULL, 0), SIO_ECLOSED);
    CHECK_EQ_INT(a.gone, 0); /* not from within a send */
    CHECK(run_until(&a.gone, 1));
    CHECK_EQ_INT(a.messages, 1);
    teardown();
}

TEST(link_a_callback_may_close)
{
    setup();
    a.close_on_message = true;
    for (int i = 0; i < 5; i++)
        sio_link_send(b.link, SIO_LIT("m"), NULL, 0);
    CHECK(run_until(&b.gone, 1));
    CHECK_EQ_INT(a.messages, 1);
    CHECK_EQ_INT(a.gone, 0);
    a.link = NULL;
    teardown();
}

TEST(link_a_flood_leaves_room_for_others)
{
    setup();
    for (int i = 0; i < 200; i++)
        CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("m"), NULL, 0), 0);
    sio_loop_run_once(&loop);
    CHECK_EQ_INT(b.messages, SIO_LINK_BATCH);
    CHECK(run_until(&b.messages, 200));
    teardown();
}

/* A message's descriptors are lost when the receiver is at its limit; the message itself arrives.
 */
TEST(link_receiver_at_its_limit_of_files)
{
    struct rlimit old, low;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setup();
    CHECK_EQ_INT(sio_link_send(a.link, SIO_LIT("with"), &fd, 1), 0);
    getrlimit(RLIMIT_NOFILE, &old);
    low = old;
    low.rlim_cur = (rlim_t)dup(fd); /* the lowest free number; sanitizers need none here */
    close((int)low.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &low);
    CHECK(run_until(&b.messages, 1));
    setrlimit(RLIMIT_NOFILE, &old);
    CHECK_SLICE(sio_buf_slice(&b.got), "with|");
    CHECK_EQ_INT(b.fds, 0);
    close(fd);
    teardown();
}

TEST(link_killed_peer_is_seen)
{
    int fds[2];
    setup();
    REQUIRE(sio_link_pair(fds) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        ssize_t n = send(fds[1], "ready", 5, 0);
        for (; n > 0;)
            pause();
        _exit(1);
    }
    close(fds[1]);
    struct end c = {.link = sio_link_open(&loop, fds[0], &events, &c)};
    CHECK(run_until(&c.messages, 1));
    kill(pid, SIGKILL);
    CHECK(run_until(&c.gone, 1));
    waitpid(pid, NULL, 0);
    drop(&c);
    teardown();
}
