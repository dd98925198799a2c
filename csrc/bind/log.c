// SPDX-License-Identifier: MIT
/* core.log: lines of Lua code in the same log as ours; core.report: errors that it has caught; and
 * what the command needs of the log: settings, announcements, the last lines.
 * Stands on base/log and bind/call; lua/sio/log.lua, error.lua and cli/ call it.
 */
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

#include "bind/call.h"
#include "bind/handle.h"

enum { FIELDS_MAX = 64 /* of one line; the others are left out */ };

static const char *const levels[] = {"debug", "info", "warn", "error", "off", NULL};
static const char *const formats[] = {"auto", "text", "json", NULL};

/* Who wants to hear of new lines: an upvalue of log_follow and the tee's context. */
struct follower {
    struct sio_bind *bind;
    struct sio_task task;
    bool on;
};

/* The list at `index` (or none): name, value as JSON, name, value ... Borrowed from the list. */
static size_t check_fields(lua_State *L, int index, struct sio_log_field out[FIELDS_MAX])
{
    size_t n = 0;
    if (lua_isnoneornil(L, index))
        return 0;
    luaL_checktype(L, index, LUA_TTABLE);
    luaL_checkstack(L, 4, NULL);
    for (lua_Integer i = 1; n < FIELDS_MAX && lua_rawgeti(L, index, i) == LUA_TSTRING; i += 2) {
        struct sio_log_field *f = &out[n++];
        f->name.p = lua_tolstring(L, -1, &f->name.len);
        lua_rawgeti(L, index, i + 1);
        f->value.p = luaL_checklstring(L, -1, &f->value.len);
        f->json = true;
        lua_pop(L, 2); /* the list holds both */
    }
    return n;
}

static struct sio_slice check_slice(lua_State *L, int index)
{
    struct sio_slice s;
    s.p = luaL_checklstring(L, index, &s.len);
    return s;
}

/* log(level, text, fields|nil): see check_fields */
static int llog_write(lua_State *L)
{
    struct sio_log_field fields[FIELDS_MAX];
    int level = luaL_checkoption(L, 1, NULL, levels);
    size_t n = check_fields(L, 3, fields);
    sio_log_write((enum sio_log_level)level, check_slice(L, 2), fields, n);
    return 0;
}

/* log_announce(level, plain, text, fields|nil): whatever the level; `plain` alone on a line, or
 * text and fields as JSON */
static int llog_announce(lua_State *L)
{
    struct sio_log_field fields[FIELDS_MAX];
    int level = luaL_checkoption(L, 1, NULL, levels);
    size_t n = check_fields(L, 4, fields);
    sio_log_announce((enum sio_log_level)level, check_slice(L, 2), check_slice(L, 3), fields, n);
    return 0;
}

/* set_log_level(level) */
static int llog_set_level(lua_State *L)
{
    sio_log_set_level((enum sio_log_level)luaL_checkoption(L, 1, NULL, levels));
    return 0;
}

/* log_format() -> "text" or "json" */
static int llog_format(lua_State *L)
{
    lua_pushstring(L, sio_log_is_json() ? "json" : "text");
    return 1;
}

/* set_log_format("auto"|"text"|"json") */
static int llog_set_format(lua_State *L)
{
    sio_log_set_format((enum sio_log_format)luaL_checkoption(L, 1, NULL, formats));
    return 0;
}

/* set_log_worker(number): in each line */
static int llog_set_worker(lua_State *L)
{
    lua_Integer number = luaL_checkinteger(L, 1);
    luaL_argcheck(L, number >= 0 && number <= 1 << 20, 1, "no number of a worker");
    sio_log_set_worker((unsigned)number);
    return 0;
}

/* log_guard(): printing to stdout and stderr cannot hold this process up from now on */
static int llog_guard(lua_State *L)
{
    (void)L;
    sio_log_guard();
    return 0;
}

