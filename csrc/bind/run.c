// SPDX-License-Identifier: MIT
/* The chain of runs and the hook that reaches into them. Stands on lua_sethook, which Lua allows in
 * a signal's handler; call begins and ends runs, slow and core ask.
 *
 * Invariant: b->run is complete before it is set and stays so until it is reset, for a signal may
 * come between any two instructions. A hook of ours is gone from a thread when its run has ended or
 * it has yielded.
 */
#include "bind/run.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "bind/slow.h"

static void on_hook(lua_State *L, lua_Debug *at);

/* ---- the hook -------------------------------------------------------------------------------- */

static void set_hook(struct sio_run *r)
{
    lua_State *L = r->L;
    if (r->hooked != NULL)
        return;
    r->hooked = L;
    if (lua_gethook(L) != on_hook) {
        r->hook = lua_gethook(L);
        r->mask = lua_gethookmask(L);
        r->count = lua_gethookcount(L);
    }
    lua_sethook(L, on_hook, LUA_MASKCOUNT, 1);
}

/* The innermost of r and those around it that has its hook on L, or NULL. */
static struct sio_run *hooked_on(struct sio_run *r, const lua_State *L)
{
    while (r != NULL && r->hooked != L)
        r = r->outer;
    return r;
}

/* The thread's own hook comes back: a debugger's, a coverage tool's. An outer run on the same
 * thread, which knows it, still waits for ours. */
static void unhook(struct sio_run *r)
{
    lua_State *L = r->hooked;
    if (L == NULL)
        return;
    if (lua_gethook(L) == on_hook && hooked_on(r->outer, L) == NULL)
        lua_sethook(L, r->hook, r->mask, r->count);
    r->hooked = NULL;
}

static void collect(lua_State *L, struct sio_bind *b)
{
    b->alloc_failed = false;
    lua_gc(L, LUA_GCCOLLECT);
    sio_mem_refill();
    if (sio_mem_low())
        luaL_error(L, "not enough memory");
}

static void on_hook(lua_State *L, lua_Debug *at)
{
    struct sio_bind *b = sio_bind_of(L);
    struct sio_run *r = hooked_on(b->run, L);
    unsigned wish;
    (void)at;
    if (r == NULL) { /* inherited by a thread that was made meanwhile */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    unhook(r);
    wish = r->wish;
    r->wish = 0;
    if (wish & SIO_RUN_TELL)
        sio_slow_tell(r, L);
    if (wish & SIO_RUN_NO_MEMORY)
        collect(L, b);
}

void sio_run_ask(struct sio_run *r, enum sio_run_wish wish)
{
    r->wish |= wish;
    set_hook(r);
}

/* ---- the chain ------------------------------------------------------------------------------- */

void sio_run_begin(struct sio_bind *b, struct sio_run *r, const struct sio_context *context,
                   lua_State *L)
{
    *r = (struct sio_run){.outer = b->run, .context = context, .base = L, .L = L};
    atomic_signal_fence(memory_order_seq_cst);
    b->run = r;
    if (b->slow != NULL) /* now: a signal that finds nobody to watch is the last one */
        sio_slow_begin(b, r);
}

void sio_run_end(struct sio_bind *b, struct sio_run *r)
{
    b->run = r->outer;
    atomic_signal_fence(memory_order_seq_cst);
    unhook(r);
    if (r->since_ms != 0)
        sio_slow_end(r);
}

void sio_run_switch(struct sio_run *r, lua_State *to)
{
    r->L = to;
    atomic_signal_fence(memory_order_seq_cst);
    if (r->hooked == NULL || r->hooked == to)
        return;
    unhook(r);
    if (r->wish != 0)
        set_hook(r);
}
