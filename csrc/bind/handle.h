// SPDX-License-Identifier: MIT
/* C object <-> Lua userdata: the only place that keeps objects in the registry.
 *
 *     OBJECTS[light userdata of the C object] = full userdata (struct sio_handle)
 *                                               └ user value 1: the Lua object that people touch
 *
 * The handle is anchored while the C object lives, so what people put into its Lua object lives as
 * long. When the C object dies, sio_handle_drop nulls the pointer and the anchor: methods of what
 * Lua still holds find NULL and are documented no-ops or raise.
 *
 * A loose handle is not anchored until it is kept: Lua collects it while the C object lives on, and
 * the next one is made when it is needed. LOOSE has them, as weak values. People's finalizers may
 * get hold of a collected one, so the type of a loose handle has a __gc that nulls it, and the C
 * object a list of those that have not had theirs (`older`).
 *
 * Thread: loop. Owns: the userdata is Lua's, the C object is never freed from here. Reenters: no.
 */
#ifndef SIO_BIND_HANDLE_H
#define SIO_BIND_HANDLE_H

#include "bind/bind.h"

struct sio_relic;

struct sio_handle {
    const char *type; /* the name of its metatable, and by its address what it is a handle of */
    void *object;     /* NULL: dead */
    struct sio_bind *bind;
    struct sio_handle *older; /* loose: of the same C object */
    struct sio_relic *relic;  /* of a socket that has ended; see relic.h */
    bool dirty;               /* is in REF_DIRTY */
    bool screened;            /* a socket's: something is in front of its listeners */
    bool kept;                /* a loose one that is not loose any more */
};

/* Fields of Lua objects that are tables: object[1], object[2]. */
enum {
    SIO_OBJECT_HANDLE = 1,
    SIO_OBJECT_EVERYBODY = 2, /* a server's, a namespace's: the Broadcast to all its sockets */
};

/* Pushes a new Lua object with metatable `mt` and its handle in place, for `object`. */
struct sio_handle *sio_handle_new_object(lua_State *L, struct sio_bind *b, void *object,
                                         const char *type, enum sio_ref mt);
/* The same, loose. The caller lists it with the C object. */
struct sio_handle *sio_handle_new_loose(lua_State *L, struct sio_bind *b, void *object,
                                        const char *type, enum sio_ref mt);
/* The loose handle that is found for `object`, or NULL. */
struct sio_handle *sio_handle_loose(const struct sio_bind *b, lua_State *L, const void *object);
/* Pushes the Lua object of a loose handle; false, with nothing pushed, when it was collected. */
bool sio_handle_push_loose(const struct sio_bind *b, lua_State *L, const void *object);
/* Anchors the handle on top of the stack, and pops it: it is not loose any more. */
void sio_handle_keep(const struct sio_bind *b, lua_State *L);
/* Pushes a new handle for `object` with the metatable registered as `type`. */
struct sio_handle *sio_handle_new(lua_State *L, struct sio_bind *b, void *object, const char *type);
/* Registers a metatable for handles; methods may be NULL. */
void sio_handle_type(lua_State *L, const char *type, const luaL_Reg *methods);
/* Sets the Lua object of the handle at `index` to the value on top, and pops it. */
void sio_handle_set_value(lua_State *L, int index);
/* Pushes the handle of `object`, or nil. */
void sio_handle_push(const struct sio_bind *b, lua_State *L, const void *object);
/* Pushes the Lua object of `object`, or nil. */
void sio_handle_push_value(const struct sio_bind *b, lua_State *L, const void *object);
/* The handle in argument `arg`; raises when it is something else. */
struct sio_handle *sio_handle_check(lua_State *L, int arg, const char *type);
/* The handle at `index`, or NULL when something else is there; `type` as below. */
struct sio_handle *sio_handle_test(lua_State *L, int index, const char *type);
/* The handle of the object in argument 1 of a method; raises when that is none of ours, e.g. after
 * `socket.emit(...)` for `socket:emit(...)`. `type`: the very array that the handle was made with.
 */
struct sio_handle *sio_handle_self(lua_State *L, const char *type);
/* Its C object, or NULL when that has died. */
void *sio_handle_object(lua_State *L, int arg, const char *type);
/* The C object dies now. No effect when it has no handle. */
void sio_handle_drop(struct sio_bind *b, const void *object);
/* The same for one with the loose handles of `list`. */
void sio_handle_drop_loose(struct sio_bind *b, const void *object, struct sio_handle *list);
/* Makes the tables anew that held many more objects than there are now: Lua's do not shrink. */
void sio_handle_shrink(struct sio_bind *b);
/* The list without h. */
struct sio_handle *sio_handle_unlisted(struct sio_handle *list, const struct sio_handle *h);

/* A function that a C object will call later: taken from the top of the stack, which is popped. */
void sio_handle_set_callback(const struct sio_bind *b, lua_State *L, const void *object);
/* Pushes it (or nil). */
void sio_handle_push_callback(const struct sio_bind *b, lua_State *L, const void *object);
void sio_handle_drop_callback(const struct sio_bind *b, const void *object);

#endif
