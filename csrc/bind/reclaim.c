// SPDX-License-Identifier: MIT
/* See reclaim.h. Stands on Lua's collector and on libuv's pool; the worker calls it when most of
 * its sessions have left.
 */
#include "bind/reclaim.h"

#include "base/mem.h"
#include "bind/handle.h"

struct sio_reclaim {
    struct sio_bind *bind;
    uv_work_t trim;
    unsigned cycles, steps;
    bool generational; /* was Lua's mode, and will be */
    bool collected;    /* the trim under way is the last one */
};

/* Whether that was the last one; or the app has turned the collector off. */
static bool step(struct sio_reclaim *r)
{
    lua_State *L = r->bind->L;
    if (!lua_gc(L, LUA_GCISRUNNING))
        return true;
    r->steps++;
    if (lua_gc(L, LUA_GCSTEP, 0))
        r->cycles++;
    return r->cycles == SIO_RECLAIM_CYCLES || r->steps == SIO_RECLAIM_STEPS;
}

static void on_trim(uv_work_t *req)
{
    (void)req;
    sio_mem_trim();
}

static void on_trimmed(uv_work_t *req, int status)
{
    struct sio_reclaim *r = req->data;
    struct sio_bind *b = r->bind;
    (void)status; /* never cancelled */
    if (r->collected) {
        b->reclaim = NULL;
        sio_free(r);
        return;
    }
    r->collected = step(r);
    if (r->collected && r->generational)
        lua_gc(b->L, LUA_GCGEN, 0, 0);
    uv_queue_work(&b->loop->uv, req, on_trim, on_trimmed);
}

void sio_reclaim_begin(void *bind)
{
    struct sio_bind *b = bind;
    struct sio_reclaim *r;
    if (b->reclaim != NULL)
        return;
    sio_handle_shrink(b);
    r = sio_calloc(1, sizeof *r);
    r->bind = b;
    r->generational = lua_gc(b->L, LUA_GCINC, 0, 0, 0) == LUA_GCGEN;
    r->trim.data = r;
    b->reclaim = r;
    uv_queue_work(&b->loop->uv, &r->trim, on_trim, on_trimmed);
}

void sio_reclaim_cancel(struct sio_bind *b)
{
    if (b->reclaim != NULL)
        b->reclaim->collected = true;
}
