// SPDX-License-Identifier: MIT
/* base/bucket: rates, on a clock that the test moves. */
#include "base/bucket.h"

#include "test.h"

TEST(holds_one_second)
{
    struct sio_bucket b;
    sio_bucket_init(&b, 3, 1000);
    CHECK(sio_bucket_take(&b, 1, 1000));
    CHECK(sio_bucket_take(&b, 1, 1000));
    CHECK(sio_bucket_take(&b, 1, 1000));
    CHECK(!sio_bucket_take(&b, 1, 1000));
    CHECK(sio_bucket_take(&b, 1, 1001)); /* a part of a token is enough */
    CHECK(!sio_bucket_take(&b, 1, 1002));
    for (int i = 0; i < 3; i++)
        CHECK(sio_bucket_take(&b, 1, 1000000));
    CHECK(!sio_bucket_take(&b, 1, 1000000));
}

TEST(a_large_thing_passes_and_is_paid_for)
{
    struct sio_bucket b;
    sio_bucket_init(&b, 100, 0);
    CHECK(sio_bucket_take(&b, 1000, 0));
    CHECK(!sio_bucket_take(&b, 1, 8999));
    CHECK(sio_bucket_take(&b, 1, 9001));
    CHECK(sio_bucket_take(&b, UINT64_MAX, 20000));
    CHECK(!sio_bucket_take(&b, 1, 1000000));
}

TEST(no_limit)
{
    struct sio_bucket b;
    sio_bucket_init(&b, 0, 0);
    for (int i = 0; i < 1000; i++)
        CHECK(sio_bucket_take(&b, 1000000, 0));
}

TEST(the_largest_rate_and_the_longest_wait_do_not_overflow)
{
    struct sio_bucket b;
    sio_bucket_init(&b, UINT32_MAX, 0);
    CHECK(sio_bucket_take(&b, UINT32_MAX, 0));
    CHECK(sio_bucket_take(&b, UINT32_MAX, UINT64_MAX));
    CHECK(sio_bucket_take(&b, 1, 5)); /* a clock that went back does no harm */
}
