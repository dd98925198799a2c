// SPDX-License-Identifier: MIT
/* From an error value to the log and the error hooks. Stands on base/log; call and the log's Lua
 * functions call it.
 *
 * Invariant: a hook is never run for an error of a hook, nor of what it has started.
 */
#include "bind/report.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/mix.h"
#include "bind/json.h"

static const char error_hook_name[] = "error hook"; /* compared by address */

/* ---- texts ----------------------------------------------------------------------------------- */

/* Pushes what an error value says: error { code = 5 } its fields, which "table: 0x..." would not.
 */
static const char *push_message(lua_State *L, int index)
{
    struct sio_bind *b = sio_bind_of(L);
    if (lua_istable(L, index) && luaL_getmetafield(L, index, "__tostring") == LUA_TNIL) {
        sio_buf_clear(&b->json);
        if (sio_json_encode_value(L, b, index, "error", &b->json))
            return lua_pushlstring(L, b->json.p, b->json.len);
    }
    return luaL_tolstring(L, index, NULL);
}

/* (thread, error value) -> text with traceback. Runs protected: __tostring is people's code. */
static int format_error(lua_State *L)
{
    lua_State *co = lua_touserdata(L, 1);
    const char *text = push_message(L, 2);
    luaL_traceback(L, co, text, 0);
    return 1;
}

/* Pushes the text of the error on top of `from`, which stays there. */
static void push_error_text(lua_State *L, lua_State *from)
{
    lua_checkstack(L, 8);
    lua_checkstack(from, 4);
    lua_pushcfunction(L, format_error);
    lua_pushlightuserdata(L, from);
    lua_pushvalue(from, -1);
    lua_xmove(from, L, 1);
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
        lua_pop(L, 1);
        lua_pushliteral(L, "(an error whose text cannot be made)");
    }
}

static size_t add_text(char *text, size_t n, const char *format, struct sio_slice value)
{
    if (value.len != 0)
        n += (size_t)snprintf(text + n, SIO_REPORT_WHERE_MAX - n, format, sio_log_text(value));
    return n;
}

void sio_report_where(const struct sio_context *c, char text[SIO_REPORT_WHERE_MAX])
{
    size_t n = add_text(text, 0, " ev=\"%s\"", sio_slice(c->event, c->event_len));
    text[n] = '\0';
    if (c->sid[0] != '\0')
        n += (size_t)snprintf(text + n, SIO_REPORT_WHERE_MAX - n, " sid=%s", c->sid);
    add_text(text, n, " nsp=%s", sio_slice(c->nsp, c->nsp_len));
}

/* "chat.lua:12:" of "chat.lua:12: attempt ...": what an error is told apart by, for the rest of it
 * may have a client's text; empty when it does not begin so. */
static struct sio_slice place_of(struct sio_slice text)
{
    const char *newline = text.len ? memchr(text.p, '\n', text.len) : NULL;
    size_t end = newline ? (size_t)(newline - text.p) : text.len;
    for (size_t i = 0, colons = 0; i < end; i++) {
        if (text.p[i] == ':' && ++colons == 2)
            return sio_slice(text.p, i);
        if (colons == 1 && text.p[i] != ':' && (text.p[i] < '0' || text.p[i] > '9'))
            break;
    }
    return sio_slice(text.p, 0);
}

/* Errors of one kind of code at one line of it, or at one of a few: error(text, 0) with what a
 * client has sent could name ever new ones. Without a key, so that in each process the same lines
 * share a kind. Never the kind of a static string. */
static uint64_t kind_of(const struct sio_context *c, struct sio_slice text)
{
    uint64_t place = sio_mix(0, place_of(text)) % SIO_REPORT_PLACES + 1;
    return (uint64_t)(uintptr_t)c->what ^ place << 56;
}

static size_t make_fields(const struct sio_context *c, struct sio_log_field out[3])
{
    struct sio_log_field all[] = {
        {SIO_LIT("ev"), sio_slice(c->event, c->event_len), false},
        {SIO_LIT("sid"), sio_slice_str(c->sid), false},
        {SIO_LIT("nsp"), sio_slice(c->nsp, c->nsp_len), false},
    };
    size_t n = 0;
    for (size_t i = 0; i < 3; i++)
        if (all[i].value.len != 0)
            out[n++] = all[i];
    return n;
}

/* In a line of text the context stands in front of the error, which may be many lines long. */
static void log_error(const struct sio_bind *b, const struct sio_context *c, struct sio_slice text)
{
    char where[SIO_REPORT_WHERE_MAX] = "";
    struct sio_log_field fields[3];
    struct sio_buf message = {0};
    bool json = sio_log_is_json();
    if (b->loop != NULL)
        sio_stats_up(b->loop->stats, SIO_STAT_HANDLER_ERRORS);
    if (!json)
        sio_report_where(c, where);
    sio_buf_printf(&message, "%s error%s: ", c->what, where);
    sio_buf_append_slice(&message, text);
    sio_log_repeated(SIO_LOG_ERROR, kind_of(c, text), SIO_REPORT_BURST, sio_buf_slice(&message),
                     fields, json ? make_fields(c, fields) : 0);
    sio_buf_fini(&message);
}

