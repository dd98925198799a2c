// SPDX-License-Identifier: MIT
/* Running a batch on a pool thread: no Lua here (sqlite_db.h). */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_db.h"

static const char *code_of(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return "unique";
    }
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return "constraint";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "busy";
    case SQLITE_FULL:
        return "full";
    }
    return "error";
}

/* How much of the statement an error shows: not a part of a UTF-8 character. */
static int shown(const struct sio_sqlite_op *op)
{
    size_t len = op->sql_len;
    if (len > SIO_SQLITE_SQL_SHOWN)
        for (len = SIO_SQLITE_SQL_SHOWN; len > 0 && ((unsigned char)op->sql[len] & 0xc0) == 0x80;)
            len--;
    return (int)len;
}

static void finish_message(struct sio_sqlite_op *op, enum sio_sqlite_status status, char *message)
{
    free(op->message);
    op->status = status;
    op->message = message;
    for (char *p = message; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
}

static void fail_text(struct sio_sqlite_op *op, const char *code, const char *text)
{
    size_t size = strlen(text) + SIO_SQLITE_SQL_SHOWN + 8;
    char *message = sio_sqlite_realloc(NULL, size);
    snprintf(message, size, op->sql ? "%s [%.*s%s]" : "%s", text, shown(op), op->sql,
             op->sql_len > SIO_SQLITE_SQL_SHOWN ? "..." : "");
    op->code = code;
    finish_message(op, SIO_SQLITE_FAILED, message);
}

static void fail(struct sio_sqlite_op *op, struct sio_sqlite_conn *conn, int rc)
{
    bool said = conn && conn->handle && sqlite3_extended_errcode(conn->handle) == rc;
    fail_text(op, code_of(rc), said ? sqlite3_errmsg(conn->handle) : sqlite3_errstr(rc));
}

static void misuse(struct sio_sqlite_op *op, const char *fmt, ...)
{
    enum { MESSAGE_MAX = 128 };
    char *message = sio_sqlite_realloc(NULL, MESSAGE_MAX);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, MESSAGE_MAX, fmt, ap);
    va_end(ap);
    finish_message(op, SIO_SQLITE_MISUSE, message);
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct sio_sqlite_value *v, bool keep)
{
    sqlite3_destructor_type life = keep ? SQLITE_TRANSIENT : SQLITE_STATIC;
    switch (v->type) {
    case SIO_SQLITE_INT:
        return sqlite3_bind_int64(stmt, at, v->u.i);
    case SIO_SQLITE_REAL:
        return sqlite3_bind_double(stmt, at, v->u.d);
    case SIO_SQLITE_TEXT:
        return sqlite3_bind_text64(stmt, at, v->u.p, v->len, life, SQLITE_UTF8);
    case SIO_SQLITE_BLOB:
        return sqlite3_bind_blob64(stmt, at, v->u.p, v->len, life);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}

/* `keep`: the statement outlives this batch, so SQLite has to copy the values. */
static bool bind_all(struct sio_sqlite_batch *b, struct sio_sqlite_op *op,
                     struct sio_sqlite_conn *conn, sqlite3_stmt *stmt, bool keep)
{
    int wanted = sqlite3_bind_parameter_count(stmt);
    if ((size_t)wanted != op->n_args) {
        misuse(op, "the statement has %d parameters, %zu values were given", wanted, op->n_args);
        return false;
    }
    for (int i = 0; i < wanted; i++) {
        int rc = bind_one(stmt, i + 1, &b->args[op->first_arg + (size_t)i], keep);
        if (rc != SQLITE_OK) {
            fail(op, conn, rc);
            return false;
        }
    }
    return true;
}

static struct sio_sqlite_value *new_cell(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    b->cells = sio_sqlite_grow(b->cells, &b->cap_cells, b->n_cells + 1, sizeof(*b->cells));
    op->n_cells++;
    return &b->cells[b->n_cells++];
}

static void store_bytes(struct sio_sqlite_batch *b, struct sio_sqlite_value *v, const void *p,
                        size_t len)
{
    b->bytes = sio_sqlite_grow(b->bytes, &b->cap_bytes, b->n_bytes + len, 1);
    if (len > 0)
        memcpy(b->bytes + b->n_bytes, p, len);
    v->u.at = b->n_bytes;
    v->len = len;
    b->n_bytes += len;
}

static void store_column(struct sio_sqlite_batch *b, struct sio_sqlite_op *op, sqlite3_stmt *stmt,
                         int column)
{
    struct sio_sqlite_value *v = new_cell(b, op);
    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_INTEGER:
        v->type = SIO_SQLITE_INT;
        v->u.i = sqlite3_column_int64(stmt, column);
        return;
    case SQLITE_FLOAT:
        v->type = SIO_SQLITE_REAL;
        v->u.d = sqlite3_column_double(stmt, column);
        return;
    case SQLITE_NULL:
        v->type = SIO_SQLITE_NULL;
        return;
    case SQLITE_BLOB:
        v->type = SIO_SQLITE_BLOB;
        break;
    default:
        v->type = SIO_SQLITE_TEXT;
    }
    {
        const void *p = sqlite3_column_blob(stmt, column);
        store_bytes(b, v, p, (size_t)sqlite3_column_bytes(stmt, column));
    }
}

