// SPDX-License-Identifier: MIT
/* Children: descriptors, environment, exits and signals. Stands on cluster/spawn, a real loop, and
 * /bin/sh; one test runs this program itself as a worker that attaches to the shared memory.
 */
#define TEST_NO_MAIN
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/err.h"
#include "cluster/journal.h"
#include "cluster/link.h"
#include "cluster/spawn.h"

struct ended {
    unsigned exits;
    int64_t status;
    int signal;
};

static struct sio_loop loop;

static void on_exit_status(void *owner, struct sio_child *c, int64_t status, int signal)
{
    struct ended *e = owner;
    (void)c;
    e->exits++;
    e->status = status;
    e->signal = signal;
}

static void wait_for(struct ended *e)
{
    while (e->exits == 0)
        sio_loop_run_once(&loop);
}

/* Runs a shell command with fds from 3 on. */
static struct sio_child *sh(const char *command, char *const env[], const int *fds, unsigned n,
                            struct ended *e)
{
    char text[512], shell[] = "/bin/sh", c[] = "-c";
    char *args[] = {shell, c, text, NULL};
    struct sio_child *child = NULL;
    snprintf(text, sizeof text, "%s", command);
    *e = (struct ended){0};
    CHECK_EQ_INT(sio_child_spawn(&loop, args, env, fds, n, on_exit_status, e, &child), 0);
    return child;
}

TEST(spawn_status_and_signal)
{
    struct ended e;
    REQUIRE(sio_loop_init(&loop) == 0);
    struct sio_child *c = sh("exit 7", NULL, NULL, 0, &e);
    CHECK(sio_child_pid(c) > 0);
    wait_for(&e);
    CHECK_EQ_INT(e.status, 7);
    CHECK_EQ_INT(e.signal, 0);
    CHECK_EQ_INT(sio_child_kill(c, SIGTERM), SIO_ENOENT);
    sio_child_free(c);
    c = sh("exit 0", NULL, NULL, 0, &e);
    sio_child_free(c); /* stops watching */
    CHECK_EQ_INT(e.exits, 0);
    c = sh("kill -STOP $$", NULL, NULL, 0, &e);
    CHECK_EQ_INT(sio_child_kill(c, SIGKILL), 0);
    wait_for(&e);
    CHECK_EQ_INT(e.signal, SIGKILL);
    CHECK_EQ_INT(e.exits, 1);
    sio_child_free(c);
    sio_child_free(NULL);
    CHECK(sio_loop_fini(&loop));
}

TEST(spawn_what_cannot_be_started)
{
    char none[] = "/nonexistent/program";
    char *args[] = {none, NULL};
    struct sio_child *c = NULL;
    struct ended e = {0};
    int fds[SIO_CHILD_FDS_MAX + 1] = {0};
    REQUIRE(sio_loop_init(&loop) == 0);
    CHECK_EQ_INT(sio_child_spawn(&loop, args, NULL, NULL, 0, on_exit_status, &e, &c), SIO_ESYS);
    CHECK_EQ_INT(errno, ENOENT);
    CHECK_EQ_INT(
        sio_child_spawn(&loop, args, NULL, fds, SIO_CHILD_FDS_MAX + 1, on_exit_status, &e, &c),
        SIO_EINVAL);
    CHECK(c == NULL);
    CHECK(sio_loop_fini(&loop));
    CHECK_EQ_INT(e.exits, 0);
}

TEST(spawn_environment_is_ours_with_changes)
{
    char one[] = "SPAWN_TEST_ONE=changed", two[] = "SPAWN_TEST_TWO=new";
    char *env[] = {one, two, NULL};
    struct ended e;
    setenv("SPAWN_TEST_ONE", "ours", 1);
    setenv("SPAWN_TEST_ONE_MORE", "kept", 1);
    REQUIRE(sio_loop_init(&loop) == 0);
    struct sio_child *c =
        sh("test \"$SPAWN_TEST_ONE $SPAWN_TEST_TWO $SPAWN_TEST_ONE_MORE\" = "
           "'changed new kept' && "
           "test $(tr '\\0' '\\n' </proc/$$/environ | grep -c ^SPAWN_TEST_ONE=) = 1",
           env, NULL, 0, &e);
    wait_for(&e);
    CHECK_EQ_INT(e.status, 0);
    sio_child_free(c);
    CHECK(sio_loop_fini(&loop));
}

/* The child gets exactly 0, 1, 2 and those given, in their order, whatever their numbers here: some
 * are swapped with their own targets. */
