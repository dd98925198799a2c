// SPDX-License-Identifier: MIT
/* The coroutine pool: the one place that calls Lua. Stands on lua.h and the log; every other file
 * of bind/ starts or continues Lua code through it.
 *
 * A coroutine is in exactly one of these states: idle (in the pool), filled (between new and run),
 * running (on the chain of C stacks below calls.running), waiting. After an error it is not reused.
 */
#include "bind/call.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

struct sio_co {
    lua_State *L;
    struct sio_bind *bind;
    struct sio_co *next; /* in the pool */
    struct sio_list link;
    int slot; /* in THREADS */
    bool waiting;
    const char *what;
    void *app;
    uint8_t event_len;
    char event[SIO_CALL_EVENT_MAX];
    char sid[SIO_CALL_SID_MAX + 1];
};

static const char error_hook_name[] =
    "error hook"; /* compared by address: its errors are only logged */

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
    if (calls->n_idle >= SIO_CALL_IDLE_MAX) {
        shrink(c);
        return;
    }
    lua_settop(c->L, 0);
    c->next = calls->idle;
    calls->idle = c;
    calls->n_idle++;
}

/* Runs pending <close> variables and forgets the stack, also of a coroutine that failed. */
static void close_thread(lua_State *L)
{
#if LUA_VERSION_RELEASE_NUM >= 50406
    lua_closethread(L, NULL);
#else
    lua_resetthread(L);
#endif
    lua_settop(L, 0);
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
    c->what = what;
    c->app = NULL;
    c->event_len = 0;
    c->sid[0] = '\0';
    return c;
}

lua_State *sio_call_stack(const struct sio_co *c)
{
    return c->L;
}

void sio_call_context(struct sio_co *c, void *app, struct sio_slice event, struct sio_slice sid)
{
    size_t sid_len = sid.len < SIO_CALL_SID_MAX ? sid.len : SIO_CALL_SID_MAX;
    c->app = app;
    c->event_len = (uint8_t)(event.len < SIO_CALL_EVENT_MAX ? event.len : SIO_CALL_EVENT_MAX);
    if (c->event_len)
        memcpy(c->event, event.p, c->event_len);
    if (sid_len)
        memcpy(c->sid, sid.p, sid_len);
    c->sid[sid_len] = '\0';
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

/* ---- errors ---------------------------------------------------------------------------------- */

/* (thread, error value) -> text with traceback. Runs protected: __tostring is people's code. */
static int format_error(lua_State *L)
{
    lua_State *co = lua_touserdata(L, 1);
    const char *text = luaL_tolstring(L, 2, NULL);
    luaL_traceback(L, co, text, 0);
    return 1;
}

/* Pushes the text of the error on top of `from`, which stays there. */
static void push_error_text(lua_State *L, lua_State *from)
{
    lua_checkstack(L, 8);
    lua_checkstack(from, 4);
    lua_pushcfunction(L, format_error);
    lua_pushlightuserdata(L, from);
    lua_pushvalue(from, -1);
    lua_xmove(from, L, 1);
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushliteral(L, "(an error whose text cannot be made)");
    }
}

static void push_context(lua_State *L, const struct sio_co *c)
{
    lua_createtable(L, 0, 3);
    lua_pushstring(L, c->what);
    lua_setfield(L, -2, "what");
    if (c->event_len) {
        lua_pushlstring(L, c->event, c->event_len);
        lua_setfield(L, -2, "event");
    }
    if (c->sid[0]) {
        lua_pushstring(L, c->sid);
        lua_setfield(L, -2, "sid");
    }
}

static void push_app(const struct sio_bind *b, lua_State *L, const void *app)
{
    lua_pushnil(L);
    if (app == NULL)
        return;
    sio_bind_push_ref(b, L, SIO_REF_OBJECTS);
    if (lua_rawgetp(L, -1, app) == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        lua_replace(L, -4);
    }
    lua_pop(L, 2);
}

/* The error hooks, with the message and the server's object on top of L's stack; both are
 * popped. */
