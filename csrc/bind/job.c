// SPDX-License-Identifier: MIT
/* sio.core.job: drivers' jobs on the thread pool, and tickets, on which one coroutine waits until
 * another one wakes it (sio.sqlite's FIFO is made of both).
 *
 * Stands on uv_queue_work and bind/call; lua/sio calls it. Invariant: a job's userdata is on the
 * stack of the coroutine that waits for it, so it lives until it has finished.
 */
#include <uv.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "drivers/sio_driver.h"

#define TICKET "sio.job.ticket"

struct work {
    uv_work_t req;
    struct sio_bind *bind;
    struct sio_driver_job *job;
    struct sio_co *co;
};

struct ticket {
    struct sio_co *co; /* NULL: nobody waits */
};

static void on_work(uv_work_t *req)
{
    struct work *w = req->data;
    w->job->run(w->job);
}

static void on_done(uv_work_t *req, int status)
{
    struct work *w = req->data;
    struct sio_driver_job *job = w->job;
    struct sio_co *co = w->co;
    const struct sio_bind *b = w->bind;
    (void)status; /* jobs are never cancelled */
    sio_free(w);
    job->busy = 0;
    if (b->loop->ending) /* lua_close: nobody may run any more */
        sio_call_abandon(co);
    else
        sio_call_resume(co, job->finish(sio_call_stack(co), job));
}

static struct sio_driver_job *check_job(lua_State *L, int arg)
{
    bool ok =
        lua_type(L, arg) == LUA_TUSERDATA && luaL_getmetafield(L, arg, SIO_DRIVER_JOB) != LUA_TNIL;
    luaL_argexpected(L, ok, arg, SIO_DRIVER_JOB);
    struct sio_driver_job *job = lua_touserdata(L, arg);
    luaL_argcheck(L, !job->busy, arg, "the job is running already");
    return job;
}

/* run(job) -> what its finish gave. Waits where it can, else blocks the process. */
static int ljob_run(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_driver_job *job = check_job(L, 1);
    if (!sio_call_can_wait(L)) {
        job->run(job);
        return job->finish(L, job);
    }
    struct sio_co *co = sio_call_wait(L, "job.run");
    struct work *w = sio_alloc(sizeof *w);
    *w = (struct work){.bind = b, .job = job, .co = co};
    w->req.data = w;
    job->busy = 1;
    uv_queue_work(&b->loop->uv, &w->req, on_work, on_done);
    return lua_yield(L, 0);
}

/* ticket() -> something to wait on, once at a time. */
static int ljob_ticket(lua_State *L)
{
    struct ticket *t = lua_newuserdatauv(L, sizeof *t, 0);
    t->co = NULL;
    luaL_setmetatable(L, TICKET);
    return 1;
}

/* wait(ticket) -> what wake was given. */
static int ljob_wait(lua_State *L)
{
    struct ticket *t = luaL_checkudata(L, 1, TICKET);
    luaL_argcheck(L, !t->co, 1, "somebody waits on this ticket");
    t->co = sio_call_wait(L, "job.wait");
    return lua_yield(L, 0);
}

/* wake(ticket, ...): runs the coroutine that waits, before it returns. Without one it does nothing.
 */
static int ljob_wake(lua_State *L)
{
    struct ticket *t = luaL_checkudata(L, 1, TICKET);
    struct sio_co *co = t->co;
    int n = lua_gettop(L) - 1;
    if (!co)
        return 0;
    t->co = NULL;
    luaL_checkstack(sio_call_stack(co), n, NULL);
    lua_xmove(L, sio_call_stack(co), n);
    sio_call_resume(co, n);
    return 0;
}

void ljob_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"run", ljob_run},
                                         {"ticket", ljob_ticket},
                                         {"wait", ljob_wait},
                                         {"wake", ljob_wake},
                                         {NULL, NULL}};
    luaL_newmetatable(L, TICKET);
    lua_pop(L, 1);
    luaL_newlib(L, functions);
    lua_setfield(L, -2, "job");
}
