// SPDX-License-Identifier: MIT
/* base/slice: borrowed bytes. */
#include "base/slice.h"

#include "test.h"

TEST(from_and_starts)
{
    struct sio_slice s = SIO_LIT("hello");
    CHECK_SLICE(sio_slice_from(s, 2), "llo");
    CHECK_EQ_INT(sio_slice_from(s, 5).len, 0);
    CHECK_EQ_INT(sio_slice_from(s, 99).len, 0);
    CHECK(sio_slice_starts(s, SIO_LIT("he")));
    CHECK(sio_slice_starts(s, SIO_LIT("")));
    CHECK(!sio_slice_starts(s, SIO_LIT("hello!")));
}

TEST(equality_with_empty_and_null)
{
    CHECK(sio_slice_eq(sio_slice(NULL, 0), SIO_LIT("")));
    CHECK(!sio_slice_eq(SIO_LIT("a"), SIO_LIT("b")));
    CHECK(sio_slice_eq(SIO_LIT("a\0b"), SIO_LIT("a\0b")));
    CHECK(!sio_slice_eq(SIO_LIT("a\0b"), SIO_LIT("a\0c")));
}

TEST(case_is_ascii_only)
{
    CHECK(sio_slice_eq_nocase(SIO_LIT("Content-Length"), SIO_LIT("cONTENT-lENGTH")));
    CHECK(!sio_slice_eq_nocase(SIO_LIT("Host"), SIO_LIT("Hosts")));
    /* '@' and '`', '[' and '{' differ in the same bit as letters do */
    CHECK(!sio_slice_eq_nocase(SIO_LIT("@["), SIO_LIT("`{")));
    CHECK(!sio_slice_eq_nocase(SIO_LIT("\xc4"), SIO_LIT("\xe4")));
}
