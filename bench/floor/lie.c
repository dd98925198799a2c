// SPDX-License-Identifier: MIT
/* One wrong delivery, the LIE_AT-th, for the tests of the generator: it must find it. */
#include "floor.h"

enum { LIE_AT = 50 };

static void alter(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to)
{
    struct floor_bytes copy = {0};
    floor_bytes_append(&copy, s->tape.p + from, to - from);
    copy.p[copy.len - 1] ^= 1;
    floor_conn_write(s, conn, copy.p, copy.len);
}

static void release_held(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to)
{
    floor_conn_write(s, conn, s->tape.p + from, to - from);
    floor_conn_write(s, conn, s->held.p, s->held.len);
    s->held_for = 0;
}

/* Writes at once, so what was noted of this turn goes out before it. */
bool floor_lie_instead(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to)
{
    if (s->held_for == (uint32_t)conn->fd) {
        release_held(s, conn, from, to);
        return true;
    }
    if (++s->delivered != LIE_AT)
        return false;
    if (conn->from < conn->to)
        floor_conn_write(s, conn, s->tape.p + conn->from, conn->to - conn->from);
    conn->from = conn->to = 0;
    switch (s->lie) {
    case FLOOR_HONEST:
        return false;
    case FLOOR_DROP:
        return true;
    case FLOOR_TWICE:
        floor_conn_write(s, conn, s->tape.p + from, to - from);
        return false;
    case FLOOR_ALTER:
        alter(s, conn, from, to);
        return true;
    case FLOOR_SWAP:
        s->held.len = 0;
        floor_bytes_append(&s->held, s->tape.p + from, to - from);
        s->held_for = (uint32_t)conn->fd;
        return true;
    }
    return false;
}
