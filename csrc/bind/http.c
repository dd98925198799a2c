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

/* Fields of which a message has one; of several the first counts, as in Node. A list of them would
 * be a value that nobody sent. */
static bool is_single(struct sio_slice name)
{
    static const char *const names[] = {"age",
                                        "authorization",
                                        "content-length",
                                        "content-type",
                                        "etag",
                                        "expires",
                                        "from",
                                        "host",
                                        "if-modified-since",
                                        "if-unmodified-since",
                                        "last-modified",
                                        "location",
                                        "max-forwards",
                                        "proxy-authorization",
                                        "referer",
                                        "retry-after",
                                        "server",
                                        "user-agent"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sio_slice_eq_nocase(name, sio_slice_str(names[i])))
            return true;
    return false;
}

/* The value above the one that the table has for the name. */
static void join(lua_State *L, const struct sio_http_field *f)
{
    if (is_single(f->name))
        return;
    lua_pushstring(L, sio_slice_eq_nocase(f->name, SIO_LIT("cookie")) ? "; " : ", ");
    lua_pushlstring(L, f->value.p, f->value.len);
    lua_concat(L, 3);
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
            join(L, f);
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

static void set_slice(lua_State *L, const char *name, struct sio_slice s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.len);
    lua_setfield(L, -2, name);
}

void sio_http_set_request(lua_State *L, struct sio_bind *b, const struct sio_http_conn *c,
                          const struct sio_http_request *r)
{
    struct sio_slice host = sio_http_conn_host(c, r);
    struct sio_origin origin;
    sio_http_conn_origin(c, r, &origin);
    set_slice(L, "method", r->method);
    set_slice(L, "raw_path", r->path);
    set_slice(L, "url", r->target);
    sio_http_push_headers(L, r);
    lua_setfield(L, -2, "headers");
    sio_http_push_query(L, b, r->query);
    lua_setfield(L, -2, "query");
    set_slice(L, "address", sio_origin_address(&origin));
    lua_pushboolean(L, origin.secure);
    lua_setfield(L, -2, "secure");
    if (host.p != NULL)
        set_slice(L, "host", host);
}

void sio_http_add_fields(lua_State *L, int index, struct sio_http_conn *c)
{
    lua_Integer n = (lua_Integer)lua_rawlen(L, index);
    for (lua_Integer i = 1; i + 1 <= n; i += 2) {
        struct sio_slice name = {NULL, 0}, value = {NULL, 0};
        if (lua_rawgeti(L, index, i) == LUA_TSTRING)
            name.p = lua_tolstring(L, -1, &name.len);
        if (lua_rawgeti(L, index, i + 1) == LUA_TSTRING)
            value.p = lua_tolstring(L, -1, &value.len);
        sio_http_add_field(c, name, value);
        lua_pop(L, 2);
    }
}

/* query_parse(string): {name = value}, as the query of a URL */
static int lhttp_query_parse(lua_State *L)
{
    struct sio_slice query;
    query.p = luaL_checklstring(L, 1, &query.len);
    sio_http_push_query(L, sio_bind_of(L), query);
    return 1;
}

void lhttp_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"query_parse", lhttp_query_parse}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
