// SPDX-License-Identifier: MIT
/* core.nsp_parent and its like: parents and children as Lua objects. Stands on sio/parent.h;
 * lua/sio/parent.lua calls it.
 *
 * The object of a child outlives the namespace in C when somebody holds it. Then its handle has
 * died, and the first method that needs the namespace makes it again (sio_parent_revive), closed,
 * for one tick: enough for an emit or a question to the workers where its sockets are.
 */
#include "sio/parent.h"

#include "base/err.h"
#include "bind/call.h"
#include "bind/namespace.h"
#include "bind/server.h"

/* The object at `index` and its new handle know each other. */
static void tie(lua_State *L, struct sio_bind *b, struct sio_nsp *nsp, int index)
{
    index = lua_absindex(L, index);
    sio_handle_new(L, b, nsp, sio_namespace_type);
    lua_pushvalue(L, index);
    sio_handle_set_value(L, -2);
    lua_rawseti(L, index, SIO_OBJECT_HANDLE);
}

/* nsp_parent(app, object): a new parent; its name in the core, or nothing when there are too many
 */
static int lparent_new(lua_State *L)
{
    struct sio_app *app = sio_app_self(L);
    struct sio_nsp *nsp = sio_parent_new(sio_service_sio(app->service));
    luaL_checktype(L, 2, LUA_TTABLE);
    if (nsp == NULL)
        return 0;
    tie(L, app->bind, nsp, 2);
    lua_pushlstring(L, sio_nsp_name(nsp).p, sio_nsp_name(nsp).len);
    return 1;
}

/* The namespace of the parent in the field `parent` of argument 1, or NULL. */
static struct sio_nsp *parent_field(lua_State *L)
{
    struct sio_handle *h = NULL;
    lua_pushliteral(L, "parent");
    if (lua_rawget(L, 1) == LUA_TTABLE) {
        lua_rawgeti(L, -1, SIO_OBJECT_HANDLE);
        h = luaL_testudata(L, -1, sio_namespace_type);
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return h != NULL ? h->object : NULL;
}

/* An object whose life is over speaks for the name, but the namespace will be another one's. */
static bool may_tie(lua_State *L, const struct sio_bind *b, const struct sio_nsp *nsp)
{
    bool may;
    lua_pushliteral(L, "_over");
    may = lua_rawget(L, 1) == LUA_TNIL;
    sio_handle_push(b, L, nsp);
    may = may && lua_isnil(L, -1);
    lua_pop(L, 2);
    return may;
}

struct sio_nsp *sio_parent_revive(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_slice name;
    struct sio_nsp *parent, *nsp = NULL;
    luaL_checkstack(L, 8, NULL);
    parent = parent_field(L);
    lua_pushliteral(L, "name");
    lua_rawget(L, 1);
    name.p = lua_tolstring(L, -1, &name.len);
    if (parent != NULL && name.p != NULL)
        nsp = sio_parent_child(parent, name);
    lua_pop(L, 1);
    if (nsp != NULL && may_tie(L, b, nsp))
        tie(L, b, nsp, 1);
    return nsp;
}

/* nsp_child(app, object): makes the child that its fields name; the object of that name, which is
 * another one when it was there, or nothing when there are too many namespaces */
static int lparent_child(lua_State *L)
{
    const struct sio_nsp *nsp;
    sio_app_self(L);
    lua_remove(L, 1);
    luaL_checktype(L, 1, LUA_TTABLE);
    nsp = sio_parent_revive(L);
    if (nsp == NULL)
        return 0;
    sio_handle_push_value(sio_bind_of(L), L, nsp);
    return 1;
}

/* nsp_revive(child): true, or nothing when there are too many namespaces or the server is closed */
static int lparent_revive(lua_State *L)
{
    if (sio_namespace_self(L) == NULL)
        return 0;
    lua_pushboolean(L, 1);
    return 1;
}

/* nsp_open(child): clients may enter it; as nsp_revive */
static int lparent_admit(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    if (nsp != NULL)
        sio_parent_open(nsp);
    lua_pushboolean(L, nsp != NULL);
    return 1;
}

struct collect {
    lua_State *L;
    struct sio_bind *bind;
};

static void collect_child(void *ctx, struct sio_nsp *child)
{
    const struct collect *c = ctx;
    lua_checkstack(c->L, 4);
    lua_pushlstring(c->L, sio_nsp_name(child).p, sio_nsp_name(child).len);
    sio_handle_push_value(c->bind, c->L, child);
    lua_rawset(c->L, -3);
}

/* nsp_children(parent): {[name] = object} of this worker's */
static int lparent_children(lua_State *L)
{
    const struct sio_nsp *nsp = sio_namespace_self(L);
    struct collect c = {L, sio_bind_of(L)};
    lua_newtable(L);
    if (nsp != NULL)
        sio_parent_each(nsp, collect_child, &c);
    return 1;
}

/* In the main thread, at the end of a tick: the hook cannot wait. */
void sio_parent_on_gone(void *owner, struct sio_nsp *nsp)
{
    struct sio_app *app = owner;
    struct sio_bind *b = app->bind;
    lua_checkstack(b->L, 8);
    sio_bind_push_ref(b, b->L, SIO_REF_NSP_GONE);
    sio_handle_push_value(b, b->L, nsp);
    if (b->closed || !lua_istable(b->L, -1))
        lua_pop(b->L, 2);
    else
        sio_call_protected(b->L, 1, 0, "namespace", app);
    sio_handle_drop(b, nsp);
}

void lparent_open(lua_State *L)
{
    static const luaL_Reg functions[] = {
        {"nsp_parent", lparent_new},        {"nsp_child", lparent_child},
        {"nsp_revive", lparent_revive},     {"nsp_open", lparent_admit},
        {"nsp_children", lparent_children}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
