// SPDX-License-Identifier: MIT
/* SQLite connections: how they are set up, and the cache of prepared statements (sqlite_conn.h). */
#include "sqlite_conn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sio_sqlite_realloc(void *p, size_t size)
{
    void *grown = realloc(p, size);
    if (!grown) {
        fputs("sio.sqlite: out of memory\n", stderr);
        abort();
    }
    return grown;
}

/* Turning WAL on needs the file alone for a moment, and SQLite does not call the busy handler for
 * it. Workers start together and all ask. */
static int enable_wal(sqlite3 *db, int timeout_ms)
{
    enum { STEP_MS = 5 };
    for (int waited_ms = 0;; waited_ms += STEP_MS) {
        int rc = sqlite3_exec(db, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY || waited_ms >= timeout_ms)
            return rc;
        sqlite3_sleep(STEP_MS);
    }
}

static int set_up(sqlite3 *db, const struct sio_sqlite_options *options, bool reader)
{
    char pragmas[96];
    int rc;
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, options->busy_timeout_ms);
    if (reader)
        return sqlite3_exec(db, "PRAGMA query_only=ON", NULL, NULL, NULL);
    rc = enable_wal(db, options->busy_timeout_ms);
    if (rc != SQLITE_OK)
        return rc;
    snprintf(pragmas, sizeof(pragmas), "PRAGMA synchronous=%s; PRAGMA foreign_keys=%s",
             options->synchronous, options->foreign_keys ? "ON" : "OFF");
    return sqlite3_exec(db, pragmas, NULL, NULL, NULL);
}

int sio_sqlite_conn_open(const struct sio_sqlite_options *options, bool reader,
                         struct sio_sqlite_conn **out)
{
    struct sio_sqlite_conn *c = sio_sqlite_realloc(NULL, sizeof(*c));
    /* No mutex: the database is in one thread at a time (the FIFO in sio.sqlite sees to it). */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (reader ? 0 : SQLITE_OPEN_CREATE);
    int rc;
    memset(c, 0, sizeof(*c));
    *out = c;
    rc = sqlite3_open_v2(options->path, &c->handle, flags, NULL);
    return rc == SQLITE_OK ? set_up(c->handle, options, reader) : rc;
}

static void free_stmt(struct sio_sqlite_stmt *s)
{
    sqlite3_finalize(s->handle);
    free(s->sql);
    free(s);
}

void sio_sqlite_conn_close(struct sio_sqlite_conn *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_cached; i++)
        free_stmt(c->cache[i]);
    sqlite3_close_v2(c->handle);
    free(c);
}

static struct sio_sqlite_stmt *take_at(struct sio_sqlite_conn *c, size_t at)
{
    struct sio_sqlite_stmt *s = c->cache[at];
    c->n_cached--;
    memmove(&c->cache[at], &c->cache[at + 1], (c->n_cached - at) * sizeof(c->cache[0]));
    return s;
}

static struct sio_sqlite_stmt *find(struct sio_sqlite_conn *c, const char *sql, size_t len)
{
    for (size_t i = c->n_cached; i-- > 0;)
        if (c->cache[i]->len == len && memcmp(c->cache[i]->sql, sql, len) == 0)
            return take_at(c, i);
    return NULL;
}

static bool blank(const char *from, const char *end)
{
    while (from < end && strchr(" \t\r\n;", *from))
        from++;
    return from == end;
}

int sio_sqlite_conn_take(struct sio_sqlite_conn *c, const char *sql, size_t len,
                         struct sio_sqlite_stmt **out, const char **tail)
{
    struct sio_sqlite_stmt *s = find(c, sql, len);
    sqlite3_stmt *handle = NULL;
    int rc;
    *out = s;
    *tail = sql + len;
    if (s)
        return SQLITE_OK;
    if (len > (size_t)sqlite3_limit(c->handle, SQLITE_LIMIT_SQL_LENGTH, -1))
        return SQLITE_TOOBIG;
    rc = sqlite3_prepare_v3(c->handle, sql, (int)len + 1, SQLITE_PREPARE_PERSISTENT, &handle, tail);
    if (rc != SQLITE_OK || !handle)
        return rc;
    s = sio_sqlite_realloc(NULL, sizeof(*s));
    *s = (struct sio_sqlite_stmt){.handle = handle};
    if (blank(*tail, sql + len)) {
        s->sql = memcpy(sio_sqlite_realloc(NULL, len + 1), sql, len + 1);
        s->len = len;
    }
    *out = s;
    return SQLITE_OK;
}

void sio_sqlite_conn_give(struct sio_sqlite_conn *c, struct sio_sqlite_stmt *s)
{
    if (!s)
        return;
    if (!s->sql) {
        free_stmt(s);
        return;
    }
    sqlite3_reset(s->handle);
    sqlite3_clear_bindings(s->handle);
    if (c->n_cached == SIO_SQLITE_STATEMENTS_MAX)
        free_stmt(take_at(c, 0));
    c->cache[c->n_cached++] = s;
}

bool sio_sqlite_conn_more(struct sio_sqlite_conn *c, const char *sql, size_t len)
{
    const char *tail;
    struct sio_sqlite_stmt *s;
    if (blank(sql, sql + len))
        return false;
    /* What does not parse counts as a statement: running it will say what is wrong with it. */
    if (sio_sqlite_conn_take(c, sql, len, &s, &tail) != SQLITE_OK)
        return true;
    sio_sqlite_conn_give(c, s);
    return s != NULL;
}
