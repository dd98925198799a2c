// SPDX-License-Identifier: MIT
/* The clients of a run: N WebSocket connections through their handshakes, then the messages.
 *
 * A client:  OPENING --101--> UPGRADED --0{...}--> GREETED --40{...}--> READY
 *                          (raw: 101 ----------------------------------> READY)
 *
 * What a READY client is told goes to the work's on_frame; heartbeats and pings are answered here.
 *
 * Owns:     the clients and their connections, until load_crowd_fini.
 * Errors:   a wrong handshake, a closed connection and `patience` without a message fail the run.
 * Reenters: load_crowd_turn calls the work's functions, which may send.
 */
#ifndef LOAD_CROWD_H
#define LOAD_CROWD_H

#include "conn.h"
#include "deflate.h"
#include "ear.h"

enum load_stage { LOAD_OPENING, LOAD_UPGRADED, LOAD_GREETED, LOAD_READY };

struct load_client {
    struct load_conn conn; /* first */
    struct load_crowd *crowd;
    struct load_ear ear;
    struct load_inflater *inflater;
    uint32_t sent; /* messages */
    enum load_stage stage;
};

struct load_work {
    void (*on_frame)(struct load_client *client, const struct load_frame *frame);
    void (*on_read)(struct load_client *client); /* after all frames of one read; may be NULL */
    /* Nothing came for `patience`: says what is missing, by failing; may be NULL. */
    void (*on_stall)(struct load_crowd *crowd);
};

struct load_crowd {
    const struct load_options *options;
    const struct load_work *work;
    void *state; /* the work's */
    struct load_loop loop;
    struct load_client *clients;
    uint32_t n;
    uint32_t first;  /* number of the first client */
    uint32_t opened; /* their connections were started */
    uint32_t ready;
    uint32_t settled;
    uint64_t last_frame_ns; /* when a turn brought one */
    bool moved;             /* a frame came in this turn */
    struct load_bytes request;
    struct load_bytes barrier; /* the frame */
};

/* One text message of its own, `4` and packet type included. */
void load_client_say(struct load_client *client, const char *text);

void load_crowd_init(struct load_crowd *crowd, const struct load_options *options, uint32_t n);
void load_crowd_fini(struct load_crowd *crowd);
void load_crowd_open(struct load_crowd *crowd); /* returns when all are READY */
void load_crowd_turn(struct load_crowd *crowd, uint64_t wait_ns);
/* A turn that has to bring something before patience ends. */
void load_crowd_wait(struct load_crowd *crowd, uint64_t most_ns);

/* Everybody sends one echo more and must hear nothing but its answer: what the server said twice or
 * too much would come before it. */
void load_crowd_settle(struct load_crowd *crowd);
void load_crowd_bar(struct load_client *client); /* sends that echo */
bool load_crowd_is_barrier(const struct load_crowd *crowd, const struct load_frame *frame);

#endif
