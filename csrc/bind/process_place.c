// SPDX-License-Identifier: MIT
/* Who this process is, and what a path is, as far as trust depends on it (process.h).
 *
 * Stands on the system alone; lua/sio/cli/place.lua calls it for the folder of control sockets.
 */
#include "bind/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

/* uid() -> the effective user, whose files we make */
static int lplace_uid(lua_State *L)
{
    lua_pushinteger(L, geteuid());
    return 1;
}

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode))
        return "folder";
    if (S_ISSOCK(mode))
        return "socket";
    return S_ISREG(mode) ? "file" : "other";
}

/* inspect(path) -> "folder"|"socket"|"file"|"other", owner's uid, permissions. A link is "other",
 * whatever it leads to. */
static int lplace_inspect(lua_State *L)
{
    struct stat st;
    if (lstat(luaL_checkstring(L, 1), &st) != 0)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushstring(L, kind_of(st.st_mode));
    lua_pushinteger(L, st.st_uid);
    lua_pushinteger(L, st.st_mode & 07777);
    return 3;
}

/* make_private_folder(path) -> true: with mode 0700 from the first moment */
static int lplace_make(lua_State *L)
{
    if (mkdir(luaL_checkstring(L, 1), 0700) != 0)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushboolean(L, true);
    return 1;
}

/* is_alive(pid) -> whether there is such a process, whoever it belongs to */
static int lplace_is_alive(lua_State *L)
{
    lua_Integer pid = luaL_checkinteger(L, 1);
    luaL_argcheck(L, pid > 0 && pid <= INT32_MAX, 1, "process id expected");
    lua_pushboolean(L, kill((pid_t)pid, 0) == 0 || errno == EPERM);
    return 1;
}

void lplace_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"uid", lplace_uid},
                                         {"inspect", lplace_inspect},
                                         {"make_private_folder", lplace_make},
                                         {"is_alive", lplace_is_alive},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
