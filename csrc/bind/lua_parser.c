// SPDX-License-Identifier: MIT
/* Packets <-> the tables of a parser in Lua. Stands on bind/json for their data, call for running
 * it, and codec/sio_packet for the checks of what comes in.
 *
 * Invariant: all that can raise happens inside `encode_protected` and `decode_protected`; what they
 * hold outside Lua is in their struct, which the caller cleans up.
 */
#include "bind/lua_parser.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "bind/binary.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "bind/json.h"
#include "sio/parser.h"

static const uint64_t id_max = (UINT64_C(1) << 53) - 1; /* Number.MAX_SAFE_INTEGER */

struct sio_lua_parser {
    struct sio_bind *bind;
    bool per_client;     /* DECODE makes a function for each client */
    char encode, decode; /* their addresses are the functions' keys, see sio_handle_set_callback */
    struct sio_buf why;  /* what was wrong with a message */
};

/* The first line of an error, for who is told it: the traceback is for the log. */
static struct sio_slice first_line(const struct sio_buf *text)
{
    const char *end = text->len != 0 ? memchr(text->p, '\n', text->len) : NULL;
    return sio_slice(text->p, end != NULL ? (size_t)(end - text->p) : text->len);
}

/* ---- out ------------------------------------------------------------------------------------ */

struct encoding {
    struct sio_lua_parser *parser;
    const struct sio_out_head *head;
    struct sio_out *out;
    struct sio_slice data;
    struct sio_blob *blobs[SIO_OUT_ATTACHMENTS_MAX];
};

static void push_packet(lua_State *L, const struct encoding *e)
{
    const struct sio_out_head *head = e->head;
    lua_createtable(L, 0, 4);
    lua_pushinteger(L, head->type);
    lua_setfield(L, -2, "type");
    lua_pushlstring(L, head->nsp.p, head->nsp.len);
    lua_setfield(L, -2, "nsp");
    if (head->has_id) {
        lua_pushinteger(L, (lua_Integer)head->id);
        lua_setfield(L, -2, "id");
    }
    if (e->data.len == 0)
        return;
    int err = sio_json_decode_data(L, e->parser->bind, e->data, e->blobs, head->n_attachments);
    if (err != 0)
        luaL_error(L, "the packet's data: %s", sio_err_text(err));
    lua_setfield(L, -2, "data");
}

/* The value on top is one message. */
static void add_message(lua_State *L, struct encoding *e)
{
    struct sio_slice s;
    if (e->out->n > SIO_OUT_ATTACHMENTS_MAX)
        luaL_error(L, "encode returned more than %d messages", SIO_OUT_ATTACHMENTS_MAX + 1);
    if (sio_binary_get(L, -1, &s)) {
        sio_out_add(e->out, eio_msg_binary(s));
        return;
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L,
                   "encode must return a message (a string, or bytes as sio.binary) or a list of "
                   "them, got %s",
                   luaL_typename(L, -1));
    s.p = lua_tolstring(L, -1, &s.len);
    if (!sio_utf8_valid(s))
        luaL_error(L, "encode returned text that is not valid UTF-8 (use sio.binary for bytes)");
    sio_out_add(e->out, eio_msg_text(EIO_MESSAGE, &s, 1));
}

/* Results: a message or a list of them; or nil and why. */
static void add_messages(lua_State *L, struct encoding *e)
{
    if (lua_isnil(L, -2))
        luaL_error(L, "encode returned nil%s%s", lua_isstring(L, -1) ? ": " : "",
                   lua_isstring(L, -1) ? lua_tostring(L, -1) : "");
    lua_pop(L, 1);
    if (!lua_istable(L, -1)) {
        add_message(L, e);
        return;
    }
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
        add_message(L, e);
        lua_pop(L, 1);
    }
    if (e->out->n == 0)
        luaL_error(L, "encode returned a list without messages");
}

static int encode_protected(lua_State *L)
{
    struct encoding *e = lua_touserdata(L, 1);
    sio_handle_push_callback(e->parser->bind, L, &e->parser->encode);
    push_packet(L, e);
    lua_call(L, 1, 2);
    add_messages(L, e);
    return 0;
}

