// SPDX-License-Identifier: MIT
/* What one lua_State has of us: the loop, the worker, the coroutine pool, scratch buffers.
 *
 * bind/ is the only layer that sees lua.h. `struct sio_bind` lives in the registry of its lua_State
 * from luaopen_sio_core to lua_close; everything else finds it through sio_bind_of or through a
 * handle.
 *
 * Naming: C functions that Lua calls are static and called l<noun>_<verb>; each file has one
 * `l<noun>_open`, which adds its functions to the table on top of the stack (the module sio.core).
 *
 * Thread: loop. Owns: the loop, and the worker when it opened it. Errors: none. Reenters: no.
 */
#ifndef SIO_BIND_BIND_H
#define SIO_BIND_BIND_H

#include <lua.h>
#include <lauxlib.h>

#include "base/blob.h"
#include "base/buf.h"
#include "base/list.h"
#include "net/loop.h"

struct sio_worker;
struct sio_co;
struct sio_reclaim;
struct sio_run;
struct sio_slow;

#define SIO_LUA_VERSION "0.1.0"

/* Registry references: taken once in luaopen, so that their number is constant. The ones up to
 * SIO_REF_HOOKS_END are set from Lua by core.set_hooks{name = value}. */
#define SIO_REF_MAP(X)                                                                             \
    X(CONNECTING, "connecting")       /* f(nsp, socket): run the middlewares */                    \
    X(LOOKUP, "lookup")               /* f(app, lookup, name, auth): answers */                    \
    X(NSP_GONE, "nsp_gone")           /* f(nsp): a child is not there any more; may not wait */    \
    X(CONNECTION, "connection")       /* f(nsp, socket) */                                         \
    X(EVENT, "event")                 /* f(socket, ack|nil, name, args..., ack|nothing) */         \
    X(SERVER_EVENT, "server_event")   /* f(nsp, ack|nil, pass|nil, name, args..., ack|nil) */      \
    X(ROOM, "room")                   /* f(nsp, event, room, sid|nothing) */                       \
    X(OUTGOING, "outgoing")           /* f(socket, name, args...): was sent */                     \
    X(SOCKET_ERROR, "socket_error")   /* f(socket, message) */                                     \
    X(DISCONNECTING, "disconnecting") /* f(socket, reason, detail|nil) */                          \
    X(DISCONNECT, "disconnect")       /* f(socket, reason|nil, detail|nil) */                      \
    X(SESSION, "session")             /* f(app, session) */                                        \
    X(MESSAGE, "message")             /* f(session, string|binary) */                              \
    X(CLOSE, "close")                 /* f(session, reason, detail|nil) */                         \
    X(SESSION_EVENT, "session_event") /* f(session, "upgrade"|"drain") */                          \
    X(REQUEST, "request")             /* f(app, request) */                                        \
    X(GATE, "gate")                   /* f(app, stage, request): decides */                        \
    X(REFUSED, "refused")             /* f(app, error) */                                          \
    X(HEADERS, "headers")             /* f(app, request, sid|nil): {name, value, ...} */           \
    X(LEFT_ON, "left_on")             /* f(request): what hooks left on it, or nil */              \
    X(ERROR, "error")                 /* f(app|nil, message, context): the error hooks */          \
    X(SOCKET_MT, "socket_mt")         /* metatables of the objects people touch */                 \
    X(SESSION_MT, "session_mt")                                                                    \
    X(GATE_MT, "gate_mt")                                                                          \
    X(REQUEST_MT, "request_mt")                                                                    \
    X(BROADCAST_MT, "broadcast_mt")                                                                \
    X(HOOKS_END, NULL)                                                                             \
    X(OBJECTS, NULL)   /* C object -> its handle; see handle.h */                                  \
    X(LOOSE, NULL)     /* the same, weakly */                                                      \
    X(THREADS, NULL)   /* slot -> coroutine; see call.h */                                         \
    X(CALLBACKS, NULL) /* C object -> function that it will call */                                \
    X(ON, NULL)        /* the strings "_on" and "_events"; see listener.c */                       \
    X(EVENTS, NULL)                                                                                \
    X(ARRAY_MT, NULL)                                                                              \
    X(OBJECT_MT, NULL)                                                                             \
    X(DIRTY, NULL) /* sockets whose data was looked at: list of objects */

enum sio_ref {
#define X(name, hook) SIO_REF_##name,
    SIO_REF_MAP(X)
#undef X
        SIO_REF_COUNT
};