static void store_row(struct sio_sqlite_batch *b, struct sio_sqlite_op *op, sqlite3_stmt *stmt)
{
    int n = sqlite3_column_count(stmt);
    op->n_cols = (size_t)n;
    for (int i = 0; i < n; i++)
        store_column(b, op, stmt, i);
}

static void step_to_end(struct sio_sqlite_op *op, struct sio_sqlite_conn *conn, sqlite3_stmt *stmt)
{
    int before = sqlite3_total_changes(conn->handle), rc;
    /* Tells an INSERT from everything else: only that sets it. */
    sqlite3_set_last_insert_rowid(conn->handle, 0);
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        continue;
    if (rc != SQLITE_DONE) {
        fail(op, conn, rc);
        return;
    }
    op->value = sqlite3_last_insert_rowid(conn->handle);
    if (op->value == 0 && sqlite3_total_changes(conn->handle) != before)
        op->value = sqlite3_changes(conn->handle);
}

/* Runs the first statement of *sql and moves *sql behind it. */
static void exec_one(struct sio_sqlite_batch *b, struct sio_sqlite_op *op, const char **sql)
{
    struct sio_sqlite_conn *conn = b->db->main;
    const char *tail, *end = op->sql + op->sql_len;
    struct sio_sqlite_stmt *stmt;
    int rc = sio_sqlite_conn_take(conn, *sql, (size_t)(end - *sql), &stmt, &tail);
    *sql = tail;
    if (rc != SQLITE_OK)
        fail(op, conn, rc);
    if (!stmt)
        return;
    if (op->n_args > 0 && sio_sqlite_conn_more(conn, tail, (size_t)(end - tail)))
        misuse(op, "values can be bound to a single statement only");
    else if (bind_all(b, op, conn, stmt->handle, false))
        step_to_end(op, conn, stmt->handle);
    sio_sqlite_conn_give(conn, stmt);
}

static void run_exec(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    const char *sql = op->sql;
    while (op->status == SIO_SQLITE_DONE && sql < op->sql + op->sql_len)
        exec_one(b, op, &sql);
}

/* A single statement with its values, ready to step; NULL when op has failed. */
static struct sio_sqlite_stmt *start(struct sio_sqlite_batch *b, struct sio_sqlite_op *op,
                                     struct sio_sqlite_conn *conn, bool keep)
{
    const char *tail;
    struct sio_sqlite_stmt *stmt;
    int rc = sio_sqlite_conn_take(conn, op->sql, op->sql_len, &stmt, &tail);
    if (rc != SQLITE_OK) {
        fail(op, conn, rc);
        return NULL;
    }
    if (!stmt)
        misuse(op, "no statement");
    else if (sio_sqlite_conn_more(conn, tail, (size_t)(op->sql + op->sql_len - tail)))
        misuse(op, "one statement at a time");
    else if (bind_all(b, op, conn, stmt->handle, keep))
        return stmt;
    sio_sqlite_conn_give(conn, stmt);
    return NULL;
}

