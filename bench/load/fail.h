// SPDX-License-Identifier: MIT
/* A run that went wrong: the reason on stderr, status 1, nothing on stdout. There is no other way
 * to handle an error here: a figure from a run with one wrong reply is worth nothing.
 */
#ifndef LOAD_FAIL_H
#define LOAD_FAIL_H

_Noreturn void load_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void load_fail_errno(const char *what); /* with strerror(errno) */

#endif
