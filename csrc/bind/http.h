// SPDX-License-Identifier: MIT
/* Parts of an HTTP request as Lua tables. Thread: loop. Owns, Errors: none. Reenters: no. */
#ifndef SIO_BIND_HTTP_H
#define SIO_BIND_HTTP_H

#include "bind/bind.h"
#include "codec/http_parse.h"

/* Pushes {name = value} with lower-case names; values of repeated fields are joined with ", " ("; "
 * for Cookie), but for those that are no lists, e.g. Content-Type, of which the first counts. */
void sio_http_push_headers(lua_State *L, const struct sio_http_request *r);
/* Pushes {name = value}, decoded; of repeated parameters the last counts. */
void sio_http_push_query(lua_State *L, struct sio_bind *b, struct sio_slice query);

#endif
