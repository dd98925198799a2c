// SPDX-License-Identifier: MIT
/* Requests in the engine's gate as Lua objects. Stands on engine/gate.h; lua/sio/gate.lua has the
 * hooks, which decide with the functions below.
 *
 * Invariant: a request has a handle from its first hook until on_left; what is decided later finds
 * NULL and has no effect.
 */
#include "bind/gate.h"

#include "base/err.h"
#include "base/log.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/http.h"
#include "bind/session.h"
#include "engine/gate.h"

const char sio_gate_type[] = "sio.gate";

/* ---- requests as objects --------------------------------------------------------------------- */

static void fill_object(struct sio_bind *b, lua_State *L, const struct sio_http_conn *c,
                        const struct sio_http_request *r)
{
    sio_http_set_request(L, b, c, r);
    lua_pushboolean(L,
                    r->upgrade && sio_http_field_has(r, SIO_LIT("Upgrade"), SIO_LIT("websocket")));
    lua_setfield(L, -2, "upgrade");
}

/* Of a request that waits: always the same object, on which hooks may leave things for others. */
static void push_held(struct sio_bind *b, lua_State *L, struct eio_gate *g)
{
    lua_checkstack(L, 12);
    sio_handle_push_value(b, L, g);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    sio_handle_new_object(L, b, g, sio_gate_type, SIO_REF_GATE_MT);
    fill_object(b, L, eio_gate_conn(g), eio_gate_request(g));
}

