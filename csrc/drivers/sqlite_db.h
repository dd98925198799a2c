// SPDX-License-Identifier: MIT
/* A database, its cursors, and a batch of operations on it: what the Lua side (sqlite.c) fills in
 * on the loop and the pool thread (sqlite_run.c) works off.
 *
 * A database is one connection that writes, and readers: cursors that stay open from batch to batch
 * read a snapshot of their own. On the writing connection they would hold its transaction open, and
 * once another process has written, every statement there would fail with "busy".
 *
 * Owns: a database its connections and cursor states; a batch its values. Errors: in the
 * operations. Thread: the pool thread while db->batch runs, else the loop. Reenters: no.
 */
#ifndef SIO_DRIVERS_SQLITE_DB_H
#define SIO_DRIVERS_SQLITE_DB_H

#include "sio_driver.h"
#include "sqlite_conn.h"

enum {
    SIO_SQLITE_BATCH_ROWS = 256,      /* rows that a cursor brings per hop */
    SIO_SQLITE_BATCH_BYTES = 1 << 20, /* or this many bytes, whichever comes first */
    SIO_SQLITE_READERS = 16,          /* cursors open at a time; further ones wait */
    SIO_SQLITE_READERS_MAX = 64,      /* with those opened inside the loop of another one */
    SIO_SQLITE_READERS_IDLE = 2,      /* reading connections kept for later */
    SIO_SQLITE_SQL_SHOWN = 60,        /* bytes of the statement in an error */
};

struct sio_sqlite_value {
    enum {
        SIO_SQLITE_NULL,
        SIO_SQLITE_INT,
        SIO_SQLITE_REAL,
        SIO_SQLITE_TEXT,
        SIO_SQLITE_BLOB
    } type;
    union {
        sqlite3_int64 i;
        double d;
        const char *p; /* an argument: memory of a Lua string that the batch keeps alive */
        size_t at;     /* a result: offset in the batch's bytes */
    } u;
    size_t len; /* TEXT, BLOB: bytes */
};

struct sio_sqlite_cursor {
    struct sio_sqlite_cursor *next; /* in db->cursors */
    struct sio_sqlite_conn *conn;   /* NULL: finished */
    struct sio_sqlite_stmt *stmt;
    bool dropped; /* nobody will fetch; swept when the database is idle */
    bool orphan;  /* its userdata is gone: the sweep frees it */
};

struct sio_sqlite_batch;

struct sio_sqlite_db {
    struct sio_sqlite_options options;
    struct sio_sqlite_conn *main; /* NULL: not open */
    struct sio_sqlite_conn *idle; /* readers without a cursor */
    struct sio_sqlite_cursor *cursors;
    unsigned n_idle, n_readers;     /* n_readers: out with a cursor */
    struct sio_sqlite_batch *batch; /* the one that was made and has not run to its end */
};

enum sio_sqlite_kind {
    SIO_SQLITE_OPEN,
    SIO_SQLITE_CLOSE,
    SIO_SQLITE_EXEC,  /* value: last insert id or changes */
    SIO_SQLITE_ROW,   /* the first row */
    SIO_SQLITE_ROWS,  /* starts a cursor and fetches */
    SIO_SQLITE_FETCH, /* the next rows of a cursor */
};

enum sio_sqlite_status {
    SIO_SQLITE_DONE,
    SIO_SQLITE_FAILED, /* code and message */
    SIO_SQLITE_MISUSE, /* the caller's mistake: message */
    SIO_SQLITE_WAIT,   /* ROWS: every reader is taken; try again when a cursor has ended */
};

struct sio_sqlite_op {
    enum sio_sqlite_kind kind;
    const char *sql; /* NUL-terminated; kept alive by the batch */
    size_t sql_len;
    size_t first_arg, n_args;
    struct sio_sqlite_cursor *cursor; /* ROWS, FETCH */
    bool nested;                      /* ROWS: may go beyond SIO_SQLITE_READERS */
    /* results */
    enum sio_sqlite_status status;
    const char *code; /* static: "unique", "busy", "constraint", "full" or "error" */
    char *message;
    sqlite3_int64 value;
    size_t first_cell, n_cells, n_cols;
    bool more; /* the cursor has more rows */
};

struct sio_sqlite_batch {
    struct sio_driver_job job; /* first: see sio_driver.h */
    struct sio_sqlite_db *db;
    struct sio_sqlite_op *ops;
    struct sio_sqlite_value *args, *cells;
    char *bytes; /* of TEXT and BLOB cells */
    size_t n_ops, n_args, n_cells, n_bytes;
    size_t cap_ops, cap_args, cap_cells, cap_bytes;
};

/* Works the operations off in order. */
void sio_sqlite_run(struct sio_driver_job *job);
/* Ends the cursor: its statement and reader are free for others. Idempotent. */
void sio_sqlite_cursor_end(struct sio_sqlite_db *db, struct sio_sqlite_cursor *c);
/* Ends dropped cursors and frees the orphans. Only while nothing runs. */
void sio_sqlite_db_sweep(struct sio_sqlite_db *db);
/* Ends all cursors and closes all connections; a second call does nothing. */
void sio_sqlite_db_close(struct sio_sqlite_db *db);
/* Grows an array to hold `need` items of `size` bytes. */
void *sio_sqlite_grow(void *items, size_t *cap, size_t need, size_t size);

#endif
