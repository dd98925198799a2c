// SPDX-License-Identifier: MIT
/* The coroutine pool: the one place that calls Lua. Stands on lua.h and the log; every other file
 * of bind/ starts or continues Lua code through it.
 *
 * A coroutine is in exactly one of these states: idle (in the pool), filled (between new and run),
 * running (on the chain of C stacks below calls.running), waiting. After an error it is not reused.
 */
#include "bind/call_in.h"

#include "base/log.h"
#include "base/mem.h"
#include "bind/report.h"
#include "bind/run.h"

/* ---- the pool -------------------------------------------------------------------------------- */

static struct sio_co *grow(struct sio_bind *b)
{
    struct sio_co *c = sio_calloc(1, sizeof *c);
    lua_checkstack(b->L, 4);
    sio_bind_push_ref(b, b->L, SIO_REF_THREADS);
    c->L = lua_newthread(b->L);
    c->slot = luaL_ref(b->L, -2);
    lua_pop(b->L, 1);
    c->bind = b;
    sio_list_init(&c->link);
    sio_list_append(&b->calls.all, &c->link);
    b->calls.n++;
    return c;
}

/* The thread goes to the garbage collector, its slot to the next one. */
static void shrink(struct sio_co *c)
{
    struct sio_bind *b = c->bind;
    lua_checkstack(b->L, 4);
    sio_bind_push_ref(b, b->L, SIO_REF_THREADS);
    luaL_unref(b->L, -1, c->slot);
    lua_pop(b->L, 1);
    b->calls.n--;
    sio_list_remove(&c->link);
    sio_free(c);
}

static void recycle(struct sio_co *c)
{
    struct sio_calls *calls = &c->bind->calls;
    c->handler = false;
    if (calls->n_idle >= SIO_CALL_IDLE_MAX) {
        shrink(c);
        return;
    }
    lua_settop(c->L, 0);
    c->next = calls->idle;
    calls->idle = c;
    calls->n_idle++;
}

/* Runs pending <close> variables and forgets the stack, also of a coroutine that failed. What they
 * raise themselves is reported; an error from before, which is on top, has been. */
static void close_thread(struct sio_co *c)
{
    struct sio_bind *b = c->bind;
    const void *failed = lua_status(c->L) > LUA_YIELD ? lua_topointer(c->L, -1) : NULL;
    struct sio_run run;
    int status, old = lua_status(c->L);
    sio_run_begin(b, &run, &c->context, c->L);
#if LUA_VERSION_RELEASE_NUM >= 50406
    status = lua_closethread(c->L, NULL);
#else
    status = lua_resetthread(c->L);
#endif
    sio_run_end(b, &run);
    if (status != LUA_OK && (status != old || lua_topointer(c->L, -1) != failed))
        sio_report_error(b, &c->context, c->L);
    lua_settop(c->L, 0);
}

struct sio_co *sio_call_new(struct sio_bind *b, const char *what)
{
    struct sio_co *c = b->calls.idle;
    if (b->closed)
        return NULL;
    if (c != NULL) {
        b->calls.idle = c->next;
        b->calls.n_idle--;
    } else if (b->calls.n >= SIO_CALL_MAX) {
        sio_log_limited(SIO_LOG_ERROR, "call-max", "%s dropped: %u handlers are waiting already",
                        what, b->calls.n);
        return NULL;
    } else {
        c = grow(b);
    }
    sio_context_init(&c->context, what);
    return c;
}

lua_State *sio_call_stack(const struct sio_co *c)
{
    return c->L;
}

void sio_call_context(struct sio_co *c, void *app, struct sio_slice event, struct sio_slice sid)
{
    c->context.app = app;
    c->handler = true;
    sio_context_set_event(&c->context, event);
    sio_context_set_sid(&c->context, sid);
}

void sio_call_nsp(struct sio_co *c, struct sio_slice nsp)
{
    sio_context_set_nsp(&c->context, nsp);
}

void sio_call_drop(struct sio_co *c)
{
    recycle(c);
}

void sio_call_fini(struct sio_bind *b)
{
    struct sio_list *link;
    while ((link = sio_list_first(&b->calls.all)) != NULL) {
        sio_list_remove(link);
        sio_free(SIO_CONTAINER_OF(link, struct sio_co, link));
    }
    b->calls = (struct sio_calls){0};
}

/* ---- running --------------------------------------------------------------------------------- */

static int settle_protected(lua_State *L)
{
    struct sio_bind *b = lua_touserdata(L, 1);
    b->settle(L, b);
    return 0;
}

/* c ended well: what it changed in socket.data is written now. */
static void finish(struct sio_co *c)
{
    struct sio_bind *b = c->bind;
    if (b->n_dirty) {
        lua_settop(c->L, 0);
        lua_pushcfunction(c->L, settle_protected);
        lua_pushlightuserdata(c->L, b);
        if (lua_pcall(c->L, 1, 0, 0) != LUA_OK)
            sio_report_error(b, &c->context, c->L);
    }
    recycle(c);
}

static void fail(struct sio_co *c)
{
    lua_State *L = c->bind->L;
    sio_report_error(c->bind, &c->context, c->L);
    close_thread(c);
    shrink(c);
    if (sio_mem_low()) { /* what the handler held is garbage now */
        lua_gc(L, LUA_GCCOLLECT);
        sio_mem_refill();
    }
}

