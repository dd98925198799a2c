// SPDX-License-Identifier: MIT
/* Handlers that hold the loop up are logged while they still run: with their traceback, once they
 * have run longer than `slow_handler`.
 *
 * One POSIX timer per lua_State, armed when a run begins and it is not, so a busy worker pays for
 * it a few times per second and an idle one not at all. Its signal finds the innermost run; when
 * that is as old as the limit it asks for the hook (run.h), else it looks again when it would be. A
 * time that was spent in an inner run and logged there is not held against the outer one.
 *
 * A run gets one warning, each kind of handler one in ten seconds (sio_log_limited). Code that is
 * inside a C function gets it when it comes back to Lua, or at its end, without a traceback then.
 *
 * Thread: loop; the signal is sent to the thread that made the timer. Owns: the timer, and one
 * real-time signal that nobody else handled. Errors: logged, and nothing is watched. Reenters: no.
 */
#ifndef SIO_BIND_SLOW_H
#define SIO_BIND_SLOW_H

#include "bind/run.h"

/* From now on runs are watched that take longer; 0: none. */
void sio_slow_set(struct sio_bind *b, uint64_t limit_ms);

/* For run.c. Begin and end of a run while runs are watched: */
void sio_slow_begin(struct sio_bind *b, struct sio_run *r);
void sio_slow_end(struct sio_run *r);
/* In the hook, on the thread that runs: the log line. */
void sio_slow_tell(struct sio_run *r, lua_State *L);

#endif
