// SPDX-License-Identifier: MIT
/* Relays. Stands on conn; the worker opens them.
 *
 * Invariant: a relay is in its set exactly while both sides are open, and it lingers only while a
 * side is paused.
 */
#include "net/relay.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#ifdef POLLRDHUP
enum { HANG_UP = POLLRDHUP };
#else
enum { HANG_UP = POLLHUP };
#endif

struct relay;

struct side {
    struct relay *relay;
    struct sio_conn *conn;
    bool paused;   /* is not read, for the other side has enough to send */
    size_t unsent; /* by the other side, when we last looked */
};

struct relay {
    struct sio_list link;
    struct sio_relays *set;
    struct side sides[2];
    union {
        struct sio_linger pause;
        struct sio_grave grave;
    } end;
};

static struct side *other(struct side *s)
{
    return &s->relay->sides[s == &s->relay->sides[0]];
}

static void leave(struct relay *r)
{
    sio_list_remove(&r->link);
    r->set->n--;
    sio_linger_cancel(&r->end.pause);
    sio_loop_bury(sio_conn_loop(r->sides[0].conn), &r->end.grave, sio_free, r);
}

static void finish(struct relay *r)
{
    sio_conn_finish(r->sides[0].conn);
    sio_conn_finish(r->sides[1].conn);
    leave(r);
}

/* ---- a side that nobody reads ---------------------------------------------------------------- */

static bool hung_up(const struct sio_conn *c)
{
    struct pollfd p = {.fd = sio_conn_fd(c), .events = HANG_UP};
    return poll(&p, 1, 0) > 0;
}

/* A side that is not read does not show its end. When it has ended, the other side may take the
 * rest as slowly as it likes, but not never. */
static bool is_stuck(struct side *s)
{
    size_t left = s->paused ? sio_conn_unsent(other(s)->conn) : 0;
    bool moves = left < s->unsent;
    s->unsent = left;
    return s->paused && !moves && hung_up(s->conn);
}

static void on_pause(struct sio_linger *g)
{
    struct relay *r = SIO_CONTAINER_OF(g, struct relay, end.pause);
    bool first = is_stuck(&r->sides[0]), second = is_stuck(&r->sides[1]); /* both take note */
    bool stuck = first || second;
    struct sio_loop *loop = sio_conn_loop(r->sides[0].conn);
    if (stuck || loop->ending)
        finish(r);
    else if (r->sides[0].paused || r->sides[1].paused)
        sio_loop_linger(loop, g, on_pause);
}

static void pause_side(struct side *s)
{
    bool lingers = s->paused || other(s)->paused;
    sio_conn_read_stop(s->conn);
    s->paused = true;
    s->unsent = sio_conn_unsent(other(s)->conn);
    if (!lingers)
        sio_loop_linger(sio_conn_loop(s->conn), &s->relay->end.pause, on_pause);
}

/* ---- the connections' events ----------------------------------------------------------------- */

static void on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    struct side *s = owner;
    struct sio_conn *to = other(s)->conn;
    (void)c;
    sio_conn_write(to, data);
    if (sio_conn_queued(to) >= SIO_RELAY_BYTES && !sio_conn_flush(to))
        pause_side(s);
}

static void on_close(void *owner, struct sio_conn *c, int err)
{
    struct side *s = owner;
    (void)c;
    (void)err;
    sio_conn_finish(other(s)->conn);
    leave(s->relay);
}

static void on_drain(void *owner, struct sio_conn *c)
{
    struct side *from = other(owner);
    (void)c;
    if (!from->paused)
        return;
    from->paused = false;
    sio_conn_read_start(from->conn);
}

static const struct sio_conn_events events = {on_data, on_close, on_drain};

/* ---- life ------------------------------------------------------------------------------------ */

static void take_side(struct relay *r, unsigned i, struct sio_conn *c)
{
    r->sides[i] = (struct side){.relay = r, .conn = c};
    sio_conn_set_events(c, &events, &r->sides[i]);
    sio_conn_read_start(c);
}

void sio_relay_open(struct sio_relays *set, struct sio_conn *conn, int fd)
{
    struct sio_conn *second = sio_conn_adopt(sio_conn_loop(conn), fd, &events, NULL);
    struct relay *r;
    if (second == NULL) {
        sio_log_limited(SIO_LOG_WARN, "relay", "relay: cannot be opened: %s", strerror(errno));
        sio_conn_close(conn);
        return;
    }
    r = sio_calloc(1, sizeof *r);
    r->set = set;
    sio_linger_init(&r->end.pause);
    sio_list_init(&r->link);
    sio_list_append(&set->all, &r->link);
    set->n++;
    take_side(r, 0, conn);
    take_side(r, 1, second);
}

void sio_relays_init(struct sio_relays *r)
{
    sio_list_init(&r->all);
    r->n = 0;
}

void sio_relays_close_one(struct sio_relays *r)
{
    struct sio_list *node = sio_list_first(&r->all);
    if (node != NULL)
        finish(SIO_CONTAINER_OF(node, struct relay, link));
}

void sio_relays_close(struct sio_relays *r)
{
    while (!sio_list_empty(&r->all))
        sio_relays_close_one(r);
}
