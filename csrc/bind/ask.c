// SPDX-License-Identifier: MIT
/* core.nsp_ask and core.nsp_change: counts, rooms and sockets of all workers, and what all of them
 * are made to do.
 *
 * Stands on sio/ask.h. A question that this worker can answer alone is answered within the call,
 * else the coroutine waits. lua/sio/crowd.lua calls it.
 */
#include "bind/ask.h"

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/namespace.h"
#include "bind/selection.h"
#include "bind/socket.h"
#include "sio/crowd.h"

/* ---- results --------------------------------------------------------------------------------- */

void sio_ask_push_error(lua_State *L, const struct sio_asked *what)
{
    if (what->err == SIO_ETIMEDOUT)
        lua_pushliteral(L, "timeout");
    else if (what->err != 0)
        lua_pushliteral(L, "closed");
    else if (what->missing != 0)
        lua_pushfstring(L, "missing %d of %d workers", (int)what->missing, (int)what->n);
    else
        lua_pushnil(L);
}

static void push_count(lua_State *L, const struct sio_asked *what)
{
    lua_Integer count = 0;
    for (unsigned i = 0; i < what->n; i++) {
        struct sio_reader r = {.rest = what->answers[i].bytes};
        while (r.rest.len != 0 && !r.bad)
            count += (lua_Integer)sio_reader_u64(&r); /* 0 when it was cut */
    }
    lua_pushinteger(L, count);
}

/* {[room] = sockets} */
static void push_rooms(lua_State *L, const struct sio_asked *what)
{
    lua_newtable(L);
    for (unsigned i = 0; i < what->n; i++) {
        struct sio_reader r = {.rest = what->answers[i].bytes};
        while (r.rest.len != 0) {
            struct sio_slice name = sio_reader_bytes(&r);
            lua_Integer sockets = sio_reader_u32(&r);
            if (r.bad) /* it was cut */
                break;
            lua_pushlstring(L, name.p, name.len);
            lua_pushvalue(L, -1);
            if (lua_rawget(L, -3) == LUA_TNUMBER)
                sockets += lua_tointeger(L, -1);
            lua_pop(L, 1);
            lua_pushinteger(L, sockets);
            lua_rawset(L, -3);
        }
    }
}

/* A socket of this worker by its id, unless it has gone meanwhile. */
static bool push_local(lua_State *L, struct sio_bind *b, const struct sio_asked *what,
                       struct sio_slice id)
{
    struct sio_socket *s = what->nsp == NULL ? NULL : sio_nsp_find(what->nsp, id);
    if (s != NULL)
        sio_socket_push(b, L, s);
    return s != NULL;
}

