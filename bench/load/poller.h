// SPDX-License-Identifier: MIT
/* A client by long-polling: one connection on which a GET is always pending, another for POSTs.
 *
 * A poller:  OPENING --0{...}--> GREETED --40{...}--> READY
 *
 * What a READY poller is told goes to on_packet; when a POST was answered, or a GET, and so another
 * POST may leave, on_idle is called. Heartbeats are answered with the next POST.
 *
 * Owns:     its connections and requests, until load_poller_close.
 * Errors:   a wrong answer fails the run.
 * Reenters: the loop's turn calls on_packet and on_idle, which may post.
 */
#ifndef LOAD_POLLER_H
#define LOAD_POLLER_H

#include "conn.h"
#include "ear.h"

struct load_poller;

struct load_poller_user {
    const struct load_options *options;
    void (*on_ready)(struct load_poller *poller);
    void (*on_packet)(struct load_poller *poller, const struct load_frame *packet);
    void (*on_idle)(struct load_poller *poller);
    void *state;
};

enum load_poller_stage { LOAD_POLLER_OPENING, LOAD_POLLER_GREETED, LOAD_POLLER_READY };

struct load_poller {
    struct load_conn get, post;
    const struct load_poller_user *user;
    struct load_bytes get_request; /* with the session id */
    struct load_bytes post_head;
    struct load_bytes joined; /* a body that came in chunks */
    struct load_ear ear;
    uint32_t sent; /* messages */
    enum load_poller_stage stage;
    bool posting; /* its answer is due */
    bool pong_due;
};

void load_poller_open(struct load_poller *poller, struct load_loop *loop, uint32_t index,
                      const struct load_poller_user *user);
void load_poller_post(struct load_poller *poller, const void *packet, size_t len); /* !posting */
void load_poller_close(struct load_poller *poller);

#endif
