// SPDX-License-Identifier: MIT
/* The watch over runs. Stands on timer_create, whose signals carry a pointer, so that several
 * lua_States need no global; run.c calls it.
 *
 * Invariant: no signal comes after timer_delete has returned, for one that was pending is handled
 * on the way out of that call.
 */
#include "bind/slow.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/report.h"

#ifdef __linux__

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

struct sio_slow {
    struct sio_bind *bind;
    timer_t timer;
    int signal;
    uint64_t limit_ms;
    volatile bool armed;
};

/* ---- the signal ------------------------------------------------------------------------------ */

static void arm(struct sio_slow *w, uint64_t ms)
{
    struct itimerspec due = {
        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};
    w->armed = timer_settime(w->timer, 0, &due, NULL) == 0;
}

static void look(struct sio_slow *w)
{
    struct sio_run *r = w->bind->run;
    uint64_t left_ms = w->limit_ms;
    if (r == NULL || r->since_ms == 0) {
        w->armed = false;
        return;
    }
    if (!r->told) {
        uint64_t age_ms = sio_clock_rough_ms() - r->since_ms;
        if (age_ms >= w->limit_ms) {
            r->told = true;
            sio_run_ask(r, SIO_RUN_TELL);
        } else {
            left_ms -= age_ms;
        }
    }
    arm(w, left_ms);
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    (void)number;
    (void)context;
    if (info->si_code == SI_TIMER)
        look(info->si_value.sival_ptr);
    errno = saved;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

/* Takes the first real-time signal that has no handler; 0: there is none. */
static int take_signal(void)
{
    struct sigaction ours = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART}, old;
    for (int n = SIGRTMIN; n <= SIGRTMAX; n++) {
        if (sigaction(n, NULL, &old) != 0 || old.sa_handler != SIG_DFL)
            continue;
        sigset_t set;
        sigemptyset(&ours.sa_mask);
        sigemptyset(&set);
        sigaddset(&set, n);
        if (sigaction(n, &ours, NULL) == 0 && pthread_sigmask(SIG_UNBLOCK, &set, NULL) == 0)
            return n;
    }
    return 0;
}

static void release_signal(int n)
{
    if (n != 0)
        signal(n, SIG_DFL);
}

static struct sio_slow *watch_new(struct sio_bind *b)
{
    struct sio_slow *w = sio_calloc(1, sizeof *w);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID};
    w->bind = b;
    w->signal = take_signal();
    event.sigev_signo = w->signal;
    event.sigev_value.sival_ptr = w;
    event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
    if (w->signal != 0 && timer_create(CLOCK_MONOTONIC, &event, &w->timer) == 0)
        return w;
    sio_log(SIO_LOG_WARN, "slow handlers are not seen: there is no timer for that");
    release_signal(w->signal);
    sio_free(w);
    return NULL;
}

void sio_slow_set(struct sio_bind *b, uint64_t limit_ms)
{
    struct sio_slow *w = b->slow;
    if (limit_ms != 0 && w == NULL)
        w = b->slow = watch_new(b);
    if (limit_ms != 0 && w != NULL)
        w->limit_ms = limit_ms;
    if (limit_ms != 0 || w == NULL)
        return;
    b->slow = NULL;
    timer_delete(w->timer);
    release_signal(w->signal);
    sio_free(w);
}

/* ---- runs ------------------------------------------------------------------------------------ */

void sio_slow_begin(struct sio_bind *b, struct sio_run *r)
{
    r->since_ms = sio_clock_rough_ms();
    atomic_signal_fence(memory_order_seq_cst);
    if (!b->slow->armed)
        arm(b->slow, b->slow->limit_ms);
}

#else

void sio_slow_set(struct sio_bind *b, uint64_t limit_ms)
{
    (void)b;
    (void)limit_ms;
}

void sio_slow_begin(struct sio_bind *b, struct sio_run *r)
{
    (void)b;
    (void)r;
}

#endif

/* (thread, thread of the handler) -> traceback. In the hook nobody catches an error. */
static int push_traceback(lua_State *L)
{
    lua_State *at = lua_touserdata(L, 1), *base = lua_touserdata(L, 2);
    luaL_traceback(L, at, NULL, at == L ? 1 : 0);
    if (base == at)
        return 1;
    lua_pushliteral(L, "\nin a coroutine of the handler's, ");
    luaL_traceback(L, base, NULL, 0);
    lua_concat(L, 3);
    return 1;
}

static void tell(const struct sio_run *r, const char *verb, const char *traceback)
{
    char where[SIO_REPORT_WHERE_MAX];
    uint64_t ms = sio_clock_rough_ms() - r->since_ms;
    sio_stats_up(sio_bind_of(r->base)->loop->stats, SIO_STAT_SLOW_HANDLERS);
    sio_report_where(r->context, where);
    sio_log_limited(SIO_LOG_WARN, r->context->what, "slow %s%s %s for %llu.%03llu s%s",
                    r->context->what, where, verb, (unsigned long long)ms / 1000,
                    (unsigned long long)ms % 1000, traceback);
}

void sio_slow_tell(struct sio_run *r, lua_State *L)
{
    const char *text = NULL;
    if (!lua_checkstack(L, 8))
        return;
    lua_pushcfunction(L, push_traceback);
    lua_pushlightuserdata(L, L);
    lua_pushlightuserdata(L, r->base);
    if (lua_pcall(L, 2, 1, 0) == LUA_OK)
        text = lua_pushfstring(L, ", which holds up all else\n%s", lua_tostring(L, -1));
    tell(r, "has run", text != NULL ? text : "");
    lua_pop(L, text != NULL ? 2 : 1);
}

void sio_slow_end(struct sio_run *r)
{
    uint64_t excused_ms = r->excused_ms;
    if (r->wish & SIO_RUN_TELL)
        tell(r, "ran", " inside a C function, which held up all else");
    if (r->told)
        excused_ms += sio_clock_rough_ms() - r->since_ms;
    if (r->outer == NULL || r->outer->since_ms == 0)
        return;
    r->outer->since_ms += excused_ms;
    r->outer->excused_ms += excused_ms;
}
