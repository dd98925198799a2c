// SPDX-License-Identifier: MIT
/* core.server_side_*: events to the other workers' code, and from it. Stands on sio/server_side.h;
 * lua/sio/server_side.lua calls it and has the hook.
 */
#include "bind/server_side.h"

#include "base/err.h"
#include "base/log.h"
#include "bind/answers.h"
#include "bind/call.h"
#include "bind/emit.h"
#include "bind/namespace.h"
#include "bind/server.h"
#include "sio/server_side.h"

/* ---- from here ------------------------------------------------------------------------------- */

/* server_side_emit(nsp, event, ..., fn|nothing): true, or nil and why; fn(err, answers) */
static int lserver_side_emit(lua_State *L)
{
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    int last = lua_gettop(L);
    bool asks = last > 2 && lua_isfunction(L, last);
    sio_emit_args(L, sio_bind_of(L), 2, asks ? last - 1 : last, &attachments, &out);
    if (!asks)
        return sio_emit_result(L, nsp ? sio_server_side_emit(nsp, &out) : SIO_ECLOSED, NULL);
    struct sio_answers *a = sio_answers_new(L, "server_side_emit", false);
    return sio_answers_end(
        L, a, nsp ? sio_server_side_ask(nsp, &out, sio_answers_on_asked, a) : SIO_ECLOSED);
}

/* server_side_emit_wait(nsp, event, ...): answers, err */
static int lserver_side_wait(lua_State *L)
{
    static const char name[] = "server_side_emit_with_ack";
    struct sio_nsp *nsp = sio_namespace_self(L);
    struct sio_attachments attachments;
    struct sio_outgoing out;
    sio_answers_check(L, name);
    sio_emit_args(L, sio_bind_of(L), 2, lua_gettop(L), &attachments, &out);
    struct sio_answers *a = sio_answers_new(L, name, true);
    return sio_answers_end(
        L, a, nsp ? sio_server_side_ask(nsp, &out, sio_answers_on_asked, a) : SIO_ECLOSED);
}

/* ---- to here --------------------------------------------------------------------------------- */

enum { APP = 1, SLOT, GENERATION, REQUEST }; /* upvalues of an ack; no REQUEST: it was called */

static int send_answer(lua_State *L, const struct sio_outgoing *out)
{
    const struct sio_handle *h = lua_touserdata(L, lua_upvalueindex(APP));
    struct sio_asker to = {
        .place = {.slot = (unsigned)lua_tointeger(L, lua_upvalueindex(SLOT)),
                  .generation = (uint32_t)lua_tointeger(L, lua_upvalueindex(GENERATION))},
        .request = (uint32_t)lua_tointeger(L, lua_upvalueindex(REQUEST))};
    lua_pushnil(L);
    lua_replace(L, lua_upvalueindex(REQUEST));
    const struct sio_app *app = h != NULL ? h->object : NULL;
    if (app == NULL || app->closing || sio_service_sio(app->service) == NULL)
        return 0;
    int err = sio_server_side_answer(sio_service_sio(app->service), to, out);
    return err == SIO_ETOOBIG ? sio_emit_result(L, err, NULL) : 0;
}

/* ack(...): the first call counts. */
static int lserver_side_answer(lua_State *L)
{
    struct sio_attachments attachments;
    struct sio_outgoing out;
    if (lua_isnil(L, lua_upvalueindex(REQUEST)))
        return 0;
    sio_emit_args(L, sio_bind_of(L), 1, lua_gettop(L), &attachments, &out);
    return send_answer(L, &out);
}

/* Instead of an ack, when nobody listens. */
static int lserver_side_pass(lua_State *L)
{
    return send_answer(L, NULL);
}

static void push_ack(lua_State *L, struct sio_app *app, struct sio_asker to, lua_CFunction f)
{
    if (to.request == 0) {
        lua_pushnil(L);
        return;
    }
    sio_handle_push(app->bind, L, app);
    lua_pushinteger(L, (lua_Integer)to.place.slot);
    lua_pushinteger(L, (lua_Integer)to.place.generation);
    lua_pushinteger(L, (lua_Integer)to.request);
    lua_pushcclosure(L, f, REQUEST);
}

void sio_server_side_on_event(void *owner, struct sio_nsp *n, struct sio_asker from,
                              const struct sio_incoming *in)
{
    struct sio_app *app = owner;
    struct sio_co *c = sio_call_new(app->bind, "server-side event handler");
    if (c == NULL)
        return;
    lua_State *L = sio_call_stack(c);
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice(NULL, 0));
    sio_bind_push_ref(app->bind, L, SIO_REF_SERVER_EVENT);
    sio_handle_push_value(app->bind, L, n);
    push_ack(L, app, from, lserver_side_answer);
    push_ack(L, app, from, lserver_side_pass);
    int count = sio_json_decode_incoming(L, app->bind, in);
    if (count <= 0) {
        sio_log_limited(SIO_LOG_WARN, "server-side", "an event from slot %u dropped: %s",
                        from.place.slot, sio_err_text(count));
        sio_call_drop(c);
        return;
    }
    if (from.request != 0)
        lua_pushvalue(L, 3); /* the ack, behind the arguments as everywhere */
    sio_call_run(c, 3 + count + (from.request != 0));
}

void lserver_side_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"server_side_emit", lserver_side_emit},
                                         {"server_side_emit_wait", lserver_side_wait},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
}