static void run_row(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    struct sio_sqlite_conn *conn = b->db->main;
    struct sio_sqlite_stmt *stmt = start(b, op, conn, false);
    int rc;
    if (!stmt)
        return;
    rc = sqlite3_step(stmt->handle);
    if (rc == SQLITE_ROW) {
        store_row(b, op, stmt->handle);
        /* What writes (RETURNING) has to reach its end, what reads may stop here. */
        while (rc == SQLITE_ROW && !sqlite3_stmt_readonly(stmt->handle))
            rc = sqlite3_step(stmt->handle);
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail(op, conn, rc);
    sio_sqlite_conn_give(conn, stmt);
}

static bool batch_full(const struct sio_sqlite_batch *b, const struct sio_sqlite_op *op,
                       size_t rows, size_t bytes_before)
{
    size_t bytes = b->n_bytes - bytes_before + op->n_cells * sizeof(*b->cells);
    return rows >= SIO_SQLITE_BATCH_ROWS || bytes >= SIO_SQLITE_BATCH_BYTES;
}

static void run_fetch(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    struct sio_sqlite_cursor *c = op->cursor;
    size_t rows = 0, before = b->n_bytes;
    bool reads;
    int rc;
    if (!c->conn)
        return;
    /* What writes runs to its end: SQLite holds its rows in memory anyway, and its transaction must
     * not stay open between hops. */
    reads = sqlite3_stmt_readonly(c->stmt->handle);
    while ((rc = sqlite3_step(c->stmt->handle)) == SQLITE_ROW) {
        store_row(b, op, c->stmt->handle);
        if (reads && batch_full(b, op, ++rows, before)) {
            op->more = true;
            return;
        }
    }
    if (rc != SQLITE_DONE)
        fail(op, c->conn, rc);
    sio_sqlite_cursor_end(b->db, c);
}

static struct sio_sqlite_conn *take_reader(struct sio_sqlite_db *db, struct sio_sqlite_op *op)
{
    struct sio_sqlite_conn *conn = db->idle;
    int rc;
    if (conn) {
        db->idle = conn->next;
        db->n_idle--;
        db->n_readers++;
        return conn;
    }
    rc = sio_sqlite_conn_open(&db->options, true, &conn);
    if (rc != SQLITE_OK) {
        fail(op, conn, rc);
        sio_sqlite_conn_close(conn);
        return NULL;
    }
    db->n_readers++;
    return conn;
}

/* Readers see neither temporary and attached tables nor what an open transaction has written. */
static bool wants_main(struct sio_sqlite_db *db, struct sio_sqlite_stmt *stmt)
{
    return !db->options.shared || !sqlite3_get_autocommit(db->main->handle) ||
           !sqlite3_stmt_readonly(stmt->handle);
}

static bool may_read(const struct sio_sqlite_db *db, struct sio_sqlite_op *op)
{
    if (db->n_readers < (op->nested ? SIO_SQLITE_READERS_MAX : SIO_SQLITE_READERS))
        return true;
    op->status = SIO_SQLITE_WAIT;
    if (op->nested)
        fail_text(op, "full", "too many open cursors");
    return false;
}

static void open_on_reader(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    struct sio_sqlite_db *db = b->db;
    struct sio_sqlite_cursor *c = op->cursor;
    if (!may_read(db, op))
        return;
    c->conn = take_reader(db, op);
    if (!c->conn)
        return;
    c->stmt = start(b, op, c->conn, true);
    if (c->stmt)
        return;
    sio_sqlite_cursor_end(db, c);
    /* The main connection could prepare it: it names something that only this one has. */
    op->status = SIO_SQLITE_DONE;
    c->stmt = start(b, op, db->main, true);
    c->conn = c->stmt ? db->main : NULL;
}

static void run_rows(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    struct sio_sqlite_db *db = b->db;
    struct sio_sqlite_cursor *c = op->cursor;
    struct sio_sqlite_stmt *stmt = start(b, op, db->main, true);
    if (!stmt)
        return;
    if (wants_main(db, stmt)) {
        c->conn = db->main;
        c->stmt = stmt;
    } else {
        sio_sqlite_conn_give(db->main, stmt);
        open_on_reader(b, op);
    }
    run_fetch(b, op);
}

static void run_open(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    struct sio_sqlite_db *db = b->db;
    int rc;
    if (db->main) {
        misuse(op, "the database is open already");
        return;
    }
    rc = sio_sqlite_conn_open(&db->options, false, &db->main);
    if (rc == SQLITE_OK)
        return;
    fail(op, db->main, rc);
    sio_sqlite_db_close(db);
}

static void run_op(struct sio_sqlite_batch *b, struct sio_sqlite_op *op)
{
    op->first_cell = b->n_cells;
    if (op->kind == SIO_SQLITE_OPEN)
        run_open(b, op);
    else if (op->kind == SIO_SQLITE_CLOSE)
        sio_sqlite_db_close(b->db);
    else if (!b->db->main)
        fail_text(op, "error", "the database is closed");
    else if (op->kind == SIO_SQLITE_EXEC)
        run_exec(b, op);
    else if (op->kind == SIO_SQLITE_ROW)
        run_row(b, op);
    else if (op->kind == SIO_SQLITE_ROWS)
        run_rows(b, op);
    else
        run_fetch(b, op);
}

void sio_sqlite_run(struct sio_driver_job *job)
{
    struct sio_sqlite_batch *b = (struct sio_sqlite_batch *)(void *)job;
    for (size_t i = 0; i < b->n_ops; i++)
        run_op(b, &b->ops[i]);
}
