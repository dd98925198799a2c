// SPDX-License-Identifier: MIT
/* core.remote_*: what is known of a socket of another worker, read from the bytes of its answer
 * when somebody looks. Stands on sio/answer.h; lua/sio/remote.lua calls it.
 */
#include "bind/ask.h"

#include "bind/json.h"
#include "bind/socket.h"
#include "sio/answer.h"

static void read_socket(lua_State *L, struct sio_answer_socket *out)
{
    struct sio_slice bytes;
    bytes.p = luaL_checklstring(L, 1, &bytes.len);
    if (sio_answer_decode(bytes, out) != 0)
        luaL_error(L, "the bytes of a socket expected");
}

static void push_slice(lua_State *L, struct sio_slice s)
{
    lua_pushlstring(L, s.p != NULL ? s.p : "", s.len);
}

static int lremote_id(lua_State *L)
{
    struct sio_answer_socket s;
    read_socket(L, &s);
    push_slice(L, s.id);
    return 1;
}

/* remote_rooms(bytes): list of names, its own id first */
static int lremote_rooms(lua_State *L)
{
    struct sio_answer_socket s;
    read_socket(L, &s);
    lua_createtable(L, (int)s.rooms.n + 1, 0);
    push_slice(L, s.id);
    lua_rawseti(L, -2, 1);
    for (uint32_t i = 0; i < s.rooms.n; i++) {
        push_slice(L, sio_reader_bytes(&s.rooms.at));
        lua_rawseti(L, -2, (lua_Integer)i + 2);
    }
    return 1;
}

/* remote_data(bytes): an empty table when it had none, as a socket's own */
static int lremote_data(lua_State *L)
{
    struct sio_answer_socket s;
    read_socket(L, &s);
    sio_socket_push_data(L, sio_bind_of(L), s.data);
    return 1;
}

static int lremote_handshake(lua_State *L)
{
    struct sio_answer_socket s;
    struct sio_bind *b = sio_bind_of(L);
    read_socket(L, &s);
    sio_handshake_push(
        L, b,
        &(struct eio_first_request){
            .head = s.request, .address = "", .since_ms = s.since_ms, .secure = s.secure},
        s.auth);
    push_slice(L, s.address);
    lua_setfield(L, -2, "address");
    return 1;
}

void lremote_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"remote_id", lremote_id},
                                         {"remote_rooms", lremote_rooms},
                                         {"remote_data", lremote_data},
                                         {"remote_handshake", lremote_handshake},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
