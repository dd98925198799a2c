// SPDX-License-Identifier: MIT
/* core.choose_coding, core.accepts_coding and core.compress: content codings for what Lua serves. A
 * string is compressed at once, on the loop: for what is compressed once and kept (the browser
 * client). Stands on codec/http_coding.
 */
#include "codec/http_coding.h"

#include "bind/bind.h"

/* choose_coding(Accept-Encoding|nil): "br", "gzip", "deflate", or nil for none */
static int lcoding_choose(lua_State *L)
{
    struct sio_slice field = {"", 0};
    enum sio_coding coding;
    field.p = luaL_optlstring(L, 1, "", &field.len);
    coding = sio_coding_choose(field);
    if (coding == SIO_CODING_IDENTITY)
        lua_pushnil(L);
    else
        lua_pushlstring(L, sio_coding_name(coding).p, sio_coding_name(coding).len);
    return 1;
}

static enum sio_coding check_coding(lua_State *L, int arg)
{
    struct sio_slice name;
    name.p = luaL_checklstring(L, arg, &name.len);
    for (int i = SIO_CODING_IDENTITY + 1; i < SIO_CODINGS; i++)
        if (sio_slice_eq(name, sio_coding_name((enum sio_coding)i)))
            return (enum sio_coding)i;
    luaL_argerror(L, arg, "a content coding expected");
    return SIO_CODING_IDENTITY;
}

/* accepts_coding(Accept-Encoding|nil, coding): whether a client takes it, also when this build
 * cannot make it */
static int lcoding_accepts(lua_State *L)
{
    struct sio_slice field = {"", 0};
    field.p = luaL_optlstring(L, 1, "", &field.len);
    lua_pushboolean(L, sio_coding_accepts(field, check_coding(L, 2)));
    return 1;
}

/* compress(string, coding, level) */
static int lcoding_compress(lua_State *L)
{
    struct sio_coder coder = {.effort.mem_level = 9};
    struct sio_buf *out =
        &sio_bind_of(L)->json; /* not lost when Lua has no memory for the string */
    struct sio_slice text;
    enum sio_coding coding = check_coding(L, 2);
    lua_Integer level = luaL_checkinteger(L, 3);
    text.p = luaL_checklstring(L, 1, &text.len);
    luaL_argcheck(L, sio_coding_choose(sio_coding_name(coding)) == coding, 2,
                  "a content coding of this build expected");
    luaL_argcheck(L, level >= 1 && level <= 9, 3, "level 1 to 9 expected");
    luaL_argcheck(L, text.len <= INT32_MAX, 1, "string too long");
    coder.effort.level = (uint8_t)level;
    sio_buf_clear(out);
    sio_coder_encode(&coder, coding, text, out);
    sio_coder_fini(&coder);
    lua_pushlstring(L, out->p, out->len);
    return 1;
}

void lcoding_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"choose_coding", lcoding_choose},
                                         {"accepts_coding", lcoding_accepts},
                                         {"compress", lcoding_compress},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