/* {socket | bytes of a remote one, ...} */
static void push_sockets(lua_State *L, struct sio_bind *b, const struct sio_asked *what,
                         struct sio_place here)
{
    lua_Integer n = 0;
    lua_newtable(L);
    for (unsigned i = 0; i < what->n; i++) {
        const struct sio_ask_answer *a = &what->answers[i];
        struct sio_reader r = {.rest = a->bytes};
        bool local = a->from.slot == here.slot && a->from.generation == here.generation;
        while (r.rest.len != 0) {
            struct sio_slice item = sio_reader_bytes(&r);
            if (r.bad) /* it was cut */
                break;
            if (!local)
                lua_pushlstring(L, item.p, item.len);
            else if (!push_local(L, b, what, item))
                continue;
            lua_rawseti(L, -2, ++n);
        }
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

struct waiter {
    struct sio_bind *bind;
    struct sio_co *co;
    struct sio_place here;
    enum sio_ask_kind kind;
    bool inside; /* nsp_ask has not returned yet */
    int pushed;  /* results on co's stack: 2; or 1, an error */
};

/* nil and why: nothing was asked or changed. */
static int fail(lua_State *L, int err)
{
    lua_pushnil(L);
    lua_pushstring(L, err == SIO_ECLOSED ? "closed" : sio_err_text(err));
    return 2;
}

/* (waiter, asked) -> value, err */
static int push_results(lua_State *L)
{
    const struct waiter *w = lua_touserdata(L, 1);
    const struct sio_asked *what = lua_touserdata(L, 2);
    luaL_checkstack(L, 16, NULL);
    if (what->err == SIO_ECLOSED)
        lua_pushnil(L);
    else if (w->kind == SIO_ASK_COUNT)
        push_count(L, what);
    else if (w->kind == SIO_ASK_ROOMS)
        push_rooms(L, what);
    else
        push_sockets(L, w->bind, what, w->here);
    sio_ask_push_error(L, what);
    return 2;
}

/* Protected: a large answer may be more than Lua can have, and the question must end all the
 * same. */
static void on_asked(void *arg, const struct sio_asked *what)
{
    struct waiter *w = arg;
    lua_State *L = sio_call_stack(w->co);
    if (w->bind->closed) {
        if (!w->inside)
            sio_call_abandon(w->co);
    } else {
        lua_checkstack(L, 8);
        lua_pushcfunction(L, push_results);
        lua_pushlightuserdata(L, w);
        lua_pushlightuserdata(L, (void *)what);
        w->pushed = lua_pcall(L, 2, 2, 0) == LUA_OK ? 2 : 1;
        if (!w->inside && w->pushed == 1) {
            lua_pushnil(L);
            lua_insert(L, -2);
        }
        if (!w->inside)
            sio_call_resume(w->co, 2);
    }
    if (!w->inside)
        sio_free(w);
}

/* nsp_ask(nsp, rooms|false, except|false, flags, timeout|false, what): value, err */
static int lask_ask(lua_State *L)
{
    static const char *const names[] = {"count", "rooms", "fetch_sockets", NULL};
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_question q = {.flags = (unsigned)luaL_checkinteger(L, 4) & SIO_EMIT_HERE};
    int what = luaL_checkoption(L, 6, NULL, names);
    struct sio_names rooms, except;
    struct sio_co *co;
    q.kind = (enum sio_ask_kind)(SIO_ASK_COUNT + what);
    q.timeout_ms = lua_toboolean(L, 5) ? sio_bind_check_ms(L, 5) : 0;
    struct sio_selection to = sio_selection_read(L, 2, &rooms, &except);
    co = sio_call_wait(L, names[what]);
    sio_call_unwait(co); /* until it is known that there is something to wait for */
    if (nsp == NULL)
        return fail(L, SIO_ECLOSED);
    struct waiter *w = sio_calloc(1, sizeof *w);
    *w = (struct waiter){.bind = sio_bind_of(L),
                         .co = co,
                         .here = sio_nsp_place(nsp),
                         .kind = q.kind,
                         .inside = true};
    int err = sio_ask(nsp, &to, &q, on_asked, w);
    int pushed = w->pushed;
    w->inside = false;
    if (err == 0 && pushed == 0) {
        sio_call_wait(L, names[what]);
        return lua_yield(L, 0);
    }
    sio_free(w);
    if (err != 0)
        return fail(L, err);
    return pushed == 1 ? lua_error(L) : pushed;
}

/* nsp_change(nsp, rooms|false, except|false, flags, what, names|nil): true, or nil and why */
static int lask_change(lua_State *L)
{
    static const char *const words[] = {"join", "leave", "disconnect", "close", NULL};
    struct sio_nsp *nsp = sio_namespace_self(L);
    unsigned flags = (unsigned)luaL_checkinteger(L, 4);
    int what = luaL_checkoption(L, 5, NULL, words);
    struct sio_names rooms, except, names;
    int err = SIO_ECLOSED;
    lua_settop(L, 6);
    struct sio_selection to = sio_selection_read(L, 2, &rooms, &except);
    sio_selection_names(L, 6, &names);
    if (nsp != NULL)
        err = sio_crowd_change(nsp, (enum sio_crowd_kind)(SIO_CROWD_JOIN + what), &to, flags,
                               names.list, names.n);
    if (err != 0)
        return fail(L, err);
    lua_pushboolean(L, 1);
    return 1;
}

void lask_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"nsp_ask", lask_ask}, {"nsp_change", lask_change}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    lremote_open(L);
}
