// SPDX-License-Identifier: MIT
/* Lists of names from Lua; broadcast.c, chorus.c and ask.c call it. operator.lua has checked them.
 */
#include "bind/selection.h"

static struct sio_slice name_at(lua_State *L, int arg, lua_Integer i)
{
    struct sio_slice name;
    lua_rawgeti(L, arg, i);
    name.p = luaL_checklstring(L, -1, &name.len); /* stays in the table: anchored */
    lua_pop(L, 1);
    return name;
}

void sio_selection_names(lua_State *L, int arg, struct sio_names *out)
{
    struct sio_slice *names = &out->only;
    out->n = lua_istable(L, arg) ? lua_rawlen(L, arg) : 0;
    if (out->n > 1)
        names = lua_newuserdatauv(L, out->n * sizeof *names, 0);
    else
        lua_pushnil(L);
    for (size_t i = 0; i < out->n; i++)
        names[i] = name_at(L, arg, (lua_Integer)i + 1);
    out->list = names;
}

struct sio_selection sio_selection_read(lua_State *L, int arg, struct sio_names *rooms,
                                        struct sio_names *except)
{
    luaL_checkstack(L, 8, NULL);
    sio_selection_names(L, arg, rooms);
    sio_selection_names(L, arg + 1, except);
    return (struct sio_selection){
        .rooms = rooms->list, .n_rooms = rooms->n, .except = except->list, .n_except = except->n};
}
