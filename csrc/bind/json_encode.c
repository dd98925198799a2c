// SPDX-License-Identifier: MIT
/* Lua values -> JSON, in one pass straight into the packet's buffer, attachments lifted out.
 *
 * Stands on codec/json for strings and numbers. Invariant: no Lua code runs (raw access only), so
 * the scratch buffers of struct sio_bind can be shared by all callers.
 */
#include "bind/json.h"

#include <stdio.h>

#include "base/log.h"
#include "bind/binary.h"

struct step {        /* of the path to the value that is being encoded */
    const char *key; /* NULL: index counts */
    lua_Integer index;
};

struct encoder {
    lua_State *L;
    const struct sio_bind *b;
    struct sio_buf *out;
    struct sio_attachments *attachments;
    const char *name; /* of the value; NULL: "argument <argument>" */
    int argument;
    unsigned depth;
    struct step path[SIO_JSON_DEPTH_MAX];
};

static bool encode_value(struct encoder *e, int index);

/* ---- errors ---------------------------------------------------------------------------------- */

static void append_key(struct sio_buf *text, const char *key)
{
    sio_buf_append_char(text, '.');
    sio_buf_append_slice(text, sio_slice_str(sio_log_text(sio_slice_str(key))));
}

/* Pushes "argument 2.items[3]: <why>". The message is built in `out`, whose content is lost
 * anyway. */
static bool fail(struct encoder *e, const char *why)
{
    struct sio_buf *text = e->out;
    sio_buf_clear(text);
    if (e->name != NULL)
        sio_buf_append_slice(text, sio_slice_str(e->name));
    else
        sio_buf_printf(text, "argument %d", e->argument);
    for (unsigned i = 0; i < e->depth; i++) {
        if (e->path[i].key != NULL)
            append_key(text, e->path[i].key);
        else
            sio_buf_printf(text, "[%lld]", (long long)e->path[i].index);
    }
    sio_buf_printf(text, ": %s", why);
    lua_checkstack(e->L, 2);
    lua_pushlstring(e->L, text->p, text->len);
    return false;
}

static bool fail_type(struct encoder *e, const char *what, const char *why)
{
    char text[96];
    snprintf(text, sizeof text, "a %s %s", what, why);
    return fail(e, text);
}

/* ---- scalars --------------------------------------------------------------------------------- */

