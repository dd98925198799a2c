// SPDX-License-Identifier: MIT
/* The option `parser` -> the parser of sio's options. Part of options.c's reading. */
#include "bind/options.h"
#include "sio/parser.h"

void sio_options_read_parser(lua_State *L, struct sio_server_options *o)
{
    if (lua_getfield(L, 1, "parser") == LUA_TSTRING && strcmp(lua_tostring(L, -1), "msgpack") == 0)
        o->parser = &sio_parser_msgpack;
    lua_pop(L, 1);
}
