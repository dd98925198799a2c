// SPDX-License-Identifier: MIT
/* The module sio.core: opens what one lua_State has of us, and runs its loop.
 *
 * Stands on everything in bind/. `require "sio.core"` makes the loop; lua_close ends what is still
 * open, runs the loop until it is empty and frees it.
 */
#include "bind/bind.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/outgoing.h"
#include "bind/process.h"
#include "bind/reclaim.h"
#include "bind/report.h"
#include "bind/run.h"
#include "bind/server.h"
#include "bind/slow.h"
#include "bind/timer.h"

static const char bind_key; /* its address is the registry's key */

struct sio_bind *sio_bind_of(lua_State *L)
{
    struct sio_bind *b;
    lua_rawgetp(L, LUA_REGISTRYINDEX, &bind_key);
    b = lua_touserdata(L, -1);
    lua_pop(L, 1);
    return b;
}

struct sio_bind *sio_bind_open(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    if (b->loop == NULL)
        sio_bind_error(L, "the loop has ended");
    return b;
}

int sio_bind_fail(lua_State *L, int err)
{
    const char *text = err == SIO_ESYS ? strerror(errno) : sio_err_text(err);
    lua_pushnil(L);
    lua_pushstring(L, text);
    return 2;
}

/* Whether the function at this level is somebody else's Lua code. */
static bool is_people(lua_State *L, int level, lua_Debug *at)
{
    struct sio_slice face = sio_buf_slice(&sio_bind_of(L)->face);
    if (!lua_getstack(L, level, at))
        return false;
    lua_getinfo(L, "Sl", at);
    if (at->currentline < 0) /* a C function */
        return false;
    return face.len == 0 || !sio_slice_starts(sio_slice(at->source, at->srclen), face);
}

int sio_bind_raise(lua_State *L)
{
    enum { LEVELS = 16 };
    lua_Debug at;
    for (int level = 1; level < LEVELS; level++) {
        if (!is_people(L, level, &at))
            continue;
        lua_pushfstring(L, "%s:%d: ", at.short_src, at.currentline);
        lua_insert(L, -2);
        lua_concat(L, 2);
        break;
    }
    return lua_error(L);
}

int sio_bind_error(lua_State *L, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    lua_pushvfstring(L, fmt, args);
    va_end(args);
    return sio_bind_raise(L);
}

/* set_face(source prefix): see sio_bind_raise */
static int lcore_set_face(lua_State *L)
{
    struct sio_slice prefix;
    struct sio_buf *face = &sio_bind_of(L)->face;
    prefix.p = luaL_checklstring(L, 1, &prefix.len);
    sio_buf_clear(face);
    sio_buf_append_slice(face, prefix);
    return 0;
}

uint64_t sio_bind_check_ms(lua_State *L, int arg)
{
    lua_Number seconds = luaL_checknumber(L, arg);
    luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, arg, "seconds expected");
    return (uint64_t)(seconds * 1000 + 0.5);
}

/* ---- running the loop ------------------------------------------------------------------------ */

/* run(): until core.stop() */
static int lcore_run(lua_State *L)
{
    struct sio_bind *b = sio_bind_open(L);
    if (b->calls.running != NULL || b->looping)
        return luaL_error(L, "the loop is running already");
    b->looping = true;
    sio_loop_run(b->loop);
    b->looping = false;
    return 0;
}

static int lcore_running(lua_State *L)
{
    lua_pushboolean(L, sio_bind_of(L)->looping);
    return 1;
}

static int lcore_stop(lua_State *L)
{
    sio_loop_stop(sio_bind_open(L)->loop);
    return 0;
}

/* ---- Lua's memory ---------------------------------------------------------------------------- */

enum { LARGE = 64 << 10 }; /* bytes: what a program asks for, and the machinery does not */

/* A handler that wants a lot and cannot have it gets Lua's "not enough memory", which is an error
 * like any other. Everything else is ours to keep going, as an error raised where no handler runs
 * would unwind through libuv: the reserve pays, and at its next instruction the handler collects
 * garbage, or gets that error. When the reserve is not enough either, Lua is told once, and then
 * collects in the middle of what it does. */
static void *lua_alloc(void *ud, void *p, size_t old_size, size_t size)
{
    struct sio_bind *b = ud;
    void *q = b->alloc(b->alloc_ud, p, old_size, size);
    if (q != NULL || size == 0 ||
        (size > LARGE && (b->calls.running != NULL || b->confined != NULL)))
        return q;
    if (b->run != NULL)
        sio_run_ask(b->run, SIO_RUN_NO_MEMORY);
    sio_mem_give_up();
    q = b->alloc(b->alloc_ud, p, old_size, size);
    if (q == NULL && b->alloc_failed)
        sio_mem_exhausted();
    b->alloc_failed = q == NULL;
    return q;
}

/* ---- opening and closing --------------------------------------------------------------------- */

