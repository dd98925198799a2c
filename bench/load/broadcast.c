// SPDX-License-Identifier: MIT
/* Broadcast: client 0 says something to a room, everybody in it hears it. The next batch of
 * --inflight messages leaves, in one write, when all have heard all of the last one.
 *
 * With --rooms R client i is in room i % R, and message k goes to room k % R.
 *
 * Invariant: done <= said <= done + inflight; heard[k % MAX] counts who heard message k, for the
 * messages from done to said.
 */
#include "works.h"

#include "budget.h"
#include "check.h"
#include "clock.h"
#include "fail.h"
#include "reel.h"
#include "report.h"

#include <stdio.h>

enum { DELIVERIES = 100000, LEAST_MESSAGES = 100, REEL = 4096 };

struct broadcast {
    struct load_crowd crowd;
    struct load_reel reel;
    struct load_budget budget;
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
    load_check_frame(client, &b->reel, frame);
    struct load_ear *ear = &client->ear;
    if (ear->gap || ear->heard % b->reel.parts != 0)
        return;
    uint32_t k = ear->first + (ear->heard / b->reel.parts - 1) * ear->stride;
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
        if (ear->heard < due * b->reel.parts)
            load_check_missing(&crowd->clients[i], due);
    }
}

static const struct load_work work = {.on_frame = on_frame, .on_stall = on_stall};

static void count_done(struct broadcast *b)
{
    while (b->done < b->said && b->heard[b->done % LOAD_INFLIGHT_MAX] == audience(b, b->done))
        b->heard[b->done++ % LOAD_INFLIGHT_MAX] = 0;
}

static void say(struct broadcast *b)
{
    uint32_t n = load_budget_take(&b->budget, b->crowd.options->inflight);
    struct load_slice messages = load_reel_sent(&b->reel, b->said, n);
    b->said += n;
    load_conn_send(&b->crowd.clients[0].conn, messages.p, messages.len);
}

static void run(struct broadcast *b)
{
    do {
        if (b->done == b->said)
            say(b);
        load_crowd_wait(&b->crowd);
        count_done(b);
    } while (b->done < b->said || b->budget.left > 0);
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
    b->crowd.work = &joining;
    for (uint32_t i = 0; i < b->crowd.n; i++) {
        struct load_client *client = &b->crowd.clients[i];
        struct load_bytes out = {0};
        char text[64];
        bool raw = b->crowd.options->dialect == LOAD_RAW;
        snprintf(text, sizeof text, raw ? "j%u;" : "420[\"join\",\"r%u\"]", i % b->rooms);
        load_reel_text(&out, text);
        load_conn_send(&client->conn, out.p, out.len);
        load_bytes_fini(&out);
        load_crowd_bar(client);
        client->ear = (struct load_ear){.first = i % b->rooms, .stride = b->rooms};
    }
    while (b->joined < b->crowd.n)
        load_crowd_wait(&b->crowd);
}

void load_work_broadcast(const struct load_options *options)
{
    struct broadcast b = {.rooms = options->rooms != 0 ? options->rooms : 1};
    load_crowd_init(&b.crowd, options, options->clients);
    b.crowd.state = &b;
    load_reel_init(&b.reel, options, options->rooms != 0 ? LOAD_SHOUT : LOAD_SAY, REEL);
    load_crowd_open(&b.crowd);
    if (options->rooms != 0)
        join_rooms(&b);
    b.crowd.work = &work;

    struct load_window window;
    uint32_t messages = DELIVERIES / audience(&b, 0);
    load_window_start(&window, options->pids, options->n_pids);
    load_budget_start(&b.budget, options, messages > LEAST_MESSAGES ? messages : LEAST_MESSAGES);
    run(&b);
    load_window_stop(&window);
    load_crowd_settle(&b.crowd);

    load_report_print(&(struct load_report){
        .options = options,
        .window = &window,
        .unit = "delivery",
        .units = b.deliveries,
        .messages = b.said,
    });
    load_reel_fini(&b.reel);
    load_crowd_fini(&b.crowd);
}
