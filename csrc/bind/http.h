// SPDX-License-Identifier: MIT
/* Parts of an HTTP request as Lua tables. Thread: loop. Owns, Errors: none. Reenters: no. */
#ifndef SIO_BIND_HTTP_H
#define SIO_BIND_HTTP_H

#include "bind/bind.h"
#include "codec/http_parse.h"
#include "net/http_conn.h"

/* Pushes {name = value} with lower-case names; values of repeated fields are joined with ", " ("; "
 * for Cookie), but for those that are no lists, e.g. Content-Type, of which the first counts. */
void sio_http_push_headers(lua_State *L, const struct sio_http_request *r);
/* Pushes {name = value}, decoded; of repeated parameters the last counts. */
void sio_http_push_query(lua_State *L, struct sio_bind *b, struct sio_slice query);

/* Sets what both kinds of request objects have in the table on top: method, raw_path, url, headers,
 * query, address, secure, host. */
void sio_http_set_request(lua_State *L, struct sio_bind *b, const struct sio_http_conn *c,
                          const struct sio_http_request *r);
/* Adds {name, value, name, value, ...} at `index` to the answer. What Lua has checked can fail only
 * by its amount. */
void sio_http_add_fields(lua_State *L, int index, struct sio_http_conn *c);

#endif
