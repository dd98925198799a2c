// SPDX-License-Identifier: MIT
/* sio.driver.sqlite: databases, cursors and batches as Lua userdata, for lua/sio/sqlite.lua, which
 * owns the order in which statements run and raises what is the caller's fault.
 *
 * Stands on sqlite_db.h and sio_driver.h; a module of its own that knows nothing of the core. At
 * most one batch per database exists until its job has finished or it is collected: that is what
 * lets connections go without a mutex.
 *
 * Owns: batch -> (user value) the strings it borrows and its database; cursor -> its database.
 */
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_db.h"

#define DB "sio.driver.sqlite.db"
#define CURSOR "sio.driver.sqlite.cursor"
#define BATCH "sio.driver.sqlite.batch"
#define BINARY "sio.binary" /* the core's type for bytes; tostring gives them */

struct cursor_handle {
    struct sio_sqlite_db *db;
    struct sio_sqlite_cursor *state; /* NULL once dropped */
};

static void shut(struct sio_sqlite_db *db)
{
    sio_sqlite_db_close(db);
    while (db->cursors) {
        struct sio_sqlite_cursor *c = db->cursors;
        db->cursors = c->next;
        free(c);
    }
    free(db->options.path);
    db->options.path = NULL;
}

/* lua_close does not wait for the pool; what a job still uses is left to the end of the process. */
static int db_gc(lua_State *L)
{
    struct sio_sqlite_db *db = luaL_checkudata(L, 1, DB);
    if (!db->batch || !db->batch->job.busy)
        shut(db);
    return 0;
}

/* new(path, busy_timeout_ms, synchronous, foreign_keys, binary): a database that is not open yet;
 * `binary` makes a Lua value from the bytes of a blob. */
static int db_new(lua_State *L)
{
    static const char *const levels[] = {"off", "normal", "full", "extra", NULL};
    static const char *const pragmas[] = {"OFF", "NORMAL", "FULL", "EXTRA"};
    size_t len;
    const char *path = luaL_checklstring(L, 1, &len);
    int timeout_ms = (int)luaL_checkinteger(L, 2);
    int level = luaL_checkoption(L, 3, "normal", levels);
    struct sio_sqlite_db *db;
    luaL_checktype(L, 5, LUA_TFUNCTION);
    db = lua_newuserdatauv(L, sizeof(*db), 1);
    memset(db, 0, sizeof(*db));
    db->options.path = memcpy(sio_sqlite_realloc(NULL, len + 1), path, len + 1);
    db->options.busy_timeout_ms = timeout_ms;
    db->options.synchronous = pragmas[level];
    db->options.foreign_keys = lua_toboolean(L, 4);
    db->options.shared = len > 0 && strcmp(path, ":memory:") != 0;
    luaL_setmetatable(L, DB);
    lua_pushvalue(L, 5);
    lua_setiuservalue(L, -2, 1);
    return 1;
}

static int cursor_drop(lua_State *L)
{
    struct cursor_handle *h = luaL_checkudata(L, 1, CURSOR);
    /* At lua_close the database may be finalised first, and its cursors' states with it. */
    if (!h->state || !h->db->options.path)
        return 0;
    h->state->dropped = h->state->orphan = true;
    h->state = NULL;
    if (!h->db->batch)
        sio_sqlite_db_sweep(h->db);
    return 0;
}

static int cursor_new(lua_State *L)
{
    struct sio_sqlite_db *db = luaL_checkudata(L, 1, DB);
    struct cursor_handle *h = lua_newuserdatauv(L, sizeof(*h), 1);
    h->db = db;
    h->state = NULL;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    luaL_setmetatable(L, CURSOR);
    h->state = sio_sqlite_realloc(NULL, sizeof(*h->state));
    *h->state = (struct sio_sqlite_cursor){.next = db->cursors};
    db->cursors = h->state;
    return 1;
}

static int batch_finish(lua_State *L, struct sio_driver_job *job)
{
    struct sio_sqlite_batch *b = (struct sio_sqlite_batch *)(void *)job;
    (void)L;
    b->db->batch = NULL;
    sio_sqlite_db_sweep(b->db);
    return 0;
}

/* batch(db): the next one may be made when this one has run. */
static int batch_new(lua_State *L)
{
    struct sio_sqlite_db *db = luaL_checkudata(L, 1, DB);
    struct sio_sqlite_batch *b;
    if (db->batch)
        return luaL_error(L, "the database has a batch already");
    b = lua_newuserdatauv(L, sizeof(*b), 1);
    memset(b, 0, sizeof(*b));
    b->job.run = sio_sqlite_run;
    b->job.finish = batch_finish;
    b->db = db;
    luaL_setmetatable(L, BATCH);
    lua_createtable(L, 4, 0);
    lua_pushvalue(L, 1);
    lua_rawseti(L, -2, 1);
    lua_setiuservalue(L, -2, 1);
    db->batch = b;
    return 1;
}

