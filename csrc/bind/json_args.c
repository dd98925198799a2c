// SPDX-License-Identifier: MIT
/* core.json_encode_args and core.json_decode_args: what a packet carries, for the client of
 * sio.test. The server's own packets never pass here. Stands on bind/json.h.
 */
#include "base/err.h"
#include "bind/binary.h"
#include "bind/json.h"

/* json_encode_args(...) -> a JSON array, list of the attachments as strings; raises, naming the
 * argument, for what cannot be sent */
static int ljson_encode_args(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_attachments lifted = {.n = 0};
    sio_buf_clear(&b->json);
    if (!sio_json_encode_args(L, b, 1, lua_gettop(L), &b->json, &lifted))
        return sio_bind_raise(L);
    lua_pushlstring(L, b->json.p, b->json.len);
    lua_createtable(L, (int)lifted.n, 0);
    for (unsigned i = 0; i < lifted.n; i++) {
        lua_pushlstring(L, lifted.slices[i].p, lifted.slices[i].len);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 2;
}

/* The strings of the list at `arg` as blobs, each held by a binary on the stack. */
static unsigned push_attachments(lua_State *L, int arg, struct sio_blob *blobs[SIO_ATTACHMENTS_MAX])
{
    size_t n = lua_rawlen(L, arg);
    luaL_argcheck(L, n <= SIO_ATTACHMENTS_MAX, arg, "too many attachments");
    luaL_checkstack(L, SIO_ATTACHMENTS_MAX + 1, NULL);
    for (size_t i = 0; i < n; i++) {
        struct sio_slice bytes;
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        bytes.p = luaL_checklstring(L, -1, &bytes.len);
        blobs[i] = sio_blob_new(bytes);
        sio_binary_push(L, blobs[i], 0, bytes.len);
        sio_blob_unref(blobs[i]);
        lua_remove(L, -2);
    }
    return (unsigned)n;
}

/* json_decode_args(text, attachments) -> the items of the array; raises when it is none */
static int ljson_decode_args(lua_State *L)
{
    struct sio_blob *blobs[SIO_ATTACHMENTS_MAX];
    struct sio_slice text;
    unsigned n_blobs;
    int n;
    text.p = luaL_checklstring(L, 1, &text.len);
    luaL_checktype(L, 2, LUA_TTABLE);
    n_blobs = push_attachments(L, 2, blobs);
    n = sio_json_decode_args(L, sio_bind_of(L), text, blobs, n_blobs);
    if (n < 0)
        return luaL_error(L, "JSON array expected: %s", sio_err_text(n));
    return n;
}

void ljson_args_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"json_encode_args", ljson_encode_args},
                                         {"json_decode_args", ljson_decode_args},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
