// SPDX-License-Identifier: MIT
/* What a service manager is told and has told us: datagrams to its socket (sd_notify(3)), without
 * libsystemd, and variables of the environment that are for this process alone (process.h).
 *
 * Stands on the system alone; lua/sio/cli/systemd.lua calls it. Nothing here waits: a manager that
 * does not read loses a message, the next one says the same again.
 */
#include "bind/process.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"

/* "/path", or "@name" in the abstract namespace, which has no NUL at its end. */
static bool fill_address(const char *text, struct sockaddr_un *to, socklen_t *len)
{
    size_t n = strlen(text);
    if (n < 2 || n >= sizeof to->sun_path || (text[0] != '/' && text[0] != '@'))
        return false;
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, text, n);
    if (text[0] == '@')
        to->sun_path[0] = '\0';
    *len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    return true;
}

/* notify(address, text) -> true */
static int lnotify_send(lua_State *L)
{
    struct sockaddr_un to;
    socklen_t to_len;
    size_t len;
    const char *address = luaL_checkstring(L, 1);
    const char *text = luaL_checklstring(L, 2, &len);
    if (!fill_address(address, &to, &to_len))
        return sio_process_fail(L, SIO_EINVAL);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return sio_process_fail(L, SIO_ESYS);
    ssize_t sent = sendto(fd, text, len, MSG_NOSIGNAL, (const void *)&to, to_len);
    int saved = errno;
    close(fd);
    errno = saved;
    if (sent != (ssize_t)len)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushboolean(L, true);
    return 1;
}

/* take_env(name) -> its value or nil; children do not get it any more */
static int lnotify_take_env(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    lua_pushstring(L, getenv(name));
    unsetenv(name);
    return 1;
}

/* monotonic_us() -> microseconds of CLOCK_MONOTONIC, as MONOTONIC_USEC= wants them */
static int lnotify_monotonic(lua_State *L)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    lua_pushinteger(L, (lua_Integer)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    return 1;
}

void lnotify_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"notify", lnotify_send},
                                         {"take_env", lnotify_take_env},
                                         {"monotonic_us", lnotify_monotonic},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
