// SPDX-License-Identifier: MIT
/* Making listening sockets from Lua, in sio.core.process (process.h, net/listen.h).
 * lua/sio/listener.lua calls them; nothing is accepted here.
 */
#include "bind/process.h"

#include "base/err.h"
#include "net/listen.h"

/* listen_tcp(host|nil, port) -> descriptor, port */
static int llisten_tcp(lua_State *L)
{
    const char *host = luaL_optstring(L, 1, NULL);
    lua_Integer port = luaL_checkinteger(L, 2);
    int fd, rc;
    luaL_argcheck(L, port >= 0 && port <= 65535, 2, "port expected");
    rc = sio_listen_tcp(host, (unsigned)port, &fd);
    if (rc < 0)
        return sio_process_fail(L, rc);
    lua_pushinteger(L, fd);
    lua_pushinteger(L, sio_listen_port(fd));
    return 2;
}

/* listen_unix(path, mode|nil) -> descriptor, what unlink_unix needs */
static int llisten_unix(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    lua_Integer mode = luaL_optinteger(L, 2, -1);
    uint64_t inode;
    int fd, rc;
    luaL_argcheck(L, mode <= 0777, 2, "permissions expected");
    rc = sio_listen_unix(path, (int)mode, &fd, &inode);
    if (rc < 0)
        return sio_process_fail(L, rc);
    lua_pushinteger(L, fd);
    lua_pushinteger(L, (lua_Integer)inode);
    return 2;
}

/* unlink_unix(path, inode): when it is still ours */
static int llisten_unlink(lua_State *L)
{
    sio_listen_unlink(luaL_checkstring(L, 1), (uint64_t)luaL_checkinteger(L, 2));
    return 0;
}

/* listen_inherited(fd) -> its name as an address */
static int llisten_inherit(lua_State *L)
{
    int fd = sio_process_check_fd(L, 1);
    struct sio_buf name = {0};
    int rc = sio_listen_inherit(fd);
    if (rc < 0)
        return sio_process_fail(L, rc);
    sio_listen_name(fd, &name);
    lua_pushlstring(L, name.p ? name.p : "", name.len);
    sio_buf_fini(&name);
    return 1;
}

void llisten_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"listen_tcp", llisten_tcp},
                                         {"listen_unix", llisten_unix},
                                         {"unlink_unix", llisten_unlink},
                                         {"listen_inherited", llisten_inherit},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
