// SPDX-License-Identifier: MIT
/* Versions of llhttp, wslay and zlib (versions.h). */
#include "codec/versions.h"

#include <stddef.h>

#include <llhttp.h>
#include <wslay/wslay.h>
#include <zlib.h>

#define TEXT(x) #x
#define TEXT_OF(x) TEXT(x)

const struct sio_versions_entry *sio_versions_codec(void)
{
    static const struct sio_versions_entry all[] = {
        {"llhttp", TEXT_OF(LLHTTP_VERSION_MAJOR) "." TEXT_OF(LLHTTP_VERSION_MINOR) "." TEXT_OF(
                       LLHTTP_VERSION_PATCH)},
        {"wslay", WSLAY_VERSION},
        {"zlib", ZLIB_VERSION},
        {NULL, NULL}};
    return all;
}
