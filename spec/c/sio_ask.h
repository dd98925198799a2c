// SPDX-License-Identifier: MIT
/* The part of the backing that questions need, for the tests of sio/: who the other worker is, and
 * answers that are on their way until fake_carry. Included by sio_fake.h.
 */
#ifndef SPEC_C_SIO_ASK_H
#define SPEC_C_SIO_ASK_H

#include "sio/ask.h"
#include "sio_log.h"

enum { FAKE_ANSWERS_MAX = 4096, FAKE_GENERATION = 5 };

static struct {
    bool suspect[2]; /* cannot be expected to answer */
    bool alone;      /* there is no other worker */
    int err;         /* of the next answers */
    struct {
        struct sio_place from, to;
        uint32_t request;
        enum sio_answer_end end;
        struct sio_blob *bytes;
    } answers[FAKE_ANSWERS_MAX];
    unsigned n;
} fake_mesh;

static inline struct sio_place fake_place(unsigned number)
{
    return (struct sio_place){.slot = number, .generation = FAKE_GENERATION};
}

static inline unsigned fake_peers(void *ctx, struct sio_peer *out)
{
    unsigned other = 1 - ((struct fake_worker *)ctx)->number;
    if (fake_mesh.alone || sio.worker[other].died_ms != 0)
        return 0;
    out[0] = (struct sio_peer){fake_place(other), !fake_mesh.suspect[other]};
    return 1;
}

static inline int fake_answer(void *ctx, struct sio_place to, uint32_t request,
                              struct sio_slice bytes, enum sio_answer_end end)
{
    if (fake_mesh.err != 0)
        return fake_mesh.err;
    if (fake_mesh.n == FAKE_ANSWERS_MAX || bytes.len > SIO_ANSWER_PART_MAX)
        abort();
    unsigned i = fake_mesh.n++;
    fake_mesh.answers[i].from = fake_place(((struct fake_worker *)ctx)->number);
    fake_mesh.answers[i].to = to;
    fake_mesh.answers[i].request = request;
    fake_mesh.answers[i].end = end;
    fake_mesh.answers[i].bytes = sio_blob_new(bytes);
    return 0;
}

/* The answers on their way arrive, or are lost. */
static inline void fake_carry(bool arrive)
{
    for (unsigned i = 0; i < fake_mesh.n; i++) {
        struct sio_server *s = sio.worker[fake_mesh.answers[i].to.slot].server;
        if (arrive)
            sio_ask_take(s, fake_mesh.answers[i].from, fake_mesh.answers[i].request,
                         sio_blob_slice(fake_mesh.answers[i].bytes), fake_mesh.answers[i].end);
        sio_blob_unref(fake_mesh.answers[i].bytes);
    }
    fake_mesh.n = 0;
}

#endif
