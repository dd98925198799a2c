// SPDX-License-Identifier: MIT
/* coroutine.resume and coroutine.wrap as Lua has them, which also note whom they resume. Hooks
 * belong to a thread and nothing tells which one runs, so coverage tools and debuggers replace
 * these functions, too.
 *
 * Stands on lua_resume; bind/core installs them. Who keeps the originals (a local from before
 * require "sio") is reached when his coroutine yields or ends.
 */
#include "bind/run.h"

#include <lualib.h>

/* Behind a failed lua_resume: runs pending <close> variables. */
static int close_failed(lua_State *co, lua_State *L)
{
#if LUA_VERSION_RELEASE_NUM >= 50406
    return lua_closethread(co, L);
#else
    (void)L;
    return lua_resetthread(co);
#endif
}

/* The nargs values on top of L are passed; what comes back is on top of it. -1: an error value. */
static int resume(lua_State *L, const struct sio_bind *b, lua_State *co, int nargs)
{
    struct sio_run *r = b->run;
    int status, n = 0;
    if (!lua_checkstack(co, nargs)) {
        lua_pushliteral(L, "too many arguments to resume");
        return -1;
    }
    lua_xmove(L, co, nargs);
    if (r != NULL)
        sio_run_switch(r, co);
    status = lua_resume(co, L, nargs, &n);
    if (r != NULL)
        sio_run_switch(r, L);
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return -1;
    }
    if (!lua_checkstack(L, n + 1)) {
        lua_pop(co, n);
        lua_pushliteral(L, "too many results to resume");
        return -1;
    }
    lua_xmove(co, L, n);
    return n;
}

/* coroutine.resume(co, ...): true and values, or false and an error */
static int lthread_resume(lua_State *L)
{
    lua_State *co = lua_tothread(L, 1);
    luaL_argexpected(L, co != NULL, 1, "coroutine");
    int n = resume(L, lua_touserdata(L, lua_upvalueindex(1)), co, lua_gettop(L) - 1);
    lua_pushboolean(L, n >= 0);
    if (n < 0)
        n = 1;
    lua_insert(L, -(n + 1));
    return n + 1;
}

static int run_wrapped(lua_State *L)
{
    lua_State *co = lua_tothread(L, lua_upvalueindex(2));
    int n = resume(L, lua_touserdata(L, lua_upvalueindex(1)), co, lua_gettop(L));
    if (n >= 0)
        return n;
    int status = lua_status(co);
    if (status != LUA_OK && status != LUA_YIELD) {
        status = close_failed(co, L);
        lua_xmove(co, L, 1);
    }
    if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
        luaL_where(L, 1);
        lua_insert(L, -2);
        lua_concat(L, 2);
    }
    return lua_error(L);
}

/* coroutine.wrap(fn): a function that resumes */
static int lthread_wrap(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_State *co = lua_newthread(L);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    lua_pushcclosure(L, run_wrapped, 2);
    return 1;
}

void sio_run_open(lua_State *L, struct sio_bind *b)
{
    static const luaL_Reg functions[] = {
        {"resume", lthread_resume}, {"wrap", lthread_wrap}, {NULL, NULL}};
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (lua_getfield(L, -1, LUA_COLIBNAME) == LUA_TTABLE) {
        lua_pushlightuserdata(L, b); /* it lives as long as L does */
        luaL_setfuncs(L, functions, 1);
    }
    lua_pop(L, 2);
}
