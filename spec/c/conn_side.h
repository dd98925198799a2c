// SPDX-License-Identifier: MIT
/* Our side of a connection in the tests of net/conn: it notes what happens. Include it behind
 * net.h.
 *
 * The pattern makes every byte tell its place, so that order and completeness are seen.
 */
#ifndef SPEC_C_CONN_SIDE_H
#define SPEC_C_CONN_SIDE_H

#include "net/conn.h"

struct side {
    struct sio_conn *c;
    struct sio_buf got;
    unsigned closes, drains;
    int err, saved_errno;
    void (*on_data)(struct side *s);
};

static inline void on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    struct side *s = owner;
    CHECK(c == s->c);
    sio_buf_append_slice(&s->got, data);
    if (s->on_data != NULL)
        s->on_data(s);
}

static inline void on_close(void *owner, struct sio_conn *c, int err)
{
    struct side *s = owner;
    s->saved_errno = errno;
    CHECK(c == s->c && sio_conn_closed(c));
    s->closes++;
    s->err = err;
}

static inline void on_drain(void *owner, struct sio_conn *c)
{
    struct side *s = owner;
    CHECK_EQ_INT(sio_conn_queued(c), 0);
    s->drains++;
}

static const struct sio_conn_events events = {on_data, on_close, on_drain};

static inline void start(struct side *s, int fd)
{
    memset(s, 0, sizeof *s);
    s->c = sio_conn_adopt(&net.loop, fd, &events, s);
    sio_conn_read_start(s->c);
}

/* When the connection has ended already: it may have been freed. */
static inline void leave(struct side *s, struct peer *p)
{
    peer_fini(p);
    sio_buf_fini(&s->got);
    CHECK(net_close());
}

static inline void end(struct side *s, struct peer *p)
{
    sio_conn_close(s->c);
    leave(s, p);
}

enum { BIG = 1000000 };

static inline char pattern(size_t i)
{
    return (char)(i * 7 + i / 251);
}

static inline bool is_pattern(struct sio_slice s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] != pattern(i))
            return false;
    return true;
}

/* Blobs and copies of odd sizes, `total` bytes of the pattern, from `from` on. */
static inline void write_pattern(struct sio_conn *c, size_t from, size_t total)
{
    size_t step = 1;
    while (total > 0) {
        size_t n = step < total ? step : total;
        struct sio_blob *b = sio_blob_new_raw(n);
        for (size_t i = 0; i < n; i++)
            b->data[i] = pattern(from + i);
        if (step % 2 == 0)
            sio_conn_write_blob(c, b, 0);
        else
            sio_conn_write(c, sio_blob_slice(b));
        sio_blob_unref(b);
        from += n;
        total -= n;
        step = step * 3 % 20011 + 1;
    }
}

#endif
