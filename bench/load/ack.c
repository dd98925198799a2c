// SPDX-License-Identifier: MIT
/* Emit with acknowledgement, in one of two ways.
 *
 * Closed loop: every client has --outstanding emits on their way; when all of them are answered the
 * next ones leave, in one write. Open loop, --rate: emit i leaves at its time, start + i / rate,
 * from client i % n, whether others are answered or not; its latency counts from that time, so that
 * a server which holds up the emits behind one is charged for all of them.
 *
 * Invariant: client->ear counts the answers in the order of the emits: a server that answers out of
 * order fails, as the handlers run in order.
 */
#include "works.h"

#include "budget.h"
#include "clock.h"
#include "crowd.h"
#include "latency.h"
#include "report.h"

#include <sys/prctl.h>

enum { ROUND_TRIPS = 40000, RATE_MS = 5000 };

struct ack {
    struct load_crowd crowd;
    struct load_reel reel;
    struct load_budget budget;
    struct load_window window;
    struct load_latency latency; /* open loop */
    uint64_t start_ns;
    uint64_t emitted, answered;
};

static void emit(struct load_client *client, uint32_t n)
{
    struct ack *a = client->crowd->state;
    struct load_slice messages = load_reel_sent(&a->reel, client->sent, n);
    client->sent += n;
    a->emitted += n;
    load_conn_send(&client->conn, messages.p, messages.len);
}

static void emit_batch(struct load_client *client)
{
    struct ack *a = client->crowd->state;
    uint32_t n = load_budget_take(&a->budget, client->crowd->options->outstanding);
    if (n > 0)
        emit(client, n);
}

static void on_frame(struct load_client *client, const struct load_frame *frame)
{
    struct ack *a = client->crowd->state;
    uint32_t k;
    a->answered += load_ear_take(&client->ear, &a->reel, frame, &k);
}

static void on_read(struct load_client *client)
{
    struct ack *a = client->crowd->state;
    if (load_ear_messages(&client->ear, &a->reel) == client->sent)
        emit_batch(client);
}

static void on_stall(struct load_crowd *crowd)
{
    struct ack *a = crowd->state;
    for (uint32_t i = 0; i < crowd->n; i++)
        load_ear_expect(&crowd->clients[i].ear, &a->reel, crowd->clients[i].sent);
}

static void run_closed(struct ack *a)
{
    static const struct load_work work = {on_frame, on_read, on_stall};
    a->crowd.work = &work;
    load_budget_start(&a->budget, a->crowd.options, ROUND_TRIPS);
    for (uint32_t i = 0; i < a->crowd.n; i++)
        emit_batch(&a->crowd.clients[i]);
    while (a->answered < a->emitted)
        load_crowd_wait(&a->crowd, UINT64_MAX);
}

static uint64_t time_of(const struct ack *a, uint64_t i)
{
    return a->start_ns + i * 1000000000u / a->crowd.options->rate;
}

static void on_timed_frame(struct load_client *client, const struct load_frame *frame)
{
    struct ack *a = client->crowd->state;
    uint32_t k;
    if (!load_ear_take(&client->ear, &a->reel, frame, &k))
        return;
    a->answered++;
    load_latency_add(&a->latency,
                     load_clock_ns() - time_of(a, (uint64_t)k * a->crowd.n + client->conn.index));
}

static void run_open(struct ack *a)
{
    static const struct load_work work = {on_timed_frame, NULL, on_stall};
    const struct load_options *options = a->crowd.options;
    uint32_t window_ms = options->window_ms != 0 ? options->window_ms : RATE_MS;
    uint64_t total =
        options->total != 0 ? options->total : (uint64_t)options->rate * window_ms / 1000;
    a->crowd.work = &work;
    load_latency_init(&a->latency, total);
    prctl(PR_SET_TIMERSLACK, 1UL); /* 50 µs otherwise, which would count as latency */
    a->start_ns = load_clock_ns();
    while (a->answered < total) {
        uint64_t now_ns = load_clock_ns();
        for (; a->emitted < total && time_of(a, a->emitted) <= now_ns;)
            emit(&a->crowd.clients[a->emitted % a->crowd.n], 1);
        load_crowd_wait(&a->crowd,
                        a->emitted < total ? time_of(a, a->emitted) - now_ns : UINT64_MAX);
    }
    load_latency_sort(&a->latency);
}

void load_work_ack(const struct load_options *options)
{
    struct ack a = {0};
    load_crowd_init(&a.crowd, options, options->clients);
    a.crowd.state = &a;
    load_reel_init(&a.reel, options, LOAD_ECHO, LOAD_FRAMES);
    load_crowd_open(&a.crowd);
    load_window_start(&a.window, options->pids, options->n_pids);
    (options->rate != 0 ? run_open : run_closed)(&a);
    load_window_stop(&a.window);
    load_crowd_settle(&a.crowd);
    load_report_print(&(struct load_report){
        .options = options,
        .window = &a.window,
        .clients = a.crowd.n,
        .unit = "round trip",
        .units = a.answered,
        .latency = options->rate != 0 ? &a.latency : NULL,
    });
    load_latency_fini(&a.latency);
    load_reel_fini(&a.reel);
    load_crowd_fini(&a.crowd);
}
