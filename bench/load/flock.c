// SPDX-License-Identifier: MIT
/* Forked crowds. Stands on crowd; idle calls it.
 *
 * Two pipes: a child writes one byte when its clients are ready, and all children see the end of
 * file when the parent closes `hold`, or ends.
 */
#include "flock.h"

#include "crowd.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHER_DESCRIPTORS = 100 };
static const uint64_t look_ns = 50000000; /* at the pipe, between turns */

uint32_t load_flock_per_process(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_fail_errno("getrlimit");
    return (uint32_t)limit.rlim_cur - OTHER_DESCRIPTORS;
}

static bool is_held(int hold)
{
    char byte;
    return read(hold, &byte, 1) < 0 && errno == EAGAIN;
}

_Noreturn static void live(const struct load_options *options, uint32_t first, uint32_t n,
                           int ready, int hold)
{
    struct load_crowd crowd;
    load_crowd_init(&crowd, options, n);
    crowd.first = first;
    load_crowd_open(&crowd);
    if (write(ready, "+", 1) != 1)
        load_fail_errno("write");
    fcntl(hold, F_SETFL, O_NONBLOCK);
    while (is_held(hold))
        load_crowd_turn(&crowd, look_ns);
    load_crowd_settle(&crowd);
    load_crowd_fini(&crowd);
    exit(0);
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) != 0)
        load_fail_errno("pipe");
}

static void start(struct load_flock *flock, const struct load_options *options, uint32_t clients,
                  const int ready[2], const int hold[2])
{
    uint32_t per_process = load_flock_per_process();
    for (uint32_t first = 0; first < clients; first += per_process) {
        uint32_t n = clients - first < per_process ? clients - first : per_process;
        pid_t pid = flock->n < LOAD_FLOCK_MAX ? fork() : -1;
        if (pid < 0)
            load_fail("no more processes than %u", flock->n);
        if (pid == 0) {
            close(hold[1]);
            live(options, first, n, ready[1], hold[0]);
        }
        flock->pids[flock->n++] = pid;
    }
}

void load_flock_open(struct load_flock *flock, const struct load_options *options, uint32_t clients)
{
    int ready[2];
    int hold[2];
    make_pipe(ready);
    make_pipe(hold);
    *flock = (struct load_flock){.hold = hold[1]};
    start(flock, options, clients, ready, hold);
    close(ready[1]);
    close(hold[0]);
    char byte;
    for (uint32_t i = 0; i < flock->n; i++) {
        if (read(ready[0], &byte, 1) != 1)
            load_fail("a process with idle clients failed");
    }
    close(ready[0]);
}

void load_flock_close(struct load_flock *flock)
{
    close(flock->hold);
    bool whole = true;
    for (uint32_t i = 0; i < flock->n; i++) {
        int status;
        whole = waitpid(flock->pids[i], &status, 0) > 0 && status == 0 && whole;
    }
    if (!whole)
        load_fail("idle clients were lost");
}
