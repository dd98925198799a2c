// SPDX-License-Identifier: MIT
/* Control channels between supervisor and worker as Lua objects (process.h, cluster/link.h).
 *
 * The handle's value is the table {on_message = f(link, text, fds...), on_gone = f(link)}; what
 * comes in runs in coroutines. After on_gone or close() methods do nothing.
 *
 * Owns: the descriptor that link() was given. Reenters: through the callbacks.
 */
#include "bind/process.h"

#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "cluster/link.h"

#define LINK "sio.process.link"

struct wire {
    struct sio_link *link;
    struct sio_bind *bind;
    struct sio_grave grave;
};

static void bury(struct wire *w)
{
    sio_handle_drop(w->bind, w);
    sio_loop_bury(w->bind->loop, &w->grave, sio_free, w);
}

static struct sio_co *prepare(struct wire *w, const char *name)
{
    return sio_process_callback(w->bind, w, name, "control message");
}

static void on_message(void *owner, struct sio_link *l, struct sio_slice bytes, const int *fds,
                       unsigned n)
{
    struct sio_co *c = prepare(owner, "on_message");
    (void)l;
    if (!c) {
        for (unsigned i = 0; i < n; i++)
            close(fds[i]);
        return;
    }
    lua_State *L = sio_call_stack(c);
    lua_pushlstring(L, bytes.p, bytes.len);
    for (unsigned i = 0; i < n; i++)
        lua_pushinteger(L, fds[i]);
    sio_call_run(c, 2 + (int)n);
}

static void on_gone(void *owner, struct sio_link *l)
{
    struct wire *w = owner;
    struct sio_co *c = prepare(w, "on_gone");
    (void)l;
    bury(w);
    if (c)
        sio_call_run(c, 1);
}

static const struct sio_link_events events = {.on_message = on_message, .on_gone = on_gone};

/* link(fd, callbacks): takes fd */
static int llink_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    int fd = sio_process_check_fd(L, 1);
    luaL_checktype(L, 2, LUA_TTABLE);
    struct wire *w = sio_calloc(1, sizeof *w);
    w->bind = b;
    w->link = sio_link_open(b->loop, fd, &events, w);
    if (!w->link) {
        sio_free(w);
        return sio_process_fail(L, SIO_ESYS);
    }
    sio_handle_new(L, b, w, LINK);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    return 1;
}

/* link:send(text, fds...) -> true; the descriptors stay the caller's */
static int llink_send(lua_State *L)
{
    const struct wire *w = sio_handle_object(L, 1, LINK);
    size_t len;
    const char *text = luaL_checklstring(L, 2, &len);
    int fds[SIO_LINK_FDS_MAX], n = lua_gettop(L) - 2;
    luaL_argcheck(L, n <= SIO_LINK_FDS_MAX, 2 + n, "too many descriptors");
    for (int i = 0; i < n; i++)
        fds[i] = sio_process_check_fd(L, 3 + i);
    int rc = w ? sio_link_send(w->link, sio_slice(text, len), fds, (unsigned)n) : SIO_ECLOSED;
    if (rc < 0)
        return sio_process_fail(L, rc);
    lua_pushboolean(L, true);
    return 1;
}

static int llink_close(lua_State *L)
{
    struct wire *w = sio_handle_object(L, 1, LINK);
    if (!w)
        return 0;
    sio_link_close(w->link);
    bury(w);
    return 0;
}

void llink_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"send", llink_send}, {"close", llink_close}, {NULL, NULL}};
    sio_handle_type(L, LINK, methods);
    lua_pushcfunction(L, llink_new);
    lua_setfield(L, -2, "link");
}
