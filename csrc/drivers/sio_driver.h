// SPDX-License-Identifier: MIT
/* The one header that optional client libraries (drivers, a .so each) share with the core. No
 * symbols cross: a driver hands out full userdata of the shape below whose metatable has the field
 * SIO_DRIVER_JOB set to true; the core recognises it by that.
 *
 * A job runs on libuv's thread pool, then finishes on the loop, where the coroutine that waits for
 * it gets what `finish` pushed. Where nobody can wait (an app file before its server listens) the
 * core calls both one after the other.
 *
 * Owns: the driver owns the userdata's memory; the core keeps the userdata alive until `finish`.
 * Errors: none; what went wrong is for the driver to keep and tell. Reenters: finish must neither
 * yield nor raise.
 */
#ifndef SIO_DRIVER_H
#define SIO_DRIVER_H

#include <lua.h>

#define SIO_DRIVER_JOB "sio.driver.job"

/* First member of the driver's own struct. */
struct sio_driver_job {
    void (*run)(struct sio_driver_job *job);                 /* on a pool thread: no Lua */
    int (*finish)(lua_State *L, struct sio_driver_job *job); /* on the loop; number of results */
    int busy; /* set by the core from the call until before `finish` */
};

#endif
