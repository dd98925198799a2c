// SPDX-License-Identifier: MIT
/* The journal: one log of records for the whole host, in shared memory. Every worker appends to it
 * and tails it; its order is the order in which every worker delivers.
 *
 * A position is a 64-bit byte count that never wraps. append() copies under a robust
 * process-shared mutex and commits with one store of `tail`: a writer killed inside leaves
 * nothing visible. It is bounded by bytes, being a ring, and by age (journal_age.c). Old records
 * are found by what they are about (journal_chain.c). Waking: a bit per sleeping reader, an eventfd
 * ("bell") per worker, rung once at the end of the tick, for records that are not only for those
 * who are on no roll of that worker (base/roll.h).
 *
 * Thread: loop. Owns: the lapped-proof copy of the record being read. Reenters: no.
 */
#ifndef SIO_CLUSTER_JOURNAL_H
#define SIO_CLUSTER_JOURNAL_H

#include "base/blob.h"
#include "base/buf.h"
#include "cluster/shm.h"

enum {
    SIO_RECORD_LOCAL = 1,             /* no sibling needs it: nobody is woken for it */
    SIO_RECORD_CALLS = 2,             /* only those need it whom sio_journal_call names */
    SIO_JOURNAL_TOPICS_MAX = 16,      /* of one record */
    SIO_JOURNAL_FOUND_MAX = 64 << 10, /* records of one search */
    SIO_JOURNAL_CALLS_MAX = 32,       /* topics of one tick; for more everybody is woken */
};

/* What records are about: numbers by which they can be found again (sio/topic.h). Zeroed:
 * nothing. */
struct sio_journal_about {
    const uint32_t *topics;
    size_t n; /* of a record at most SIO_JOURNAL_TOPICS_MAX */
};

struct sio_journal {
    struct sio_shm *shm;
    struct sio_place me;
    uint64_t cursor;    /* the next position to read */
    uint64_t wake_mask; /* siblings to wake at the end of the tick (bit per slot) */
    uint32_t calls[SIO_JOURNAL_CALLS_MAX]; /* and those who have one of these on their roll */
    unsigned n_calls;
    uint64_t lag_seen; /* where the tail stood when laggards were looked for */
    bool wake_due;
    struct sio_buf copy; /* the record being read */
};

struct sio_journal_record {
    uint64_t pos; /* of its first byte */
    uint64_t end; /* of the first byte behind it: the offset that clients get */
    struct sio_place writer;
    unsigned flags;
    struct sio_slice bytes; /* valid until the next read */
};

/* Starts at the present tail. */
void sio_journal_open(struct sio_journal *j, struct sio_shm *shm, struct sio_place me);
void sio_journal_close(struct sio_journal *j);

/* Largest record, bytes: an eighth of the ring less the record head. */
size_t sio_journal_record_max(const struct sio_journal *j);
uint64_t sio_journal_tail(const struct sio_journal *j);

/* Appends one record; `end`, unless NULL, gets the position behind it. Waits for the lock for at
 * most 1 ms.
 * Errors: SIO_ETOOBIG (also: about too much); SIO_EAGAIN (the lock's owner is stopped: queue and
 *         try at the next tick); SIO_ESYS (mutex not recoverable: fatal for the host). */
int sio_journal_append(struct sio_journal *j, struct sio_slice bytes, unsigned flags,
                       struct sio_journal_about about, uint64_t *end);

/* Behind an append with SIO_RECORD_CALLS, in the same tick: wakes who has one of these topics on
 * its roll, and the workers of `slots` (bit per slot). */
void sio_journal_call(struct sio_journal *j, struct sio_journal_about whom, uint64_t slots);

/* Reads the record at the cursor and moves on. 1, 0 (at the tail), SIO_ELAPPED (this reader was
 * overtaken by a whole ring: the cursor is now at the tail, what was between is unknown). */
int sio_journal_next(struct sio_journal *j, struct sio_journal_record *out);

/* End of the tick: publishes the cursor; rings the bells of sleeping siblings that need what was
 * appended, and of a sibling that lags by more than a quarter of the ring in any case.
 * `bells` is indexed by slot, -1 = none. */
void sio_journal_wake(struct sio_journal *j, const int bells[SIO_WORKERS_MAX]);
/* Before blocking: true when the caller may sleep (its bit is set, nothing is unread); false when
 * there is something to read first. After waking: sio_journal_awake. */
bool sio_journal_sleep(struct sio_journal *j);
void sio_journal_awake(struct sio_journal *j);

/* Reading old records (recovery). `from` comes from a client: SIO_ENOENT unless it is a record
 * boundary that is still in the ring. */
int sio_journal_seek(const struct sio_journal *j, uint64_t from);
/* Copies the record at *pos into `copy` and moves *pos to its end. 1, 0 at `until`, SIO_ELAPPED. */
int sio_journal_read_at(const struct sio_journal *j, uint64_t *pos, uint64_t until,
                        struct sio_buf *copy, struct sio_journal_record *out);
/* Fills `into` with the positions (uint64_t, ascending, each once) of the records of [from, until)
 * that are about any of these topics. `from`: one that seek takes. Errors, after which all records
 * are to be read: SIO_EAGAIN (the chains do not reach back so far, for a worker died while it
 * appended), SIO_EFULL (more than SIO_JOURNAL_FOUND_MAX, logged), SIO_ELAPPED. */
int sio_journal_find(const struct sio_journal *j, uint64_t from, uint64_t until,
                     struct sio_journal_about about, struct sio_buf *into);

/* Bounded by age: forgets what is older than max_age_ms (and a sixteenth of that, and the time
 * since the last call) and gives its pages back. The supervisor, or the only process, calls it now
 * and then. What a living worker has not read yet stays. */
void sio_journal_expire(struct sio_shm *shm, uint64_t now_ms, uint64_t max_age_ms);
/* A record boundary: what lies before has been forgotten. */
uint64_t sio_journal_floor(const struct sio_journal *j);

/* Test hook: called by name at each step of append and wake, so that a test can kill the process
 * there. NULL outside tests. */
extern void (*sio_journal_killpoint)(const char *step);

#endif
