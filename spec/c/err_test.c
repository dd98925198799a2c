// SPDX-License-Identifier: MIT
/* base/err: the table is complete and codes are negative. */
#include "base/err.h"

#include "test.h"

TEST(names_and_texts)
{
    CHECK_EQ_STR(sio_err_name(0), "OK");
    CHECK_EQ_STR(sio_err_text(0), "success");
    CHECK_EQ_STR(sio_err_name(SIO_EPROTO), "EPROTO");
    CHECK_EQ_STR(sio_err_text(SIO_EUTF8), "invalid UTF-8");
    CHECK_EQ_STR(sio_err_name(SIO_ESYS), "ESYS");
}

TEST(every_code_is_negative_and_named)
{
    for (int i = 1; i <= SIO_ERR_COUNT; i++) {
        CHECK(strcmp(sio_err_name(-i), "EUNKNOWN") != 0);
        CHECK(sio_err_text(-i)[0] != '\0');
    }
    CHECK(SIO_EINVAL < 0);
}

TEST(foreign_codes)
{
    CHECK_EQ_STR(sio_err_name(1), "EUNKNOWN");
    CHECK_EQ_STR(sio_err_name(-SIO_ERR_COUNT - 1), "EUNKNOWN");
    CHECK_EQ_STR(sio_err_text(-9999), "unknown error");
}
