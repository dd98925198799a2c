// SPDX-License-Identifier: MIT
/* From the tape to the connections. Stands on conn; message calls it.
 *
 * Invariant: conn->from < conn->to exactly while its descriptor is on the dirty list, but for those
 * that were closed since.
 */
#include "floor.h"

static void flush_one(struct floor_server *s, struct floor_conn *conn)
{
    if (conn->fd >= 0 && conn->from < conn->to)
        floor_conn_write(s, conn, s->tape.p + conn->from, conn->to - conn->from);
    conn->from = conn->to = 0;
}

/* Parts that lie behind each other are one; any other part sends the first on its way. */
static void note(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to)
{
    if (s->lie != FLOOR_HONEST && floor_lie_instead(s, conn, from, to))
        return;
    if (conn->from < conn->to && conn->to == from) {
        conn->to = to;
        return;
    }
    if (conn->from < conn->to)
        floor_conn_write(s, conn, s->tape.p + conn->from, conn->to - conn->from);
    else
        s->dirty[s->n_dirty++] = (uint32_t)conn->fd;
    conn->from = from;
    conn->to = to;
}

void floor_deliver_answer(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to)
{
    note(s, conn, from, to);
}

void floor_deliver_room(struct floor_server *s, uint32_t number, size_t from, size_t to)
{
    if (number >= s->n_rooms)
        return;
    struct floor_room *room = &s->rooms[number];
    for (uint32_t i = 0; i < room->n; i++)
        note(s, &s->conns[room->members[i]], from, to);
    if (!s->batch)
        floor_deliver_flush(s);
}

void floor_deliver_flush(struct floor_server *s)
{
    for (uint32_t i = 0; i < s->n_dirty; i++)
        flush_one(s, &s->conns[s->dirty[i]]);
    s->n_dirty = 0;
    s->tape.len = 0;
}