static int encode(void *ctx, const struct sio_out_head *head, struct sio_out *out)
{
    struct sio_buf data = {0}, error = {0};
    struct encoding e; /* the blobs need not be zeroed */
    e.parser = ctx;
    e.head = head;
    e.out = out;
    struct sio_slice text = sio_out_data(head, &data);
    if (data.p == NULL) /* a copy: finalizers run while it is decoded, and use bind's scratch */
        sio_buf_append_slice(&data, text);
    e.data = sio_buf_slice(&data);
    for (unsigned i = 0; i < head->n_attachments; i++)
        e.blobs[i] = sio_blob_new(head->attachments[i]);
    bool ok = sio_call_confined(e.parser->bind, "parser", encode_protected, &e, &error);
    for (unsigned i = 0; i < head->n_attachments; i++)
        sio_blob_unref(e.blobs[i]);
    if (!ok) {
        sio_out_fini(out);
        if (error.len != 0)
            sio_log_limited(SIO_LOG_ERROR, "parser-encode",
                            "parser error, a packet is not sent: %.*s", (int)error.len, error.p);
    }
    sio_buf_fini(&data);
    sio_buf_fini(&error);
    return ok ? 0 : SIO_EPARSER;
}

/* ---- in ------------------------------------------------------------------------------------- */

struct decoding {
    struct sio_lua_parser *parser;
    const struct sio_wire *wire;
    char **kept; /* per_client: the key of the client's function */
    struct sio_slice message;
    struct sio_blob *bytes; /* the message, when it is binary */
    struct sio_inbound *in;
    const char *why; /* refused, in upstream's words or the parser's */
    bool got;        /* a packet */
};

/* Pushes the function that decodes this client's messages. */
static void push_decode(lua_State *L, const struct decoding *d)
{
    const struct sio_bind *b = d->parser->bind;
    if (!d->parser->per_client) {
        sio_handle_push_callback(b, L, &d->parser->decode);
        return;
    }
    sio_handle_push_callback(b, L, *d->kept);
    if (!lua_isnil(L, -1))
        return;
    lua_pop(L, 1);
    sio_handle_push_callback(b, L, &d->parser->decode);
    lua_call(L, 0, 1);
    if (!lua_isfunction(L, -1))
        luaL_error(L, "decoder must return a function, got %s", luaL_typename(L, -1));
    lua_pushvalue(L, -1);
    sio_handle_set_callback(b, L, *d->kept);
}

static bool refuse(struct decoding *d, const char *why)
{
    d->why = why;
    return false;
}

/* An integer field of the packet at 2, from 0 to max. */
static bool get_integer(lua_State *L, const char *name, uint64_t max, uint64_t *out)
{
    int is_integer = 0;
    lua_getfield(L, 2, name);
    lua_Integer v = lua_isnumber(L, -1) ? lua_tointegerx(L, -1, &is_integer) : 0;
    *out = (uint64_t)v;
    return is_integer && v >= 0 && *out <= max;
}

/* The packet at 2: its data becomes JSON in in->own, behind the name of the namespace. */
static void take_data(lua_State *L, struct decoding *d)
{
    struct sio_attachments attachments = {.n = 0};
    struct sio_inbound *in = d->in;
    size_t from = in->own.len;
    int type = lua_getfield(L, 2, "data");
    bool null = type == LUA_TLIGHTUSERDATA && lua_touserdata(L, -1) == NULL;
    if (type == LUA_TNIL || null)
        return;
    if (!sio_json_encode_data(L, d->parser->bind, -1, "data", &in->own, &attachments))
        lua_error(L);
    in->packet.data.len = in->own.len - from;
    for (unsigned i = 0; i < attachments.n; i++)
        in->attachments[in->packet.attachments++] = sio_blob_new(attachments.slices[i]);
}

static bool take_packet(lua_State *L, struct decoding *d)
{
    struct sio_packet *p = &d->in->packet;
    uint64_t type;
    if (!get_integer(L, "type", SIO_CONNECT_ERROR, &type))
        return refuse(d, "invalid packet type");
    p->type = (enum sio_packet_type)type;
    if (lua_getfield(L, 2, "nsp") != LUA_TSTRING)
        return refuse(d, "invalid namespace");
    p->nsp.p = lua_tolstring(L, -1, &p->nsp.len);
    if (!sio_utf8_valid(p->nsp))
        return refuse(d, "invalid namespace");
    sio_buf_append_slice(&d->in->own, p->nsp);
    take_data(L, d);
    p->nsp.p = d->in->own.p; /* where it is now that the buffer does not grow any more */
    p->data.p = p->nsp.p + p->nsp.len;
    if (sio_packet_check(p, d->wire->v2, &d->why) != 0)
        return false;
    p->has_id = lua_getfield(L, 2, "id") != LUA_TNIL;
    if (p->has_id && !get_integer(L, "id", id_max, &p->id))
        return refuse(d, "invalid packet id");
    return true;
}

