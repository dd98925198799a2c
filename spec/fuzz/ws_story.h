// SPDX-License-Identifier: MIT
/* What a WebSocket reader makes of an input, as text: its events and the code that it ends with. On
 * the way: nothing is longer than allowed, texts are UTF-8, and nothing is kept behind an error.
 */
#ifndef SPEC_FUZZ_WS_STORY_H
#define SPEC_FUZZ_WS_STORY_H

#include "base/utf8.h"
#include "codec/ws_frame.h"
#include "fuzz.h"

enum { MAX_MESSAGE = 5000 };

static inline void ws_tell_event(struct sio_buf *story, const struct sio_ws_event *e)
{
    FUZZ_CHECK(e->data.len <= MAX_MESSAGE);
    FUZZ_CHECK(e->op < SIO_WS_CLOSE || e->data.len <= 125);
    FUZZ_CHECK((e->op != SIO_WS_TEXT && e->op != SIO_WS_CLOSE) || sio_utf8_valid(e->data));
    sio_buf_printf(story, "\n%d %u ", e->op, e->op == SIO_WS_CLOSE ? e->code : 0);
    sio_buf_append_slice(story, e->data);
}

static inline bool ws_feed(struct sio_ws_reader *r, struct sio_slice in, struct sio_buf *story)
{
    struct sio_ws_event e;
    int got;
    while ((got = sio_ws_read(r, &in, &e)) == 1)
        ws_tell_event(story, &e);
    FUZZ_CHECK(r->message.len <= MAX_MESSAGE);
    if (got == 0) {
        FUZZ_CHECK(in.len == 0);
        return true;
    }
    FUZZ_CHECK(r->close_code >= 1002 && r->context == NULL && r->message.p == NULL);
    FUZZ_CHECK(r->deflate == NULL);
    sio_buf_printf(story, "\n!%u", r->close_code);
    return false;
}

/* `t`: what was agreed on about compression, or NULL; `seed`: how the input is cut. */
static inline struct sio_buf ws_tell(struct sio_slice input, const struct sio_ws_terms *t,
                                     uint32_t seed)
{
    static struct sio_ws_pool pool;
    struct sio_ws_reader r;
    struct sio_buf story = {0};
    struct fuzz_cut cut = {input, seed};
    struct sio_slice piece;
    bool alive = true;
    sio_ws_reader_init(&r, MAX_MESSAGE);
    r.pool = &pool;
    r.deflate = t ? sio_ws_deflate_new(t) : NULL;
    while (alive && fuzz_next(&cut, &piece)) {
        alive = ws_feed(&r, piece, &story);
        free((char *)piece.p);
    }
    sio_ws_reader_fini(&r);
    FUZZ_CHECK(pool.out == 0);
    return story;
}

#endif