static int resume(struct sio_co *c, int nargs)
{
    struct sio_calls *calls = &c->bind->calls;
    struct sio_co *outer = calls->running;
    struct sio_run run;
    int n_results = 0, status;
    c->waiting = false;
    calls->running = c;
    sio_run_begin(c->bind, &run, &c->context, c->L);
    status = lua_resume(c->L, outer ? outer->L : c->bind->L, nargs, &n_results);
    sio_run_end(c->bind, &run);
    calls->running = outer;
    return status;
}

static void fail_with(struct sio_co *c, const char *text)
{
    lua_checkstack(c->L, 1);
    lua_pushstring(c->L, text);
    fail(c);
}

/* The depth is counted here and not by Lua alone: what is closed after an error runs on a stack of
 * C that Lua takes for a new one. */
static void step(struct sio_co *c, int nargs)
{
    struct sio_calls *calls = &c->bind->calls;
    int status;
    if (calls->depth >= SIO_CALL_DEPTH_MAX) {
        fail_with(c, "stack overflow: handlers start each other without end");
        return;
    }
    calls->depth++;
    status = resume(c, nargs);
    if (status == LUA_OK)
        finish(c);
    else if (status != LUA_YIELD)
        fail(c);
    else if (!c->waiting)
        fail_with(c, "coroutine.yield: nothing will resume this handler (use sio.sleep or another "
                     "function that waits)");
    calls->depth--;
}

void sio_call_run(struct sio_co *c, int nargs)
{
    step(c, nargs);
}

void sio_call_resume(struct sio_co *c, int n)
{
    step(c, n);
}

void sio_call_abandon(struct sio_co *c)
{
    close_thread(c);
    shrink(c);
}

bool sio_call_can_wait(lua_State *L)
{
    const struct sio_co *c = sio_bind_of(L)->calls.running;
    return c != NULL && c->L == L && lua_isyieldable(L);
}

struct sio_co *sio_call_wait(lua_State *L, const char *name)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_co *c = b->calls.running;
    if (b->confined != NULL && !lua_isyieldable(L))
        sio_bind_error(L, "%s cannot be called in a %s, which cannot wait", name, b->confined);
    if (c == NULL || c->L != L)
        sio_bind_error(L, "%s can only be called inside a handler or sio.spawn", name);
    if (!lua_isyieldable(L))
        sio_bind_error(
            L, "%s cannot wait here: a C function (table.sort, string.gsub, ...) is calling", name);
    if (b->n_dirty)
        b->settle(L, b);
    c->waiting = true;
    return c;
}

void sio_call_unwait(struct sio_co *c)
{
    c->waiting = false;
}

bool sio_call_protected(lua_State *L, int nargs, int nresults, const char *what, void *app)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_context context;
    struct sio_run run;
    int base = lua_gettop(L) - nargs, status;
    sio_context_init(&context, what);
    context.app = app;
    lua_pushcfunction(L, sio_report_traceback);
    lua_insert(L, base);
    sio_run_begin(b, &run, &context, L);
    status = lua_pcall(L, nargs, nresults, base);
    sio_run_end(b, &run);
    if (status == LUA_OK) {
        lua_remove(L, base);
        return true;
    }
    sio_report_text(b, &context, L);
    lua_settop(L, base - 1);
    return false;
}

bool sio_call_confined(struct sio_bind *b, const char *what, lua_CFunction fn, void *ctx,
                       struct sio_buf *error)
{
    /* On the coroutine that runs, if any: its traceback says how it came to this. */
    lua_State *L = b->calls.running != NULL ? b->calls.running->L : b->L;
    const char *outer = b->confined;
    struct sio_context context;
    struct sio_run run;
    if (b->closed)
        return false;
    if (!lua_checkstack(L, 8)) {
        sio_buf_append_slice(error, SIO_LIT("stack overflow"));
        return false;
    }
    sio_context_init(&context, what);
    lua_pushcfunction(L, sio_report_traceback);
    lua_pushcfunction(L, fn);
    lua_pushlightuserdata(L, ctx);
    b->confined = what;
    sio_run_begin(b, &run, &context, L);
    bool ok = lua_pcall(L, 1, 0, -3) == LUA_OK;
    sio_run_end(b, &run);
    b->confined = outer;
    if (!ok) {
        struct sio_slice text = {.p = lua_tostring(L, -1)};
        sio_buf_append_slice(error, text.p != NULL ? sio_slice_str(text.p) : SIO_LIT("(no text)"));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return ok;
}

void sio_call_refuse_confined(lua_State *L, const struct sio_bind *b)
{
    sio_bind_error(L,
                   "a %s cannot use sockets, servers and other objects: it only turns packets "
                   "into messages and back",
                   b->confined);
}

/* ---- Lua ------------------------------------------------------------------------------------- */

/* spawn(fn, ...): runs until it ends or waits. */
static int lcall_spawn(lua_State *L)
{
    const struct sio_co *parent = sio_bind_of(L)->calls.running;
    struct sio_co *c;
    int n = lua_gettop(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    c = sio_call_new(sio_bind_of(L), parent ? parent->context.what : "sio.spawn");
    if (c == NULL)
        return sio_bind_error(L, "too many handlers are waiting (%d)", SIO_CALL_MAX);
    if (!lua_checkstack(c->L, n)) {
        sio_call_drop(c);
        return sio_bind_error(L, "too many arguments");
    }
    if (parent != NULL)
        c->context = parent->context;
    lua_xmove(L, c->L, n);
    sio_call_run(c, n - 1);
    return 0;
}

static int lcall_can_wait(lua_State *L)
{
    lua_pushboolean(L, sio_call_can_wait(L));
    return 1;
}

void lcall_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"spawn", lcall_spawn}, {"can_wait", lcall_can_wait}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