static void run_error_hooks(struct sio_bind *b, lua_State *L, const struct sio_co *failed)
{
    struct sio_co *c = NULL;
    if (failed->what != error_hook_name && b->refs[SIO_REF_ERROR] != LUA_NOREF)
        c = sio_call_new(b, error_hook_name);
    if (c == NULL) {
        lua_pop(L, 2);
        return;
    }
    sio_bind_push_ref(b, c->L, SIO_REF_ERROR);
    lua_insert(L, -2); /* app, message */
    lua_xmove(L, c->L, 2);
    push_context(c->L, failed);
    sio_call_run(c, 3);
}

static void log_error(const struct sio_co *c, const char *text)
{
    char where[SIO_CALL_EVENT_MAX * 4 + SIO_CALL_SID_MAX + 32] = "";
    int n = 0;
    if (c->event_len)
        n = snprintf(where, sizeof where, " ev=\"%s\"",
                     sio_log_text(sio_slice(c->event, c->event_len)));
    if (c->sid[0])
        snprintf(where + n, sizeof where - (size_t)n, " sid=%s", c->sid);
    sio_log(SIO_LOG_ERROR, "%s error%s: %s", c->what, where, text);
}

/* The error value is on top of c's stack. */
static void report(struct sio_co *c)
{
    lua_State *L = c->bind->L;
    push_error_text(L, c->L);
    log_error(c, lua_tostring(L, -1));
    push_app(c->bind, L, c->app);
    run_error_hooks(c->bind, L, c);
}

void sio_call_report(lua_State *L, const char *what, int message, int app, struct sio_slice sid)
{
    struct sio_co context = {.what = what};
    size_t sid_len = sid.len < SIO_CALL_SID_MAX ? sid.len : SIO_CALL_SID_MAX;
    luaL_checkstack(L, 4, NULL);
    if (sid_len)
        memcpy(context.sid, sid.p, sid_len);
    lua_pushvalue(L, app);
    luaL_tolstring(L, message, NULL);
    log_error(&context, lua_tostring(L, -1));
    lua_insert(L, -2);
    run_error_hooks(sio_bind_of(L), L, &context);
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
            report(c);
    }
    recycle(c);
}

static void fail(struct sio_co *c)
{
    report(c);
    close_thread(c->L);
    shrink(c);
}

static void step(struct sio_co *c, int nargs)
{
    struct sio_calls *calls = &c->bind->calls;
    struct sio_co *outer = calls->running;
    int n_results = 0, status;
    c->waiting = false;
    calls->running = c;
    /* `from` carries the depth of C calls, so that handlers that start each other without end fail
     * with "C stack overflow" instead of overflowing it. */
    status = lua_resume(c->L, outer ? outer->L : c->bind->L, nargs, &n_results);
    calls->running = outer;
    if (status == LUA_OK) {
        finish(c);
    } else if (status != LUA_YIELD) {
        fail(c);
    } else if (!c->waiting) {
        lua_pushliteral(c->L, "coroutine.yield: nothing will resume this handler (use sio.sleep or "
                              "another function that waits)");
        fail(c);
    }
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
    close_thread(c->L);
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

static int add_traceback(lua_State *L)
{
    const char *text = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, text, 1);
    return 1;
}

bool sio_call_protected(lua_State *L, int nargs, int nresults, const char *what)
{
    int base = lua_gettop(L) - nargs;
    lua_pushcfunction(L, add_traceback);
    lua_insert(L, base);
    if (lua_pcall(L, nargs, nresults, base) != LUA_OK) {
        const char *text = lua_tostring(L, -1);
        sio_log(SIO_LOG_ERROR, "%s error: %s", what, text ? text : "(no text)");
        lua_settop(L, base - 1);
        return false;
    }
    lua_remove(L, base);
    return true;
}

/* ---- Lua ------------------------------------------------------------------------------------- */

/* spawn(fn, ...): runs until it ends or waits. */
static int lcall_spawn(lua_State *L)
{
    const struct sio_co *parent = sio_bind_of(L)->calls.running;
    struct sio_co *c;
    int n = lua_gettop(L);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    c = sio_call_new(sio_bind_of(L), parent ? parent->what : "sio.spawn");
    if (c == NULL)
        return sio_bind_error(L, "too many handlers are waiting (%d)", SIO_CALL_MAX);
    if (!lua_checkstack(c->L, n)) {
        sio_call_drop(c);
        return sio_bind_error(L, "too many arguments");
    }
    if (parent != NULL)
        sio_call_context(c, parent->app, sio_slice(parent->event, parent->event_len),
                         sio_slice_str(parent->sid));
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
