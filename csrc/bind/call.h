// SPDX-License-Identifier: MIT
/* The only place that calls Lua.
 *
 * Everything that comes from the loop runs in a pooled coroutine, so that it may wait:
 *
 *     struct sio_co *c = sio_call_new(b, "timer");       a C callback starts Lua code
 *     if (c != NULL) {
 *         lua_State *L = sio_call_stack(c);
 *         push the function, push n arguments;
 *         sio_call_run(c, n);
 *     }
 *
 *     static int ljob_run(lua_State *L)                  a C function that waits
 *     {
 *         check all arguments;
 *         job->co = sio_call_wait(L, "job.run");         raises when L may not wait
 *         start the work;
 *         return lua_yield(L, 0);
 *     }
 *     static void on_done(struct job *job)               later, from the loop
 *     {
 *         lua_State *L = sio_call_stack(job->co);
 *         push n results;
 *         sio_call_resume(job->co, n);
 *     }
 *
 * A Lua error ends its coroutine: it is logged with traceback and context, the error hooks run,
 * nothing propagates.
 *
 * Thread: loop. Owns: the coroutines; they are anchored in the registry's THREADS table.
 * Reenters: run and resume run Lua code, which may call anything.
 */
#ifndef SIO_BIND_CALL_H
#define SIO_BIND_CALL_H

#include "bind/bind.h"

enum {
    SIO_CALL_MAX =
        100000, /* coroutines that run or wait; beyond, events are dropped with a log line */
    SIO_CALL_IDLE_MAX = 64,  /* kept for reuse */
    SIO_CALL_EVENT_MAX = 64, /* bytes of an event's name that a log line shows */
    SIO_CALL_SID_MAX = 128,  /* characters of an id: an app may choose those of its sessions */
    SIO_CALL_NSP_MAX = 64,   /* bytes of a namespace's name that a log line shows */
    SIO_CALL_DEPTH_MAX = 90, /* handlers that run inside each other */
};

/* `what` (static) says in log lines whose code failed: "connection handler", "timer". NULL when
 * there are SIO_CALL_MAX already (logged), or the lua_State is being closed. */
struct sio_co *sio_call_new(struct sio_bind *b, const char *what);
lua_State *sio_call_stack(const struct sio_co *c);
/* More context for log lines and error hooks; both may be empty. `app`: the object that the error
 * hook gets, as a key of OBJECTS, or NULL. */
void sio_call_context(struct sio_co *c, void *app, struct sio_slice event, struct sio_slice sid);
/* And the namespace. */
void sio_call_nsp(struct sio_co *c, struct sio_slice nsp);
/* Runs the function below the nargs topmost values of its stack. c is not the caller's any more. */
void sio_call_run(struct sio_co *c, int nargs);
/* Gives a coroutine back that was not run. */
void sio_call_drop(struct sio_co *c);

/* Whether L is a coroutine of ours that runs. False in the main chunk and in people's own
 * coroutines. */
bool sio_call_can_wait(lua_State *L);
/* The running coroutine, which the caller suspends with `return lua_yield(L, 0)` right after.
 * Raises
 * "<name> can only be called inside a handler or sio.spawn" otherwise. Nothing that leaks may be
 * held. */
struct sio_co *sio_call_wait(lua_State *L, const char *name);
/* Nothing could be started: the caller of sio_call_wait returns without lua_yield. */
void sio_call_unwait(struct sio_co *c);
/* Resumes with the n topmost values of its stack as results. c is not the caller's any more. */
void sio_call_resume(struct sio_co *c, int n);
/* The wait will never end (its object is going away with the loop): the coroutine is closed. */
void sio_call_abandon(struct sio_co *c);

/* An error that Lua code has caught, as if it had ended a coroutine: logged, and the hooks run.
 * `message` (a string) and `app` (the server's object, or nil) are stack indices. */
void sio_call_report(lua_State *L, const char *what, int message, int app, struct sio_slice sid,
                     struct sio_slice nsp);
/* Frees what the pool holds outside Lua; the threads are Lua's. Waiting coroutines are
 * forgotten. */
void sio_call_fini(struct sio_bind *b);

/* Runs fn(ctx) for code of people's that is called from the midst of our loops: nothing in it can
 * wait, and methods of our objects raise; `what` ("parser") says so in their messages. On an error
 * `error` has its text with a traceback; it is empty when the lua_State is being closed. */
bool sio_call_confined(struct sio_bind *b, const char *what, lua_CFunction fn, void *ctx,
                       struct sio_buf *error);
/* For methods: raises when that is under way. */
void sio_call_refuse_confined(lua_State *L, const struct sio_bind *b);
static inline void sio_call_check_free(lua_State *L, const struct sio_bind *b)
{
    if (b->confined != NULL)
        sio_call_refuse_confined(L, b);
}

/* lua_pcall with a traceback; on error that is reported like one that ended a coroutine, nothing is
 * left on the stack and false is returned. For short calls that must not wait. */
bool sio_call_protected(lua_State *L, int nargs, int nresults, const char *what, void *app);

#endif
