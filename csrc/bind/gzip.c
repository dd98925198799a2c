// SPDX-License-Identifier: MIT
/* core.gzip: compresses a string at once, on the loop: for what is compressed once and kept (the
 * browser client). Stands on zlib.
 */
#include <zlib.h>

#include "bind/bind.h"

/* gzip(string, "gzip"|"deflate", level) */
static int lgzip_compress(lua_State *L)
{
    static const char *const formats[] = {"gzip", "deflate", NULL};
    size_t len, room;
    const char *text = luaL_checklstring(L, 1, &len);
    int format = luaL_checkoption(L, 2, NULL, formats);
    int level = (int)luaL_checkinteger(L, 3), status;
    luaL_Buffer out;
    char *to;
    z_stream z = {0};
    luaL_argcheck(L, level >= 1 && level <= 9, 3, "level 1 to 9 expected");
    luaL_argcheck(L, len <= UINT32_MAX, 1, "string too long");
    /* 15 bits of window; + 16: a gzip header. "deflate" in HTTP is the zlib format (RFC 9110
     * §8.4.1.2). */
    if (deflateInit2(&z, level, Z_DEFLATED, format == 0 ? 15 + 16 : 15, 9, Z_DEFAULT_STRATEGY))
        return luaL_error(L, "zlib: out of memory");
    room = deflateBound(&z, len);
    to = luaL_buffinitsize(L, &out, room);
    z.next_in = (z_const Bytef *)text;
    z.avail_in = (uInt)len;
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)room;
    status = deflate(&z, Z_FINISH);
    deflateEnd(&z);
    if (status != Z_STREAM_END)
        return luaL_error(L, "zlib: error %d", status);
    luaL_pushresultsize(&out, z.total_out);
    return 1;
}

void lgzip_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"gzip", lgzip_compress}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
