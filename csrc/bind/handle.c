// SPDX-License-Identifier: MIT
/* C object <-> Lua userdata. Stands on the registry tables of bind.h; every binding of an object
 * that can die before its Lua side uses it.
 */
#include "bind/handle.h"

#include "bind/call.h"

/* Pushes a new handle that is found in the registry's table `where`. */
static struct sio_handle *make(lua_State *L, struct sio_bind *b, void *object, const char *type,
                               enum sio_ref where)
{
    struct sio_handle *h;
    luaL_checkstack(L, 4, NULL);
    h = lua_newuserdatauv(L, sizeof *h, 1);
    *h = (struct sio_handle){.type = type, .object = object, .bind = b};
    luaL_setmetatable(L, type);
    sio_bind_push_ref(b, L, where);
    lua_pushvalue(L, -2);
    lua_rawsetp(L, -2, object);
    lua_pop(L, 1);
    return h;
}

/* Puts a new Lua object in place of the handle on top of the stack. */
static void wrap(lua_State *L, struct sio_bind *b, enum sio_ref mt)
{
    lua_createtable(L, 0, 4); /* one block for the handle, id, nsp and one more */
    lua_pushvalue(L, -2);
    lua_rawseti(L, -2, SIO_OBJECT_HANDLE);
    sio_bind_push_ref(b, L, mt);
    lua_setmetatable(L, -2);
    lua_pushvalue(L, -1);
    lua_setiuservalue(L, -3, 1);
    lua_remove(L, -2);
}

struct sio_handle *sio_handle_new(lua_State *L, struct sio_bind *b, void *object, const char *type)
{
    return make(L, b, object, type, SIO_REF_OBJECTS);
}

struct sio_handle *sio_handle_new_object(lua_State *L, struct sio_bind *b, void *object,
                                         const char *type, enum sio_ref mt)
{
    struct sio_handle *h = make(L, b, object, type, SIO_REF_OBJECTS);
    wrap(L, b, mt);
    return h;
}

struct sio_handle *sio_handle_new_loose(lua_State *L, struct sio_bind *b, void *object,
                                        const char *type, enum sio_ref mt)
{
    struct sio_handle *h = make(L, b, object, type, SIO_REF_LOOSE);
    wrap(L, b, mt);
    return h;
}

struct sio_handle *sio_handle_loose(const struct sio_bind *b, lua_State *L, const void *object)
{
    struct sio_handle *h;
    lua_checkstack(L, 2);
    sio_bind_push_ref(b, L, SIO_REF_LOOSE);
    lua_rawgetp(L, -1, object);
    h = lua_touserdata(L, -1); /* NULL for nil */
    lua_pop(L, 2);
    return h;
}

bool sio_handle_push_loose(const struct sio_bind *b, lua_State *L, const void *object)
{
    lua_checkstack(L, 3);
    sio_bind_push_ref(b, L, SIO_REF_LOOSE);
    if (lua_rawgetp(L, -1, object) != LUA_TUSERDATA) {
        lua_pop(L, 2);
        return false;
    }
    lua_getiuservalue(L, -1, 1);
    lua_replace(L, -3);
    lua_pop(L, 1);
    return true;
}

void sio_handle_keep(const struct sio_bind *b, lua_State *L)
{
    static const enum sio_ref tables[] = {SIO_REF_OBJECTS, SIO_REF_LOOSE}; /* both: see __gc */
    struct sio_handle *h = lua_touserdata(L, -1);
    luaL_checkstack(L, 3, NULL);
    for (size_t i = 0; !h->kept && i < sizeof tables / sizeof tables[0]; i++) {
        sio_bind_push_ref(b, L, tables[i]);
        lua_pushvalue(L, -2);
        lua_rawsetp(L, -2, h->object);
        lua_pop(L, 1);
    }
    h->kept = true;
    lua_pop(L, 1);
}

void sio_handle_type(lua_State *L, const char *type, const luaL_Reg *methods)
{
    luaL_newmetatable(L, type);
    if (methods != NULL) {
        lua_newtable(L);
        luaL_setfuncs(L, methods, 0);
        lua_setfield(L, -2, "__index");
    }
    lua_pop(L, 1);
}

void sio_handle_set_value(lua_State *L, int index)
{
    lua_setiuservalue(L, index, 1);
}

void sio_handle_push(const struct sio_bind *b, lua_State *L, const void *object)
{
    lua_checkstack(L, 3);
    sio_bind_push_ref(b, L, SIO_REF_OBJECTS);
    lua_rawgetp(L, -1, object);
    lua_remove(L, -2);
}

void sio_handle_push_value(const struct sio_bind *b, lua_State *L, const void *object)
{
    lua_checkstack(L, 3);
    sio_bind_push_ref(b, L, SIO_REF_OBJECTS);
    if (lua_rawgetp(L, -1, object) == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        lua_replace(L, -2);
    }
    lua_replace(L, -2);
}

