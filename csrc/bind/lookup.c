// SPDX-License-Identifier: MIT
/* core.lookup_*: a client's question for a namespace that is not there. Stands on sio/lookup.h;
 * lua/sio/parent.lua has the hook and answers.
 *
 * Invariant: a lookup has a handle from the hook until on_lookup_left; what is answered later finds
 * NULL and has no effect.
 */
#include "bind/lookup.h"

#include "base/log.h"
#include "bind/call.h"
#include "bind/json.h"
#include "bind/namespace.h"
#include "bind/server.h"
#include "sio/parent.h"

void sio_lookup_on_unknown(void *owner, struct sio_lookup *l, struct sio_slice name,
                           struct sio_slice auth)
{
    struct sio_app *app = owner;
    struct sio_co *c = sio_call_new(app->bind, "namespace lookup");
    lua_State *L;
    if (c == NULL) {
        sio_lookup_refuse(l, SIO_LIT("{\"message\":\"internal error\"}"));
        return;
    }
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice(NULL, 0));
    L = sio_call_stack(c);
    lua_checkstack(L, 8);
    sio_bind_push_ref(app->bind, L, SIO_REF_LOOKUP);
    sio_handle_push_value(app->bind, L, app);
    sio_handle_new(L, app->bind, l, SIO_LOOKUP);
    lua_pushlstring(L, name.p, name.len);
    if (sio_json_decode_value(L, app->bind, auth, NULL) != 0)
        lua_newtable(L);
    sio_call_run(c, 4);
}

void sio_lookup_on_left(void *owner, struct sio_lookup *l)
{
    struct sio_app *app = owner;
    sio_handle_drop(app->bind, l);
}

/* lookup_waits(lookup): the client is still there */
static int llookup_waits(lua_State *L)
{
    lua_pushboolean(L, sio_handle_object(L, 1, SIO_LOOKUP) != NULL);
    return 1;
}

/* lookup_pass(lookup, nsp) */
static int llookup_pass(lua_State *L)
{
    struct sio_lookup *l = sio_handle_object(L, 1, SIO_LOOKUP);
    struct sio_nsp *nsp;
    lua_remove(L, 1);
    nsp = sio_namespace_self(L);
    if (nsp != NULL && l != NULL)
        sio_lookup_pass(l, nsp);
    else if (nsp != NULL)
        sio_parent_check(nsp);
    return 0;
}

/* lookup_refuse(lookup, message) */
static int llookup_refuse(lua_State *L)
{
    struct sio_lookup *l = sio_handle_object(L, 1, SIO_LOOKUP);
    struct sio_bind *b = sio_bind_of(L);
    luaL_checkstring(L, 2);
    if (l == NULL)
        return 0;
    lua_createtable(L, 0, 1);
    lua_insert(L, 2);
    lua_setfield(L, 2, "message");
    sio_buf_clear(&b->json);
    if (!sio_json_encode_value(L, b, 2, "error", &b->json))
        return lua_error(L);
    sio_lookup_refuse(l, sio_buf_slice(&b->json));
    return 0;
}

/* lookup_turn_away(lookup): for too many that wait */
static int llookup_turn_away(lua_State *L)
{
    struct sio_lookup *l = sio_handle_object(L, 1, SIO_LOOKUP);
    sio_log_limited(SIO_LOG_WARN, "lookups",
                    "too many searches for namespaces wait, those of clients that have left "
                    "included");
    if (l != NULL)
        sio_lookup_refuse(l, SIO_LIT("{\"message\":\"internal error\"}"));
    return 0;
}

void llookup_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"lookup_waits", llookup_waits},
                                         {"lookup_pass", llookup_pass},
                                         {"lookup_refuse", llookup_refuse},
                                         {"lookup_turn_away", llookup_turn_away},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, SIO_LOOKUP, NULL);
}
