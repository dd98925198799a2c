// SPDX-License-Identifier: MIT
/* core.nsp_emit_wait. Stands on sio/chorus.h; lua/sio/broadcast.lua calls it, and broadcast.c and
 * namespace.c for an emit that ends with a function.
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

/* nsp_emit_wait(nsp, rooms|false, except|false, flags, timeout|false, event, ...): answers, err */
static int lchorus_wait(lua_State *L)
{
    struct sio_attachments attachments;
    struct sio_outgoing out;
    struct sio_names rooms, except;
    int last = lua_gettop(L);
    sio_answers_check(L, "emit_with_ack");
    struct sio_nsp *nsp = sio_namespace_self(L);
    unsigned flags = (unsigned)luaL_checkinteger(L, 4);
    uint64_t timeout_ms = lua_toboolean(L, 5) ? sio_bind_check_ms(L, 5) : 0;
    struct sio_selection to = sio_selection_read(L, 2, &rooms, &except);
    sio_emit_event(L, sio_bind_of(L), 6, last, flags, &attachments, &out);
    return ask(L, nsp, &to, &out, timeout_ms, sio_answers_new(L, "emit_with_ack", true));
}

void lchorus_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"nsp_emit_wait", lchorus_wait}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
