// SPDX-License-Identifier: MIT
/* An open regular file in Lua's hands, between core.file_open and core.request_send_file.
 *
 * Thread: loop. Owns: the userdata owns the descriptor until it is taken; else __close or the
 * collector closes it. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_FILE_H
#define SIO_BIND_FILE_H

#include "bind/bind.h"

#define SIO_FILE "sio.file"

/* The descriptor of the file at `index`, which is the caller's from now on; -1 when it was taken
 * before. */
int sio_file_take(lua_State *L, int index);

#endif
