// SPDX-License-Identifier: MIT
/* Runs: each time that C calls people's Lua code, as a chain on the C stack, innermost first.
 *
 * From outside (a signal's handler, the allocator) nothing can be done to code that runs, but a
 * hook can be set on its thread: it comes before the next instruction of Lua. So somebody asks, and
 * the hook does what was asked for. Code that is inside a C function is reached when it comes back.
 *
 * The thread to reach is the one that runs now, which may be a coroutine that people made;
 * therefore run_thread.c replaces coroutine.resume and coroutine.wrap by ones that say whom they
 * resume.
 *
 * Thread: loop. Owns: nothing; a run lives on the stack of who begins it. Errors: none. Reenters:
 * the hook may raise in the code that runs.
 */
#ifndef SIO_BIND_RUN_H
#define SIO_BIND_RUN_H

#include "bind/bind.h"

struct sio_context;

enum sio_run_wish {
    SIO_RUN_TELL = 1,      /* log that it is slow: see slow.h */
    SIO_RUN_NO_MEMORY = 2, /* collect garbage, or raise "not enough memory" */
};

struct sio_run {
    struct sio_run *outer;
    const struct sio_context *context;
    lua_State *base;        /* the thread that C called */
    lua_State *volatile L;  /* the thread that runs */
    uint64_t since_ms;      /* of sio_clock_rough_ms; 0 while nobody watches */
    uint64_t excused_ms;    /* of it: spent in inner runs that were told; since_ms is later by it */
    bool told;              /* it was logged as slow */
    volatile unsigned wish; /* of sio_run_wish; cleared when the hook comes */
    lua_State *volatile hooked; /* has our hook instead of its own, which was: */
    lua_Hook hook;
    int mask, count;
};

/* Around every call of Lua from C: `L` is about to run code of `context`. */
void sio_run_begin(struct sio_bind *b, struct sio_run *r, const struct sio_context *context,
                   lua_State *L);
void sio_run_end(struct sio_bind *b, struct sio_run *r);

/* Safe in a signal's handler. */
void sio_run_ask(struct sio_run *r, enum sio_run_wish wish);

/* Around a resume of a coroutine that people made, in the innermost run: `to` runs from now on. */
void sio_run_switch(struct sio_run *r, lua_State *to);

/* Replaces coroutine.resume and coroutine.wrap. */
void sio_run_open(lua_State *L, struct sio_bind *b);

#endif
