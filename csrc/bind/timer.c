// SPDX-License-Identifier: MIT
/* sio.sleep, sio.after, sio.every. Stands on uv_timer_t: one heap object per timer, for libuv wants
 * it until its close callback.
 */
#include "bind/timer.h"

#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"

#define TIMER "sio.timer"

struct timer {
    uv_timer_t uv;
    struct sio_list link; /* in bind->timers, while it runs */
    struct sio_bind *bind;
    struct sio_co *co; /* sleep: who waits; else NULL */
    bool repeats;
    uint64_t number; /* in the order of starting */
};

static void on_closed(uv_handle_t *handle)
{
    sio_free(SIO_CONTAINER_OF(handle, struct timer, uv));
}

static void timer_close(struct timer *t)
{
    sio_list_remove(&t->link);
    if (t->co == NULL) {
        sio_handle_drop_callback(t->bind, t);
        sio_handle_drop(t->bind, t);
    }
    uv_close((uv_handle_t *)&t->uv, on_closed);
}

static void run_callback(struct timer *t)
{
    struct sio_co *c = sio_call_new(t->bind, "timer");
    if (c != NULL)
        sio_handle_push_callback(t->bind, sio_call_stack(c), t);
    if (!t->repeats)
        timer_close(t);
    if (c != NULL)
        sio_call_run(c, 0);
}

static void on_timer(uv_timer_t *handle)
{
    struct timer *t = SIO_CONTAINER_OF(handle, struct timer, uv);
    struct sio_co *co = t->co;
    if (co == NULL) {
        run_callback(t);
        return;
    }
    timer_close(t);
    lua_pushboolean(sio_call_stack(co), 1);
    sio_call_resume(co, 1);
}

static struct timer *timer_new(struct sio_bind *b)
{
    struct timer *t = sio_calloc(1, sizeof *t);
    t->bind = b;
    t->number = ++b->n_timers;
    uv_timer_init(&b->loop->uv, &t->uv);
    sio_list_init(&t->link);
    sio_list_append(&b->timers, &t->link);
    return t;
}

/* uv_now is as old as the tick; without this a timer set late in a long tick fires early. */
static void timer_start(struct timer *t, uint64_t ms)
{
    uv_update_time(&t->bind->loop->uv);
    uv_timer_start(&t->uv, on_timer, ms, t->repeats ? ms : 0);
}

/* sleep(seconds): true */
static int ltimer_sleep(lua_State *L)
{
    uint64_t ms = sio_bind_check_ms(L, 1);
    struct sio_co *co = sio_call_wait(L, "sio.sleep");
    struct timer *t = timer_new(sio_bind_of(L));
    t->co = co;
    timer_start(t, ms);
    return lua_yield(L, 0);
}

static int start_callback(lua_State *L, bool repeats)
{
    uint64_t ms = sio_bind_check_ms(L, 1);
    struct sio_bind *b = sio_bind_open(L);
    struct timer *t;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    luaL_argcheck(L, !repeats || ms > 0, 1, "more than 0 seconds expected");
    lua_settop(L, 2);
    t = timer_new(b);
    t->repeats = repeats;
    sio_handle_set_callback(b, L, t);
    sio_handle_new(L, b, t, TIMER);
    timer_start(t, ms);
    return 1;
}

/* after(seconds, fn), every(seconds, fn): a timer */
static int ltimer_after(lua_State *L)
{
    return start_callback(L, false);
}

static int ltimer_every(lua_State *L)
{
    return start_callback(L, true);
}

/* timer:cancel(): whether it was still running */
static int ltimer_cancel(lua_State *L)
{
    struct timer *t = sio_handle_object(L, 1, TIMER);
    if (t != NULL)
        timer_close(t);
    lua_pushboolean(L, t != NULL);
    return 1;
}

/* timers_started() -> how many so far */
static int ltimer_started(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)sio_bind_of(L)->n_timers);
    return 1;
}

/* timers_end(n): all that were started after the n-th; who sleeps will not wake up */
static int ltimer_end(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    uint64_t n = (uint64_t)luaL_checkinteger(L, 1);
    while (!sio_list_empty(&b->timers)) { /* what an abandoned coroutine closes may be one of us */
        struct timer *newest = SIO_CONTAINER_OF(b->timers.prev, struct timer, link);
        struct sio_co *co = newest->co;
        if (newest->number <= n)
            break;
        timer_close(newest);
        if (co != NULL)
            sio_call_abandon(co);
    }
    return 0;
}

void sio_timer_close_all(struct sio_bind *b)
{
    struct sio_list *link;
    while ((link = sio_list_first(&b->timers)) != NULL) {
        struct timer *t = SIO_CONTAINER_OF(link, struct timer, link);
        struct sio_co *co = t->co;
        timer_close(t);
        if (co != NULL) /* what it closes may set timers */
            sio_call_abandon(co);
    }
}

void ltimer_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"sleep", ltimer_sleep},    {"after", ltimer_after},
        {"every", ltimer_every},    {"timers_started", ltimer_started},
        {"timers_end", ltimer_end}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"cancel", ltimer_cancel}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, TIMER, methods);
}
