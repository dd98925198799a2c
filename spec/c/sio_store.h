// SPDX-License-Identifier: MIT
/* The other half of the backing for the tests of sio/: the store of session records, and claims
 * from a worker that lives, has died, or answers later. Included by sio_fake.h.
 */
#ifndef SPEC_C_SIO_STORE_H
#define SPEC_C_SIO_STORE_H

#include "base/clock.h"
#include "sio/recovery.h"
#include "sio_log.h"

static inline struct fake_saved *fake_find(struct sio_slice pid)
{
    for (unsigned i = 0; i < FAKE_SAVED_MAX; i++)
        if (sio.saved[i].record != NULL &&
            sio_slice_eq(pid, sio_slice(sio.saved[i].pid, SIO_ID_LEN)))
            return &sio.saved[i];
    return NULL;
}

static inline void fake_forget(struct fake_saved *v)
{
    sio_blob_unref(v->record);
    v->record = NULL;
}

static inline int fake_save(void *ctx, struct sio_slice pid, struct sio_slice record)
{
    struct fake_saved *v = fake_find(pid);
    if (((struct fake_worker *)ctx)->died_ms != 0)
        return 0;
    if (sio.save_err != 0 || record.len > sio.save_max)
        return sio.save_err != 0 ? sio.save_err : SIO_ETOOBIG;
    sio.saves++;
    if (v != NULL)
        fake_forget(v);
    for (v = sio.saved; v->record != NULL; v++)
        ;
    memcpy(v->pid, pid.p, SIO_ID_LEN);
    v->owner = ((struct fake_worker *)ctx)->number;
    v->record = sio_blob_new(record);
    return 0;
}

static inline void fake_drop(void *ctx, struct sio_slice pid)
{
    struct fake_saved *v = fake_find(pid);
    struct fake_worker *w = ctx;
    if (v != NULL && v->owner == w->number && w->died_ms == 0)
        fake_forget(v);
}

static inline void fake_claim_now(struct sio_slice pid, sio_claim_fn fn, void *arg)
{
    struct sio_buf record = {0};
    uint64_t died_ms = 0;
    struct fake_saved *v = fake_find(pid);
    struct fake_worker *owner = v == NULL ? NULL : &sio.worker[v->owner];
    if (owner != NULL && owner->died_ms == 0) {
        sio_recovery_release(owner->server, pid, &record);
    } else if (owner != NULL) {
        died_ms = owner->died_ms;
        sio_buf_append_slice(&record, sio_blob_slice(v->record));
    }
    if (v != NULL && v->record != NULL)
        fake_forget(v);
    fn(arg, sio_buf_slice(&record), died_ms);
    sio_buf_fini(&record);
}

static inline void fake_claim(void *ctx, struct sio_slice pid, sio_claim_fn fn, void *arg,
                              void **ticket)
{
    *ticket = NULL;
    if (!sio.claim_later) {
        fake_claim_now(pid, fn, arg);
        return;
    }
    *ticket = &sio.claims[sio.n_claims];
    sio.claims[sio.n_claims].w = ctx;
    sio.claims[sio.n_claims].pid = pid;
    sio.claims[sio.n_claims].fn = fn;
    sio.claims[sio.n_claims].ticket = ticket;
    sio.claims[sio.n_claims++].arg = arg;
}

static inline void fake_unclaim(void *ctx, void *ticket)
{
    (void)ctx;
    ((struct fake_claim *)ticket)->fn = NULL;
}

static inline void fake_answer_claims(void)
{
    for (unsigned i = 0; i < sio.n_claims; i++) {
        if (sio.claims[i].fn == NULL)
            continue;
        *sio.claims[i].ticket = NULL;
        fake_claim_now(sio.claims[i].pid, sio.claims[i].fn, sio.claims[i].arg);
    }
    sio.n_claims = 0;
}

#endif
