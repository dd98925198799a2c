// SPDX-License-Identifier: MIT
/* Headers and query parameters as Lua tables. Stands on codec/query; request.c and handshake.c call
 * it. */
#include "bind/http.h"

#include "codec/query.h"

static void push_lower(lua_State *L, struct sio_slice s)
{
    luaL_Buffer buffer;
    char *p = luaL_buffinitsize(L, &buffer, s.len);
    for (size_t i = 0; i < s.len; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
    luaL_pushresultsize(&buffer, s.len);
}

void sio_http_push_headers(lua_State *L, const struct sio_http_request *r)
{
    lua_createtable(L, 0, (int)r->n_fields);
    for (size_t i = 0; i < r->n_fields; i++) {
        const struct sio_http_field *f = &r->fields[i];
        push_lower(L, f->name);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, -3) == LUA_TNIL) {
            lua_pop(L, 1);
            lua_pushlstring(L, f->value.p, f->value.len);
        } else {
            bool cookie = sio_slice_eq_nocase(f->name, SIO_LIT("cookie"));
            lua_pushstring(L, cookie ? "; " : ", ");
            lua_pushlstring(L, f->value.p, f->value.len);
            lua_concat(L, 3);
        }
        lua_rawset(L, -3);
    }
}

static void push_decoded(lua_State *L, struct sio_bind *b, struct sio_slice raw)
{
    sio_buf_clear(&b->text);
    sio_query_decode(&b->text, raw);
    lua_pushlstring(L, b->text.len ? b->text.p : "", b->text.len);
}

void sio_http_push_query(lua_State *L, struct sio_bind *b, struct sio_slice query)
{
    struct sio_slice name, value;
    lua_newtable(L);
    while (sio_query_next(&query, &name, &value)) {
        push_decoded(L, b, name);
        push_decoded(L, b, value);
        lua_rawset(L, -3);
    }
}
