// SPDX-License-Identifier: MIT
/* Error codes: one table from which enum, names and messages come.
 *
 * Every function that can fail at run time returns 0 or one of these negative
 * codes; SIO_ESYS leaves the reason in errno. Stands on libc; everybody calls it.
 */
#ifndef SIO_BASE_ERR_H
#define SIO_BASE_ERR_H

#define SIO_ERRNO_MAP(X)                                                                           \
    X(EINVAL, "invalid argument")                                                                  \
    X(EPROTO, "protocol error")                                                                    \
    X(EUTF8, "invalid UTF-8")                                                                      \
    X(EDEPTH, "nested too deep")                                                                   \
    X(ETOOBIG, "too large")                                                                        \
    X(EFULL, "a limit is reached")                                                                 \
    X(EAGAIN, "not now, try again")                                                                \
    X(ECLOSED, "closed")                                                                           \
    X(ENOENT, "not found")                                                                         \
    X(EEXIST, "exists already")                                                                    \
    X(ETIMEDOUT, "timeout")                                                                        \
    X(ELAPPED, "overwritten before it was read")                                                   \
    X(EPARSER, "the parser failed")                                                                \
    X(ESYS, "system call failed")

enum sio_err_index {
#define X(name, text) SIO_INDEX_##name,
    SIO_ERRNO_MAP(X)
#undef X
        SIO_ERR_COUNT
};

enum sio_err {
    SIO_OK = 0,
#define X(name, text) SIO_##name = -(SIO_INDEX_##name + 1),
    SIO_ERRNO_MAP(X)
#undef X
};

/* "EPROTO" for SIO_EPROTO; "OK" for 0; "EUNKNOWN" for anything else. Static string. */
const char *sio_err_name(int err);

/* The sentence of the table; "success" for 0. Static string. */
const char *sio_err_text(int err);

#endif
