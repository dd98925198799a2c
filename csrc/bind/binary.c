// SPDX-License-Identifier: MIT
/* sio.binary: a view of a blob as a Lua value, with string's manners (#, sub, byte, ==, ..,
 * tostring).
 *
 * Stands on base/blob. json_decode makes them from attachments, json_encode and the sessions read
 * them.
 */
#include "bind/binary.h"

struct binary {
    struct sio_blob *blob;
    size_t from, len;
};

/* The collector sees the userdata only; without this hint a relay of large messages would grow by
 * their size until much later. */
static void tell_collector(lua_State *L, size_t bytes)
{
    enum { WORTH_A_WORD = 4096 };
    if (bytes >= WORTH_A_WORD)
        lua_gc(L, LUA_GCSTEP, (int)(bytes / 1024));
}

void sio_binary_push(lua_State *L, struct sio_blob *blob, size_t from, size_t len)
{
    struct binary *x = lua_newuserdatauv(L, sizeof *x, 0);
    x->blob = sio_blob_ref(blob);
    x->from = from;
    x->len = len;
    luaL_setmetatable(L, SIO_BINARY);
}

static struct sio_slice bytes_of(const struct binary *x)
{
    return sio_slice(x->blob->data + x->from, x->len);
}

bool sio_binary_get(lua_State *L, int index, struct sio_slice *out)
{
    const struct binary *x = luaL_testudata(L, index, SIO_BINARY);
    if (x == NULL)
        return false;
    *out = bytes_of(x);
    return true;
}

static struct binary *check(lua_State *L, int arg)
{
    return luaL_checkudata(L, arg, SIO_BINARY);
}

static void push_blob(lua_State *L, struct sio_blob *blob)
{
    sio_binary_push(L, blob, 0, blob->len);
    sio_blob_unref(blob);
    tell_collector(L, blob->len);
}

/* binary(string|binary) */
static int lbinary_new(lua_State *L)
{
    struct sio_slice s;
    if (sio_binary_get(L, 1, &s)) {
        lua_settop(L, 1);
        return 1;
    }
    if (lua_type(L, 1) != LUA_TSTRING)
        return luaL_error(L, "bad argument #1 to 'sio.binary' (string expected, got %s)",
                          luaL_typename(L, 1));
    s.p = lua_tolstring(L, 1, &s.len);
    push_blob(L, sio_blob_new(s));
    return 1;
}

static int lbinary_is(lua_State *L)
{
    lua_pushboolean(L, luaL_testudata(L, 1, SIO_BINARY) != NULL);
    return 1;
}

static int lbinary_len(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check(L, 1)->len);
    return 1;
}

static int lbinary_tostring(lua_State *L)
{
    struct sio_slice s = bytes_of(check(L, 1));
    lua_pushlstring(L, s.p, s.len);
    return 1;
}

/* Like string.sub's bounds: [*from, *to) of len bytes. */
static void range(lua_State *L, int arg, lua_Integer last, size_t len, size_t *from, size_t *to)
{
    lua_Integer n = (lua_Integer)len;
    lua_Integer i = luaL_optinteger(L, arg, 1), j = luaL_optinteger(L, arg + 1, last);
    i = i < 0 ? (i < -n ? 1 : n + i + 1) : (i == 0 ? 1 : i);
    j = j < 0 ? (j < -n ? 0 : n + j + 1) : (j > n ? n : j);
    *from = i > j ? 0 : (size_t)(i - 1);
    *to = i > j ? 0 : (size_t)j;
}

static int lbinary_sub(lua_State *L)
{
    const struct binary *x = check(L, 1);
    size_t from, to;
    range(L, 2, -1, x->len, &from, &to);
    sio_binary_push(L, x->blob, x->from + from, to - from);
    return 1;
}

static int lbinary_byte(lua_State *L)
{
    const struct binary *x = check(L, 1);
    struct sio_slice s = bytes_of(x);
    size_t from, to;
    range(L, 2, luaL_optinteger(L, 2, 1), x->len, &from, &to);
    luaL_argcheck(L, to - from <= 250, 3, "at most 250 bytes at once");
    luaL_checkstack(L, (int)(to - from), NULL);
    for (size_t i = from; i < to; i++)
        lua_pushinteger(L, (unsigned char)s.p[i]);
    return (int)(to - from);
}

static int lbinary_eq(lua_State *L)
{
    struct sio_slice a, b;
    bool both = sio_binary_get(L, 1, &a) && sio_binary_get(L, 2, &b);
    lua_pushboolean(L, both && sio_slice_eq(a, b));
    return 1;
}

static struct sio_slice string_or_binary(lua_State *L, int arg)
{
    struct sio_slice s;
    if (!sio_binary_get(L, arg, &s))
        s.p = luaL_checklstring(L, arg, &s.len);
    return s;
}

static int lbinary_concat(lua_State *L)
{
    struct sio_slice a = string_or_binary(L, 1), b = string_or_binary(L, 2);
    struct sio_blob *blob = sio_blob_new_raw(a.len + b.len);
    if (a.len)
        memcpy(blob->data, a.p, a.len);
    if (b.len)
        memcpy(blob->data + a.len, b.p, b.len);
    push_blob(L, blob);
    return 1;
}

static int lbinary_gc(lua_State *L)
{
    struct binary *x = check(L, 1);
    sio_blob_unref(x->blob);
    x->blob = NULL;
    return 0;
}

void lbinary_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"binary", lbinary_new}, {"is_binary", lbinary_is}, {NULL, NULL}};
    static const luaL_Reg methods[] = {{"sub", lbinary_sub}, {"byte", lbinary_byte}, {NULL, NULL}};
    static const luaL_Reg meta[] = {{"__len", lbinary_len}, {"__tostring", lbinary_tostring},
                                    {"__eq", lbinary_eq},   {"__concat", lbinary_concat},
                                    {"__gc", lbinary_gc},   {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    luaL_newmetatable(L, SIO_BINARY);
    luaL_setfuncs(L, meta, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