/* Results: a packet; nil: more to come; nil and why: refused. */
static int decode_protected(lua_State *L)
{
    struct decoding *d = lua_touserdata(L, 1);
    push_decode(L, d);
    if (d->bytes != NULL)
        sio_binary_push(L, d->bytes, 0, d->bytes->len);
    else
        lua_pushlstring(L, d->message.p, d->message.len);
    lua_call(L, 1, 2); /* its results are at 2 and 3 */
    if (lua_istable(L, 2)) {
        d->got = take_packet(L, d);
    } else if (!lua_isnil(L, 2)) {
        luaL_error(L, "decode must return a packet (a table), or nil and what is wrong, got %s",
                   luaL_typename(L, 2));
    } else if (lua_type(L, 3) == LUA_TSTRING) {
        struct sio_buf *why = &d->parser->why;
        sio_buf_clear(why);
        sio_buf_append(why, lua_tostring(L, 3), lua_rawlen(L, 3) + 1);
        d->why = why->p;
    }
    return 0;
}

static void forget(void *ctx, void *kept)
{
    struct sio_lua_parser *p = ctx;
    sio_handle_drop_callback(p->bind, kept);
    sio_free(kept);
}

/* The parser's own code failed, or it raised because of the message: who can tell. */
static const char *failed(struct sio_lua_parser *p, const struct sio_buf *error)
{
    sio_log_limited(SIO_LOG_WARN, "parser-decode", "parser error, its client is closed: %.*s",
                    (int)error->len, error->p);
    sio_buf_clear(&p->why);
    sio_buf_append_slice(&p->why, first_line(error));
    sio_buf_append_char(&p->why, '\0');
    return p->why.p;
}

static int decode(void *ctx, const struct sio_wire *wire, void **kept, struct sio_slice message,
                  bool binary, struct sio_inbound *in, const char **why)
{
    struct sio_lua_parser *p = ctx;
    char *key = *kept;
    struct sio_buf error = {0};
    struct decoding d = {.parser = p, .wire = wire, .kept = &key, .message = message, .in = in};
    if (p->per_client && key == NULL)
        *kept = key = sio_calloc(1, 1);
    d.bytes = binary ? sio_blob_new(message) : NULL;
    in->packet = (struct sio_packet){0};
    if (!sio_call_confined(p->bind, "parser", decode_protected, &d, &error))
        d.why = failed(p, &error);
    sio_blob_unref(d.bytes);
    sio_buf_fini(&error);
    *why = d.why;
    if (d.got && d.why == NULL)
        return 1;
    for (unsigned i = 0; i < in->packet.attachments; i++)
        sio_blob_unref(in->attachments[i]);
    sio_buf_fini(&in->own);
    return d.why != NULL ? SIO_EPROTO : 0;
}

/* ---- made and freed ------------------------------------------------------------------------- */

static const struct sio_parser in_lua = {.encode = encode, .decode = decode, .forget = forget};

/* Keeps the function in field `name` of the table on top under `key`; false when there is none. */
static bool keep(lua_State *L, const struct sio_bind *b, const char *name, const void *key)
{
    if (lua_getfield(L, -1, name) == LUA_TFUNCTION) {
        sio_handle_set_callback(b, L, key);
        return true;
    }
    lua_pop(L, 1);
    return false;
}

struct sio_lua_parser *sio_lua_parser_new(lua_State *L, struct sio_bind *b,
                                          struct sio_server_options *o)
{
    struct sio_lua_parser *p = NULL;
    if (lua_getfield(L, 1, "parser") == LUA_TTABLE) {
        p = sio_calloc(1, sizeof *p);
        p->bind = b;
        keep(L, b, "encode", &p->encode);
        p->per_client = keep(L, b, "decoder", &p->decode);
        if (!p->per_client)
            keep(L, b, "decode", &p->decode);
        o->parser = &in_lua;
        o->parser_ctx = p;
    }
    lua_pop(L, 1);
    return p;
}

void sio_lua_parser_free(struct sio_lua_parser *p)
{
    if (p == NULL)
        return;
    sio_handle_drop_callback(p->bind, &p->encode);
    sio_handle_drop_callback(p->bind, &p->decode);
    sio_buf_fini(&p->why);
    sio_free(p);
}