/* set_hooks{name = value}: the functions and metatables that C calls and uses. */
static int lcore_set_hooks(lua_State *L)
{
    static const char *const names[] = {
#define X(name, hook) hook,
        SIO_REF_MAP(X)
#undef X
    };
    struct sio_bind *b = sio_bind_of(L);
    luaL_checktype(L, 1, LUA_TTABLE);
    for (int i = 0; i < SIO_REF_HOOKS_END; i++) {
        if (lua_getfield(L, 1, names[i]) == LUA_TNIL)
            lua_pop(L, 1);
        else if (b->refs[i] == LUA_NOREF)
            b->refs[i] = luaL_ref(L, LUA_REGISTRYINDEX);
        else
            lua_rawseti(L, LUA_REGISTRYINDEX, b->refs[i]);
    }
    return 0;
}

/* At lua_close: the first userdata made, so the last one to go. */
static int lcore_gc(lua_State *L)
{
    struct sio_bind *b = lua_touserdata(L, 1);
    if (b->loop == NULL)
        return 0;
    sio_server_close_all(b);
    sio_timer_close_all(b);
    sio_child_close_all(b);
    sio_outgoing_fini(b);
    sio_slow_set(b, 0);
    sio_reclaim_cancel(b);
    sio_loop_fini(b->loop);
    sio_free(b->loop);
    b->loop = NULL;
    sio_mem_give_up(); /* the module may be unloaded now; another state's loop takes a new one */
    lua_setallocf(L, b->alloc, b->alloc_ud); /* ours goes with the module */
    sio_call_fini(b);
    sio_buf_fini(&b->json);
    sio_buf_fini(&b->text);
    sio_buf_fini(&b->face);
    sio_buf_fini(&b->warning);
    lua_setwarnf(L, NULL, NULL);
    return 0;
}

static void new_table_ref(lua_State *L, struct sio_bind *b, enum sio_ref ref)
{
    lua_newtable(L);
    b->refs[ref] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void make_weak(lua_State *L, const struct sio_bind *b, enum sio_ref ref)
{
    sio_bind_push_ref(b, L, ref);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
}

static void new_string_ref(lua_State *L, struct sio_bind *b, enum sio_ref ref, const char *text)
{
    lua_pushstring(L, text);
    b->refs[ref] = luaL_ref(L, LUA_REGISTRYINDEX);
}

static void bind_init(lua_State *L, struct sio_bind *b)
{
    static const enum sio_ref tables[] = {SIO_REF_OBJECTS,   SIO_REF_LOOSE,    SIO_REF_THREADS,
                                          SIO_REF_CALLBACKS, SIO_REF_ARRAY_MT, SIO_REF_OBJECT_MT,
                                          SIO_REF_DIRTY};
    memset(b, 0, sizeof *b);
    for (size_t i = 0; i < SIO_REF_COUNT; i++)
        b->refs[i] = LUA_NOREF;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        new_table_ref(L, b, tables[i]);
    make_weak(L, b, SIO_REF_LOOSE);
    new_string_ref(L, b, SIO_REF_ON, "_on");
    new_string_ref(L, b, SIO_REF_EVENTS, "_events");
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    b->L = lua_tothread(L, -1);
    lua_pop(L, 1);
    sio_list_init(&b->calls.all);
    sio_list_init(&b->apps);
    sio_list_init(&b->children);
    sio_list_init(&b->timers);
    b->alloc = lua_getallocf(L, &b->alloc_ud);
    lua_setallocf(L, lua_alloc, b);
}

static void open_bind(lua_State *L)
{
    struct sio_bind *b = lua_newuserdatauv(L, sizeof *b, 0);
    bind_init(L, b);
    b->loop = sio_calloc(1, sizeof *b->loop);
    if (sio_loop_init(b->loop) != 0) {
        sio_free(b->loop);
        luaL_error(L, "cannot make an event loop: %s", strerror(errno));
    }
    sio_outgoing_init(b);
    lua_newtable(L);
    lua_pushcfunction(L, lcore_gc);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &bind_key);
    sio_report_open(L, b);
    sio_run_open(L, b);
}

__attribute__((visibility("default"))) int luaopen_sio_core(lua_State *L);

int luaopen_sio_core(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"run", lcore_run},           {"running", lcore_running},
        {"stop", lcore_stop},         {"set_hooks", lcore_set_hooks},
        {"set_face", lcore_set_face}, {NULL, NULL}};
    static void (*const open[])(lua_State *) = {
        lcall_open,    lhandle_open,  lcensus_open, lbinary_open,  ljson_open,      llog_open,
        lcoding_open,  ltimer_open,   lfile_open,   lserver_open,  ldrain_open,     lnamespace_open,
        lsocket_open,  lsession_open, lgate_open,   lrequest_open, ltls_open,       ljob_open,
        lprocess_open, lproxy_open,   lhttp_open,   lstream_open,  ljson_args_open, lparent_open,
        llookup_open,  lversions_open};
    luaL_checkversion(L);
    sio_log_open(); /* before the loop opens descriptors */
    if (sio_bind_of(L) == NULL)
        open_bind(L);
    luaL_newlib(L, functions);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        open[i](L);
    lua_pushliteral(L, SIO_LUA_VERSION);
    lua_setfield(L, -2, "version");
    return 1;
}
