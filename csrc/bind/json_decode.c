// SPDX-License-Identifier: MIT
/* JSON -> Lua values, on codec/json's tokens; and sio.json.
 *
 * The items of an array or object are collected on the Lua stack and then put into a table of the
 * right size: measured half again as fast as a table that grows. Long ones go in portions.
 */
#include "bind/json.h"

#include "base/err.h"
#include "bind/binary.h"

enum {
    PORTION = 256, /* values that wait on the stack, per level */
};

struct decoder {
    lua_State *L;
    struct sio_bind *b;
    struct sio_json_reader reader;
    struct sio_blob *const *attachments;
    unsigned n_attachments;
};

static int decode_value(struct decoder *d, const struct sio_json_token *t);

static void push_string(struct decoder *d, const struct sio_json_token *t)
{
    struct sio_buf *text = &d->b->text;
    if (!t->escaped) {
        lua_pushlstring(d->L, t->raw.p, t->raw.len);
        return;
    }
    sio_buf_clear(text);
    sio_json_unescape(text, t->raw);
    lua_pushlstring(d->L, text->p, text->len);
}

/* Integral doubles within +-2^53 are integers: JavaScript knows no difference. */
static void push_double(lua_State *L, double v)
{
    const double exact = 9007199254740992.0;
    if (v >= -exact && v <= exact && v == (double)(lua_Integer)v && !(v == 0 && 1 / v < 0))
        lua_pushinteger(L, (lua_Integer)v);
    else
        lua_pushnumber(L, v);
}

static void push_number(struct decoder *d, const struct sio_json_token *t)
{
    struct sio_buf *text = &d->b->text;
    int64_t v;
    if (t->integer && sio_json_int(t->raw, &v) == 0) {
        lua_pushinteger(d->L, v);
        return;
    }
    /* Through Lua, which knows the locale's decimal point. */
    sio_buf_clear(text);
    sio_buf_append_slice(text, t->raw);
    if (t->integer)
        sio_buf_append_slice(text, SIO_LIT(".0"));
    sio_buf_append_char(text, '\0');
    lua_stringtonumber(d->L, text->p);
    if (!t->integer) {
        double number = lua_tonumber(d->L, -1);
        lua_pop(d->L, 1);
        push_double(d->L, number);
    }
}

/* Room for the next items, each of so many values, and to work on them. Bit by bit, for a coroutine
 * keeps the stack that was ever asked for. */
static bool room_for(lua_State *L, int pending, int values)
{
    enum { STEP = 8 };
    return pending % STEP != 0 || lua_checkstack(L, STEP * values + 8);
}

/* ---- arrays ---------------------------------------------------------------------------------- */

/* Moves the n values on top of the stack into the table at `table`, behind its first `have`.
 * Upwards when the table must grow: from above, they would land in its hash part. */
static void flush_items(lua_State *L, int table, lua_Integer have, int n)
{
    int first = lua_gettop(L) - n + 1;
    if (have == 0) {
        for (int i = n; i >= 1; i--)
            lua_rawseti(L, table, i);
        return;
    }
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, first + i);
        lua_rawseti(L, table, have + i + 1);
    }
    lua_settop(L, first - 1);
}

static int decode_array(struct decoder *d)
{
    lua_State *L = d->L;
    int base = lua_gettop(L) + 1, pending = 0, err;
    lua_Integer have = 0;
    struct sio_json_token t;
    while ((err = sio_json_next(&d->reader, &t)) == 0 && t.type != SIO_JSON_ARRAY_END) {
        if (pending == PORTION) {
            if (have == 0) {
                lua_createtable(L, 2 * PORTION, 0);
                lua_insert(L, base);
            }
            flush_items(L, base, have, pending);
            have += pending;
            pending = 0;
        }
        if (!room_for(L, pending, 1))
            return SIO_EFULL;
        err = decode_value(d, &t);
        if (err != 0)
            return err;
        pending++;
    }
    if (err != 0)
        return err;
    if (have == 0) {
        lua_createtable(L, pending, 0);
        lua_insert(L, base);
    }
    flush_items(L, base, have, pending);
    return 0;
}

/* ---- objects --------------------------------------------------------------------------------- */

/* In order, so that of two members with one name the last counts. */
static void flush_members(lua_State *L, int table, int n)
{
    int first = lua_gettop(L) - 2 * n + 1;
    for (int i = 0; i < n; i++) {
        lua_pushvalue(L, first + 2 * i);
        lua_pushvalue(L, first + 2 * i + 1);
        lua_rawset(L, table);
    }
    lua_settop(L, first - 1);
}