static int batch_gc(lua_State *L)
{
    struct sio_sqlite_batch *b = luaL_checkudata(L, 1, BATCH);
    if (b->job.busy)
        return 0;
    if (b->db->batch == b)
        b->db->batch = NULL;
    for (size_t i = 0; i < b->n_ops; i++)
        free(b->ops[i].message);
    free(b->ops);
    free(b->args);
    free(b->cells);
    free(b->bytes);
    b->ops = NULL;
    b->n_ops = 0;
    return 0;
}

/* Keeps the value at the top of the stack alive as long as the batch, and pops it. */
static void keep(lua_State *L)
{
    lua_getiuservalue(L, 1, 1);
    lua_insert(L, -2);
    lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
    lua_pop(L, 1);
}

static bool is_binary(lua_State *L, int at)
{
    bool same;
    if (lua_type(L, at) != LUA_TUSERDATA || luaL_getmetafield(L, at, "__name") == LUA_TNIL)
        return false;
    same = lua_type(L, -1) == LUA_TSTRING && strcmp(lua_tostring(L, -1), BINARY) == 0;
    lua_pop(L, 1);
    return same;
}

static void put_bytes(lua_State *L, struct sio_sqlite_value *v, int type)
{
    v->type = type;
    v->u.p = lua_tolstring(L, -1, &v->len);
    keep(L);
}

/* A value that check() has let through. */
static void put_value(lua_State *L, int at, struct sio_sqlite_value *v)
{
    switch (lua_type(L, at)) {
    case LUA_TBOOLEAN:
        v->type = SIO_SQLITE_INT;
        v->u.i = lua_toboolean(L, at);
        return;
    case LUA_TNUMBER:
        v->type = lua_isinteger(L, at) ? SIO_SQLITE_INT : SIO_SQLITE_REAL;
        if (v->type == SIO_SQLITE_INT)
            v->u.i = lua_tointeger(L, at);
        else
            v->u.d = lua_tonumber(L, at);
        return;
    case LUA_TSTRING:
        lua_pushvalue(L, at);
        put_bytes(L, v, SIO_SQLITE_TEXT);
        return;
    case LUA_TUSERDATA:
        luaL_tolstring(L, at, NULL);
        put_bytes(L, v, SIO_SQLITE_BLOB);
        return;
    default: /* nil, sio.null */
        v->type = SIO_SQLITE_NULL;
    }
}

/* check(...): true, or nil and what is wrong with a value. */
static int check_values(lua_State *L)
{
    int n = lua_gettop(L);
    for (int at = 1; at <= n; at++) {
        int type = lua_type(L, at);
        if (type == LUA_TNIL || type == LUA_TBOOLEAN || type == LUA_TNUMBER || type == LUA_TSTRING)
            continue;
        if (type == LUA_TLIGHTUSERDATA ? !lua_touserdata(L, at) : is_binary(L, at))
            continue;
        luaL_pushfail(L);
        lua_pushfstring(L,
                        "value %d is a %s; SQLite takes nil, booleans, numbers, strings and "
                        "sio.binary",
                        at, luaL_typename(L, at));
        return 2;
    }
    lua_pushboolean(L, 1);
    return 1;
}

static void set_sql(lua_State *L, struct sio_sqlite_op *op, int at)
{
    op->sql = luaL_checklstring(L, at, &op->sql_len);
    lua_pushvalue(L, at);
    keep(L);
}

static void set_cursor(lua_State *L, struct sio_sqlite_op *op, int at)
{
    struct cursor_handle *h = luaL_checkudata(L, at, CURSOR);
    luaL_argcheck(L, h->state, at, "the cursor is closed");
    op->cursor = h->state;
    lua_pushvalue(L, at);
    keep(L);
}

/* add(batch, kind, sql, cursor, nested, ...) -> the operation's number. The values went through
 * check(). Kinds: open, close, exec, row, rows, fetch. */
static int batch_add(lua_State *L)
{
    static const char *const kinds[] = {"open", "close", "exec", "row", "rows", "fetch", NULL};
    enum { FIRST_ARG = 6 };
    struct sio_sqlite_batch *b = luaL_checkudata(L, 1, BATCH);
    int kind = luaL_checkoption(L, 2, NULL, kinds), top = lua_gettop(L);
    struct sio_sqlite_op op = {.kind = (enum sio_sqlite_kind)kind, .first_arg = b->n_args};
    luaL_checkstack(L, 8, NULL);
    if (kind >= SIO_SQLITE_EXEC)
        set_sql(L, &op, 3);
    if (kind >= SIO_SQLITE_ROWS)
        set_cursor(L, &op, 4);
    op.nested = lua_toboolean(L, 5);
    for (int at = FIRST_ARG; at <= top; at++, op.n_args++) {
        b->args = sio_sqlite_grow(b->args, &b->cap_args, b->n_args + 1, sizeof(*b->args));
        put_value(L, at, &b->args[b->n_args++]);
    }
    b->ops = sio_sqlite_grow(b->ops, &b->cap_ops, b->n_ops + 1, sizeof(*b->ops));
    b->ops[b->n_ops++] = op;
    lua_pushinteger(L, (lua_Integer)b->n_ops);
    return 1;
}

