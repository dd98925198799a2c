// SPDX-License-Identifier: MIT
/* Two workers' arenas in one shared memory, for the tests of cluster/arena. */
#ifndef SPEC_C_ARENA_SIDE_H
#define SPEC_C_ARENA_SIDE_H

#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "cluster/arena.h"
#include "cluster/arena_heap.h"
#include "cluster/layout.h"

enum { SESSIONS = 100, KILLS = 400, RECORDS = 64, RECORD_MAX = 8000 };

static struct sio_shm shm;
static struct sio_arena a, b; /* of slots 0 and 1 */
static struct sio_buf out;

static inline struct sio_place assign(unsigned slot)
{
    struct sio_place place = {slot, 0};
    if (sio_shm_assign(&shm, slot, &place.generation) != 0)
        abort();
    return place;
}

static inline void setup(size_t arena_bytes)
{
    struct sio_shm_config c = {
        .slots = 8, .journal_bytes = 65536, .arena_bytes = arena_bytes, .arena_sessions = SESSIONS};
    if (sio_shm_create(&shm, &c) != 0)
        abort();
    CHECK_EQ_INT(sio_arena_open(&a, &shm, assign(0)), 0);
    CHECK_EQ_INT(sio_arena_open(&b, &shm, assign(1)), 0);
}

static inline void teardown(void)
{
    sio_arena_close(&a);
    sio_arena_close(&b);
    sio_buf_fini(&out);
    sio_shm_detach(&shm);
}

/* The i-th private id of the tests. */
static inline struct sio_slice pid_of(unsigned i)
{
    static char text[4][SIO_ID_LEN + 1];
    static unsigned turn;
    char *p = text[turn++ % 4];
    snprintf(p, SIO_ID_LEN + 1, "private-id-%09u", i);
    return sio_slice(p, SIO_ID_LEN);
}

static inline struct sio_slice own(struct sio_arena *arena, unsigned i)
{
    sio_buf_clear(&out);
    if (sio_arena_get(arena, pid_of(i), &out) != 0)
        return SIO_LIT("(none)");
    return sio_buf_slice(&out);
}

static inline struct sio_slice claim(struct sio_arena *arena, unsigned i)
{
    sio_buf_clear(&out);
    if (sio_arena_claim(arena, pid_of(i), &out, NULL) != 0)
        return SIO_LIT("(none)");
    return sio_buf_slice(&out);
}

static inline uint32_t records(const struct sio_arena *arena)
{
    return sio_arena_count(&sio_shm_metas(&shm)[arena->index]);
}

#endif