static void push_request(struct sio_bind *b, lua_State *L, struct sio_http_conn *c,
                         const struct sio_http_request *r, struct eio_gate *g)
{
    if (g != NULL) {
        push_held(b, L, g);
        return;
    }
    lua_checkstack(L, 12);
    lua_createtable(L, 0, 9);
    sio_bind_push_ref(b, L, SIO_REF_GATE_MT);
    lua_setmetatable(L, -2);
    fill_object(b, L, c, r);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static const char *stage_name(enum eio_stage stage)
{
    if (stage == EIO_AT_MIDDLEWARES)
        return "middlewares";
    return stage == EIO_AT_ALLOW ? "allow_request" : "generate_id";
}

static struct sio_co *begin(struct sio_app *app, const char *what, enum sio_ref hook)
{
    struct sio_co *c = sio_call_new(app->bind, what);
    if (c == NULL)
        return NULL;
    sio_call_context(c, app, sio_slice(NULL, 0), sio_slice(NULL, 0));
    sio_bind_push_ref(app->bind, sio_call_stack(c), hook);
    sio_handle_push_value(app->bind, sio_call_stack(c), app);
    return c;
}

static void on_stage(void *owner, struct eio_gate *g, enum eio_stage stage)
{
    struct sio_app *app = owner;
    struct sio_co *c = begin(app, stage_name(stage), SIO_REF_GATE);
    if (c == NULL) {
        eio_gate_respond(g, &(struct sio_http_response){.status = 503, .close = true});
        return;
    }
    lua_pushstring(sio_call_stack(c), stage_name(stage));
    push_held(app->bind, sio_call_stack(c), g);
    sio_call_run(c, 3);
}

static void on_left(void *owner, struct eio_gate *g)
{
    struct sio_app *app = owner;
    sio_handle_drop(app->bind, g);
}

static void set_context(lua_State *L, const struct eio_refused *why)
{
    lua_createtable(L, 0, EIO_DETAILS_MAX);
    for (unsigned i = 0; i < why->n_context; i++) {
        struct sio_slice value = why->context[i].value;
        lua_pushlstring(L, value.p ? value.p : "", value.len);
        lua_setfield(L, -2, why->context[i].name);
    }
    lua_setfield(L, -2, "context");
}

static void on_refused(void *owner, struct sio_http_conn *conn, const struct sio_http_request *r,
                       struct eio_gate *g, const struct eio_refused *why)
{
    struct sio_app *app = owner;
    struct sio_co *c = begin(app, "connection_error listener", SIO_REF_REFUSED);
    lua_State *L;
    if (c == NULL)
        return;
    L = sio_call_stack(c);
    lua_checkstack(L, 16);
    lua_createtable(L, 0, 4);
    push_request(app->bind, L, conn, r, g);
    lua_setfield(L, -2, "req");
    lua_pushinteger(L, why->code);
    lua_setfield(L, -2, "code");
    lua_pushstring(L, eio_refusal_text(why->code));
    lua_setfield(L, -2, "message");
    set_context(L, why);
    sio_call_run(c, 2);
}

/* In the main thread, where nothing can wait: the answer leaves behind it. */
static void on_headers(void *owner, struct sio_http_conn *c, const struct sio_http_request *r,
                       struct eio_gate *g, struct sio_slice sid)
{
    struct sio_app *app = owner;
    lua_State *L = app->bind->L;
    if (app->bind->closed)
        return;
    lua_checkstack(L, 8);
    sio_bind_push_ref(app->bind, L, SIO_REF_HEADERS);
    sio_handle_push_value(app->bind, L, app);
    push_request(app->bind, L, c, r, g);
    if (sid.p != NULL)
        lua_pushlstring(L, sid.p, sid.len);
    else
        lua_pushnil(L);
    if (!sio_call_protected(L, 3, 1, "headers listener", app))
        return;
    if (lua_istable(L, -1))
        sio_http_add_fields(L, lua_gettop(L), c);
    lua_pop(L, 1);
}

/* What hooks have left on the request goes to the session's object, which is made for it. In the
 * main thread: whoever hears of the session next may look at it. */
static void on_begin(void *owner, struct eio_gate *g, struct eio_session *s)
{
    struct sio_app *app = owner;
    lua_State *L = app->bind->L;
    if (app->bind->closed)
        return;
    lua_checkstack(L, 8);
    sio_bind_push_ref(app->bind, L, SIO_REF_LEFT_ON);
    sio_handle_push_value(app->bind, L, g);
    if (!lua_istable(L, -1)) {
        lua_pop(L, 2);
        return;
    }
    if (!sio_call_protected(L, 1, 1, "handshake", app))
        return;
    if (lua_istable(L, -1)) {
        sio_session_push(app->bind, L, s);
        lua_insert(L, -2);
        lua_setfield(L, -2, "_left");
    }
    lua_pop(L, 1);
}

/* ---- installing ------------------------------------------------------------------------------ */

static void set_initial(lua_State *L, struct eio_server *e)
{
    struct sio_slice data;
    struct eio_msg m;
    bool binary;
    lua_getfield(L, 1, "initial_packet");
    binary = sio_binary_get(L, -1, &data);
    if (binary || lua_type(L, -1) == LUA_TSTRING) {
        if (!binary)
            data.p = lua_tolstring(L, -1, &data.len);
        m = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
        eio_server_set_initial(e, &m);
        sio_blob_unref(m.frame);
    }
    lua_pop(L, 1);
}

void sio_gate_install(lua_State *L, struct sio_app *app)
{
    static const struct eio_hooks hooks = {on_stage, on_left, on_refused, on_headers, on_begin};
    struct eio_server *e = sio_service_engine(app->service);
    eio_hooks_set(e, &hooks, app);
    set_initial(L, e);
}

/* engine_want(server, name, ...): what the hooks shall be asked from now on */
static int lgate_want(lua_State *L)
{
    static const char *const names[] = {
        "middlewares",     "allow_request", "generate_id", "connection_error",
        "initial_headers", "headers",       NULL};
    static const unsigned bits[] = {
        EIO_WANT_MIDDLEWARES, EIO_WANT_ALLOW,           EIO_WANT_ID,
        EIO_WANT_REFUSALS,    EIO_WANT_INITIAL_HEADERS, EIO_WANT_HEADERS};
    struct sio_app *app = sio_app_self(L);
    for (int i = 2; i <= lua_gettop(L); i++)
        eio_hooks_want(sio_service_engine(app->service), bits[luaL_checkoption(L, i, NULL, names)]);
    return 0;
}

/* ---- decisions ------------------------------------------------------------------------------- */

/* The request in argument 1, with the fields in argument 2 added; NULL when it has left. */
static struct eio_gate *decided(lua_State *L)
{
    struct eio_gate *g = sio_handle_self(L, sio_gate_type)->object;
    if (g != NULL && lua_istable(L, 2))
        sio_http_add_fields(L, 2, eio_gate_conn(g));
    return g;
}

/* gate_pass(request, fields|nil) */
static int lgate_pass(lua_State *L)
{
    struct eio_gate *g = decided(L);
    if (g != NULL)
        eio_gate_pass(g);
    return 0;
}

/* gate_turn_away(request): 503, for too many hooks run */
static int lgate_turn_away(lua_State *L)
{
    struct eio_gate *g = sio_handle_self(L, sio_gate_type)->object;
    sio_log_limited(SIO_LOG_WARN, "hooks",
                    "engine: too many hooks wait, those of clients that have left included; "
                    "requests are answered 503");
    if (g != NULL)
        eio_gate_respond(g, &(struct sio_http_response){.status = 503, .close = true});
    return 0;
}

/* gate_set_id(request, id): true, or nil and what is wrong with it */
static int lgate_set_id(lua_State *L)
{
    struct eio_gate *g = sio_handle_self(L, sio_gate_type)->object;
    struct sio_slice id;
    int err;
    id.p = luaL_checklstring(L, 2, &id.len);
    err = g != NULL ? eio_gate_set_id(g, id) : 0;
    if (err == 0) {
        lua_pushboolean(L, 1);
        return 1;
    }
    sio_log_limited(SIO_LOG_WARN, "generate_id", "engine: generate_id made \"%s\": %s",
                    sio_log_text(id), sio_err_text(err));
    lua_pushnil(L);
    lua_pushstring(L, err == SIO_EEXIST ? "the id is in use" : "the id is not valid");
    return 2;
}

static void read_detail(lua_State *L, struct eio_refused *why, const char *name)
{
    struct sio_slice value;
    if (lua_getfield(L, 5, name) == LUA_TSTRING) {
        value.p = lua_tolstring(L, -1, &value.len);
        eio_refusal_add(why, name, value);
    }
    lua_pop(L, 1); /* the table keeps it */
}

/* gate_refuse(request, fields|nil, code, reason|nil, context) */
static int lgate_refuse(lua_State *L)
{
    struct eio_gate *g = decided(L);
    struct eio_refused why = {.code = EIO_BAD_REQUEST};
    if (luaL_checkinteger(L, 3) == EIO_FORBIDDEN)
        why.code = EIO_FORBIDDEN;
    if (!lua_isnoneornil(L, 4))
        why.reason.p = luaL_checklstring(L, 4, &why.reason.len);
    luaL_checktype(L, 5, LUA_TTABLE);
    read_detail(L, &why, "name");
    read_detail(L, &why, "error");
    read_detail(L, &why, "message");
    if (g != NULL)
        eio_gate_refuse(g, &why);
    return 0;
}

/* gate_respond(request, fields, status, body): false when the client is gone or has its answer */
static int lgate_respond(lua_State *L)
{
    struct eio_gate *g = decided(L);
    struct sio_http_response response = {.status = (int)luaL_checkinteger(L, 3)};
    luaL_argcheck(L, response.status >= 200 && response.status <= 599, 3, "HTTP status expected");
    if (!sio_binary_get(L, 4, &response.body))
        response.body.p = luaL_optlstring(L, 4, "", &response.body.len);
    lua_pushboolean(L, g != NULL && eio_gate_respond(g, &response) == 0);
    return 1;
}

/* header_allowed(name, value): whether an answer can have it */
static int lgate_header_allowed(lua_State *L)
{
    struct sio_slice name, value;
    name.p = luaL_checklstring(L, 1, &name.len);
    value.p = luaL_checklstring(L, 2, &value.len);
    lua_pushboolean(L, sio_http_fields_allow(name, value));
    return 1;
}

void lgate_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"engine_want", lgate_want},
                                         {"gate_pass", lgate_pass},
                                         {"gate_turn_away", lgate_turn_away},
                                         {"gate_set_id", lgate_set_id},
                                         {"gate_refuse", lgate_refuse},
                                         {"gate_respond", lgate_respond},
                                         {"header_allowed", lgate_header_allowed},
                                         {NULL, NULL}};
    luaL_setfuncs(L, functions, 0);
    sio_handle_type(L, sio_gate_type, NULL);
}
