// SPDX-License-Identifier: MIT
/* base/blob: shared bytes. A leak or a double free is the sanitizers' to see. */
#include "base/blob.h"

#include "test.h"

TEST(counts_references)
{
    struct sio_blob *b = sio_blob_new(SIO_LIT("shared"));
    CHECK_EQ_INT(b->refs, 1);
    CHECK(sio_blob_ref(b) == b);
    CHECK_EQ_INT(b->refs, 2);
    sio_blob_unref(b);
    CHECK_SLICE(sio_blob_slice(b), "shared");
    sio_blob_unref(b);
}

TEST(null_and_empty)
{
    struct sio_blob *b = sio_blob_new(sio_slice(NULL, 0));
    sio_blob_unref(NULL);
    CHECK_EQ_INT(sio_blob_slice(b).len, 0);
    sio_blob_unref(b);
}

TEST(raw_is_filled_by_its_creator)
{
    struct sio_blob *b = sio_blob_new_raw(3);
    memcpy(b->data, "abc", 3);
    CHECK_SLICE(sio_blob_slice(b), "abc");
    sio_blob_unref(b);
}
