// SPDX-License-Identifier: MIT
/* per_message_deflate and http_compression: the tables of lua/sio/options/compression.lua, checked
 * there -> the engine's options.
 */
#include "bind/options.h"

/* A field of the table on top. */
static void small_number(lua_State *L, const char *name, uint8_t *out)
{
    if (lua_getfield(L, -1, name) == LUA_TNUMBER)
        *out = (uint8_t)lua_tointeger(L, -1);
    lua_pop(L, 1);
}

static void size(lua_State *L, const char *name, size_t *out)
{
    if (lua_getfield(L, -1, name) == LUA_TNUMBER)
        *out = (size_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
}

static void flag(lua_State *L, const char *name, bool *out)
{
    if (lua_getfield(L, -1, name) == LUA_TBOOLEAN)
        *out = lua_toboolean(L, -1);
    lua_pop(L, 1);
}

static void read_deflate(lua_State *L, struct eio_deflate_options *o)
{
    o->terms.deflate = lua_getfield(L, 1, "per_message_deflate") == LUA_TTABLE;
    if (o->terms.deflate) {
        size(L, "threshold", &o->threshold);
        small_number(L, "level", &o->effort.level);
        small_number(L, "mem_level", &o->effort.mem_level);
        flag(L, "server_no_context_takeover", &o->terms.server_no_context_takeover);
        flag(L, "client_no_context_takeover", &o->terms.client_no_context_takeover);
        small_number(L, "server_max_window_bits", &o->terms.server_max_window_bits);
        small_number(L, "client_max_window_bits", &o->terms.client_max_window_bits);
    }
    lua_pop(L, 1);
}

static void read_http(lua_State *L, struct eio_http_compression *o)
{
    o->on = lua_getfield(L, 1, "http_compression") == LUA_TTABLE;
    if (o->on) {
        size(L, "threshold", &o->threshold);
        small_number(L, "level", &o->effort.level);
        small_number(L, "mem_level", &o->effort.mem_level);
    }
    lua_pop(L, 1);
}

void sio_options_read_compression(lua_State *L, struct eio_options *o)
{
    read_deflate(L, &o->deflate);
    read_http(L, &o->http);
}
