// SPDX-License-Identifier: MIT
/* The options of a server, from the Lua table in argument 1 of core.server_new.
 *
 * Owns: nothing; what is read is copied. Errors: raise, for what only the core can check. Thread:
 * loop. Reenters: no.
 */
#ifndef SIO_BIND_OPTIONS_H
#define SIO_BIND_OPTIONS_H

#include "bind/bind.h"
#include "worker/service.h"

/* Defaults first, then what the table says. */
void sio_options_read(lua_State *L, struct sio_app_options *o);

void sio_options_read_proxy(lua_State *L, struct sio_app_options *o);
void sio_options_read_compression(lua_State *L, struct eio_options *o);
void sio_options_read_parser(lua_State *L, struct sio_server_options *o);

/* One field of argument 1; *out keeps its default when it is absent. */
void sio_option_ms(lua_State *L, const char *name, uint64_t *out); /* given in seconds */
void sio_option_size(lua_State *L, const char *name, size_t *out);
void sio_option_rate(lua_State *L, const char *name, uint32_t *out); /* 0 where there is none */
void sio_option_bool(lua_State *L, const char *name, bool *out);

#endif
