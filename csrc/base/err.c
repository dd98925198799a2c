// SPDX-License-Identifier: MIT
/* The error table's names and sentences. Stands on nothing; the two arrays come from
 * SIO_ERRNO_MAP, so a code without a text cannot exist.
 */
#include "base/err.h"

static const char *const names[SIO_ERR_COUNT] = {
#define X(name, text) #name,
    SIO_ERRNO_MAP(X)
#undef X
};

static const char *const texts[SIO_ERR_COUNT] = {
#define X(name, text) text,
    SIO_ERRNO_MAP(X)
#undef X
};

static int known(int err)
{
    return err < 0 && err >= -SIO_ERR_COUNT;
}

const char *sio_err_name(int err)
{
    if (err == 0)
        return "OK";
    return known(err) ? names[-err - 1] : "EUNKNOWN";
}

const char *sio_err_text(int err)
{
    if (err == 0)
        return "success";
    return known(err) ? texts[-err - 1] : "unknown error";
}
