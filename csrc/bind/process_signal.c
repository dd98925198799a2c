// SPDX-License-Identifier: MIT
/* Signals: functions that run in a coroutine when one comes, and signals to ignore (process.h).
 *
 * Owns: a handle its uv_signal_t until close(). Reenters: through the callback.
 */
#include "bind/process.h"

#include <signal.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/orphan.h"
#include "bind/call.h"
#include "bind/handle.h"

#define SIGNAL "sio.process.signal"

struct watch {
    uv_signal_t handle;
    struct sio_bind *bind;
};

static const char *const names[] = {"int",  "term", "quit", "hup", "usr1",
                                    "ttin", "ttou", "kill", NULL};
static const int numbers[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGTTIN, SIGTTOU, SIGKILL};

static void on_signal(uv_signal_t *handle, int number)
{
    const struct watch *w = handle->data;
    struct sio_co *c = sio_call_new(w->bind, "signal handler");
    (void)number;
    if (!c)
        return;
    sio_handle_push_value(w->bind, sio_call_stack(c), w);
    sio_call_run(c, 0);
}

static void on_closed(uv_handle_t *handle)
{
    sio_free(handle->data);
}

/* signal(name, f) -> handle; does not keep the loop alive */
static int lsignal_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    int number = numbers[luaL_checkoption(L, 1, NULL, names)];
    luaL_checktype(L, 2, LUA_TFUNCTION);
    struct watch *w = sio_calloc(1, sizeof *w);
    w->bind = b;
    w->handle.data = w;
    uv_signal_init(&b->loop->uv, &w->handle);
    sio_handle_new(L, b, w, SIGNAL);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    uv_signal_start(&w->handle, on_signal, number);
    uv_unref((uv_handle_t *)&w->handle);
    return 1;
}

static int lsignal_close(lua_State *L)
{
    struct watch *w = sio_handle_object(L, 1, SIGNAL);
    if (!w)
        return 0;
    sio_handle_drop(w->bind, w);
    uv_close((uv_handle_t *)&w->handle, on_closed);
    return 0;
}

/* ignore_signal(name): as if it never came, in this process */
static int lsignal_ignore(lua_State *L)
{
    signal(numbers[luaL_checkoption(L, 1, NULL, names)], SIG_IGN);
    return 0;
}

/* orphan_limit(pid of the parent, seconds): this process ends so long after its parent, at most */
static int lsignal_orphan_limit(lua_State *L)
{
    lua_Integer parent = luaL_checkinteger(L, 1);
    sio_orphan_limit((int)parent, (unsigned)((sio_bind_check_ms(L, 2) + 999) / 1000));
    return 0;
}

/* signal_number(name) */
static int lsignal_number(lua_State *L)
{
    lua_pushinteger(L, numbers[luaL_checkoption(L, 1, NULL, names)]);
    return 1;
}

void lsignal_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", lsignal_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"signal", lsignal_new},
                                         {"ignore_signal", lsignal_ignore},
                                         {"orphan_limit", lsignal_orphan_limit},
                                         {"signal_number", lsignal_number},
                                         {NULL, NULL}};
    sio_handle_type(L, SIGNAL, methods);
    luaL_setfuncs(L, functions, 0);
}