static void append_integer(struct sio_buf *out, lua_Integer v)
{
    if (v < 0)
        sio_buf_append_char(out, '-');
    sio_buf_append_uint(out, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static bool encode_string(struct encoder *e, int index)
{
    struct sio_slice s;
    s.p = lua_tolstring(e->L, index, &s.len);
    if (sio_json_append_string(e->out, s) == 0)
        return true;
    return fail(e, "string is not valid UTF-8 (use sio.binary for bytes)");
}

/* "a sio.socket cannot be encoded": who sends a socket's object sends its handle. */
static bool fail_userdata(struct encoder *e, int index)
{
    bool named = luaL_getmetafield(e->L, index, "__name") == LUA_TSTRING;
    return fail_type(e, named ? lua_tostring(e->L, -1) : "userdata", "cannot be encoded");
}

static bool encode_userdata(struct encoder *e, int index)
{
    struct sio_attachments *a = e->attachments;
    struct sio_slice bytes;
    if (!lua_checkstack(e->L, 8))
        return fail(e, "too many values for the stack");
    if (!sio_binary_get(e->L, index, &bytes))
        return fail_userdata(e, index);
    if (a == NULL)
        return fail(e, "sio.binary cannot stand here");
    if (a->n == SIO_ATTACHMENTS_MAX)
        return fail(e, "more than 10 binary attachments");
    sio_buf_append_slice(e->out, SIO_LIT("{\"_placeholder\":true,\"num\":"));
    sio_buf_append_uint(e->out, a->n);
    sio_buf_append_char(e->out, '}');
    a->slices[a->n++] = bytes;
    return true;
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* Who sends an object of ours hears of its handle, in whatever order its fields come. */
static bool fail_mixed(struct encoder *e, int table)
{
    struct sio_slice bytes;
    if (lua_rawgeti(e->L, table, 1) == LUA_TUSERDATA && !sio_binary_get(e->L, -1, &bytes)) {
        e->path[e->depth - 1].index = 1;
        return fail_userdata(e, lua_gettop(e->L));
    }
    e->depth--;
    return fail(e, "table has list items and keys");
}

/* Behind the items that came in order there is something else: looks at all keys. */
static bool encode_sparse(struct encoder *e, int table)
{
    lua_State *L = e->L;
    struct step *at = &e->path[e->depth - 1];
    lua_Integer max = 0, count = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
        if (key < 1)
            return fail_mixed(e, table);
        max = key > max ? key : max;
        count++;
    }
    if (max > 2 * count + SIO_JSON_HOLES_SPARE) {
        e->depth--;
        return fail(e, "list has too many holes (use sio.object for keys that are numbers)");
    }
    for (lua_Integer i = 1; i <= max; i++) {
        at->index = i;
        sio_buf_append_char(e->out, i == 1 ? '[' : ',');
        lua_rawgeti(L, table, i);
        if (!encode_value(e, lua_gettop(L)))
            return false;
        lua_pop(L, 1);
    }
    sio_buf_append_char(e->out, ']');
    return true;
}

/* The first key and value are on the stack. Items in traversal order are 1, 2, 3, ... unless the
 * table has holes, was filled backwards or has keys too. */
static bool encode_array(struct encoder *e, int table)
{
    lua_State *L = e->L;
    struct step *at = &e->path[e->depth - 1];
    size_t start = e->out->len;
    unsigned attachments = e->attachments ? e->attachments->n : 0;
    lua_Integer expected = 1;
    at->key = NULL;
    do {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != expected) {
            lua_pop(L, 2);
            e->out->len = start;
            if (e->attachments)
                e->attachments->n = attachments;
            return encode_sparse(e, table);
        }
        at->index = expected++;
        sio_buf_append_char(e->out, at->index == 1 ? '[' : ',');
        if (!encode_value(e, lua_gettop(L)))
            return false;
        lua_pop(L, 1);
    } while (lua_next(L, table));
    sio_buf_append_char(e->out, ']');
    return true;
}

static bool encode_key(struct encoder *e, int index, struct step *at)
{
    lua_State *L = e->L;
    if (lua_type(L, index) == LUA_TSTRING) {
        at->key = lua_tostring(L, index);
        return encode_string(e, index);
    }
    if (!lua_isinteger(L, index)) {
        e->depth--;
        return fail_type(e, lua_isnumber(L, index) ? "float" : luaL_typename(L, index),
                         "cannot be a key");
    }
    at->key = NULL;
    at->index = lua_tointeger(L, index);
    sio_buf_append_char(e->out, '"');
    append_integer(e->out, at->index);
    sio_buf_append_char(e->out, '"');
    return true;
}

static bool encode_object(struct encoder *e, int table)
{
    lua_State *L = e->L;
    struct step *at = &e->path[e->depth - 1];
    char separator = '{';
    do {
        sio_buf_append_char(e->out, separator);
        separator = ',';
        if (!encode_key(e, lua_gettop(L) - 1, at))
            return false;
        sio_buf_append_char(e->out, ':');
        if (!encode_value(e, lua_gettop(L)))
            return false;
        lua_pop(L, 1);
    } while (lua_next(L, table));
    sio_buf_append_char(e->out, '}');
    return true;
}

enum kind { PLAIN, ARRAY, OBJECT };

static enum kind kind_of(struct encoder *e, int table)
{
    const void *mt;
    if (!lua_getmetatable(e->L, table))
        return PLAIN;
    mt = lua_topointer(e->L, -1);
    lua_pop(e->L, 1);
    return mt == e->b->array_mt ? ARRAY : mt == e->b->object_mt ? OBJECT : PLAIN;
}

static bool encode_table(struct encoder *e, int table)
{
    enum kind kind;
    bool ok;
    /* Level by level: a coroutine that waits keeps the stack that was asked for. */
    if (!lua_checkstack(e->L, 8))
        return fail(e, "nesting too deep for the stack");
    kind = kind_of(e, table);
    lua_pushnil(e->L);
    if (!lua_next(e->L, table)) {
        sio_buf_append_slice(e->out, kind == OBJECT ? SIO_LIT("{}") : SIO_LIT("[]"));
        return true;
    }
    if (e->depth == SIO_JSON_DEPTH_MAX) {
        e->depth = 8; /* enough of the path to see where it begins */
        return fail(e, "nesting too deep (cycle?)");
    }
    e->depth++;
    if (kind == ARRAY || (kind == PLAIN && lua_rawlen(e->L, table) > 0))
        ok = encode_array(e, table);
    else
        ok = encode_object(e, table);
    if (ok)
        e->depth--;
    return ok;
}

static bool encode_value(struct encoder *e, int index)
{
    lua_State *L = e->L;
    switch (lua_type(L, index)) {
    case LUA_TNIL:
        sio_buf_append_slice(e->out, SIO_LIT("null"));
        return true;
    case LUA_TBOOLEAN:
        sio_buf_append_slice(e->out, lua_toboolean(L, index) ? SIO_LIT("true") : SIO_LIT("false"));
        return true;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            append_integer(e->out, lua_tointeger(L, index));
        else
            sio_json_append_double(e->out, lua_tonumber(L, index));
        return true;
    case LUA_TSTRING:
        return encode_string(e, index);
    case LUA_TTABLE:
        return encode_table(e, index);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index) != NULL)
            return fail_type(e, "light userdata", "cannot be encoded");
        sio_buf_append_slice(e->out, SIO_LIT("null"));
        return true;
    case LUA_TUSERDATA:
        return encode_userdata(e, index);
    default:
        return fail_type(e, luaL_typename(L, index), "cannot be encoded");
    }
}

/* ---- entry ----------------------------------------------------------------------------------- */

/* Field by field: the path need not be zeroed, and 2 KiB per emit show. */
static void encoder_init(struct encoder *e, lua_State *L, const struct sio_bind *b,
                         struct sio_buf *out)
{
    e->L = L;
    e->b = b;
    e->out = out;
    e->attachments = NULL;
    e->name = NULL;
    e->argument = 0;
    e->depth = 0;
}

bool sio_json_encode_args(lua_State *L, struct sio_bind *b, int first, int last,
                          struct sio_buf *out, struct sio_attachments *attachments)
{
    struct encoder e;
    encoder_init(&e, L, b, out);
    e.attachments = attachments;
    sio_buf_append_char(out, '[');
    for (int i = first; i <= last; i++) {
        e.argument = i - first + 1;
        if (i != first)
            sio_buf_append_char(out, ',');
        if (!encode_value(&e, i))
            return false;
    }
    sio_buf_append_char(out, ']');
    return true;
}

bool sio_json_encode_data(lua_State *L, struct sio_bind *b, int index, const char *name,
                          struct sio_buf *out, struct sio_attachments *attachments)
{
    struct encoder e;
    encoder_init(&e, L, b, out);
    e.name = name;
    e.attachments = attachments;
    return encode_value(&e, lua_absindex(L, index));
}

bool sio_json_encode_value(lua_State *L, struct sio_bind *b, int index, const char *name,
                           struct sio_buf *out)
{
    return sio_json_encode_data(L, b, index, name, out, NULL);
}
