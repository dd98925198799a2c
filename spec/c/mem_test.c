// SPDX-License-Identifier: MIT
/* base/mem: the reserve, and the end. */
#include "base/mem.h"

#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "failing.h"

TEST(without_a_failure_the_reserve_stays)
{
    sio_mem_refill();
    sio_free(sio_alloc(10));
    CHECK(!sio_mem_low());
}

TEST(the_reserve_serves_one_failure_of_each_kind)
{
    char *p;
    sio_mem_refill();
    failing_arm(1, 1);
    p = sio_alloc(100);
    CHECK(failing_disarm());
    CHECK(p != NULL);
    CHECK(sio_mem_low());
    sio_mem_refill();
    CHECK(!sio_mem_low());
    memcpy(p, "kept", 5);

    failing_arm(1, 1);
    p = sio_realloc(p, 1000);
    CHECK(failing_disarm());
    CHECK_EQ_STR(p, "kept");
    CHECK(sio_mem_low());
    sio_free(p);
    sio_mem_refill();

    failing_arm(1, 1);
    p = sio_calloc(10, 10);
    CHECK(failing_disarm());
    CHECK(sio_mem_low() && p[0] == 0 && p[99] == 0);
    sio_free(p);
}

TEST(memory_is_low_until_the_reserve_is_back)
{
    sio_mem_refill();
    sio_mem_give_up();
    CHECK(sio_mem_low());
    failing_arm(1, 1);
    sio_mem_refill();
    CHECK(failing_disarm());
    CHECK(sio_mem_low());
    sio_mem_refill();
    CHECK(!sio_mem_low());
}

TEST(nothing_is_as_good_as_a_byte)
{
    void *p = sio_alloc(0), *q = sio_calloc(0, 8), *r = sio_realloc(NULL, 0);
    CHECK(p != NULL && q != NULL && r != NULL);
    sio_free(p);
    sio_free(q);
    sio_free(r);
    sio_free(NULL);
}

/* Runs fn in a child; its standard error comes back. Whether it ended by abort(). */
static bool aborts(void (*fn)(void), char *said, size_t room)
{
    int ends[2], status;
    ssize_t n;
    pid_t pid;
    if (pipe(ends) != 0 || (pid = fork()) < 0)
        abort();
    if (pid == 0) {
        dup2(ends[1], STDERR_FILENO);
        fn();
        _exit(0);
    }
    close(ends[1]);
    n = read(ends[0], said, room - 1);
    said[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    waitpid(pid, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void fail_for_good(void)
{
    sio_mem_refill();
    failing_arm(1, SIZE_MAX);
    sio_free(sio_alloc(10));
}

static void ask_for_more_than_there_is(void)
{
    sio_free(sio_calloc(SIZE_MAX / 2, 3));
}

TEST(when_the_reserve_does_not_help_the_process_ends_with_a_line)
{
    char said[256];
    CHECK(aborts(fail_for_good, said, sizeof said));
    CHECK_EQ_STR(said, "sio: out of memory, aborting\n");
    CHECK(aborts(ask_for_more_than_there_is, said, sizeof said));
    CHECK_EQ_STR(said, "sio: out of memory, aborting\n");
}