/* The coroutine pool; private to call.c. */
struct sio_calls {
    struct sio_co *running; /* innermost coroutine that is being resumed, or NULL */
    struct sio_co *idle;    /* free ones, linked */
    struct sio_list all;
    unsigned n_idle, n; /* n: all that exist */
    unsigned depth;     /* that run inside each other */
};

/* What was sent to sockets that are listened to; private to outgoing.c. */
struct sio_heard {
    struct sio_list waiting, running; /* notes: to come, and whose listeners are being called */
    unsigned n_waiting;
    size_t waiting_bytes;
    struct sio_task task;
};

struct sio_bind {
    lua_State *L; /* main thread */
    struct sio_loop *loop;
    struct sio_worker *worker; /* this process as a worker; NULL: none, or not yet */
    bool supervised;           /* the CLI opened it, and closes it */
    bool looping;              /* in sio_loop_run */
    char drain;                /* its address is the key of what runs when all have drained */
    struct sio_calls calls;
    struct sio_run *volatile run; /* innermost call of Lua; see run.h */
    struct sio_slow *slow;        /* NULL: nobody watches; see slow.h */
    lua_Alloc alloc;              /* the host's, behind ours; see core.c */
    void *alloc_ud;
    bool alloc_failed; /* and Lua was told so */
    bool mute;         /* warn "@off" */
    int refs[SIO_REF_COUNT];
    const void *array_mt, *object_mt; /* identity of sio.array's and sio.object's metatables */
    struct sio_list apps;             /* servers that are open */
    /* Encodes what was looked at (REF_DIRTY), before a coroutine waits and after it ends; raises.
     */
    void (*settle)(lua_State *L, struct sio_bind *b);
    int n_dirty;          /* items of REF_DIRTY: settle has something to do */
    const char *confined; /* what runs confined (call.h), or NULL */
    bool closed;          /* lua_close: no Lua code runs any more */
    struct sio_heard heard;
    struct sio_list children;    /* processes that are not reaped */
    struct sio_list timers;      /* running, oldest first */
    uint64_t n_timers;           /* that were ever started */
    struct sio_reclaim *reclaim; /* NULL: none is under way; see reclaim.h */
    struct sio_buf json;         /* scratch of one encoding; no Lua code runs while it is in use */
    struct sio_buf text;         /* scratch of one unescaped string */
    struct sio_buf warning;      /* as much of one as has come; see report.c */
    struct sio_buf face; /* "@<folder of lua/sio>/": how the sources of our Lua files begin */
};

/* The bind of any thread of a lua_State. */
struct sio_bind *sio_bind_of(lua_State *L);
/* The same for who needs the loop: raises when that has ended, which finalizers may live to see. */
struct sio_bind *sio_bind_open(lua_State *L);
static inline void sio_bind_push_ref(const struct sio_bind *b, lua_State *L, enum sio_ref ref)
{
    lua_rawgeti(L, LUA_REGISTRYINDEX, b->refs[ref]);
}

/* Pushes nil and the error's text (with errno's for SIO_ESYS); returns 2. */
int sio_bind_fail(lua_State *L, int err);
/* Raises the message on top of the stack, at the line of the nearest caller outside lua/sio. */
int sio_bind_raise(lua_State *L);
/* The same for a message in the format of lua_pushfstring. */
int sio_bind_error(lua_State *L, const char *fmt, ...);
/* Argument or field as milliseconds: a number of seconds >= 0 and <= 1e9; raises otherwise. */
uint64_t sio_bind_check_ms(lua_State *L, int arg);

void lcall_open(lua_State *L);
void lhandle_open(lua_State *L);
void lcensus_open(lua_State *L);
void lbinary_open(lua_State *L);
void ljson_open(lua_State *L);
void ljson_args_open(lua_State *L);
void llog_open(lua_State *L);
void lcoding_open(lua_State *L);
void ltimer_open(lua_State *L);
void lfile_open(lua_State *L);
void lserver_open(lua_State *L);
void ldrain_open(lua_State *L);
void lproxy_open(lua_State *L);
void lnamespace_open(lua_State *L);
void lparent_open(lua_State *L);
void llookup_open(lua_State *L);
void lversions_open(lua_State *L);
void lsocket_open(lua_State *L);
void lsession_open(lua_State *L);
void lgate_open(lua_State *L);
void lrequest_open(lua_State *L);
void lhttp_open(lua_State *L);
void ltls_open(lua_State *L);
void lstream_open(lua_State *L);
void ljob_open(lua_State *L);     /* job.c */
void lprocess_open(lua_State *L); /* process.c and its siblings */

#endif
