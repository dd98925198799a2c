// SPDX-License-Identifier: MIT
/* core.nsp_emit_wait and core.nsp_emit_callback. Stands on sio/chorus.h; lua/sio/broadcast.lua
 * calls them, and namespace.c for an emit that ends with a function.
 */
#include "bind/chorus.h"

#include "base/err.h"
#include "bind/answers.h"
#include "bind/emit.h"
#include "bind/namespace.h"
#include "bind/selection.h"
#include "sio/chorus.h"

static int ask(lua_State *L, struct sio_nsp *nsp, const struct sio_selection *to,
               const struct sio_outgoing *out, uint64_t timeout_ms, struct sio_answers *a)
{
    int err = nsp == NULL ? SIO_ECLOSED
                          : sio_chorus_ask(nsp, to, out, timeout_ms, sio_answers_on_asked, a);
    return sio_answers_end(L, a, err);
}

int sio_chorus_emit(lua_State *L, struct sio_nsp *nsp, const struct sio_selection *to,
                    const struct sio_outgoing *out, uint64_t timeout_ms)
{
    return ask(L, nsp, to, out, timeout_ms, sio_answers_new(L, "emit", false));
}

/* Arguments of both: (nsp, rooms|nil, except|nil, flags, timeout|nil, event, ...) */
struct call {
    struct sio_nsp *nsp;
    struct sio_selection to;
    struct sio_attachments attachments;
    struct sio_outgoing out;
    uint64_t timeout_ms;
};

static void read_call(lua_State *L, int last, struct call *c)
{
    unsigned flags = (unsigned)luaL_checkinteger(L, 4);
    c->nsp = sio_namespace_self(L);
    c->timeout_ms = lua_isnil(L, 5) ? 0 : sio_bind_check_ms(L, 5);
    luaL_checkstack(L, 8, NULL);
    sio_selection_read(L, 2, &c->to);
    sio_emit_event(L, sio_bind_of(L), 6, last, flags, &c->attachments, &c->out);
}

/* nsp_emit_wait(...): answers, err */
static int lchorus_wait(lua_State *L)
{
    struct call c;
    sio_answers_check(L, "emit_with_ack");
    read_call(L, lua_gettop(L), &c);
    return ask(L, c.nsp, &c.to, &c.out, c.timeout_ms, sio_answers_new(L, "emit_with_ack", true));
}

/* nsp_emit_callback(..., fn): fn(err, answers) */
static int lchorus_callback(lua_State *L)
{
    struct call c;
    int last = lua_gettop(L);
    luaL_checktype(L, last, LUA_TFUNCTION);
    read_call(L, last - 1, &c);
    lua_pushvalue(L, last);
    return sio_chorus_emit(L, c.nsp, &c.to, &c.out, c.timeout_ms);
}

void lchorus_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"nsp_emit_wait", lchorus_wait}, {"nsp_emit_callback", lchorus_callback}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
