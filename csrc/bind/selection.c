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

/* Into memory on the stack. */
static const struct sio_slice *read_list(lua_State *L, int arg, size_t n)
{
    struct sio_slice *names = lua_newuserdatauv(L, n * sizeof *names, 0);
    for (size_t i = 0; i < n; i++)
        names[i] = name_at(L, arg, (lua_Integer)i + 1);
    return names;
}

void sio_selection_names(lua_State *L, int arg, struct sio_names *out)
{
    switch (lua_type(L, arg)) {
    case LUA_TSTRING:
        out->only.p = lua_tolstring(L, arg, &out->only.len);
        out->list = &out->only;
        out->n = 1;
        lua_pushnil(L);
        break;
    case LUA_TTABLE:
        out->n = lua_rawlen(L, arg);
        out->list = read_list(L, arg, out->n);
        break;
    default:
        out->list = NULL;
        out->n = 0;
        lua_pushnil(L);
    }
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
