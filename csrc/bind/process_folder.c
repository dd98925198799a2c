// SPDX-License-Identifier: MIT
/* Folders: making one, listing one, and being told when something in one changes (process.h).
 *
 * Stands on libuv; lua/sio/cli/new.lua and watch.lua call it. A link to a folder is not a folder
 * here, so that who walks through them comes to an end.
 *
 * Owns: a watch its uv_fs_event_t until close(). Reenters: through the callback.
 */
#include "bind/process.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"

#define WATCH "sio.process.watch"

enum { ENTRIES_MAX = 10000 }; /* of one folder; the rest is not listed */

/* make_folder(path) -> true */
static int lfolder_make(lua_State *L)
{
    if (mkdir(luaL_checkstring(L, 1), 0777) != 0)
        return sio_process_fail(L, SIO_ESYS);
    lua_pushboolean(L, true);
    return 1;
}

/* list_folder(path) -> names of what is in it, names of the folders among these */
static int lfolder_list(lua_State *L)
{
    const char *path = luaL_checkstring(L, 1);
    uv_dirent_t entry;
    uv_fs_t req;
    lua_Integer n = 0, n_folders = 0;
    int err = uv_fs_scandir(NULL, &req, path, 0, NULL);
    if (err < 0) {
        uv_fs_req_cleanup(&req);
        errno = -err;
        return sio_process_fail(L, SIO_ESYS);
    }
    lua_newtable(L);
    lua_newtable(L);
    while (n < ENTRIES_MAX && uv_fs_scandir_next(&req, &entry) == 0) {
        lua_pushstring(L, entry.name);
        if (entry.type == UV_DIRENT_DIR) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, -3, ++n_folders);
        }
        lua_rawseti(L, -3, ++n);
    }
    uv_fs_req_cleanup(&req);
    return 2;
}

/* ---- watching -------------------------------------------------------------------------------- */

struct watch {
    uv_fs_event_t handle;
    struct sio_bind *bind;
};

static void on_event(uv_fs_event_t *handle, const char *name, int happened, int status)
{
    const struct watch *w = handle->data;
    struct sio_co *c = sio_call_new(w->bind, "watched folder");
    (void)happened;
    (void)status;
    if (c == NULL)
        return;
    sio_handle_push_value(w->bind, sio_call_stack(c), w);
    lua_pushstring(sio_call_stack(c), name); /* nil when the system does not say */
    sio_call_run(c, 1);
}

static void on_closed(uv_handle_t *handle)
{
    sio_free(handle->data);
}

/* watch_folder(path, f) -> handle. f(name|nil) runs when a file in it was made, changed, renamed or
 * removed; not for what is deeper. Does not keep the loop alive. */
static int lfolder_watch(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    const char *path = luaL_checkstring(L, 1);
    struct watch *w;
    int err;
    luaL_checktype(L, 2, LUA_TFUNCTION);
    w = sio_calloc(1, sizeof *w);
    w->bind = b;
    w->handle.data = w;
    uv_fs_event_init(&b->loop->uv, &w->handle);
    err = uv_fs_event_start(&w->handle, on_event, path, 0);
    if (err < 0) {
        uv_close((uv_handle_t *)&w->handle, on_closed);
        errno = -err;
        return sio_process_fail(L, SIO_ESYS);
    }
    uv_unref((uv_handle_t *)&w->handle);
    sio_handle_new(L, b, w, WATCH);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    return 1;
}

/* watch:close(); idempotent */
static int lwatch_close(lua_State *L)
{
    struct watch *w = sio_handle_object(L, 1, WATCH);
    if (w == NULL)
        return 0;
    sio_handle_drop(w->bind, w);
    uv_close((uv_handle_t *)&w->handle, on_closed);
    return 0;
}

void lfolder_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"close", lwatch_close}, {NULL, NULL}};
    static const luaL_Reg functions[] = {{"make_folder", lfolder_make},
                                         {"list_folder", lfolder_list},
                                         {"watch_folder", lfolder_watch},
                                         {NULL, NULL}};
    sio_handle_type(L, WATCH, methods);
    luaL_setfuncs(L, functions, 0);
}
