// SPDX-License-Identifier: MIT
/* Worker processes as Lua objects (process.h, cluster/spawn.h).
 *
 * The handle's value is the function f(child, status, signal) that runs once when the process was
 * reaped; after that the child's methods do nothing.
 *
 * Owns: the process handle until then. Reenters: through the callback.
 */
#include "bind/process.h"

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "cluster/spawn.h"

#define CHILD "sio.process.child"

enum { CHILD_STRINGS_MAX = 256 };

struct child {
    struct sio_child *process;
    struct sio_bind *bind;
    struct sio_list link;
};

static void forget(struct child *child)
{
    sio_list_remove(&child->link);
    sio_handle_drop(child->bind, child);
    sio_child_free(child->process);
    sio_free(child);
}

void sio_child_close_all(struct sio_bind *b)
{
    struct sio_list *link;
    while ((link = sio_list_first(&b->children)) != NULL)
        forget(SIO_CONTAINER_OF(link, struct child, link));
}

static void on_exit_of_child(void *owner, struct sio_child *process, int64_t status, int signal)
{
    struct child *child = owner;
    (void)process;
    struct sio_bind *b = child->bind;
    struct sio_co *c = sio_call_new(b, "child's exit");
    if (c) {
        lua_State *L = sio_call_stack(c);
        sio_handle_push_value(b, L, child);
        sio_handle_push(b, L, child);
        lua_pushinteger(L, status);
        lua_pushinteger(L, signal);
    }
    forget(child);
    if (c)
        sio_call_run(c, 3);
}

/* The list of strings at `arg`, as a block in a new userdata on the stack. */
static char **check_strings(lua_State *L, int arg)
{
    luaL_checktype(L, arg, LUA_TTABLE);
    size_t n = lua_rawlen(L, arg);
    luaL_argcheck(L, n < CHILD_STRINGS_MAX, arg, "too many strings");
    char **out = lua_newuserdatauv(L, (n + 1) * sizeof *out, 0);
    for (size_t i = 0; i < n; i++) {
        bool text = lua_rawgeti(L, arg, (lua_Integer)i + 1) == LUA_TSTRING;
        luaL_argcheck(L, text, arg, "list of strings expected");
        /* The list keeps them alive; uv_spawn does not write to them. */
        union {
            const char *in;
            char *out;
        } s = {.in = lua_tostring(L, -1)};
        out[i] = s.out;
        lua_pop(L, 1);
    }
    out[n] = NULL;
    return out;
}

static unsigned check_fds(lua_State *L, int arg, int fds[SIO_CHILD_FDS_MAX])
{
    luaL_checktype(L, arg, LUA_TTABLE);
    size_t n = lua_rawlen(L, arg);
    luaL_argcheck(L, n <= SIO_CHILD_FDS_MAX, arg, "too many descriptors");
    for (size_t i = 0; i < n; i++) {
        lua_rawgeti(L, arg, (lua_Integer)i + 1);
        fds[i] = sio_process_check_fd(L, -1);
        lua_pop(L, 1);
    }
    return (unsigned)n;
}

/* spawn(args, env, fds, on_exit) -> child. args[1] is the program; env: list of "K=V" that replace
 * or add to ours; fds become 3, 4, ... in the child and stay ours here. */
static int lchild_spawn(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    int fds[SIO_CHILD_FDS_MAX];
    luaL_checktype(L, 4, LUA_TFUNCTION);
    lua_settop(L, 4);
    char **args = check_strings(L, 1);
    char **env = check_strings(L, 2);
    unsigned n_fds = check_fds(L, 3, fds);
    luaL_argcheck(L, args[0] != NULL, 1, "the program is missing");
    struct child *child = sio_calloc(1, sizeof *child);
    child->bind = b;
    int rc =
        sio_child_spawn(b->loop, args, env, fds, n_fds, on_exit_of_child, child, &child->process);
    if (rc < 0) {
        sio_free(child);
        return sio_process_fail(L, rc);
    }
    sio_list_append(&b->children, &child->link);
    sio_handle_new(L, b, child, CHILD);
    lua_pushvalue(L, 4);
    sio_handle_set_value(L, -2);
    return 1;
}

static int lchild_pid(lua_State *L)
{
    const struct child *child = sio_handle_object(L, 1, CHILD);
    if (!child)
        return 0;
    lua_pushinteger(L, sio_child_pid(child->process));
    return 1;
}

/* child:kill(signal number) -> whether it was still there */
static int lchild_kill(lua_State *L)
{
    const struct child *child = sio_handle_object(L, 1, CHILD);
    int number = (int)luaL_checkinteger(L, 2);
    lua_pushboolean(L, child && sio_child_kill(child->process, number) == 0);
    return 1;
}

void lchild_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"pid", lchild_pid}, {"kill", lchild_kill}, {NULL, NULL}};
    sio_handle_type(L, CHILD, methods);
    lua_pushcfunction(L, lchild_spawn);
    lua_setfield(L, -2, "spawn");
}
