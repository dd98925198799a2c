// SPDX-License-Identifier: MIT
/* A stream of lines over a Unix socket: what the supervisor and its commands talk with (process.h).
 *
 * Stands on net/conn; lua/sio/cli/control.lua and client.lua use it. The handle's value is the
 * table {on_line = f(lines, text), on_drain = f(lines), on_gone = f(lines, why)}; what comes in
 * runs in coroutines. Invariant: after on_gone, close() or finish() no callback runs any more and
 * methods do nothing.
 *
 * Owns: the descriptor that lines() was given. Reenters: through the callbacks.
 */
#include "bind/process.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "net/conn.h"
#include "net/dial.h"

#define LINES "sio.process.lines"

enum {
    UNSENT_MAX = 1 << 20,     /* bytes that wait for the peer to read; beyond, send says so */
    LINE_MAX_MOST = 16 << 20, /* bytes; as much as a caller may allow for one line */
};

struct lines {
    struct sio_conn *conn;
    struct sio_bind *bind;
    struct sio_buf partial; /* of the line that has not come whole */
    size_t line_max;
    bool gone; /* dropped: there is no handle any more */
    struct sio_grave grave;
};

static void lines_free(void *object)
{
    struct lines *w = object;
    sio_buf_fini(&w->partial);
    sio_free(w);
}

static void bury(struct lines *w)
{
    w->gone = true;
    sio_handle_drop(w->bind, w);
    sio_loop_bury(w->bind->loop, &w->grave, lines_free, w);
}

static struct sio_co *prepare(struct lines *w, const char *name)
{
    return sio_process_callback(w->bind, w, name, "control command");
}

static void end(struct lines *w, const char *why)
{
    struct sio_co *c = prepare(w, "on_gone");
    bury(w);
    if (c == NULL)
        return;
    lua_pushstring(sio_call_stack(c), why);
    sio_call_run(c, 2);
}

static void tell_line(struct lines *w, struct sio_slice line)
{
    struct sio_co *c = prepare(w, "on_line");
    if (c == NULL)
        return;
    lua_pushlstring(sio_call_stack(c), line.p, line.len);
    sio_call_run(c, 2);
}

/* One whole line, or the last part of one. False when it is too long: the stream has ended. */
static bool take_line(struct lines *w, struct sio_slice part)
{
    struct sio_buf whole = w->partial;
    if (whole.len + part.len > w->line_max) {
        sio_conn_close(w->conn);
        end(w, "line too long");
        return false;
    }
    if (whole.len == 0) {
        tell_line(w, part);
        return true;
    }
    w->partial = (struct sio_buf){0};
    sio_buf_append_slice(&whole, part);
    tell_line(w, sio_buf_slice(&whole));
    sio_buf_fini(&whole);
    return true;
}

static void on_data(void *owner, struct sio_conn *c, struct sio_slice data)
{
    struct lines *w = owner;
    (void)c;
    while (!w->gone && data.len != 0) {
        const char *newline = memchr(data.p, '\n', data.len);
        size_t n = newline != NULL ? (size_t)(newline - data.p) : data.len;
        if (newline == NULL && w->partial.len + n <= w->line_max) {
            sio_buf_append_slice(&w->partial, data);
            return;
        }
        if (!take_line(w, sio_slice(data.p, n)))
            return;
        data = sio_slice(data.p + n + 1, data.len - n - 1);
    }
}

static void on_close(void *owner, struct sio_conn *c, int err)
{
    (void)c;
    end(owner, err != 0 ? strerror(errno) : "closed");
}

static void on_drain(void *owner, struct sio_conn *c)
{
    struct sio_co *call = prepare(owner, "on_drain");
    (void)c;
    if (call != NULL)
        sio_call_run(call, 1);
}

static const struct sio_conn_events events = {
    .on_data = on_data, .on_close = on_close, .on_drain = on_drain};

/* lines(fd, callbacks, line_max): takes fd, a connected stream socket. line_max: bytes without the
 * newline; a longer one ends the stream. */
static int llines_new(lua_State *L)
{
    struct sio_bind *b = sio_bind_of(L);
    int fd = sio_process_check_fd(L, 1);
    lua_Integer line_max = luaL_checkinteger(L, 3);
    struct lines *w;
    luaL_checktype(L, 2, LUA_TTABLE);
    luaL_argcheck(L, line_max > 0 && line_max <= LINE_MAX_MOST, 3, "bytes expected");
    w = sio_calloc(1, sizeof *w);
    w->bind = b;
    w->line_max = (size_t)line_max;
    w->conn = sio_conn_adopt(b->loop, fd, &events, w);
    if (w->conn == NULL) {
        sio_free(w);
        return sio_process_fail(L, SIO_ESYS);
    }
    sio_handle_new(L, b, w, LINES);
    lua_pushvalue(L, 2);
    sio_handle_set_value(L, -2);
    sio_conn_read_start(w->conn);
    return 1;
}

/* lines:send(text) -> true: `text` and a newline, as far as the kernel takes it now, the rest when
 * the peer has read. nil and why when it has too much to read already, or is gone. */
static int llines_send(lua_State *L)
{
    const struct lines *w = sio_handle_object(L, 1, LINES);
    struct sio_slice text;
    text.p = luaL_checklstring(L, 2, &text.len);
    if (w == NULL)
        return sio_process_fail(L, SIO_ECLOSED);
    if (sio_conn_queued(w->conn) + text.len > UNSENT_MAX)
        return sio_process_fail(L, SIO_EFULL);
    sio_conn_write(w->conn, text);
    sio_conn_write(w->conn, sio_slice("\n", 1));
    sio_conn_flush(w->conn);
    lua_pushboolean(L, true);
    return 1;
}

/* lines:queued() -> bytes that wait for the peer to read */
static int llines_queued(lua_State *L)
{
    const struct lines *w = sio_handle_object(L, 1, LINES);
    lua_pushinteger(L, w != NULL ? (lua_Integer)sio_conn_queued(w->conn) : 0);
    return 1;
}

static int leave(lua_State *L, void (*how)(struct sio_conn *))
{
    struct lines *w = sio_handle_object(L, 1, LINES);
    if (w == NULL)
        return 0;
    how(w->conn);
    bury(w);
    return 0;
}

/* lines:finish(): once all is written, whatever the peer still sends; idempotent */
static int llines_finish(lua_State *L)
{
    return leave(L, sio_conn_finish);
}

/* lines:close(): now; idempotent */
static int llines_close(lua_State *L)
{
    return leave(L, sio_conn_close);
}

/* dial_unix(path) -> a connected descriptor */
static int llines_dial(lua_State *L)
{
    int fd, rc = sio_dial_unix(luaL_checkstring(L, 1), &fd);
    if (rc != 0)
        return sio_process_fail(L, rc);
    lua_pushinteger(L, fd);
    return 1;
}

void llines_open(lua_State *L)
{
    static const luaL_Reg methods[] = {{"send", llines_send},
                                       {"queued", llines_queued},
                                       {"finish", llines_finish},
                                       {"close", llines_close},
                                       {NULL, NULL}};
    static const luaL_Reg functions[] = {
        {"lines", llines_new}, {"dial_unix", llines_dial}, {NULL, NULL}};
    sio_handle_type(L, LINES, methods);
    luaL_setfuncs(L, functions, 0);
}
