// SPDX-License-Identifier: MIT
/* Accepting from a listening Unix socket, with the word of the kernel on who connects (process.h).
 *
 * Stands on net/listener; lua/sio/cli/control.lua calls it. The handle's value is the function
 * f(fd, uid, pid) that runs for each connection, where fd is its to close; uid is nil where the
 * system cannot tell. Invariant: no descriptor is left over when the function cannot run.
 *
 * Owns: the descriptor that accept() was given. Reenters: through the callback.
 */
#include "bind/process.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "net/listener.h"

#define ACCEPTOR "sio.process.acceptor"

struct acceptor {
    struct sio_listener *listener;
    struct sio_bind *bind;
    struct sio_grave grave;
};

/* Who has made the connection, when it was made; not who holds its descriptor now. */
static int push_peer(lua_State *L, int fd)
{
#ifdef SO_PEERCRED
    struct ucred peer;
    socklen_t len = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        lua_pushinteger(L, peer.uid);
        lua_pushinteger(L, peer.pid);
        return 2;
    }
#else
    uid_t uid;
    gid_t gid;
    if (getpeereid(fd, &uid, &gid) == 0) {
        lua_pushinteger(L, uid);
        return 1;
    }
#endif
    return 0;
}

static void on_accept(void *owner, int fd)
{
    struct acceptor *a = owner;
    struct sio_co *c = sio_call_new(a->bind, "control connection");
    if (c == NULL) {
        close(fd);
        return;
    }
    lua_State *L = sio_call_stack(c);
    sio_handle_push_value(a->bind, L, a);
    lua_pushinteger(L, fd);
    sio_call_run(c, 1 + push_peer(L, fd));
}

/* accept(fd, f) -> handle: takes fd, a listening socket */
static int lacceptor_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    int fd = sio_process_check_fd(L, 1);
    struct acceptor *a;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    a = sio_calloc(1, sizeof *a);
    a->bind = b;
    a->listener = sio_listener_open(b->loop, fd, on_accept, a);
    if (a->listener == NULL) {
        sio_free(a);
        return sio_process_fail(L, SIO_ESYS);
    }
    sio_handle_new(L, b, a, ACCEPTOR);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    return 1;
}

/* acceptor:close(); idempotent */
static int lacceptor_close(lua_State *L)
{
    struct acceptor *a = sio_handle_object(L, 1, ACCEPTOR);
    if (a == NULL)
        return 0;
    sio_listener_close(a->listener);
    sio_handle_drop(a->bind, a);
    sio_loop_bury(a->bind->loop, &a->grave, sio_free, a);
    return 0;
}

void lacceptor_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", lacceptor_close}, {NULL, NULL}};
    sio_handle_type(L, ACCEPTOR, methods);
    lua_pushcfunction(L, lacceptor_new);
    lua_setfield(L, -2, "accept");
}
