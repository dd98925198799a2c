// SPDX-License-Identifier: MIT
/* The table sio.core.process and its small functions: sockets, descriptors, limits (process.h). */
#include "bind/process.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "cluster/link.h"

int sio_process_check_fd(lua_State *L, int arg)
{
    lua_Integer fd = luaL_checkinteger(L, arg);
    luaL_argcheck(L, fd >= 0 && fd <= INT32_MAX, arg, "descriptor expected");
    return (int)fd;
}

struct sio_co *sio_process_callback(struct sio_bind *b, const void *object, const char *name,
                                    const char *what)
{
    struct sio_co *c = sio_call_new(b, what);
    if (c == NULL)
        return NULL;
    lua_State *L = sio_call_stack(c);
    sio_handle_push_value(b, L, object);
    if (lua_getfield(L, -1, name) != LUA_TFUNCTION) {
        sio_call_drop(c);
        return NULL;
    }
    lua_remove(L, -2);
    sio_handle_push(b, L, object);
    return c;
}

int sio_process_fail(lua_State *L, int err)
{
    char name[24];
    const char *from = err == SIO_ESYS ? uv_err_name(-errno) : sio_err_name(err);
    size_t n = 0;
    for (; from[n] && n < sizeof name - 1; n++)
        name[n] = (char)tolower((unsigned char)from[n]);
    sio_bind_fail(L, err);
    lua_pushlstring(L, name, n);
    return 3;
}

static int lprocess_close(lua_State *L)
{
    close(sio_process_check_fd(L, 1));
    return 0;
}

/* bell() -> descriptor: an eventfd on which a worker is woken */
static int lprocess_bell(lua_State *L)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushinteger(L, fd);
    return 1;
}

static int lprocess_ring(lua_State *L)
{
    const uint64_t one = 1;
    /* Full means that it rings already. */
    lua_pushboolean(L, write(sio_process_check_fd(L, 1), &one, sizeof one) == (ssize_t)sizeof one ||
                           errno == EAGAIN);
    return 1;
}

/* link_pair() -> two descriptors */
static int lprocess_link_pair(lua_State *L)
{
    int fds[2];
    int rc = sio_link_pair(fds);
    if (rc < 0)
        return sio_process_fail(L, rc);
    lua_pushinteger(L, fds[0]);
    lua_pushinteger(L, fds[1]);
    return 2;
}

/* raise_nofile() -> the limit of open files, raised as far as it goes */
static int lprocess_raise_nofile(lua_State *L)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return sio_process_fail(L, SIO_ESYS);
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            return sio_process_fail(L, SIO_ESYS);
    }
    lua_pushinteger(L, (lua_Integer)limit.rlim_cur);
    return 1;
}

static int lprocess_isatty(lua_State *L)
{
    lua_pushboolean(L, isatty(sio_process_check_fd(L, 1)));
    return 1;
}

static int lprocess_pid(lua_State *L)
{
    lua_pushinteger(L, getpid());
    return 1;
}

/* parallelism() -> processors that this process may run on; cgroup quotas do not count */
static int lprocess_parallelism(lua_State *L)
{
    lua_pushinteger(L, uv_available_parallelism());
    return 1;
}

/* now() -> seconds of the monotonic clock */
static int lprocess_now(lua_State *L)
{
    lua_pushnumber(L, (lua_Number)sio_clock_ms() / 1000);
    return 1;
}

/* realpath(path) -> absolute path without links */
static int lprocess_realpath(lua_State *L)
{
    char *path = realpath(luaL_checkstring(L, 1), NULL);
    if (!path)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushstring(L, path);
    free(path);
    return 1;
}

static const luaL_Reg functions[] = {{"close", lprocess_close},
                                     {"bell", lprocess_bell},
                                     {"ring", lprocess_ring},
                                     {"link_pair", lprocess_link_pair},
                                     {"raise_nofile", lprocess_raise_nofile},
                                     {"isatty", lprocess_isatty},
                                     {"pid", lprocess_pid},
                                     {"parallelism", lprocess_parallelism},
                                     {"now", lprocess_now},
                                     {"realpath", lprocess_realpath},
                                     {NULL, NULL}};

void lprocess_open(lua_State *L)
{
    luaL_newlib(L, functions);
    llisten_open(L);
    lshm_open(L);
    llink_open(L);
    lchild_open(L);
    lsignal_open(L);
    llock_open(L);
    lfolder_open(L);
    lendpoint_open(L);
    lworker_open(L);
    llines_open(L);
    lacceptor_open(L);
    lnotify_open(L);
    lplace_open(L);
    lua_setfield(L, -2, "process");
}
