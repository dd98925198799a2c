// SPDX-License-Identifier: MIT
/* net/loop: the order in which a tick ends, blocking or not, lingering, and the end of the loop. */
#include "test.h"
#include "net.h"

static char trace[256];

static void note(const char *what)
{
    size_t len = strlen(trace);
    snprintf(trace + len, sizeof trace - len, "%s ", what);
}

static void start(void)
{
    trace[0] = '\0';
    net_open();
}

static void on_note(void *text)
{
    note(text);
}

static void on_flush(struct sio_list *link)
{
    (void)link;
    note("flush");
}

static void free_note(void *text)
{
    note(text);
}

TEST(loop_ends_a_tick_in_order)
{
    struct sio_task task;
    struct sio_hook hook = {.before_block = on_note, .after_block = NULL, .ctx = "hook"};
    struct sio_grave grave;
    struct sio_list flush;
    start();
    sio_task_init(&task, on_note, "task");
    sio_list_init(&flush);
    sio_loop_bury(&net.loop, &grave, free_note, "grave");
    sio_loop_defer_flush(&net.loop, &flush, on_flush);
    sio_loop_add_hook(&net.loop, &hook);
    sio_loop_defer(&net.loop, &task);
    net_turn();
    CHECK_EQ_STR(trace, "task hook flush grave ");
    sio_loop_remove_hook(&hook);
    CHECK(net_close());
}

TEST(loop_runs_a_hook_on_both_sides_of_the_block)
{
    struct sio_hook hook = {.before_block = on_note, .after_block = on_note, .ctx = "hook"};
    start();
    sio_loop_add_hook(&net.loop, &hook);
    net_turn();
    CHECK_EQ_STR(trace, "hook hook ");
    sio_loop_remove_hook(&hook);
    net_turn();
    CHECK_EQ_STR(trace, "hook hook ");
    CHECK(net_close());
}

TEST(loop_defers_a_task_once_and_cancels_it)
{
    struct sio_task once, never;
    start();
    sio_task_init(&once, on_note, "once");
    sio_task_init(&never, on_note, "never");
    sio_loop_defer(&net.loop, &once);
    sio_loop_defer(&net.loop, &once);
    sio_loop_defer(&net.loop, &never);
    sio_task_cancel(&never);
    sio_task_cancel(&never);
    net_turn();
    net_turn();
    CHECK_EQ_STR(trace, "once ");
    CHECK(net_close());
}

static struct {
    struct sio_task task, other;
    unsigned runs, until;
} again;

static void on_again(void *ctx)
{
    (void)ctx;
    if (++again.runs < again.until)
        sio_loop_defer(&net.loop, &again.task);
}

TEST(loop_runs_tasks_of_tasks_in_the_same_tick_up_to_a_limit)
{
    start();
    sio_task_init(&again.task, on_again, NULL);
    again.runs = 0;
    again.until = SIO_LOOP_TASK_ROUNDS + 3;
    sio_loop_defer(&net.loop, &again.task);
    net_turn();
    CHECK_EQ_INT(again.runs, SIO_LOOP_TASK_ROUNDS);
    sio_loop_run_once(&net.loop); /* would block for ever if the rest were forgotten */
    CHECK_EQ_INT(again.runs, again.until);
    CHECK(net_close());
}

static void on_cancel_other(void *ctx)
{
    (void)ctx;
    note("first");
    sio_task_cancel(&again.other);
}

TEST(loop_lets_a_task_cancel_the_next_one)
{
    start();
    sio_task_init(&again.task, on_cancel_other, NULL);
    sio_task_init(&again.other, on_note, "second");
    sio_loop_defer(&net.loop, &again.task);
    sio_loop_defer(&net.loop, &again.other);
    net_turn();
    CHECK_EQ_STR(trace, "first ");
    CHECK(net_close());
}

static struct sio_hook hooks[3];

static void on_hook_remove_all(void *ctx)
{
    note(ctx);
    for (int i = 0; i < 3; i++)
        sio_loop_remove_hook(&hooks[i]);
}

TEST(loop_hooks_may_remove_each_other)
{
    start();
    hooks[0] = (struct sio_hook){.before_block = on_note, .ctx = "a"};
    hooks[1] = (struct sio_hook){.before_block = on_hook_remove_all, .ctx = "b"};
    hooks[2] = (struct sio_hook){.before_block = on_note, .ctx = "c"};
    for (int i = 0; i < 3; i++)
        sio_loop_add_hook(&net.loop, &hooks[i]);
    net_turn();
    net_turn();
    CHECK_EQ_STR(trace, "a b ");
    CHECK(net_close());
}

static unsigned insisted;

static void on_insist(void *ctx)
{
    (void)ctx;
    if (insisted++ < 3)
        sio_loop_do_not_block(&net.loop);
}

TEST(loop_does_not_block_when_a_hook_asks)
{
    struct sio_hook hook = {.before_block = on_insist};
    start();
    insisted = 0;
    sio_loop_add_hook(&net.loop, &hook);
    for (int i = 0; i < 3; i++)
        sio_loop_run_once(&net.loop);
    CHECK_EQ_INT(insisted, 3);
    CHECK(!uv_is_active((uv_handle_t *)&net.loop.idle) || uv_backend_timeout(&net.loop.uv) == 0);
    net_turn();
    CHECK(!uv_is_active((uv_handle_t *)&net.loop.idle));
    sio_loop_remove_hook(&hook);
    CHECK(net_close());
}

