// SPDX-License-Identifier: MIT
/* A model of one client that moves between two workers: its connection breaks at any moment, some
 * of what was sent last does not arrive, it joins, leaves, is made to join and leave with others,
 * also while it is away, and comes back. Its worker may be killed, or its log blocked for a while.
 * Every event that means it arrives once, in order.
 */
#include "test.h"

#include "sio/crowd.h"
#include "sio_client.h"

enum { MODEL_ROOMS = 4, MODEL_EVENTS = 900 };

static struct {
    struct eio_session *e;
    struct sio_socket *s;
    struct memory m;
    unsigned worker, dead; /* dead 2: none */
    bool in[MODEL_ROOMS];
    unsigned want[MODEL_EVENTS], n_want;
    unsigned got[MODEL_EVENTS * 2], n_got;
    unsigned read, flushed; /* of e->sent */
} model;

static uint32_t model_seed;

static uint32_t model_random(uint32_t below)
{
    model_seed = model_seed * 1664525 + 1013904223;
    return (model_seed >> 8) % below;
}

static unsigned model_worker(void)
{
    unsigned worker = model_random(2);
    return worker == model.dead ? 1 - worker : worker;
}

static void model_tick(void)
{
    fake_tick();
    model.flushed = model.e == NULL ? 0 : model.e->n;
}

static void model_read(unsigned until)
{
    for (; model.read < until; model.read++) {
        struct sio_slice p = sent(model.e, model.read);
        if (!sio_slice_starts(p, SIO_LIT("42[")))
            continue;
        model.got[model.n_got++] = (unsigned)atoi(p.p + 3);
        note_offset(&model.m, p);
    }
}

static void model_emit(unsigned number)
{
    char data[16], room[4];
    unsigned r = model_random(MODEL_ROOMS + 2), worker = model_worker();
    snprintf(data, sizeof data, "[%u]", number);
    snprintf(room, sizeof room, "%u", r);
    bool mine = r >= MODEL_ROOMS || model.in[r];
    struct sio_outgoing late = event_of(data);
    if (r == MODEL_ROOMS && model.e != NULL)
        emit(model.s, data);
    else if (r == MODEL_ROOMS)
        sio_socket_emit_late(root_of(worker), sio_slice_str(model.m.sid), &late);
    else
        broadcast(root_of(worker), r > MODEL_ROOMS ? NULL : room, data, 0);
    if (mine)
        model.want[model.n_want++] = number;
}

/* The worker acts on what it has seen of the log: what is so already it does not write. */
static void model_change_room(void)
{
    char room[4];
    unsigned r = model_random(MODEL_ROOMS);
    bool join = model_random(2) == 0;
    snprintf(room, sizeof room, "%u", r);
    if (sio_socket_in(model.s, sio_slice_str(room)) != join)
        model.in[r] = join;
    if (join)
        sio_socket_join(model.s, sio_slice_str(room));
    else
        sio_socket_leave(model.s, sio_slice_str(room));
}

/* All who are in one room, or everybody, but those in another, join a third or leave it. */
static void model_change_crowd(void)
{
    char names[3][4];
    unsigned r[3] = {model_random(MODEL_ROOMS + 1), model_random(MODEL_ROOMS * 2),
                     model_random(MODEL_ROOMS)};
    unsigned worker = model_worker();
    bool join = model_random(2) == 0, here = model_random(4) == 0;
    for (unsigned i = 0; i < 3; i++)
        snprintf(names[i], sizeof names[i], "%u", r[i]);
    struct sio_slice rooms[3] = {sio_slice_str(names[0]), sio_slice_str(names[1]),
                                 sio_slice_str(names[2])};
    struct sio_selection to = {.rooms = &rooms[0],
                               .n_rooms = r[0] < MODEL_ROOMS,
                               .except = &rooms[1],
                               .n_except = r[1] < MODEL_ROOMS};
    bool meant = (r[0] >= MODEL_ROOMS || model.in[r[0]]) &&
                 (r[1] >= MODEL_ROOMS || !model.in[r[1]]) && (!here || worker == model.worker);
    CHECK_EQ_INT(sio_crowd_change(root_of(worker), join ? SIO_CROWD_JOIN : SIO_CROWD_LEAVE, &to,
                                  here ? SIO_EMIT_HERE : 0, &rooms[2], 1),
                 0);
    if (meant)
        model.in[r[2]] = join;
}

/* The connection breaks; some of what was sent last does not arrive. */
static void model_break(bool noticed)
{
    model_read(model.read + model_random(model.e->n - model.read + 1));
    if (noticed) {
        fake_drop_session(model.e);
        model.e = NULL;
    }
}

/* Its worker is killed: what has not been saved is lost, and so is what has not left. */
static void model_kill(void)
{
    model.dead = model.worker;
    fake_kill(model.dead);
    model_read(model.read + model_random(model.flushed - model.read + 1));
    fake_drop_session(model.e);
    model.e = NULL;
}

static void model_connect(void)
{
    struct eio_session *old = model.e;
    model.worker = model_worker();
    model.e = connect_as(model.worker, &model.m);
    model.s = sio.socket;
    model.read = model.flushed = 0;
    CHECK(sio_socket_recovered(model.s));
    for (unsigned r = 0; r < MODEL_ROOMS; r++) {
        char room[4];
        snprintf(room, sizeof room, "%u", r);
        CHECK(sio_socket_in(model.s, sio_slice_str(room)) == model.in[r]);
    }
    if (old != NULL) {
        CHECK_EQ_INT(old->state, EIO_STATE_CLOSED);
        fake_drop_session(old);
    }
}

static void model_step(unsigned *number)
{
    unsigned what = model_random(24);
    if (what >= 20)
        model_change_crowd();
    else if (what < 10)
        model_emit((*number)++);
    else if (what < 12)
        fake_tail(&sio.worker[what - 10]);
    else if (what < 14)
        model_tick();
    else if (model.e == NULL)
        model_connect();
    else if (*number > MODEL_EVENTS / 2 && model.dead == 2 && model.read <= model.flushed)
        model_kill();
    else if (what < 17)
        model_change_room();
    else if (what == 17)
        model_break(true);
    else if (what == 18)
        model_read(model.e->n);
    else {
        model_break(false);
        model_connect(); /* the old connection still seems to be open */
    }
}

static void run_model(uint32_t seed, bool skip_middlewares)
{
    test_context("seed %u, %s", seed, skip_middlewares ? "at once" : "through middlewares");
    fake_prepare();
    sio.options.recovery = true;
    sio.options.skip_middlewares = skip_middlewares;
    fake_open();
    memset(&model, 0, sizeof model);
    model.dead = 2;
    model_seed = seed;
    model.e = fake_session(0);
    say(model.e, "0");
    model.s = sio.socket;
    remember(&model.m, model.e);
    for (unsigned number = 0; number < MODEL_EVENTS - 1;)
        model_step(&number);
    if (model.e == NULL)
        model_connect();
    fake_tail(&sio.worker[model.worker]);
    model_read(model.e->n);
    CHECK_EQ_INT(model.n_got, model.n_want);
    for (unsigned i = 0; i < model.n_want && i < model.n_got; i++)
        if (!CHECK_EQ_INT(model.got[i], model.want[i]))
            break;
    CHECK(model.n_want > MODEL_EVENTS / 4);
    CHECK(model.dead != 2);
    fake_drop_session(model.e);
    fake_close();
}

TEST(every_event_once_in_order)
{
    for (uint32_t seed = 1; seed <= 40; seed++)
        run_model(seed, seed % 2 != 0);
}
