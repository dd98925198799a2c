// SPDX-License-Identifier: MIT
/* The limit of an orphan. Stands on prctl and alarm; bind/ calls it at a worker's start.
 *
 * Invariant: the handler does what a handler may: it reads one word and calls alarm().
 */
#include "base/orphan.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>

static volatile sig_atomic_t limit_seconds;

static void on_parent_gone(int signal)
{
    (void)signal;
    alarm((unsigned)limit_seconds);
}

void sio_orphan_limit(int parent, unsigned seconds)
{
    struct sigaction gone = {.sa_handler = on_parent_gone, .sa_flags = SA_RESTART};
    struct sigaction end = {.sa_handler = SIG_DFL};
    limit_seconds = (sig_atomic_t)(seconds > 0 ? seconds : 1);
    sigemptyset(&gone.sa_mask);
    sigemptyset(&end.sa_mask);
    sigaction(SIGALRM, &end, NULL);
    sigaction(SIGRTMIN, &gone, NULL);
    prctl(PR_SET_PDEATHSIG, SIGRTMIN, 0, 0, 0);
    if (getppid() != parent) /* it has died before the kernel knew that we care */
        on_parent_gone(0);
}
#else
void sio_orphan_limit(int parent, unsigned seconds)
{
    (void)parent;
    (void)seconds;
}
#endif
