// SPDX-License-Identifier: MIT
/* core.log: lines of Lua code in the same log as ours; core.report: errors that it has caught.
 * Stands on base/log and bind/call; lua/sio/log.lua and error.lua call it.
 */
#include "base/log.h"

#include "bind/call.h"

static const char *const levels[] = {"debug", "info", "warn", "error", "off", NULL};

/* log(level, text) */
static int llog_write(lua_State *L)
{
    int level = luaL_checkoption(L, 1, NULL, levels);
    sio_log((enum sio_log_level)level, "%s", luaL_checkstring(L, 2));
    return 0;
}

/* set_log_level(level) */
static int llog_set_level(lua_State *L)
{
    sio_log_set_level((enum sio_log_level)luaL_checkoption(L, 1, NULL, levels));
    return 0;
}

/* set_log_tag(tag): in front of each line */
static int llog_set_tag(lua_State *L)
{
    sio_log_set_tag(luaL_checkstring(L, 1));
    return 0;
}

/* report(what, message, object|nil, sid|nil, nsp|nil): a caught error, logged and given to the
 * error hooks as one that ended a coroutine. `object`: the server; `nsp`: a namespace's name. */
static int llog_report(lua_State *L)
{
    struct sio_slice sid, nsp;
    luaL_checkstring(L, 2);
    sid.p = luaL_optlstring(L, 4, "", &sid.len);
    nsp.p = luaL_optlstring(L, 5, "", &nsp.len);
    sio_call_report(L, luaL_checkstring(L, 1), 2, 3, sid, nsp);
    return 0;
}

void llog_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"log", llog_write},
                                         {"set_log_level", llog_set_level},
                                         {"set_log_tag", llog_set_tag},
                                         {"report", llog_report},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
