// SPDX-License-Identifier: MIT
/* socket.handshake, session.handshake and socket.conn: what the first request and CONNECT said,
 * parsed when asked for.
 *
 * Stands on the engine session's kept request head; an idle socket costs no Lua table for it.
 */
#include "bind/socket.h"

#include <time.h>

#include "bind/http.h"
#include "bind/json.h"
#include "bind/relic.h"
#include "bind/session.h"

static void set_string(lua_State *L, const char *name, struct sio_slice s)
{
    lua_pushlstring(L, s.p ? s.p : "", s.len);
    lua_setfield(L, -2, name);
}

static void set_request(lua_State *L, struct sio_bind *b, struct sio_slice head)
{
    struct sio_http_parser parser;
    sio_http_parser_init(&parser);
    if (sio_http_parse(&parser, &head) == SIO_HTTP_HEAD) {
        const struct sio_http_request *r = &parser.request;
        set_string(L, "url", r->target);
        sio_http_push_headers(L, r);
        lua_setfield(L, -2, "headers");
        sio_http_push_query(L, b, r->query);
        lua_setfield(L, -2, "query");
        lua_pushboolean(L, sio_http_field(r, SIO_LIT("Origin")).p != NULL);
        lua_setfield(L, -2, "xdomain");
    }
    sio_http_parser_fini(&parser);
}

/* As JavaScript prints a Date, in UTC. */
static void set_time(lua_State *L, uint64_t wall_ms)
{
    time_t seconds = (time_t)(wall_ms / 1000);
    char text[64];
    struct tm tm;
    gmtime_r(&seconds, &tm);
    strftime(text, sizeof text, "%a %b %d %Y %H:%M:%S GMT+0000 (Coordinated Universal Time)", &tm);
    lua_pushstring(L, text);
    lua_setfield(L, -2, "time");
    lua_pushinteger(L, (lua_Integer)wall_ms);
    lua_setfield(L, -2, "issued");
}

void sio_handshake_push(lua_State *L, struct sio_bind *b, const struct eio_first_request *first,
                        struct sio_slice auth)
{
    lua_createtable(L, 0, 9);
    set_request(L, b, first->head);
    set_time(L, first->since_ms);
    set_string(L, "address", sio_slice_str(first->address));
    lua_pushboolean(L, first->secure);
    lua_setfield(L, -2, "secure");
    if (auth.len == 0)
        return;
    if (sio_json_decode_value(L, b, auth, NULL) != 0)
        lua_newtable(L);
    lua_setfield(L, -2, "auth");
}

/* What the first request of s was; pushes what holds it. */
static struct eio_first_request push_first(lua_State *L, const struct eio_session *s)
{
    return eio_session_first_request(s, lua_newuserdatauv(L, eio_session_request_len(s), 0));
}

/* session_handshake(session): the table, or nil when the session is closed */
static int lhandshake_of_session(lua_State *L)
{
    const struct eio_session *s = sio_session_self(L);
    struct eio_first_request first;
    if (s == NULL)
        return 0;
    first = push_first(L, s);
    sio_handshake_push(L, sio_bind_of(L), &first, sio_slice(NULL, 0));
    return 1;
}

/* socket_handshake(socket): the table, with auth; also when the socket has gone. nil for an object
 * that was collected before, and brought back. */
static int lhandshake_get(lua_State *L)
{
    const struct sio_handle *h = sio_handle_self(L, sio_socket_type);
    struct eio_first_request first;
    struct sio_slice auth;
    if (h->object != NULL) {
        first = push_first(L, sio_socket_session(h->object));
        auth = sio_socket_auth(h->object);
    } else if (h->relic != NULL) {
        first = *sio_relic_request(h->relic);
        auth = sio_relic_auth(h->relic);
    } else {
        return 0;
    }
    sio_handshake_push(L, h->bind, &first, auth);
    return 1;
}

/* socket_conn(socket): its client's session, or nothing */
static int lhandshake_conn(lua_State *L)
{
    struct sio_socket *s = sio_socket_self(L);
    if (s == NULL)
        return 0;
    sio_session_push(sio_bind_of(L), L, sio_socket_session(s));
    return 1;
}

void lhandshake_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"session_handshake", lhandshake_of_session},
                                         {"socket_handshake", lhandshake_get},
                                         {"socket_conn", lhandshake_conn},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
