// SPDX-License-Identifier: MIT
/* Emit with acknowledgement: every client has --outstanding emits on their way; when all of them
 * are answered the next ones leave, in one write.
 *
 * Invariant: client->ear counts the answers in the order of the emits; a server that answers out
 * of order fails, as both dialects run their handlers in order.
 */
#include "works.h"

#include "budget.h"
#include "check.h"
#include "clock.h"
#include "reel.h"
#include "report.h"

enum { ROUND_TRIPS = 40000, REEL = 4096 };

struct ack {
    struct load_crowd crowd;
    struct load_reel reel;
    struct load_budget budget;
    uint64_t emitted, answered;
};

static void emit(struct load_client *client)
{
    struct ack *a = client->crowd->state;
    uint32_t n = load_budget_take(&a->budget, client->crowd->options->outstanding);
    if (n == 0)
        return;
    struct load_slice messages = load_reel_sent(&a->reel, client->sent, n);
    client->sent += n;
    a->emitted += n;
    load_conn_send(&client->conn, messages.p, messages.len);
}

static void on_frame(struct load_client *client, const struct load_frame *frame)
{
    struct ack *a = client->crowd->state;
    load_check_frame(client, &a->reel, frame);
    if (!client->ear.gap && client->ear.heard % a->reel.parts == 0)
        a->answered++;
}

static void on_read(struct load_client *client)
{
    struct ack *a = client->crowd->state;
    if (client->ear.heard == client->sent * a->reel.parts)
        emit(client);
}

static void on_stall(struct load_crowd *crowd)
{
    struct ack *a = crowd->state;
    for (uint32_t i = 0; i < crowd->n; i++) {
        struct load_client *client = &crowd->clients[i];
        if (client->ear.heard < client->sent * a->reel.parts)
            load_check_missing(client, client->sent);
    }
}

static const struct load_work work = {on_frame, on_read, on_stall};

void load_work_ack(const struct load_options *options)
{
    struct ack a = {0};
    load_crowd_init(&a.crowd, options, options->clients);
    a.crowd.state = &a;
    load_reel_init(&a.reel, options, LOAD_ECHO, REEL);
    load_crowd_open(&a.crowd);
    a.crowd.work = &work;

    struct load_window window;
    load_window_start(&window, options->pids, options->n_pids);
    load_budget_start(&a.budget, options, ROUND_TRIPS);
    for (uint32_t i = 0; i < a.crowd.n; i++)
        emit(&a.crowd.clients[i]);
    while (a.answered < a.emitted)
        load_crowd_wait(&a.crowd);
    load_window_stop(&window);
    load_crowd_settle(&a.crowd);

    load_report_print(&(struct load_report){
        .options = options,
        .window = &window,
        .unit = "round trip",
        .units = a.answered,
    });
    load_reel_fini(&a.reel);
    load_crowd_fini(&a.crowd);
}
