// SPDX-License-Identifier: MIT
/* What the Socket.IO server needs from below its own process: an ordered log and a store of
 * sessions. The worker fills this table from the journal and the arena; tests fill it from memory.
 * So sio and cluster do not know each other.
 */
#ifndef SIO_SIO_BACKING_H
#define SIO_SIO_BACKING_H

#include <stdint.h>

#include "base/buf.h"
#include "base/id.h"
#include "base/roll.h"

enum { SIO_PUBLISH_LOCAL = 1 }; /* no sibling needs it */

enum { SIO_ANSWER_PART_MAX = 64 * 1024 }; /* bytes of one part of an answer */

/* What follows a part of an answer. */
enum sio_answer_end {
    SIO_ANSWER_LAST, /* nothing */
    SIO_ANSWER_MORE,
    SIO_ANSWER_FAILED, /* nothing, and it is not whole */
};

/* Another worker. */
struct sio_peer {
    struct sio_place place;
    bool reachable; /* it can be expected to answer */
};

/* Gets the record of a private id, or an empty slice when there is none (unknown, expired with its
 * arena, owner silent). `died_ms`: monotonic time of the owner's death when it died, else 0. */
typedef void (*sio_claim_fn)(void *arg, struct sio_slice record, uint64_t died_ms);
/* What a scan looks for, see topic.h; n 0: everything. */
struct sio_scan_for {
    const uint32_t *topics;
    size_t n;
};
/* Returns non-zero to stop. `end` is the position behind the record. */
typedef int (*sio_scan_fn)(void *arg, uint64_t end, struct sio_slice record);

struct sio_backing {
    void *ctx;
    const char *epoch;     /* of positions; at most 11 characters */
    uint64_t seed;         /* of topics; all that share the log have the same */
    struct sio_roll *roll; /* of this worker: the topics that have members here; NULL: none */
    /* Appends, then delivers through sio_server_deliver all records up to and with this one, before
     * it returns; or queues it when the log is blocked (still 0; delivery follows in order).
     * Errors: SIO_ETOOBIG, SIO_EFULL (the local queue). */
    int (*publish)(void *ctx, struct sio_slice record, unsigned flags);
    /* Delivers the log to its end, so that who joins now hears of nothing that was sent before. May
     * find this worker lapped, and call sio_server_lapped. */
    void (*catch_up)(void *ctx);
    bool (*blocked)(void *ctx); /* records wait in the local queue: everything must wait behind */
    size_t (*record_max)(void *ctx); /* bytes */
    /* Behind the last record that went through here: what comes later will be delivered live. */
    uint64_t (*position)(void *ctx);
    /* What is older has been forgotten. It was sent longer ago than a client can be away and its
     * connection seem alive, so whoever may still be recovered has received it. */
    uint64_t (*floor)(void *ctx);
    /* Delivers the log to its end, then visits in order the records of [from, position) that are
     * about one of the topics, and maybe others. SIO_ENOENT: `from` is no boundary; SIO_ELAPPED.
     * May find this worker lapped, and call sio_server_lapped. */
    int (*scan)(void *ctx, uint64_t from, struct sio_scan_for what, sio_scan_fn fn, void *arg);
    /* Keeps the record under our name. Errors: SIO_ETOOBIG, SIO_EFULL. */
    int (*save)(void *ctx, struct sio_slice pid, struct sio_slice record);
    void (*drop)(void *ctx, struct sio_slice pid); /* no effect when there is none */
    /* Takes the record of `pid` from whoever has it (also from ourselves: sio_recovery_release).
     * fn is called exactly once, now or later. Until it is called, *ticket is not NULL, and may be
     * given to unclaim: then it will not be, and the session stays with who has it. */
    void (*claim)(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg, void **ticket);
    void (*unclaim)(void *ctx, void *ticket);
    /* The other workers that have clients now; fills `out` with at most SIO_WORKERS_MAX - 1. */
    unsigned (*peers)(void *ctx, struct sio_peer *out);
    /* A part of our answer, at most SIO_ANSWER_PART_MAX bytes, for the sio_ask_take of the worker
     * that asked; kept while the way there is full. Errors: SIO_ECLOSED (it has gone), SIO_EFULL
     * (too much is kept: this answer is given up, and the asker told so). */
    int (*answer)(void *ctx, struct sio_place to, uint32_t request, struct sio_slice bytes,
                  enum sio_answer_end end);
};

#endif
