// SPDX-License-Identifier: MIT
/* A parser that people wrote in Lua (the option `parser` as a table): sio/parser.h's functions,
 * which hand packets as tables to it and take messages from it.
 *
 * Its functions run confined (call.h): in the midst of fan-out's loops, so that nothing they could
 * call may change what is iterated over. An error in them is logged, and ends the client or the
 * packet that it is about.
 *
 * Thread: loop. Owns: what it keeps of each client. Errors: as sio/parser.h. Reenters: no.
 */
#ifndef SIO_BIND_LUA_PARSER_H
#define SIO_BIND_LUA_PARSER_H

#include "bind/bind.h"
#include "sio/server.h"

struct sio_lua_parser;

/* Takes the option in argument 1 of core.server_new into `o`; NULL when the parser is no table. */
struct sio_lua_parser *sio_lua_parser_new(lua_State *L, struct sio_bind *b,
                                          struct sio_server_options *o);
void sio_lua_parser_free(struct sio_lua_parser *p); /* after the server; NULL is allowed */

#endif
