// SPDX-License-Identifier: MIT
/* The server's inside. Private to engine/. */
#ifndef SIO_ENGINE_SERVER_IN_H
#define SIO_ENGINE_SERVER_IN_H

#include "base/map.h"
#include "engine/compress.h"
#include "engine/heartbeat.h"
#include "engine/server.h"

struct eio_server {
    struct sio_loop *loop;
    struct eio_options options;
    const struct eio_server_events *events;
    void *owner;
    struct sio_map sessions; /* by sid */
    struct eio_heartbeat heartbeat;
    size_t n_partial;        /* WebSocket messages that are unfinished, at most max_partial */
    struct sio_list dirty;   /* sessions to look at when the tick ends */
    struct sio_task flush;   /* does that */
    struct sio_list inboxes; /* long POST bodies, some packets of which are still to be delivered */
    struct sio_hook hook;    /* does that, once per turn of the loop */
    struct sio_buf scratch;  /* the payload being put together */
    struct eio_compress *compress;                      /* NULL: nothing is compressed */
    struct eio_msg ping, pong, pong_probe, noop, close; /* packets that are always the same */
    bool closing;
    sio_loop_fn on_closed;
    void *closed_ctx;
    struct sio_grave grave;
};

void eio_server_mark(struct eio_server *e, struct eio_session *s); /* eio_session_flush it */
/* The session has ended: its sid is unknown from now on. */
void eio_server_forget(struct eio_server *e, struct eio_session *s);

#endif
