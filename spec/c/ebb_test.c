// SPDX-License-Identifier: MIT
/* worker/ebb: when most of a herd has left, at its limits. */
#include "worker/ebb.h"

#include "test.h"

TEST(a_herd_that_stays_is_no_ebb)
{
    struct sio_ebb e = {0};
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD));
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD));
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD / SIO_EBB_PART + 1)); /* falls */
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD / SIO_EBB_PART + 1)); /* one too many */
}

TEST(it_is_low_once_when_the_number_falls_no_more)
{
    struct sio_ebb e = {0};
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD));
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD / SIO_EBB_PART));
    CHECK(!sio_ebb_is_low(&e, 1));
    CHECK(sio_ebb_is_low(&e, 1));
    CHECK(!sio_ebb_is_low(&e, 1));
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(!sio_ebb_is_low(&e, 0));
}

TEST(fewer_than_a_herd_are_not_worth_it)
{
    struct sio_ebb e = {0};
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD - 1));
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(!sio_ebb_is_low(&e, 0));
}

TEST(who_is_left_counts_as_the_most_from_then_on)
{
    struct sio_ebb e = {0};
    size_t left = SIO_EBB_HERD;
    CHECK(!sio_ebb_is_low(&e, left * SIO_EBB_PART));
    CHECK(!sio_ebb_is_low(&e, left));
    CHECK(sio_ebb_is_low(&e, left));
    CHECK(!sio_ebb_is_low(&e, left / SIO_EBB_PART));
    CHECK(sio_ebb_is_low(&e, left / SIO_EBB_PART));
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(!sio_ebb_is_low(&e, SIO_EBB_HERD)); /* they are back */
    CHECK(!sio_ebb_is_low(&e, 0));
    CHECK(sio_ebb_is_low(&e, 0));
}
