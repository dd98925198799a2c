// SPDX-License-Identifier: MIT
/* core.stream_open: a connection to a port of this machine that coroutines read and write. The
 * client of sio.test speaks HTTP and WebSocket over it.
 *
 * Stands on net/conn. What comes while nobody reads is kept up to UNREAD_MAX, then the peer waits.
 * Invariant: `conn` is NULL once it is closed or ended; what was read before can still be had.
 */
#include "bind/bind.h"

#include <errno.h>

#include "base/err.h"
#include "bind/call.h"
#include "net/conn.h"
#include "net/dial.h"

#define STREAM "sio.stream"

enum {
    UNREAD_MAX = 1 << 20,  /* bytes that wait for a reader; one read of the loop's may go beyond */
    UNSENT_MAX = 64 << 20, /* bytes that wait for the peer */
};

struct stream {
    struct sio_conn *conn;
    struct sio_co *reader; /* who waits for bytes, or NULL */
    struct sio_buf unread;
    int err; /* errno of a failure; 0: the peer ended it, or we closed it */
};

static struct stream *check(lua_State *L)
{
    return luaL_checkudata(L, 1, STREAM);
}

/* nil, why there is nothing more to read or write */
static int push_end(lua_State *L, const struct stream *s)
{
    lua_pushnil(L);
    lua_pushstring(L, s->err != 0 ? strerror(s->err) : "closed");
    return 2;
}

static void resume_reader(struct stream *s, int n)
{
    struct sio_co *reader = s->reader;
    s->reader = NULL;
    sio_call_resume(reader, n);
}

static void on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    struct stream *s = owner;
    if (s->reader != NULL) {
        lua_pushlstring(sio_call_stack(s->reader), data.p, data.len);
        resume_reader(s, 1);
        return;
    }
    sio_buf_append_slice(&s->unread, data);
    if (s->unread.len >= UNREAD_MAX)
        sio_conn_read_stop(c);
}

static void on_close(void *owner, struct sio_conn *c, int err)
{
    struct stream *s = owner;
    (void)c;
    s->err = err != 0 ? errno : 0;
    s->conn = NULL;
    if (s->reader != NULL)
        resume_reader(s, push_end(sio_call_stack(s->reader), s));
}

static const struct sio_conn_events events = {.on_data = on_data, .on_close = on_close};

/* stream_open(port) -> stream; a refusal shows when it is read */
static int lstream_new(lua_State *L)
{
    lua_Integer port = luaL_checkinteger(L, 1);
    struct stream *s;
    int fd, err;
    luaL_argcheck(L, port > 0 && port <= 65535, 1, "port expected");
    s = lua_newuserdatauv(L, sizeof *s, 0);
    memset(s, 0, sizeof *s);
    luaL_setmetatable(L, STREAM);
    err = sio_dial_loopback((unsigned)port, &fd);
    if (err != 0)
        return sio_bind_fail(L, err);
    s->conn = sio_conn_adopt(sio_bind_of(L)->loop, fd, &events, s);
    if (s->conn == NULL)
        return sio_bind_fail(L, SIO_ESYS);
    sio_conn_read_start(s->conn);
    return 1;
}

/* stream:read() -> what has come, at least one byte; or nil and why nothing will. Waits. */
static int lstream_read(lua_State *L)
{
    struct stream *s = check(L);
    if (s->reader != NULL)
        return luaL_error(L, "somebody reads this stream already");
    if (s->unread.len != 0) {
        lua_pushlstring(L, s->unread.p, s->unread.len);
        sio_buf_fini(&s->unread);
        if (s->conn != NULL)
            sio_conn_read_start(s->conn);
        return 1;
    }
    if (s->conn == NULL)
        return push_end(L, s);
    s->reader = sio_call_wait(L, "stream:read");
    return lua_yield(L, 0);
}

/* stream:write(bytes) -> true; leaves at the end of the tick */
static int lstream_write(lua_State *L)
{
    const struct stream *s = check(L);
    struct sio_slice bytes;
    bytes.p = luaL_checklstring(L, 2, &bytes.len);
    if (s->conn == NULL)
        return push_end(L, s);
    if (sio_conn_queued(s->conn) + bytes.len > UNSENT_MAX)
        return sio_bind_fail(L, SIO_EFULL);
    sio_conn_write(s->conn, bytes);
    lua_pushboolean(L, true);
    return 1;
}

static int end(lua_State *L, void (*how)(struct sio_conn *))
{
    struct stream *s = check(L);
    struct sio_conn *c = s->conn;
    s->conn = NULL;
    if (c != NULL)
        how(c);
    if (s->reader != NULL)
        resume_reader(s, push_end(sio_call_stack(s->reader), s));
    return 0;
}

/* stream:close(): once all is written */
static int lstream_close(lua_State *L)
{
    return end(L, sio_conn_finish);
}

/* stream:reset(): now, without a goodbye */
static int lstream_reset(lua_State *L)
{
    return end(L, sio_conn_reset);
}

static int lstream_gc(lua_State *L)
{
    struct stream *s = check(L);
    if (s->conn != NULL)
        sio_conn_close(s->conn);
    s->conn = NULL;
    sio_buf_fini(&s->unread);
    return 0;
}

void lstream_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"read", lstream_read},   {"write", lstream_write},
                                       {"close", lstream_close}, {"reset", lstream_reset},
                                       {"__gc", lstream_gc},     {NULL, NULL}};
    luaL_newmetatable(L, STREAM);
    luaL_setfuncs(L, methods, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
    lua_pushcfunction(L, lstream_new);
    lua_setfield(L, -2, "stream_open");
}
