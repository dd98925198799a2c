// SPDX-License-Identifier: MIT
/* The last words of a run. Everybody calls it; it calls nobody. */
#include "fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void load_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

_Noreturn void load_fail_errno(const char *what)
{
    load_fail("%s: %s", what, strerror(errno));
}
