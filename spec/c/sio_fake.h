// SPDX-License-Identifier: MIT
/* What the tests of sio/ share: two workers with one in-memory log (sio_log.h, sio_store.h),
 * sessions that are arrays (sio_session.h) and a text of what happened (sio_events.h). Include it
 * behind test.h.
 */
#ifndef SPEC_C_SIO_FAKE_H
#define SPEC_C_SIO_FAKE_H

#include "base/log.h"
#include "sio/server_in.h"
#include "sio_ask.h"
#include "sio_events.h"
#include "sio_session.h"
#include "sio_store.h"

static inline void fake_log_sink(enum sio_log_level level, const char *line)
{
    (void)level, (void)line;
    sio.log_lines++;
}

/* Fills sio.options with the defaults; then change them and call fake_open. */
static inline void fake_prepare(void)
{
    memset(&sio, 0, sizeof sio);
    memset(&fake_mesh, 0, sizeof fake_mesh);
    alarm(60);
    sio_log_set_sink(fake_log_sink);
    sio_log_set_level(SIO_LOG_DEBUG);
    sio_server_options_default(&sio.options);
    sio.save_max = 64 * 1024;
    if (sio_loop_init(&sio.loop) != 0)
        abort();
}

static inline struct sio_backing fake_backing(unsigned number)
{
    return (struct sio_backing){.ctx = &sio.worker[number],
                                .epoch = "ep0ch",
                                .publish = fake_publish,
                                .catch_up = fake_catch_up,
                                .blocked = fake_blocked,
                                .record_max = fake_record_max,
                                .position = fake_position,
                                .floor = fake_floor,
                                .seed = FAKE_SEED,
                                .scan = fake_scan,
                                .save = fake_save,
                                .drop = fake_drop,
                                .claim = fake_claim,
                                .unclaim = fake_unclaim,
                                .peers = fake_peers,
                                .answer = fake_answer};
}

static inline void fake_open_worker(unsigned number)
{
    struct fake_worker *w = &sio.worker[number];
    struct sio_backing backing = fake_backing(number);
    *w = (struct fake_worker){.number = number, .cursor = sio.n};
    w->position = sio.n == 0 ? 64 : sio.records[sio.n - 1].end;
    sio.options.place = (struct sio_place){.slot = number, .generation = FAKE_GENERATION};
    w->server = sio_server_new(&sio.loop, &sio.options, &backing, &fake_events, w);
    w->server->asks.last_request = 0; /* tests know the numbers of their questions */
}

static inline void fake_open(void)
{
    fake_open_worker(0);
    fake_open_worker(1);
}

static inline void fake_begin(void)
{
    fake_prepare();
    fake_open();
}

static inline void fake_begin_recovery(void)
{
    fake_prepare();
    sio.options.recovery = true;
    fake_open();
}

static inline void fake_tick(void)
{
    sio_loop_do_not_block(&sio.loop);
    sio_loop_run_once(&sio.loop);
}

/* A new client of worker `number`; it lives until fake_drop_session. */
static inline struct eio_session *fake_session(unsigned number)
{
    struct eio_session *e = sio_calloc(1, sizeof *e);
    sio_server_add_session(sio.worker[number].server, e);
    return e;
}

/* The same of a client of Socket.IO v2. */
static inline struct eio_session *fake_session_v2(unsigned number)
{
    struct eio_session *e = sio_calloc(1, sizeof *e);
    e->v3 = true;
    sio_server_add_session(sio.worker[number].server, e);
    return e;
}

static inline void fake_drop_session(struct eio_session *e)
{
    fake_end(e, EIO_TRANSPORT_CLOSE, NULL);
    fake_tick();
    forget_sent(e);
    sio_free(e);
}

/* As kill -9 leaves it: what its server still does has no effect. */
static inline void fake_kill(unsigned number)
{
    sio.worker[number].died_ms = sio_clock_ms();
}

/* All sessions have been dropped. */
static inline void fake_close(void)
{
    for (unsigned i = 0; i < 2; i++)
        sio_server_free(sio.worker[i].server);
    fake_tick();
    fake_carry(false);
    CHECK(sio_loop_fini(&sio.loop));
    for (size_t i = 0; i < sio.n; i++)
        sio_blob_unref(sio.records[i].bytes);
    for (unsigned i = 0; i < FAKE_SAVED_MAX; i++)
        if (sio.saved[i].record != NULL)
            fake_forget(&sio.saved[i]);
    sio_buf_fini(&sio.log);
}

#define CHECK_LOG(text)                                                                            \
    do {                                                                                           \
        CHECK_EQ_SLICE(sio_buf_slice(&sio.log), sio_slice_str(text));                              \
        sio_buf_clear(&sio.log);                                                                   \
    } while (0)

static inline struct sio_outgoing event_of(const char *data)
{
    return (struct sio_outgoing){.data = sio_slice_str(data)};
}

static inline int emit(struct sio_socket *s, const char *data)
{
    struct sio_outgoing out = event_of(data);
    return sio_socket_emit(s, &out, 0, 0);
}

/* To one room, or to all when it is NULL. */
static inline int broadcast(struct sio_nsp *n, const char *room, const char *data, unsigned flags)
{
    struct sio_outgoing out = event_of(data);
    struct sio_slice name = room == NULL ? SIO_LIT("") : sio_slice_str(room);
    out.flags = flags;
    return sio_nsp_emit(n, &(struct sio_selection){.rooms = &name, .n_rooms = room != NULL}, &out);
}

static inline struct sio_nsp *root_of(unsigned number)
{
    return sio_server_find_nsp(sio.worker[number].server, SIO_LIT("/"));
}

/* A connected socket in "/" of worker `number`; nothing is left in the log or the session. */
static inline struct sio_socket *fake_join_root(unsigned number, struct eio_session **e)
{
    *e = fake_session(number);
    say(*e, "0");
    forget_sent(*e);
    sio_buf_clear(&sio.log);
    return sio.socket;
}

#endif
