// SPDX-License-Identifier: MIT
/* Broadcast: client 0 says something to a room, everybody in it hears it. The next batch of
 * --inflight messages leaves when all have heard all of the last one.
 *
 * With --rooms R client i is in room i % R, and message k goes to room k % R.
 *
 * Invariant: done <= said <= done + inflight; heard[k % MAX] counts who heard message k, for the
 * messages from done to said.
 */
#include "works.h"

#include "budget.h"
#include "clock.h"
#include "crowd.h"
#include "fail.h"
#include "flock.h"
#include "report.h"

#include <stdio.h>

enum { DELIVERIES = 100000, LEAST_MESSAGES = 100 };

struct broadcast {
    struct load_crowd crowd;
    struct load_reel reel;
    struct load_budget budget;
    struct load_window window;
    uint32_t rooms;
    uint32_t said, done;
    uint32_t heard[LOAD_INFLIGHT_MAX];
    uint64_t deliveries;
    uint32_t joined;
};

static uint32_t audience(const struct broadcast *b, uint32_t k)
{
    return b->crowd.n / b->rooms + (k % b->rooms < b->crowd.n % b->rooms);
}

static void on_frame(struct load_client *client, const struct load_frame *frame)
{
    struct broadcast *b = client->crowd->state;
    uint32_t k;
    if (!load_ear_take(&client->ear, &b->reel, frame, &k))
        return;
    if (k >= b->said)
        load_fail("client %u: message %u came, nobody said it yet", client->conn.index, k);
    b->deliveries++;
    b->heard[k % LOAD_INFLIGHT_MAX]++;
}

static void on_stall(struct load_crowd *crowd)
{
    struct broadcast *b = crowd->state;
    for (uint32_t i = 0; i < crowd->n; i++) {
        struct load_ear *ear = &crowd->clients[i].ear;
        uint32_t due = b->said > ear->first ? (b->said - ear->first - 1) / ear->stride + 1 : 0;
        load_ear_expect(ear, &b->reel, due);
    }
}

static const struct load_work work = {.on_frame = on_frame, .on_stall = on_stall};

static void count_done(struct broadcast *b)
{
    while (b->done < b->said && b->heard[b->done % LOAD_INFLIGHT_MAX] == audience(b, b->done))
        b->heard[b->done++ % LOAD_INFLIGHT_MAX] = 0;
}

/* Each leaves in a write of its own, as from a client that emits several times: the server may well
 * have begun with the first when the others come. */
static void say(struct broadcast *b)
{
    uint32_t end = b->said + load_budget_take(&b->budget, b->crowd.options->inflight);
    while (b->said < end) {
        struct load_slice message = load_reel_sent(&b->reel, b->said++, 1);
        load_conn_send(&b->crowd.clients[0].conn, message.p, message.len);
    }
}

static void run(struct broadcast *b)
{
    const struct load_options *options = b->crowd.options;
    uint32_t messages = DELIVERIES / audience(b, 0);
    b->crowd.work = &work;
    load_window_start(&b->window, options->pids, options->n_pids);
    load_budget_start(&b->budget, options, messages > LEAST_MESSAGES ? messages : LEAST_MESSAGES);
    say(b);
    while (b->done < b->said) {
        load_crowd_wait(&b->crowd, 0); /* asleep, the server would pay for waking it */
        count_done(b);
        if (b->done == b->said)
            say(b);
    }
    load_window_stop(&b->window);
}

/* The floor does not acknowledge a join; the barrier behind it has an answer in both dialects. */
static void on_joining(struct load_client *client, const struct load_frame *frame)
{
    struct broadcast *b = client->crowd->state;
    if (load_crowd_is_barrier(client->crowd, frame))
        b->joined++;
}

static void join_rooms(struct broadcast *b)
{
    static const struct load_work joining = {.on_frame = on_joining};
    bool raw = b->crowd.options->dialect == LOAD_RAW;
    b->crowd.work = &joining;
    for (uint32_t i = 0; i < b->crowd.n; i++) {
        struct load_client *client = &b->crowd.clients[i];
        char text[64];
        snprintf(text, sizeof text, raw ? "j%u;" : "420[\"join\",\"r%u\"]", i % b->rooms);
        load_client_say(client, text);
        load_crowd_bar(client);
        client->ear.first = i % b->rooms;
        client->ear.stride = b->rooms;
    }
    while (b->joined < b->crowd.n)
        load_crowd_wait(&b->crowd, UINT64_MAX);
}

/* options->rooms: 0, or in how many the clients are. */
static void broadcast(const struct load_options *options, uint32_t clients, uint32_t idle)
{
    struct broadcast b = {.rooms = options->rooms != 0 ? options->rooms : 1};
    load_crowd_init(&b.crowd, options, clients);
    b.crowd.state = &b;
    load_reel_init(&b.reel, options, options->rooms != 0 ? LOAD_SHOUT : LOAD_SAY, LOAD_FRAMES);
    load_crowd_open(&b.crowd);
    if (options->rooms != 0)
        join_rooms(&b);
    run(&b);
    load_crowd_settle(&b.crowd);
    load_report_print(&(struct load_report){
        .options = options,
        .window = &b.window,
        .clients = clients,
        .idle = idle,
        .unit = "delivery",
        .units = b.deliveries,
        .messages = b.said,
    });
    load_reel_fini(&b.reel);
    load_crowd_fini(&b.crowd);
}

void load_work_broadcast(const struct load_options *options)
{
    if (options->rooms > options->clients)
        load_fail("more rooms than clients");
    broadcast(options, options->clients, 0);
}

void load_work_busy(const struct load_options *options)
{
    struct load_options room = *options;
    struct load_flock flock;
    room.rooms = 1;
    load_flock_open(&flock, options, options->clients);
    broadcast(&room, options->busy, options->clients);
    load_flock_close(&flock);
}
