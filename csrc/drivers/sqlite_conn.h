// SPDX-License-Identifier: MIT
/* One SQLite connection and its prepared statements (SQLite C API, sqlite3_prepare_v3).
 *
 * Stands on sqlite3 only; called by sqlite_run.c on a pool thread, and by sqlite_db.c when a
 * database ends. A statement is either in its connection's cache or out with exactly one user.
 *
 * Owns: what sio_sqlite_conn_open returned and every statement, in or out, until it is given back.
 * Errors: SQLite's result codes. Thread: whoever has the database, never two. Reenters: no.
 */
#ifndef SIO_DRIVERS_SQLITE_CONN_H
#define SIO_DRIVERS_SQLITE_CONN_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum {
    SIO_SQLITE_STATEMENTS_MAX = 64
}; /* prepared statements kept per connection; the oldest goes */

struct sio_sqlite_options {
    char *path;              /* NUL-terminated; owned by the database */
    int busy_timeout_ms;     /* how long a lock of another connection is waited for */
    const char *synchronous; /* static: "OFF", "NORMAL", "FULL" or "EXTRA" */
    bool foreign_keys;
    bool shared; /* a file: other connections can see it (not ":memory:" and not "") */
};

struct sio_sqlite_stmt {
    sqlite3_stmt *handle;
    char *sql;  /* the cache's key; NULL: one part of a script, never cached */
    size_t len; /* bytes */
};

struct sio_sqlite_conn {
    sqlite3 *handle;
    struct sio_sqlite_conn *next;                             /* among idle readers */
    struct sio_sqlite_stmt *cache[SIO_SQLITE_STATEMENTS_MAX]; /* oldest first */
    size_t n_cached;
};

/* realloc that aborts when memory is gone, as base/mem.h does (drivers cannot see it). */
void *sio_sqlite_realloc(void *p, size_t size);

/* Opens; `reader`: an existing file, and nothing may be written. On an error *out is still to be
 * closed and tells why through sqlite3_errmsg. */
int sio_sqlite_conn_open(const struct sio_sqlite_options *options, bool reader,
                         struct sio_sqlite_conn **out);
/* Finalises everything that was given back, closes. NULL is allowed. */
void sio_sqlite_conn_close(struct sio_sqlite_conn *c);

/* The first statement of sql[0..len), from the cache or prepared; sql[len] is NUL. *out is NULL
 * when there is only space and comments. *tail: what follows the statement. */
int sio_sqlite_conn_take(struct sio_sqlite_conn *c, const char *sql, size_t len,
                         struct sio_sqlite_stmt **out, const char **tail);
/* Resets the statement and keeps it for the next user. NULL is allowed. */
void sio_sqlite_conn_give(struct sio_sqlite_conn *c, struct sio_sqlite_stmt *s);
/* Whether there is one more statement in sql[0..len). */
bool sio_sqlite_conn_more(struct sio_sqlite_conn *c, const char *sql, size_t len);

#endif
