// SPDX-License-Identifier: MIT
/* Lists of names from Lua; namespace.c and ask.c call it. operator.lua has checked them.
 */
#include "bind/selection.h"

const struct sio_slice *sio_selection_names(lua_State *L, int arg, size_t *n)
{
    struct sio_slice *names;
    *n = lua_istable(L, arg) ? lua_rawlen(L, arg) : 0;
    if (*n == 0) {
        lua_pushnil(L);
        return NULL;
    }
    names = lua_newuserdatauv(L, *n * sizeof *names, 0);
    for (size_t i = 0; i < *n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        names[i].p = luaL_checklstring(L, -1, &names[i].len); /* stays in the table: anchored */
        lua_pop(L, 1);
    }
    return names;
}

void sio_selection_read(lua_State *L, int arg, struct sio_selection *out)
{
    luaL_checkstack(L, 8, NULL);
    out->rooms = sio_selection_names(L, arg, &out->n_rooms);
    out->except = sio_selection_names(L, arg + 1, &out->n_except);
}
