// SPDX-License-Identifier: MIT
/* The readers of a database and the end of cursors and databases (sqlite_db.h). */
#include "sqlite_db.h"

#include <stdlib.h>

void *sio_sqlite_grow(void *items, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap)
        return items;
    while (*cap < need)
        *cap = *cap ? *cap * 2 : 4;
    return sio_sqlite_realloc(items, *cap * size);
}

static void release_reader(struct sio_sqlite_db *db, struct sio_sqlite_conn *conn)
{
    db->n_readers--;
    if (db->n_idle == SIO_SQLITE_READERS_IDLE) {
        sio_sqlite_conn_close(conn);
        return;
    }
    conn->next = db->idle;
    db->idle = conn;
    db->n_idle++;
}

void sio_sqlite_cursor_end(struct sio_sqlite_db *db, struct sio_sqlite_cursor *c)
{
    if (!c->conn)
        return;
    sio_sqlite_conn_give(c->conn, c->stmt);
    if (c->conn != db->main)
        release_reader(db, c->conn);
    c->conn = NULL;
    c->stmt = NULL;
}

void sio_sqlite_db_sweep(struct sio_sqlite_db *db)
{
    struct sio_sqlite_cursor **at = &db->cursors;
    while (*at) {
        struct sio_sqlite_cursor *c = *at;
        if (c->dropped)
            sio_sqlite_cursor_end(db, c);
        if (!c->orphan) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        free(c);
    }
}

void sio_sqlite_db_close(struct sio_sqlite_db *db)
{
    for (struct sio_sqlite_cursor *c = db->cursors; c; c = c->next)
        sio_sqlite_cursor_end(db, c);
    while (db->idle) {
        struct sio_sqlite_conn *conn = db->idle;
        db->idle = conn->next;
        sio_sqlite_conn_close(conn);
    }
    db->n_idle = 0;
    sio_sqlite_conn_close(db->main);
    db->main = NULL;
}
