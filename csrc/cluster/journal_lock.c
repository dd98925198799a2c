// SPDX-License-Identifier: MIT
/* The journal's lock: a robust, process-shared mutex that no loop waits for longer than a
 * millisecond. Stands on pthread; append and the supervisor's bury use it.
 *
 * Invariant: whoever holds it may have died at any statement; what it guards is the space behind
 * the tail, which nobody reads, and the chains, which are trusted from the tail on after that. So
 * there is nothing to mend but the mutex itself.
 */
#include "cluster/layout.h"

#include <errno.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"

void sio_journal_init(struct sio_journal_shared *s)
{
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&s->mutex, &attr);
    pthread_mutexattr_destroy(&attr);
    atomic_store(&s->horizon, SIO_JOURNAL_START);
    atomic_store(&s->tail, SIO_JOURNAL_START);
    atomic_store(&s->floor, SIO_JOURNAL_START);
    atomic_store(&s->chained, SIO_JOURNAL_START);
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Not pthread_mutex_timedlock: its clock is the wall's, and a step back would stop the loop. */
static int wait_briefly(pthread_mutex_t *mutex)
{
    int64_t until_us = now_us() + SIO_JOURNAL_LOCK_WAIT_US;
#if defined(__GLIBC__)
    struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    return pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &until);
#else
    const struct timespec pause = {0, 20000};
    int rc;
    while ((rc = pthread_mutex_trylock(mutex)) == EBUSY && now_us() < until_us)
        nanosleep(&pause, NULL);
    return rc == EBUSY ? ETIMEDOUT : rc;
#endif
}

int sio_journal_lock(struct sio_journal_shared *s)
{
    int rc = pthread_mutex_trylock(&s->mutex);
    if (rc == EBUSY)
        rc = wait_briefly(&s->mutex);
    if (rc == EOWNERDEAD) {
        atomic_store(&s->chained, atomic_load(&s->tail));
        rc = pthread_mutex_consistent(&s->mutex);
        atomic_fetch_add(&s->repaired, 1);
    }
    if (rc == 0)
        return 0;
    if (rc == ETIMEDOUT)
        return SIO_EAGAIN;
    sio_log(SIO_LOG_ERROR, "journal: the lock cannot be had any more (error %d)", rc);
    errno = rc;
    return SIO_ESYS;
}

void sio_journal_unlock(struct sio_journal_shared *s)
{
    pthread_mutex_unlock(&s->mutex);
}
