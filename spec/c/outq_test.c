// SPDX-License-Identifier: MIT
/* net/outq: order, references and accounting, against a plain buffer as the model. */
#include "test.h"

#include "base/buf.h"
#include "net/outq.h"

static void append_front(const struct sio_outq *q, struct sio_buf *out)
{
    uv_buf_t iov[1024];
    unsigned n = sio_outq_front(q, iov, 1024);
    for (unsigned i = 0; i < n; i++)
        sio_buf_append(out, iov[i].base, iov[i].len);
}

TEST(outq_is_nothing_when_empty)
{
    struct sio_outq *q = NULL;
    struct sio_blob *b = sio_blob_new(SIO_LIT("abc"));
    uv_buf_t iov[1];
    CHECK_EQ_INT(sio_outq_bytes(q), 0);
    CHECK_EQ_INT(sio_outq_front(q, iov, 1), 0);
    sio_outq_copy(&q, SIO_LIT(""));
    sio_outq_share(&q, b, 3);
    CHECK(q == NULL && b->refs == 1);
    sio_outq_share(&q, b, 1);
    CHECK_EQ_INT(b->refs, 2);
    sio_outq_consume(&q, 2);
    CHECK(q == NULL && b->refs == 1);
    sio_outq_drop(&q);
    sio_blob_unref(b);
}

TEST(outq_copies_small_writes_together)
{
    struct sio_outq *q = NULL;
    struct sio_blob *b = sio_blob_new(SIO_LIT("-shared-"));
    struct sio_buf all = {0};
    uv_buf_t iov[8];
    sio_outq_copy(&q, SIO_LIT("one "));
    sio_outq_copy(&q, SIO_LIT("two "));
    CHECK_EQ_INT(sio_outq_front(q, iov, 8), 1);
    sio_outq_share(&q, b, 1);
    sio_outq_copy(&q, SIO_LIT("three"));
    CHECK_EQ_INT(sio_outq_front(q, iov, 8), 3);
    append_front(q, &all);
    CHECK_SLICE(sio_buf_slice(&all), "one two shared-three");
    CHECK_SLICE(sio_blob_slice(b), "-shared-");
    sio_outq_drop(&q);
    CHECK_EQ_INT(b->refs, 1);
    sio_blob_unref(b);
    sio_buf_fini(&all);
}

TEST(outq_splits_a_copy_over_the_open_blob_and_a_new_one)
{
    struct sio_outq *q = NULL;
    struct sio_buf all = {0}, want = {0};
    char piece[SIO_OUTQ_COPY_BYTES - 1];
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 3; i++) {
        sio_outq_copy(&q, sio_slice(piece, sizeof piece));
        sio_buf_append(&want, piece, sizeof piece);
    }
    CHECK_EQ_INT(sio_outq_bytes(q), 3 * sizeof piece);
    append_front(q, &all);
    CHECK_EQ_SLICE(sio_buf_slice(&all), sio_buf_slice(&want));
    sio_outq_drop(&q);
    sio_buf_fini(&all);
    sio_buf_fini(&want);
}

static uint32_t seed = 12345;

static size_t pick(size_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void step(struct sio_outq **q, struct sio_buf *model, struct sio_blob *b)
{
    static char text[2048];
    size_t n = pick(8) == 0 ? pick(sizeof text) : pick(40);
    for (size_t i = 0; i < n; i++)
        text[i] = (char)('a' + pick(26));
    switch (pick(3)) {
    case 0:
        sio_outq_copy(q, sio_slice(text, n));
        sio_buf_append(model, text, n);
        break;
    case 1:
        n = pick(b->len + 1);
        sio_outq_share(q, b, n);
        sio_buf_append_slice(model, sio_slice_from(sio_blob_slice(b), n));
        break;
    default:
        n = pick(model->len + 1);
        sio_outq_consume(q, n);
        sio_buf_consume(model, n);
    }
}

TEST(outq_behaves_as_a_buffer)
{
    struct sio_outq *q = NULL;
    struct sio_blob *b = sio_blob_new(SIO_LIT("0123456789abcdefghij"));
    struct sio_buf model = {0}, all = {0};
    for (int i = 0; i < 20000; i++) {
        step(&q, &model, b);
        if (sio_outq_bytes(q) != model.len || (q == NULL) != (model.len == 0))
            break;
        if (i % 64 == 0) {
            sio_buf_clear(&all);
            append_front(q, &all);
            if (all.len < model.len ? !sio_slice_starts(sio_buf_slice(&model), sio_buf_slice(&all))
                                    : !CHECK_EQ_SLICE(sio_buf_slice(&all), sio_buf_slice(&model)))
                break;
        }
    }
    CHECK_EQ_INT(sio_outq_bytes(q), model.len);
    sio_outq_drop(&q);
    CHECK_EQ_INT(b->refs, 1);
    sio_blob_unref(b);
    sio_buf_fini(&model);
    sio_buf_fini(&all);
}