/* ---- hooks ----------------------------------------------------------------------------------- */

static void set_text(lua_State *L, const char *name, struct sio_slice value)
{
    if (value.len == 0)
        return;
    lua_pushlstring(L, value.p, value.len);
    lua_setfield(L, -2, name);
}

static void push_context(lua_State *L, const struct sio_context *c)
{
    lua_createtable(L, 0, 4);
    set_text(L, "what", sio_slice_str(c->what));
    set_text(L, "event", sio_slice(c->event, c->event_len));
    set_text(L, "sid", sio_slice_str(c->sid));
    set_text(L, "nsp", sio_slice(c->nsp, c->nsp_len));
}

static void push_app(const struct sio_bind *b, lua_State *L, const void *app)
{
    lua_pushnil(L);
    if (app == NULL)
        return;
    sio_bind_push_ref(b, L, SIO_REF_OBJECTS);
    if (lua_rawgetp(L, -1, app) == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        lua_replace(L, -4);
    }
    lua_pop(L, 2);
}

/* The error hooks, with the message and the server's object on top of L's stack; both are
 * popped. */
static void run_error_hooks(struct sio_bind *b, lua_State *L, const struct sio_context *failed)
{
    struct sio_co *c = NULL;
    if (failed->what != error_hook_name && b->refs[SIO_REF_ERROR] != LUA_NOREF)
        c = sio_call_new(b, error_hook_name);
    if (c == NULL) {
        lua_pop(L, 2);
        return;
    }
    sio_bind_push_ref(b, c->L, SIO_REF_ERROR);
    lua_insert(L, -2); /* app, message */
    lua_xmove(L, c->L, 2);
    push_context(c->L, failed);
    sio_call_run(c, 3);
}

static struct sio_slice to_slice(lua_State *L, int index)
{
    struct sio_slice s;
    s.p = lua_tolstring(L, index, &s.len);
    return s;
}

void sio_report_error(struct sio_bind *b, const struct sio_context *c, lua_State *from)
{
    lua_State *L = b->L;
    push_error_text(L, from);
    log_error(b, c, to_slice(L, -1));
    push_app(b, L, c->app);
    run_error_hooks(b, L, c);
}

int sio_report_traceback(lua_State *L)
{
    const char *text = push_message(L, 1);
    luaL_traceback(L, L, text, 1);
    return 1;
}

void sio_report_text(struct sio_bind *b, const struct sio_context *c, lua_State *L)
{
    lua_checkstack(L, 8);
    if (lua_type(L, -1) == LUA_TSTRING)
        lua_pushvalue(L, -1);
    else /* of a handler that has failed itself */
        lua_pushliteral(L, "(an error whose text cannot be made)");
    log_error(b, c, to_slice(L, -1));
    push_app(b, L, c->app);
    run_error_hooks(b, L, c);
}

void sio_call_report(lua_State *L, const char *what, int message, int app, struct sio_slice sid,
                     struct sio_slice nsp)
{
    struct sio_context context;
    sio_context_init(&context, what);
    luaL_checkstack(L, 4, NULL);
    sio_context_set_sid(&context, sid);
    sio_context_set_nsp(&context, nsp);
    log_error(sio_bind_of(L), &context, to_slice(L, message));
    lua_pushvalue(L, message);
    lua_pushvalue(L, app);
    run_error_hooks(sio_bind_of(L), L, &context);
}

/* ---- warnings -------------------------------------------------------------------------------- */

/* In pieces, all but the last `to_be_continued`. "@on" and "@off" are for us. */
static void on_warning(void *ctx, const char *message, int to_be_continued)
{
    struct sio_bind *b = ctx;
    struct sio_buf *text = &b->warning;
    if (text->len == 0 && !to_be_continued && message[0] == '@') {
        b->mute = strcmp(message, "@off") == 0 || (b->mute && strcmp(message, "@on") != 0);
        return;
    }
    if (b->mute)
        return;
    if (text->len < SIO_LOG_LINE_MAX)
        sio_buf_append_slice(text, sio_slice_str(message));
    if (to_be_continued)
        return;
    sio_log(SIO_LOG_WARN, "Lua warning: %.*s", (int)text->len, text->p ? text->p : "");
    sio_buf_clear(text);
}

void sio_report_open(lua_State *L, struct sio_bind *b)
{
    lua_setwarnf(L, on_warning, b);
}