/* {"_placeholder":true,"num":n} on top of the stack becomes the attachment. */
static void put_attachment(struct decoder *d)
{
    lua_State *L = d->L;
    bool is_placeholder;
    lua_Integer num;
    lua_pushliteral(L, "_placeholder");
    lua_rawget(L, -2);
    is_placeholder = lua_isboolean(L, -1) && lua_toboolean(L, -1);
    lua_pushliteral(L, "num");
    lua_rawget(L, -3);
    num = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
    lua_pop(L, 2);
    if (is_placeholder && num >= 0 && num < (lua_Integer)d->n_attachments) {
        struct sio_blob *blob = d->attachments[num];
        lua_pop(L, 1);
        sio_binary_push(L, blob, 0, blob->len);
    }
}

static int decode_member(struct decoder *d, const struct sio_json_token *key)
{
    struct sio_json_token t;
    int err;
    push_string(d, key);
    err = sio_json_next(&d->reader, &t);
    return err != 0 ? err : decode_value(d, &t);
}

/* The table of an object whose last `pending` members are on the stack, at `base`. */
static void make_object(struct decoder *d, int base, int pending, bool first)
{
    lua_State *L = d->L;
    if (first) {
        lua_createtable(L, 0, pending);
        lua_insert(L, base);
    }
    flush_members(L, base, pending);
}

static int decode_object(struct decoder *d)
{
    lua_State *L = d->L;
    int base = lua_gettop(L) + 1, pending = 0, err;
    bool first = true;
    struct sio_json_token t;
    while ((err = sio_json_next(&d->reader, &t)) == 0 && t.type != SIO_JSON_OBJECT_END) {
        if (pending == PORTION) {
            make_object(d, base, pending, first);
            first = false;
            pending = 0;
        }
        if (!room_for(L, pending, 2))
            return SIO_EFULL;
        err = decode_member(d, &t);
        if (err != 0)
            return err;
        pending++;
    }
    if (err != 0)
        return err;
    make_object(d, base, pending, first);
    if (first && pending == 0) {
        sio_bind_push_ref(d->b, L, SIO_REF_OBJECT_MT);
        lua_setmetatable(L, -2);
    } else if (d->n_attachments) {
        put_attachment(d);
    }
    return 0;
}

/* ---- values ---------------------------------------------------------------------------------- */

static int decode_value(struct decoder *d, const struct sio_json_token *t)
{
    switch (t->type) {
    case SIO_JSON_OBJECT:
        return decode_object(d);
    case SIO_JSON_ARRAY:
        return decode_array(d);
    case SIO_JSON_STRING:
        push_string(d, t);
        return 0;
    case SIO_JSON_NUMBER:
        push_number(d, t);
        return 0;
    case SIO_JSON_TRUE:
    case SIO_JSON_FALSE:
        lua_pushboolean(d->L, t->type == SIO_JSON_TRUE);
        return 0;
    case SIO_JSON_NULL:
        lua_pushlightuserdata(d->L, NULL);
        return 0;
    default:
        return SIO_EPROTO;
    }
}

static int decode_items(struct decoder *d)
{
    struct sio_json_token t;
    int n = 0, err = sio_json_next(&d->reader, &t);
    if (err == 0 && t.type != SIO_JSON_ARRAY)
        return SIO_EPROTO;
    while (err == 0 && (err = sio_json_next(&d->reader, &t)) == 0 && t.type != SIO_JSON_ARRAY_END) {
        if (n == SIO_JSON_ARGS_MAX || !room_for(d->L, n, 1))
            return SIO_EFULL;
        err = decode_value(d, &t);
        n++;
    }
    if (err == 0)
        err = sio_json_next(&d->reader, &t);
    return err != 0 ? err : n;
}

int sio_json_decode_incoming(lua_State *L, struct sio_bind *b, const struct sio_incoming *in)
{
    struct decoder d;
    int top = lua_gettop(L), n;
    d.L = L; /* field by field: the reader is not small */
    d.b = b;
    d.attachments = in->attachments;
    d.n_attachments = in->n_attachments;
    if (in->tape != NULL && in->tape->n != 0)
        sio_json_reader_init_taped(&d.reader, in->tape);
    else
        sio_json_reader_init(&d.reader, in->data, SIO_JSON_DEPTH_MAX);
    n = decode_items(&d);
    if (n < 0)
        lua_settop(L, top);
    return n;
}