static void on_timer_insist(uv_timer_t *t)
{
    (void)t;
    sio_loop_do_not_block(&net.loop);
}

/* Timers and I/O run in other phases than hooks; the request must hold until the tick's end. */
TEST(loop_does_not_block_when_a_callback_asks)
{
    uv_timer_t timer;
    start();
    uv_timer_init(&net.loop.uv, &timer);
    uv_timer_start(&timer, on_timer_insist, 0, 0);
    sio_loop_run_once(&net.loop);
    sio_loop_run_once(&net.loop);
    CHECK(true);
    uv_close((uv_handle_t *)&timer, NULL);
    CHECK(net_close());
}

struct waiter {
    struct sio_linger linger;
    const char *name;
};

static void on_waiter(struct sio_linger *g)
{
    note(SIO_CONTAINER_OF(g, struct waiter, linger)->name);
}

TEST(loop_lingers_in_order_and_ends_it_at_last)
{
    struct waiter a = {.name = "a"}, b = {.name = "b"}, c = {.name = "c"}, d = {.name = "d"};
    start();
    net.loop.linger_ms = 2;
    sio_linger_init(&a.linger);
    sio_linger_init(&b.linger);
    sio_linger_init(&c.linger);
    sio_linger_init(&d.linger);
    sio_loop_linger(&net.loop, &a.linger, on_waiter);
    sio_loop_linger(&net.loop, &b.linger, on_waiter);
    sio_loop_linger(&net.loop, &c.linger, on_waiter);
    sio_loop_linger(&net.loop, &a.linger, on_waiter); /* again: behind the others */
    sio_linger_cancel(&b.linger);
    sio_linger_cancel(&b.linger);
    WAIT(strcmp(trace, "c a ") == 0);
    net.loop.linger_ms = SIO_LOOP_LINGER_MS;
    sio_loop_linger(&net.loop, &d.linger, on_waiter);
    CHECK(net_close());
    CHECK_EQ_STR(trace, "c a d ");
}

TEST(loop_goes_on_lingering_for_those_that_came_later)
{
    struct waiter a = {.name = "a"}, b = {.name = "b"};
    uint64_t until;
    start();
    net.loop.linger_ms = 10;
    sio_linger_init(&a.linger);
    sio_linger_init(&b.linger);
    sio_loop_linger(&net.loop, &a.linger, on_waiter);
    until = sio_loop_now(&net.loop) + 5;
    WAIT(sio_loop_now(&net.loop) >= until);
    sio_loop_linger(&net.loop, &b.linger, on_waiter);
    WAIT(strcmp(trace, "a b ") == 0);
    CHECK(net_close());
}

static struct sio_grave closed_grave;

static void on_closed_bury(uv_handle_t *h)
{
    note("closed");
    sio_loop_bury(&net.loop, &closed_grave, free_note, h);
}

TEST(loop_frees_what_a_close_callback_buries_before_it_blocks)
{
    uv_timer_t timer;
    start();
    uv_timer_init(&net.loop.uv, &timer);
    uv_close((uv_handle_t *)&timer, on_closed_bury);
    net_turn();
    CHECK_EQ_STR(trace, "closed ");
    strcpy((char *)&timer, "freed");
    net_turn();
    CHECK_EQ_STR(trace, "closed freed ");
    CHECK(net_close());
}

static void on_stop(void *ctx)
{
    (void)ctx;
    note("stop");
    sio_loop_stop(&net.loop);
}

TEST(loop_runs_until_it_is_stopped)
{
    struct sio_task task;
    start();
    sio_task_init(&task, on_stop, NULL);
    sio_loop_defer(&net.loop, &task);
    sio_loop_run(&net.loop);
    CHECK_EQ_STR(trace, "stop ");
    CHECK(net_close());
}

TEST(loop_reports_a_handle_that_somebody_left_open)
{
    uv_timer_t *timer = sio_alloc(sizeof *timer);
    start();
    uv_timer_init(&net.loop.uv, timer);
    uv_timer_start(timer, on_timer_insist, 100000, 100000); /* active: must not be waited for */
    uv_close((uv_handle_t *)&net.watchdog, NULL);
    CHECK(!sio_loop_fini(&net.loop));
    CHECK_EQ_STR(net.logged, "loop: a timer handle was left open");
    uv_close((uv_handle_t *)timer, NULL);
    uv_run(&net.loop.uv, UV_RUN_NOWAIT);
    CHECK_EQ_INT(uv_loop_close(&net.loop.uv), 0);
    sio_free(net.loop.read_buf);
    sio_free(timer);
    sio_log_set_sink(NULL);
}

TEST(loop_gives_up_on_a_task_that_never_ends)
{
    start();
    sio_task_init(&again.task, on_again, NULL);
    again.runs = 0;
    again.until = UINT32_MAX;
    sio_loop_defer(&net.loop, &again.task);
    CHECK(net_close());
    CHECK(again.runs > SIO_LOOP_TASK_ROUNDS);
}
