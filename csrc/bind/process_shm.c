// SPDX-License-Identifier: MIT
/* The supervisor's side of the shared memory: incarnations come, are watched and go (process.h).
 *
 * Owns: a userdata its mapping. Slots are numbered from 0, as in C.
 */
#include "bind/process.h"

#include "base/clock.h"
#include "base/err.h"
#include "cluster/journal.h"

#define SHM "sio.process.shm"

static const char *const states[] = {"empty", "starting", "ready", "suspect", "draining", NULL};

static struct sio_shm *check_shm(lua_State *L)
{
    struct sio_shm *shm = luaL_checkudata(L, 1, SHM);
    luaL_argcheck(L, shm->base != NULL, 1, "the shared memory is closed");
    return shm;
}

static unsigned check_slot(lua_State *L, const struct sio_shm *shm, int arg)
{
    lua_Integer slot = luaL_checkinteger(L, arg);
    luaL_argcheck(L, slot >= 0 && slot < (lua_Integer)shm->n_slots, arg, "no such slot");
    return (unsigned)slot;
}

/* shm_create(slots[, journal bytes]): the latter is rounded up to a power of two */
static int lshm_create(lua_State *L)
{
    lua_Integer slots = luaL_checkinteger(L, 1), bytes = luaL_optinteger(L, 2, SIO_JOURNAL_BYTES);
    luaL_argcheck(L, slots >= 1 && slots <= SIO_WORKERS_MAX, 1, "number of slots out of range");
    luaL_argcheck(L, bytes >= 0 && bytes <= SIO_JOURNAL_BYTES_MAX, 2, "size out of range");
    struct sio_shm *shm = lua_newuserdatauv(L, sizeof *shm, 0);
    memset(shm, 0, sizeof *shm);
    luaL_setmetatable(L, SHM);
    int rc = sio_shm_create(
        shm, &(struct sio_shm_config){.slots = (unsigned)slots,
                                      .journal_bytes = sio_journal_ring_bytes((size_t)bytes)});
    return rc < 0 ? sio_process_fail(L, rc) : 1;
}

/* shm:fd() -> the memory's descriptor, for children; stays ours */
static int lshm_fd(lua_State *L)
{
    lua_pushinteger(L, check_shm(L)->fd);
    return 1;
}

/* shm:assign(slot, number) -> generation */
static int lshm_assign(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    unsigned slot = check_slot(L, shm, 2);
    lua_Integer number = luaL_checkinteger(L, 3);
    uint32_t generation;
    int rc = sio_shm_assign(shm, slot, &generation);
    if (rc < 0)
        return sio_process_fail(L, rc);
    atomic_store(&shm->slots[slot].number, (uint32_t)number);
    lua_pushinteger(L, generation);
    return 1;
}

/* shm:bury(slot): its process was reaped. Ring all bells afterwards. */
static int lshm_bury(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    sio_shm_bury(shm, check_slot(L, shm, 2), sio_clock_ms());
    return 0;
}

/* shm:sweep(seconds): forgets sessions of workers dead for longer, and older records */
static int lshm_sweep(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    uint64_t now_ms = sio_clock_ms(), retention_ms = sio_bind_check_ms(L, 2);
    sio_shm_sweep(shm, now_ms, retention_ms);
    sio_journal_expire(shm, now_ms, retention_ms);
    return 0;
}

/* shm:silence(slot) -> seconds since its last heartbeat */
static int lshm_silence(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    struct sio_slot *s = &shm->slots[check_slot(L, shm, 2)];
    uint64_t beat_ms = atomic_load(&s->heartbeat_ms), now_ms = sio_clock_ms();
    lua_pushnumber(L, now_ms > beat_ms ? (lua_Number)(now_ms - beat_ms) / 1000 : 0);
    return 1;
}

/* shm:move(slot, from, to) -> whether its state was `from` and is `to` now */
static int lshm_move(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    struct sio_slot *s = &shm->slots[check_slot(L, shm, 2)];
    uint32_t from = (uint32_t)luaL_checkoption(L, 3, NULL, states);
    uint32_t to = (uint32_t)luaL_checkoption(L, 4, NULL, states);
    lua_pushboolean(L, atomic_compare_exchange_strong(&s->state, &from, to));
    return 1;
}

/* shm:stats(slot|nil) -> list of what it counts, in the order of stats_table; nil: what all those
 * counted that were buried */
static int lshm_stats(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    unsigned slot = lua_isnoneornil(L, 2) ? shm->n_slots : check_slot(L, shm, 2);
    const struct sio_stats *s = sio_shm_stats(shm, slot);
    lua_createtable(L, SIO_STATS_COUNT, 0);
    for (int i = 0; i < SIO_STATS_COUNT; i++) {
        lua_pushinteger(L, (lua_Integer)sio_stats_get(s, (enum sio_stat)i));
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

/* shm:behind(slot) -> bytes of the journal that it has not read yet */
static int lshm_behind(lua_State *L)
{
    struct sio_shm *shm = check_shm(L);
    lua_pushinteger(L, (lua_Integer)sio_shm_behind(shm, check_slot(L, shm, 2)));
    return 1;
}

/* stats_table() -> list of {name, kind, metric, labels, help}; see base/stats.h */
static int lshm_stats_table(lua_State *L)
{
    static const char *const kinds[] = {"counter", "gauge", "each"};
    static const char *const stats[] = {
#define X(name, kind, metric, labels, help) #name,
        SIO_STATS_MAP(X)
#undef X
    };
    lua_createtable(L, SIO_STATS_COUNT, 0);
    for (int i = 0; i < SIO_STATS_COUNT; i++) {
        const struct sio_stat_info *info = sio_stats_info((enum sio_stat)i);
        lua_createtable(L, 0, 5);
        lua_pushstring(L, stats[i]);
        lua_setfield(L, -2, "name");
        lua_pushstring(L, kinds[info->kind]);
        lua_setfield(L, -2, "kind");
        lua_pushstring(L, info->metric);
        lua_setfield(L, -2, "metric");
        lua_pushstring(L, info->labels);
        lua_setfield(L, -2, "labels");
        lua_pushstring(L, info->help);
        lua_setfield(L, -2, "help");
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int lshm_close(lua_State *L)
{
    sio_shm_detach(luaL_checkudata(L, 1, SHM));
    return 0;
}

void lshm_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"fd", lshm_fd},           {"assign", lshm_assign},
                                       {"bury", lshm_bury},       {"sweep", lshm_sweep},
                                       {"silence", lshm_silence}, {"move", lshm_move},
                                       {"stats", lshm_stats},     {"behind", lshm_behind},
                                       {"close", lshm_close},     {NULL, NULL}};
    luaL_newmetatable(L, SHM);
    lua_pushcfunction(L, lshm_close);
    lua_setfield(L, -2, "__gc");
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, lshm_create);
    lua_setfield(L, -2, "shm_create");
    lua_pushcfunction(L, lshm_stats_table);
    lua_setfield(L, -2, "stats_table");
    lua_pushinteger(L, SIO_WORKERS_MAX);
    lua_setfield(L, -2, "slots_max");
}
