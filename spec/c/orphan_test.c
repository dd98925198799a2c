// SPDX-License-Identifier: MIT
/* The limit of an orphan, with real processes: this one adopts the grandchild whose parent it
 * kills, so that it learns how that ends.
 */
#include "base/orphan.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

/* The process under test: says that it is ready, then computes without end. */
static void compute(int said, int parent)
{
    sio_orphan_limit(parent, 1);
    if (write(said, "r", 1) != 1)
        _exit(1);
    for (volatile unsigned n = 0;; n++)
        ;
}

/* A parent that has a computing child and waits to be killed; its pid. */
static pid_t start_family(int said)
{
    pid_t parent = fork();
    if (parent != 0)
        return parent;
    if (fork() == 0)
        compute(said, getppid());
    for (;;)
        pause();
}

TEST(orphan_that_computes_is_ended_by_its_alarm)
{
    int said[2], status = 0;
    char byte;
    REQUIRE(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    REQUIRE(pipe(said) == 0);
    pid_t parent = start_family(said[1]);
    REQUIRE(read(said[0], &byte, 1) == 1);
    kill(parent, SIGKILL);
    REQUIRE(waitpid(parent, &status, 0) == parent);
    pid_t orphan = waitpid(-1, &status, WNOHANG);
    CHECK_EQ_INT(orphan, 0); /* ours now, and still there */
    REQUIRE(waitpid(-1, &status, 0) > 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    close(said[0]);
    close(said[1]);
}

TEST(orphan_before_it_could_ask)
{
    int said[2], status = 0;
    REQUIRE(pipe(said) == 0);
    pid_t child = fork();
    if (child == 0)
        compute(said[1], getppid() + 1);
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
    close(said[0]);
    close(said[1]);
}
