// SPDX-License-Identifier: MIT
/* net/batch: what spans say and share, its limits, and any order of additions against plain buffers
 * as the model. */
#include "test.h"

#include "base/buf.h"
#include "net/batch.h"

TEST(batch_shares_what_all_get)
{
    struct sio_batch b = {0};
    struct sio_batch_span s[3] = {{0}, {0}, {0}};
    struct sio_blob *one = sio_blob_new(SIO_LIT("one ")), *two = sio_blob_new(SIO_LIT("(two"));
    for (int i = 0; i < 3; i++)
        CHECK(sio_batch_share(&b, &s[i], one, 0));
    for (int i = 0; i < 3; i++)
        CHECK(sio_batch_share(&b, &s[i], two, 1));
    CHECK_EQ_INT(b.len, 7);
    for (int i = 0; i < 3; i++)
        CHECK_EQ_SLICE(sio_batch_slice(&b, &s[i]), SIO_LIT("one two"));
    for (int i = 0; i < 3; i++)
        sio_batch_drop(&b, &s[i]);
    CHECK(b.len == 0 && one->refs == 1 && two->refs == 1);
    sio_batch_drop(&b, &s[0]);
    sio_batch_fini(&b);
    sio_blob_unref(one);
    sio_blob_unref(two);
}

TEST(batch_keeps_apart_what_differs)
{
    struct sio_batch b = {0};
    struct sio_batch_span s[3] = {{0}, {0}, {0}};
    struct sio_blob *all = sio_blob_new(SIO_LIT("all")), *end = sio_blob_new(SIO_LIT("end"));
    CHECK(sio_batch_share(&b, &s[0], all, 0));
    CHECK(sio_batch_share(&b, &s[1], all, 0));
    CHECK(sio_batch_add(&b, &s[1], SIO_LIT("+1")));
    CHECK(sio_batch_share(&b, &s[2], all, 0)); /* the memo holds: nothing was added for it */
    CHECK(sio_batch_share(&b, &s[2], all, 1)); /* from elsewhere: other bytes */
    for (int i = 0; i < 3; i++)
        CHECK(sio_batch_share(&b, &s[i], end, 0));
    CHECK_EQ_SLICE(sio_batch_slice(&b, &s[0]), SIO_LIT("allend"));
    CHECK_EQ_SLICE(sio_batch_slice(&b, &s[1]), SIO_LIT("all+1end"));
    CHECK_EQ_SLICE(sio_batch_slice(&b, &s[2]), SIO_LIT("allllend"));
    for (int i = 0; i < 3; i++)
        sio_batch_drop(&b, &s[i]);
    sio_batch_fini(&b);
    sio_blob_unref(all);
    sio_blob_unref(end);
}

TEST(batch_knows_a_blob_by_more_than_its_address)
{
    struct sio_batch b = {0};
    struct sio_batch_span s[2] = {{0}, {0}};
    struct sio_blob *first = sio_blob_new(SIO_LIT("first")), *next;
    CHECK(sio_batch_share(&b, &s[0], first, 0));
    CHECK_EQ_INT(first->refs, 2); /* so its address cannot come back with other bytes */
    sio_blob_unref(first);
    next = sio_blob_new(SIO_LIT("other"));
    CHECK(sio_batch_share(&b, &s[1], next, 0));
    CHECK_EQ_SLICE(sio_batch_slice(&b, &s[1]), SIO_LIT("other"));
    sio_batch_drop(&b, &s[0]);
    sio_batch_drop(&b, &s[1]);
    CHECK_EQ_INT(next->refs, 1);
    sio_blob_unref(next);
    sio_batch_fini(&b);
}

TEST(batch_has_limits)
{
    static char bytes[SIO_BATCH_PIECE_MAX + 1];
    struct sio_slice piece = sio_slice(bytes, SIO_BATCH_PIECE_MAX);
    struct sio_batch b = {0};
    struct sio_batch_span s[SIO_BATCH_BYTES / SIO_BATCH_SPAN_MAX] = {{0}}, more = {0};
    struct sio_blob *short_blob = sio_blob_new(SIO_LIT("x"));
    const size_t n = sizeof s / sizeof s[0];
    CHECK(!sio_batch_add(&b, &more, sio_slice(bytes, sizeof bytes)));
    CHECK(sio_batch_add(&b, &more, SIO_LIT("")));
    CHECK(sio_batch_share(&b, &more, short_blob, 1));
    CHECK(more.len == 0 && b.n_spans == 0);
    for (size_t i = 0; i < n; i++) {
        for (int k = 0; k < SIO_BATCH_SPAN_MAX / SIO_BATCH_PIECE_MAX; k++)
            CHECK(sio_batch_add(&b, &s[i], piece));
        CHECK(!sio_batch_add(&b, &s[i], SIO_LIT("x")));
        CHECK_EQ_INT(s[i].len, SIO_BATCH_SPAN_MAX);
    }
    CHECK_EQ_INT(b.len, SIO_BATCH_BYTES);
    CHECK(!sio_batch_add(&b, &more, SIO_LIT("x")) && !sio_batch_share(&b, &more, short_blob, 0));
    CHECK(more.len == 0 && short_blob->refs == 1);
    for (size_t i = 0; i < n; i++)
        sio_batch_drop(&b, &s[i]);
    CHECK(sio_batch_add(&b, &more, SIO_LIT("x")));
    sio_batch_drop(&b, &more);
    sio_batch_fini(&b);
    sio_blob_unref(short_blob);
}

static uint32_t seed = 4711;

static size_t pick(size_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

enum { SPANS = 5, BLOBS = 3 };

static void step(struct sio_batch *b, struct sio_batch_span *s, struct sio_buf *model,
                 struct sio_blob *const *blobs)
{
    struct sio_blob *blob = blobs[pick(BLOBS)];
    size_t from = pick(4) == 0 ? pick(blob->len + 1) : 0;
    struct sio_slice bytes = sio_slice_from(sio_blob_slice(blob), from);
    bool added = true;
    switch (pick(4)) {
    case 0:
        sio_batch_drop(b, s);
        sio_buf_clear(model);
        return;
    case 1:
        added = sio_batch_add(b, s, bytes);
        break;
    default:
        added = sio_batch_share(b, s, blob, from);
    }
    if (added)
        sio_buf_append_slice(model, bytes);
}

TEST(batch_behaves_as_buffers)
{
    struct sio_batch b = {0};
    struct sio_batch_span s[SPANS] = {{0}};
    struct sio_buf model[SPANS] = {{0}};
    struct sio_blob *blobs[BLOBS] = {sio_blob_new(SIO_LIT("a")), sio_blob_new(SIO_LIT("bcdef")),
                                     sio_blob_new(SIO_LIT("ghijklmnopqrstuvwxyz"))};
    bool same = true;
    for (int i = 0; i < 20000 && same; i++) {
        size_t k = pick(SPANS);
        step(&b, &s[k], &model[k], blobs);
        for (k = 0; k < SPANS; k++)
            same = same && sio_slice_eq(sio_batch_slice(&b, &s[k]), sio_buf_slice(&model[k]));
    }
    CHECK(same);
    for (size_t k = 0; k < SPANS; k++) {
        sio_batch_drop(&b, &s[k]);
        sio_buf_fini(&model[k]);
    }
    sio_batch_fini(&b);
    for (size_t k = 0; k < BLOBS; k++) {
        CHECK_EQ_INT(blobs[k]->refs, 1);
        sio_blob_unref(blobs[k]);
    }
}