/* log_tick(): says what was held back; now and then, in a process without a worker */
static int llog_tick(lua_State *L)
{
    (void)L;
    sio_log_tick();
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

/* ---- the last lines -------------------------------------------------------------------------- */

/* log_keep(n): keep the last n lines, SIO_LOG_KEEP_MAX at most; 0: none. Numbers begin anew. */
static int llog_keep(lua_State *L)
{
    lua_Integer n = luaL_checkinteger(L, 1);
    luaL_argcheck(L, n >= 0, 1, "not below 0");
    sio_log_keep(n < SIO_LOG_KEEP_MAX ? (unsigned)n : SIO_LOG_KEEP_MAX);
    return 0;
}

/* log_kept(after) -> number, line: the first one kept whose number is above; nil: none */
static int llog_kept(lua_State *L)
{
    lua_Integer after = luaL_checkinteger(L, 1);
    struct sio_slice line;
    luaL_argcheck(L, after >= 0, 1, "not below 0");
    uint64_t number = sio_log_kept((uint64_t)after, &line);
    if (number == 0)
        return 0;
    lua_pushinteger(L, (lua_Integer)number);
    lua_pushlstring(L, line.p, line.len);
    return 2;
}

/* A line may come from anywhere, also from the midst of Lua's work: the function is called when
 * the tick ends. */
static void on_line(void *ctx)
{
    struct follower *f = ctx;
    if (f->bind->loop != NULL)
        sio_loop_defer(f->bind->loop, &f->task);
}

static void call_follower(void *ctx)
{
    struct follower *f = ctx;
    struct sio_co *c = sio_call_new(f->bind, "log follower");
    if (c == NULL)
        return;
    sio_handle_push_callback(f->bind, sio_call_stack(c), f);
    sio_call_run(c, 0);
}

static void stop_following(struct follower *f)
{
    if (f->on)
        sio_log_set_tee(NULL, NULL);
    f->on = false;
    sio_task_cancel(&f->task);
}

/* log_follow(f|nil): f() at the end of a tick in which lines were kept; it may not log */
static int llog_follow(lua_State *L)
{
    struct follower *f = lua_touserdata(L, lua_upvalueindex(1));
    if (!lua_isnoneornil(L, 1))
        luaL_checktype(L, 1, LUA_TFUNCTION);
    stop_following(f);
    sio_handle_drop_callback(f->bind, f);
    if (lua_isnoneornil(L, 1))
        return 0;
    lua_settop(L, 1);
    sio_handle_set_callback(f->bind, L, f);
    sio_log_set_tee(on_line, f);
    f->on = true;
    return 0;
}

static int follower_gc(lua_State *L)
{
    stop_following(lua_touserdata(L, 1));
    return 0;
}

static void open_follow(lua_State *L)
{
    struct follower *f = lua_newuserdatauv(L, sizeof *f, 0);
    f->bind = sio_bind_of(L);
    f->on = false;
    sio_task_init(&f->task, call_follower, f);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, follower_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pushcclosure(L, llog_follow, 1);
    lua_setfield(L, -2, "log_follow");
}

/* The environment's format, for who is not started by the command, which says so itself. */
static void take_format(void)
{
    const char *said = getenv("SIO_LOG_FORMAT");
    enum sio_log_format format = SIO_LOG_AUTO;
    for (int i = 0; said != NULL && formats[i] != NULL; i++)
        if (strcmp(said, formats[i]) == 0)
            format = (enum sio_log_format)i;
    sio_log_set_format(format);
}

void llog_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"log", llog_write},
                                         {"log_announce", llog_announce},
                                         {"set_log_level", llog_set_level},
                                         {"set_log_format", llog_set_format},
                                         {"log_format", llog_format},
                                         {"set_log_worker", llog_set_worker},
                                         {"log_guard", llog_guard},
                                         {"log_tick", llog_tick},
                                         {"log_keep", llog_keep},
                                         {"log_kept", llog_kept},
                                         {"report", llog_report},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    take_format();
    open_follow(L);
}
