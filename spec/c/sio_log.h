// SPDX-License-Identifier: MIT
/* A host of two workers with an in-memory log, for the tests of sio/: the half of the backing that
 * is the log, and all the state of a test. The positions have gaps, as those of the journal have.
 * Included by sio_fake.h.
 */
#ifndef SPEC_C_SIO_LOG_H
#define SPEC_C_SIO_LOG_H

#include "base/err.h"
#include "base/mem.h"
#include "net/loop.h"
#include "sio/socket.h"
#include "sio/topic.h"
#include "sio/watch.h"

enum { FAKE_RECORDS_MAX = 4096, FAKE_SAVED_MAX = 64, FAKE_QUEUE_MAX = 64 };

struct fake_record {
    uint64_t pos, end;
    unsigned writer, flags;
    struct sio_blob *bytes;
};

struct fake_saved {
    char pid[SIO_ID_LEN];
    unsigned owner;
    struct sio_blob *record; /* NULL: free */
};

struct fake_worker {
    unsigned number;
    struct sio_server *server;
    size_t cursor;     /* index of the next record */
    uint64_t position; /* the same as a position */
    bool blocked;
    struct {
        struct sio_blob *bytes;
        unsigned flags;
    } queue[FAKE_QUEUE_MAX];
    unsigned n_queue;
    uint64_t died_ms; /* not 0: reaped */
};

static struct {
    struct sio_loop loop;
    struct sio_server_options options;
    struct fake_worker worker[2];
    struct fake_record records[FAKE_RECORDS_MAX];
    size_t first, n; /* records before `first` were overwritten */
    struct fake_saved saved[FAKE_SAVED_MAX];
    unsigned saves;
    int save_err;
    size_t save_max;
    uint64_t floor;   /* of the log */
    bool claim_later; /* claims wait for fake_answer_claims */
    struct fake_claim {
        struct fake_worker *w;
        struct sio_slice pid;
        sio_claim_fn fn;
        void *arg, **ticket;
    } claims[8];
    unsigned n_claims;
    struct sio_buf log;
    struct sio_asker asker;    /* of the last question for bind */
    struct sio_socket *socket; /* newest that was connecting */
    bool hold;                 /* no accept in on_connecting */
    void (*on_event)(struct sio_socket *s, const struct sio_incoming *in);
    void (*on_disconnecting)(struct sio_socket *s);
    void (*on_connecting)(struct sio_socket *s);
    void (*on_room)(struct sio_nsp *n, const struct sio_room_event *e);
    unsigned log_lines;
} sio;

static inline void fake_tail(struct fake_worker *w)
{
    for (; w->cursor < sio.n; w->cursor++) {
        struct fake_record *r = &sio.records[w->cursor];
        bool own = r->writer == w->number;
        w->position = r->end;
        if (w->died_ms == 0 && (own || (r->flags & SIO_PUBLISH_LOCAL) == 0)) {
            /* A copy that dies with the call, to find borrowers. */
            struct sio_blob *copy = sio_blob_new(sio_blob_slice(r->bytes));
            sio_server_deliver(w->server, sio_blob_slice(copy), r->end, own);
            sio_blob_unref(copy);
        }
    }
}

static inline void fake_append(struct fake_worker *w, struct sio_slice record, unsigned flags)
{
    struct fake_record *r = &sio.records[sio.n];
    uint64_t pos = sio.n == 0 ? 64 : sio.records[sio.n - 1].end;
    if (sio.n == FAKE_RECORDS_MAX)
        abort();
    *r = (struct fake_record){pos, pos + 16 + (record.len + 15) / 16 * 16, w->number, flags,
                              sio_blob_new(record)};
    sio.n++;
    fake_tail(w);
}

static inline int fake_publish(void *ctx, struct sio_slice record, unsigned flags)
{
    struct fake_worker *w = ctx;
    if (record.len > 1 << 20)
        return SIO_ETOOBIG;
    if (!w->blocked) {
        fake_append(w, record, flags);
        return 0;
    }
    if (w->n_queue == FAKE_QUEUE_MAX)
        return SIO_EFULL;
    w->queue[w->n_queue].bytes = sio_blob_new(record);
    w->queue[w->n_queue++].flags = flags;
    return 0;
}

static inline void fake_unblock(struct fake_worker *w)
{
    w->blocked = false;
    for (unsigned i = 0; i < w->n_queue; i++) {
        fake_append(w, sio_blob_slice(w->queue[i].bytes), w->queue[i].flags);
        sio_blob_unref(w->queue[i].bytes);
    }
    w->n_queue = 0;
}

static inline void fake_catch_up(void *ctx)
{
    fake_tail(ctx);
}

static inline bool fake_blocked(void *ctx)
{
    return ((struct fake_worker *)ctx)->blocked;
}

static inline size_t fake_record_max(void *ctx)
{
    (void)ctx;
    return 1 << 20;
}

static inline uint64_t fake_floor(void *ctx)
{
    (void)ctx;
    return sio.floor;
}

static inline uint64_t fake_position(void *ctx)
{
    return ((struct fake_worker *)ctx)->position;
}

enum { FAKE_SEED = 7 };

/* Nothing more than what was asked for, unlike the journal, which may show more. */
static inline bool fake_is_about(const struct fake_record *r, struct sio_scan_for what)
{
    uint32_t topics[SIO_TOPICS_MAX];
    unsigned n = sio_topic_list(FAKE_SEED, sio_blob_slice(r->bytes), topics);
    for (unsigned i = 0; i < n; i++)
        for (size_t j = 0; j < what.n; j++)
            if (topics[i] == what.topics[j])
                return true;
    return what.n == 0;
}

static inline int fake_scan(void *ctx, uint64_t from, struct sio_scan_for what, sio_scan_fn fn,
                            void *arg)
{
    struct fake_worker *w = ctx;
    fake_tail(w);
    size_t i = sio.first;
    while (i < sio.n && sio.records[i].pos != from)
        i++;
    if (i == sio.n && from != w->position)
        return sio.first > 0 && from < sio.records[sio.first].pos ? SIO_ELAPPED : SIO_ENOENT;
    for (; i < w->cursor; i++)
        if (fake_is_about(&sio.records[i], what) &&
            fn(arg, sio.records[i].end, sio_blob_slice(sio.records[i].bytes)) != 0)
            break;
    return 0;
}

#endif