/* The value of a cell; the blob constructor is at stack index `binary`. */
static void push_cell(lua_State *L, const struct sio_sqlite_batch *b,
                      const struct sio_sqlite_value *v, int binary)
{
    switch (v->type) {
    case SIO_SQLITE_INT:
        lua_pushinteger(L, v->u.i);
        return;
    case SIO_SQLITE_REAL:
        lua_pushnumber(L, v->u.d);
        return;
    case SIO_SQLITE_TEXT:
        lua_pushlstring(L, b->bytes + v->u.at, v->len);
        return;
    case SIO_SQLITE_BLOB:
        lua_pushvalue(L, binary);
        lua_pushlstring(L, b->bytes + v->u.at, v->len);
        lua_call(L, 1, 1);
        return;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}

static int push_failure(lua_State *L, const struct sio_sqlite_op *op)
{
    static const char *const codes[] = {[SIO_SQLITE_MISUSE] = "misuse", [SIO_SQLITE_WAIT] = "wait"};
    luaL_pushfail(L);
    lua_pushstring(L, op->message);
    lua_pushstring(L, op->status == SIO_SQLITE_FAILED ? op->code : codes[op->status]);
    return 3;
}

/* rows and fetch: the values of all rows one after the other, columns per row, number of values,
 * more */
static int push_rows(lua_State *L, const struct sio_sqlite_batch *b, const struct sio_sqlite_op *op)
{
    int binary = lua_gettop(L);
    lua_createtable(L, (int)op->n_cells, 0);
    for (size_t i = 0; i < op->n_cells; i++) {
        push_cell(L, b, &b->cells[op->first_cell + i], binary);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)op->n_cols);
    lua_pushinteger(L, (lua_Integer)op->n_cells);
    lua_pushboolean(L, op->more);
    return 4;
}

static int push_row(lua_State *L, const struct sio_sqlite_batch *b, const struct sio_sqlite_op *op)
{
    int binary = lua_gettop(L);
    luaL_checkstack(L, (int)op->n_cells + 3, "too many columns");
    for (size_t i = 0; i < op->n_cells; i++)
        push_cell(L, b, &b->cells[op->first_cell + i], binary);
    return (int)op->n_cells;
}

/* result(batch, number): what the operation gave, or nil, message, code. */
static int batch_result(lua_State *L)
{
    struct sio_sqlite_batch *b = luaL_checkudata(L, 1, BATCH);
    lua_Integer at = luaL_checkinteger(L, 2);
    const struct sio_sqlite_op *op;
    luaL_argcheck(L, at >= 1 && (size_t)at <= b->n_ops, 2, "no such operation");
    op = &b->ops[at - 1];
    if (op->status != SIO_SQLITE_DONE)
        return push_failure(L, op);
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, 1);
    lua_getiuservalue(L, -1, 1);
    switch (op->kind) {
    case SIO_SQLITE_EXEC:
        lua_pushinteger(L, op->value);
        return 1;
    case SIO_SQLITE_ROW:
        return push_row(L, b, op);
    case SIO_SQLITE_ROWS:
    case SIO_SQLITE_FETCH:
        return push_rows(L, b, op);
    default:
        lua_pushboolean(L, 1);
        return 1;
    }
}

static void make_type(lua_State *L, const char *name, lua_CFunction gc, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name);
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
    lua_newtable(L);
    luaL_setfuncs(L, methods, 0);
    lua_setfield(L, -2, "__index");
}

static const luaL_Reg db_methods[] = {{"batch", batch_new}, {"cursor", cursor_new}, {NULL, NULL}};
static const luaL_Reg cursor_methods[] = {{"drop", cursor_drop}, {NULL, NULL}};
static const luaL_Reg batch_methods[] = {
    {"add", batch_add}, {"result", batch_result}, {NULL, NULL}};
static const luaL_Reg functions[] = {{"new", db_new}, {"check", check_values}, {NULL, NULL}};

__attribute__((visibility("default"))) int luaopen_sio_driver_sqlite(lua_State *L);

int luaopen_sio_driver_sqlite(lua_State *L)
{
    luaL_checkversion(L);
    if (!sqlite3_threadsafe())
        return luaL_error(L, "this SQLite was built without threads");
    make_type(L, DB, db_gc, db_methods);
    make_type(L, CURSOR, cursor_drop, cursor_methods);
    make_type(L, BATCH, batch_gc, batch_methods);
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, SIO_DRIVER_JOB);
    luaL_newlib(L, functions);
    lua_pushstring(L, sqlite3_libversion());
    lua_setfield(L, -2, "version");
    return 1;
}
