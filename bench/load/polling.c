// SPDX-License-Identifier: MIT
/* Emit with acknowledgement by long-polling: each client has a GET pending and POSTs one event; the
 * answer comes in the GET. The next event leaves when both the POST and the event are answered.
 */
#include "works.h"

#include "budget.h"
#include "clock.h"
#include "fail.h"
#include "flock.h"
#include "poller.h"
#include "report.h"

#include <stdlib.h>
#include <string.h>

enum { ROUND_TRIPS = 20000 };

static const char barrier_sent[] = "42999999[\"echo\",\"end\"]"; /* crowd.h says what it is for */
static const char barrier_told[] = "43999999[\"end\"]";

struct polling {
    const struct load_options *options;
    struct load_poller_user user;
    struct load_loop loop;
    struct load_poller *pollers;
    struct load_reel reel;
    struct load_budget budget;
    struct load_window window;
    uint32_t opened, ready, settled;
    uint64_t emitted, answered;
    uint64_t events; /* anything that came, for the patience */
};

static void on_ready(struct load_poller *poller)
{
    struct polling *w = poller->user->state;
    w->ready++;
    w->events++;
}

static void on_nothing(struct load_poller *poller)
{
    struct polling *w = poller->user->state;
    w->events++;
}

static void on_unasked(struct load_poller *poller, const struct load_frame *packet)
{
    load_fail("client %u: duplicated or too much: \"%.*s\"", poller->get.index, (int)packet->len,
              (const char *)packet->payload);
}

static void on_packet(struct load_poller *poller, const struct load_frame *packet)
{
    struct polling *w = poller->user->state;
    uint32_t k;
    w->events++;
    w->answered += load_ear_take(&poller->ear, &w->reel, packet, &k);
}

static void on_settling(struct load_poller *poller, const struct load_frame *packet)
{
    struct polling *w = poller->user->state;
    if (packet->len != strlen(barrier_told) ||
        memcmp(packet->payload, barrier_told, packet->len) != 0)
        on_unasked(poller, packet);
    w->events++;
    w->settled++;
}

static void on_idle(struct load_poller *poller)
{
    struct polling *w = poller->user->state;
    w->events++;
    if (load_ear_messages(&poller->ear, &w->reel) < poller->sent ||
        load_budget_take(&w->budget, 1) == 0)
        return;
    struct load_slice message = load_reel_sent(&w->reel, poller->sent++, 1);
    w->emitted++;
    load_poller_post(poller, message.p, message.len);
}

static void wait_for_event(struct polling *w)
{
    uint64_t before = w->events;
    uint64_t patience_ns = w->options->patience_s * UINT64_C(1000000000);
    uint64_t start_ns = load_clock_ns();
    do {
        if (load_clock_ns() - start_ns >= patience_ns) {
            for (uint32_t i = 0; i < w->opened; i++)
                load_ear_expect(&w->pollers[i].ear, &w->reel, w->pollers[i].sent);
            load_fail("nothing came for %u s: %u of %u clients are ready", w->options->patience_s,
                      w->ready, w->options->clients);
        }
        load_loop_turn(&w->loop, patience_ns);
    } while (w->events == before);
}

static void open_all(struct polling *w)
{
    while (w->ready < w->options->clients) {
        for (; w->opened < w->options->clients && w->opened - w->ready < w->options->pending;
             w->opened++)
            load_poller_open(&w->pollers[w->opened], &w->loop, w->opened, &w->user);
        wait_for_event(w);
    }
}

/* The "ok" of a POST may come behind what its packet brought. */
static bool is_posting(const struct polling *w)
{
    for (uint32_t i = 0; i < w->opened; i++) {
        if (w->pollers[i].posting)
            return true;
    }
    return false;
}

static void run(struct polling *w)
{
    w->user.on_packet = on_packet;
    w->user.on_idle = on_idle;
    load_window_start(&w->window, w->options->pids, w->options->n_pids);
    load_budget_start(&w->budget, w->options, ROUND_TRIPS);
    for (uint32_t i = 0; i < w->opened; i++)
        on_idle(&w->pollers[i]);
    while (w->answered < w->emitted || is_posting(w))
        wait_for_event(w);
    load_window_stop(&w->window);
}

static void settle(struct polling *w)
{
    w->user.on_packet = on_settling;
    w->user.on_idle = on_nothing;
    for (uint32_t i = 0; i < w->opened; i++)
        load_poller_post(&w->pollers[i], barrier_sent, strlen(barrier_sent));
    while (w->settled < w->opened)
        wait_for_event(w);
}

void load_work_polling(const struct load_options *options)
{
    if (options->binary || options->deflate || options->dialect == LOAD_RAW)
        load_fail("polling has no --binary, --deflate and --dialect raw");
    if (2 * options->clients > load_flock_per_process())
        load_fail("%u clients need more than the descriptors of a process", options->clients);
    struct polling w = {.options = options};
    w.user = (struct load_poller_user){options, on_ready, on_unasked, on_nothing, &w};
    load_loop_init(&w.loop, options);
    w.pollers = calloc(options->clients, sizeof *w.pollers);
    if (w.pollers == NULL)
        load_fail("no memory for %u clients", options->clients);
    load_reel_init(&w.reel, options, LOAD_ECHO, LOAD_TEXTS);
    open_all(&w);
    while (is_posting(&w))
        wait_for_event(&w);
    run(&w);
    settle(&w);
    load_report_print(&(struct load_report){
        .options = options,
        .window = &w.window,
        .clients = options->clients,
        .unit = "round trip",
        .units = w.answered,
    });
    for (uint32_t i = 0; i < w.opened; i++)
        load_poller_close(&w.pollers[i]);
    free(w.pollers);
    load_reel_fini(&w.reel);
    load_loop_fini(&w.loop);
}
