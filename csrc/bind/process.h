// SPDX-License-Identifier: MIT
/* sio.core.process: what the supervisor and the start of a worker need of the system and of
 * cluster/. The policy is in lua/sio/cli; here is one thin function per mechanism.
 *
 * lprocess_open (bind.h) makes the table; each of the following adds its part to the table on top
 * of the stack. Descriptors are plain integers for Lua: who has the number closes it, unless a
 * function says that it takes it. They are all CLOEXEC.
 *
 * Errors: nil, message, errno's name in lower case ("eaddrinuse") where there is one. Reenters: no.
 */
#ifndef SIO_BIND_PROCESS_H
#define SIO_BIND_PROCESS_H

#include "bind/bind.h"

void llisten_open(lua_State *L);   /* process_listen.c: listening sockets */
void lshm_open(lua_State *L);      /* process_shm.c: shared memory */
void llink_open(lua_State *L);     /* process_link.c: control channels */
void lchild_open(lua_State *L);    /* process_child.c: worker processes */
void lsignal_open(lua_State *L);   /* process_signal.c */
void llock_open(lua_State *L);     /* process_lock.c: files that one process has */
void lfolder_open(lua_State *L);   /* process_folder.c */
void lendpoint_open(lua_State *L); /* process_endpoint.c: pages of our own */
void lworker_open(lua_State *L);   /* process_worker.c: this process as a worker */
void llines_open(lua_State *L);    /* process_lines.c: streams of lines */
void lacceptor_open(lua_State *L); /* process_accept.c: who connects */
void lnotify_open(lua_State *L);   /* process_notify.c: the service manager */
void lplace_open(lua_State *L);    /* process_place.c: who we are, whose a path is */

/* A descriptor as an argument: an integer >= 0. */
int sio_process_check_fd(lua_State *L, int arg);
/* For a handle whose value is a table of callbacks: a coroutine for `what` with the one of that
 * name and the handle on its stack, so one argument; NULL: there is no such callback. */
struct sio_co *sio_process_callback(struct sio_bind *b, const void *object, const char *name,
                                    const char *what);
/* At the end of the state: children that still run are nobody's from here on. */
void sio_child_close_all(struct sio_bind *b);
/* nil, text, name; for SIO_ESYS from errno. Returns 3. */
int sio_process_fail(lua_State *L, int err);

#endif