int sio_json_decode_args(lua_State *L, struct sio_bind *b, struct sio_slice json,
                         struct sio_blob *const *attachments, unsigned n_attachments)
{
    const struct sio_incoming in = {
        .data = json, .attachments = attachments, .n_attachments = n_attachments};
    return sio_json_decode_incoming(L, b, &in);
}

/* One value and the end behind it. */
static int decode_whole(struct decoder *d, struct sio_slice json)
{
    struct sio_json_token t;
    int top = lua_gettop(d->L), err;
    lua_checkstack(d->L, 8);
    sio_json_reader_init(&d->reader, json, SIO_JSON_DEPTH_MAX);
    err = sio_json_next(&d->reader, &t);
    if (err == 0)
        err = decode_value(d, &t);
    if (err == 0)
        err = sio_json_next(&d->reader, &t);
    if (err != 0)
        lua_settop(d->L, top);
    return err;
}

int sio_json_decode_value(lua_State *L, struct sio_bind *b, struct sio_slice json, size_t *at)
{
    struct decoder d = {.L = L, .b = b};
    int err = decode_whole(&d, json);
    if (at != NULL)
        *at = d.reader.pos;
    return err;
}

int sio_json_decode_data(lua_State *L, struct sio_bind *b, struct sio_slice json,
                         struct sio_blob *const *attachments, unsigned n_attachments)
{
    struct decoder d = {.L = L, .b = b, .attachments = attachments, .n_attachments = n_attachments};
    return decode_whole(&d, json);
}

/* ---- sio.json -------------------------------------------------------------------------------- */

/* json_encode(value): text, or nil and why */
static int ljson_encode(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    luaL_checkany(L, 1);
    sio_buf_clear(&b->json);
    if (!sio_json_encode_value(L, b, 1, "value", &b->json)) {
        lua_pushnil(L);
        lua_insert(L, -2);
        return 2;
    }
    lua_pushlstring(L, b->json.p, b->json.len);
    return 1;
}

/* json_decode(text): value, or nil and why */
static int ljson_decode(lua_State *L)
{
    struct sio_slice text;
    size_t at = 0;
    int err;
    text.p = luaL_checklstring(L, 1, &text.len);
    err = sio_json_decode_value(L, sio_bind_of(L), text, &at);
    if (err == 0)
        return 1;
    lua_pushnil(L);
    lua_pushfstring(L, "JSON: %s at byte %d", err == SIO_EPROTO ? "bad syntax" : sio_err_text(err),
                    (int)at + 1);
    return 2;
}

/* json_mark(table, "array"|"object"): sets the metatable and returns the table. */
static int ljson_mark(lua_State *L)
{
    static const char *const kinds[] = {"array", "object", NULL};
    static const enum sio_ref refs[] = {SIO_REF_ARRAY_MT, SIO_REF_OBJECT_MT};
    luaL_checktype(L, 1, LUA_TTABLE);
    sio_bind_push_ref(sio_bind_of(L), L, refs[luaL_checkoption(L, 2, NULL, kinds)]);
    lua_setmetatable(L, 1);
    lua_settop(L, 1);
    return 1;
}

static const void *name_metatable(lua_State *L, const struct sio_bind *b, enum sio_ref ref,
                                  const char *name)
{
    const void *pointer;
    sio_bind_push_ref(b, L, ref);
    lua_pushstring(L, name);
    lua_setfield(L, -2, "__name");
    pointer = lua_topointer(L, -1);
    lua_pop(L, 1);
    return pointer;
}

void ljson_open(lua_State *L)
{
    static const luaL_Reg functions[] = {{"json_encode", ljson_encode},
                                         {"json_decode", ljson_decode},
                                         {"json_mark", ljson_mark},
                                         {NULL, NULL}};
    struct sio_bind *b = sio_bind_of(L);
    luaL_setfuncs(L, functions, 0);
    lua_pushlightuserdata(L, NULL); /* what lua-cjson calls cjson.null */
    lua_setfield(L, -2, "null");
    b->array_mt = name_metatable(L, b, SIO_REF_ARRAY_MT, "sio.array");
    b->object_mt = name_metatable(L, b, SIO_REF_OBJECT_MT, "sio.object");
}
