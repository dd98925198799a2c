// SPDX-License-Identifier: MIT
/* The inside of call.h: a pooled coroutine and what log lines and error hooks say of it. For call,
 * report and slow.
 *
 * Owns: nothing. Errors: none. Thread: loop. Reenters: no.
 */
#ifndef SIO_BIND_CALL_IN_H
#define SIO_BIND_CALL_IN_H

#include <string.h>

#include "bind/call.h"

/* Where code belongs to; what is unknown is empty. */
struct sio_context {
    const char *what; /* static */
    void *app;        /* key of OBJECTS, or NULL */
    uint8_t event_len, nsp_len;
    char event[SIO_CALL_EVENT_MAX];
    char nsp[SIO_CALL_NSP_MAX];
    char sid[SIO_CALL_SID_MAX + 1];
};

struct sio_co {
    lua_State *L;
    struct sio_bind *bind;
    struct sio_co *next; /* in the pool */
    struct sio_list link;
    int slot; /* in THREADS */
    bool waiting;
    bool handler; /* runs one of context.app */
    struct sio_context context;
};

static inline void sio_context_init(struct sio_context *c, const char *what)
{
    c->what = what;
    c->app = NULL;
    c->event_len = c->nsp_len = 0;
    c->sid[0] = '\0';
}

/* As much of `from` as there is room for. */
static inline uint8_t sio_context_copy(char *to, size_t size, struct sio_slice from)
{
    size_t n = from.len < size ? from.len : size;
    if (n != 0)
        memcpy(to, from.p, n);
    return (uint8_t)n;
}

static inline void sio_context_set_event(struct sio_context *c, struct sio_slice event)
{
    c->event_len = sio_context_copy(c->event, sizeof c->event, event);
}

static inline void sio_context_set_nsp(struct sio_context *c, struct sio_slice nsp)
{
    c->nsp_len = sio_context_copy(c->nsp, sizeof c->nsp, nsp);
}

static inline void sio_context_set_sid(struct sio_context *c, struct sio_slice sid)
{
    c->sid[sio_context_copy(c->sid, sizeof c->sid - 1, sid)] = '\0';
}

#endif