struct sio_handle *sio_handle_check(lua_State *L, int arg, const char *type)
{
    return luaL_checkudata(L, arg, type);
}

/* As sure as luaL_testudata, for other userdata of its size does not begin with the address of a
 * name of ours, and a quarter of its cost. */
struct sio_handle *sio_handle_test(lua_State *L, int index, const char *type)
{
    struct sio_handle *h = lua_touserdata(L, index);
    bool ours = h != NULL && lua_rawlen(L, index) == sizeof *h && h->type == type;
    return ours ? h : NULL;
}

struct sio_handle *sio_handle_self(lua_State *L, const char *type)
{
    struct sio_handle *h = NULL;
    if (lua_istable(L, 1)) {
        lua_rawgeti(L, 1, SIO_OBJECT_HANDLE);
        h = sio_handle_test(L, -1, type);
        lua_pop(L, 1);
    }
    if (h == NULL)
        sio_bind_error(L, "bad self (%s expected; methods are called with a colon)", type);
    sio_call_check_free(L, h->bind);
    return h;
}

void *sio_handle_object(lua_State *L, int arg, const char *type)
{
    return sio_handle_check(L, arg, type)->object;
}

/* What the Lua object holds is not to wait for the handle's finalizer and the collection behind
 * it. */
static void drop_from(struct sio_bind *b, enum sio_ref where, const void *object)
{
    lua_State *L = b->L;
    lua_checkstack(L, 4);
    sio_bind_push_ref(b, L, where);
    if (lua_rawgetp(L, -1, object) == LUA_TUSERDATA) {
        struct sio_handle *h = lua_touserdata(L, -1);
        h->object = NULL;
        lua_pushnil(L);
        lua_setiuservalue(L, -2, 1);
        lua_pushnil(L);
        lua_rawsetp(L, -3, object);
    }
    lua_pop(L, 2);
}

void sio_handle_drop(struct sio_bind *b, const void *object)
{
    drop_from(b, SIO_REF_OBJECTS, object);
}

void sio_handle_drop_loose(struct sio_bind *b, const void *object, struct sio_handle *list)
{
    for (; list != NULL; list = list->older)
        list->object = NULL;
    drop_from(b, SIO_REF_LOOSE, object);
    drop_from(b, SIO_REF_OBJECTS, object);
}

struct sio_handle *sio_handle_unlisted(struct sio_handle *list, const struct sio_handle *h)
{
    struct sio_handle **at = &list;
    while (*at != NULL && *at != h)
        at = &(*at)->older;
    if (*at != NULL)
        *at = h->older;
    return list;
}

static void copy_table(struct sio_bind *b, enum sio_ref ref)
{
    lua_State *L = b->L;
    lua_checkstack(L, 6);
    sio_bind_push_ref(b, L, ref);
    lua_newtable(L);
    if (lua_getmetatable(L, -2))
        lua_setmetatable(L, -2);
    for (lua_pushnil(L); lua_next(L, -3);) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2);
        lua_rawset(L, -4);
    }
    lua_rawseti(L, LUA_REGISTRYINDEX, b->refs[ref]);
    lua_pop(L, 1);
}

void sio_handle_shrink(struct sio_bind *b)
{
    copy_table(b, SIO_REF_OBJECTS);
    copy_table(b, SIO_REF_LOOSE);
    copy_table(b, SIO_REF_CALLBACKS);
}

void sio_handle_set_callback(const struct sio_bind *b, lua_State *L, const void *object)
{
    luaL_checkstack(L, 3, NULL);
    sio_bind_push_ref(b, L, SIO_REF_CALLBACKS);
    lua_insert(L, -2);
    lua_rawsetp(L, -2, object);
    lua_pop(L, 1);
}

void sio_handle_push_callback(const struct sio_bind *b, lua_State *L, const void *object)
{
    lua_checkstack(L, 3);
    sio_bind_push_ref(b, L, SIO_REF_CALLBACKS);
    lua_rawgetp(L, -1, object);
    lua_remove(L, -2);
}

void sio_handle_drop_callback(const struct sio_bind *b, const void *object)
{
    lua_checkstack(b->L, 3);
    sio_bind_push_ref(b, b->L, SIO_REF_CALLBACKS);
    lua_pushnil(b->L);
    lua_rawsetp(b->L, -2, object);
    lua_pop(b->L, 1);
}

/* The number of anchored objects, callbacks, and loose handles (kept or not), for specs that look
 * for leaks. */
static int lhandle_count(lua_State *L)
{
    const struct sio_bind *b = sio_bind_of(L);
    static const enum sio_ref tables[] = {SIO_REF_OBJECTS, SIO_REF_CALLBACKS, SIO_REF_LOOSE};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        lua_Integer n = 0;
        sio_bind_push_ref(b, L, tables[i]);
        for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
            n++;
        lua_pop(L, 1);
        lua_pushinteger(L, n);
    }
    return 3;
}

void lhandle_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"handle_count", lhandle_count}, {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