TEST(spawn_descriptors_land_in_order_and_nothing_else_does)
{
    int pipes[4][2], fds[4];
    struct ended e;
    char c;
    REQUIRE(sio_loop_init(&loop) == 0);
    for (int i = 0; i < 4; i++)
        REQUIRE(pipe2(pipes[i], O_CLOEXEC) == 0);
    for (int i = 0; i < 4; i++)
        fds[i] = pipes[3 - i][1];
    struct sio_child *child = sh("printf d >&3; printf c >&4; printf b >&5; printf a >&6;"
                                 "ls /proc/self/fd | grep -vx '[0-6]' | wc -l >&3",
                                 NULL, fds, 4, &e);
    wait_for(&e);
    CHECK_EQ_INT(e.status, 0);
    for (int i = 0; i < 4; i++) {
        CHECK(read(pipes[i][0], &c, 1) == 1);
        CHECK_EQ_INT(c, 'a' + i);
    }
    CHECK(read(pipes[3][0], &c, 1) == 1);
    CHECK_EQ_INT(c, '1'); /* the one that ls itself reads the folder with */
    for (int i = 0; i < 4; i++) {
        close(pipes[i][0]);
        close(pipes[i][1]);
    }
    sio_child_free(child);
    CHECK(sio_loop_fini(&loop));
}

/* ---- a worker, exec'ed ----------------------------------------------------------------------- */

/* `spawn_test worker`: 3 is the shared memory, 4 the channel. Appends, and dies at the order. */
static int run_worker(void)
{
    struct sio_shm shm;
    struct sio_journal j;
    char c;
    if (sio_shm_attach(&shm, 3) != 0)
        return 10;
    sio_journal_open(&j, &shm, (struct sio_place){1, atomic_load(&shm.slots[1].generation)});
    if (sio_journal_append(&j, SIO_LIT("from the child"), 0, (struct sio_journal_about){0}, NULL) !=
        0)
        return 11;
    struct pollfd p = {.fd = 4, .events = POLLIN};
    if (send(4, "done", 4, 0) != 4 || poll(&p, 1, -1) != 1 || recv(4, &c, 1, 0) != 0)
        return 12;
    return 0;
}

static void on_message(void *owner, struct sio_link *l, struct sio_slice bytes, const int *fds,
                       unsigned n)
{
    (void)l;
    (void)fds;
    CHECK_SLICE(bytes, "done");
    CHECK_EQ_INT(n, 0);
    ++*(unsigned *)owner;
}

TEST(spawn_a_worker_shares_the_memory)
{
    static const struct sio_link_events events = {on_message, NULL};
    struct sio_shm_config config = {
        .slots = 2, .journal_bytes = 65536, .arena_bytes = 65536, .arena_sessions = 64};
    char self[4096] = "", worker[] = "worker";
    char *args[] = {self, worker, NULL};
    struct sio_shm shm;
    struct sio_journal j;
    struct sio_journal_record r;
    struct sio_child *c = NULL;
    struct ended e = {0};
    unsigned done = 0;
    uint32_t g0, g1;
    int pair[2];
    /* By its name: under valgrind /proc/self/exe can be read, but not run. */
    REQUIRE(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    REQUIRE(sio_loop_init(&loop) == 0 && sio_shm_create(&shm, &config) == 0);
    REQUIRE(sio_shm_assign(&shm, 0, &g0) == 0 && sio_shm_assign(&shm, 1, &g1) == 0);
    sio_journal_open(&j, &shm, (struct sio_place){0, g0});
    REQUIRE(sio_link_pair(pair) == 0);
    int fds[] = {shm.fd, pair[1]};
    REQUIRE(sio_child_spawn(&loop, args, NULL, fds, 2, on_exit_status, &e, &c) == 0);
    close(pair[1]);
    struct sio_link *link = sio_link_open(&loop, pair[0], &events, &done);
    while (done == 0 && e.exits == 0)
        sio_loop_run_once(&loop);
    if (CHECK_EQ_INT(sio_journal_next(&j, &r), 1)) {
        CHECK_SLICE(r.bytes, "from the child");
        CHECK_EQ_INT(r.writer.slot, 1);
    }
    sio_link_close(link); /* EOF ends the child */
    wait_for(&e);
    CHECK_EQ_INT(e.status, 0);
    CHECK_EQ_INT(e.signal, 0);
    sio_child_free(c);
    sio_journal_close(&j);
    CHECK(sio_loop_fini(&loop));
    sio_shm_detach(&shm);
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "worker") == 0)
        return run_worker();
    /* What the shell that runs the tests left open is no finding. */
    close_range(3, ~0U, 0);
    return test_run_all(argc, argv);
}
