// SPDX-License-Identifier: MIT
/* From what came of a question to a list of Lua values. Stands on sio/chorus.h (the bytes of an
 * answer) and call.h; chorus.c and server_side.c ask.
 */
#include "bind/answers.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "bind/ask.h"
#include "bind/call.h"
#include "bind/handle.h"
#include "bind/json.h"
#include "sio/chorus.h"

struct sio_answers {
    struct sio_bind *bind;
    const char *name;  /* of the function that asks */
    struct sio_co *co; /* who waits; NULL: a callback */
    bool inside;       /* the function that asks has not returned yet */
    bool ended;
    int pushed; /* inside: results on co's stack, 2; or 1, an error */
};

/* ---- the list -------------------------------------------------------------------------------- */

struct heard {
    struct sio_voice *list;
    size_t n, cap;
};

static void hear(struct heard *h, const struct sio_ask_answer *a)
{
    struct sio_reader r = {.rest = a->bytes};
    struct sio_voice v;
    while (sio_voice_next(&r, &v)) {
        if (h->n == h->cap) {
            h->cap = h->cap == 0 ? 16 : h->cap * 2;
            h->list = sio_realloc(h->list, h->cap * sizeof *h->list);
        }
        h->list[h->n++] = v;
    }
}

static int by_time(const void *a, const void *b)
{
    uint64_t x = ((const struct sio_voice *)a)->came_ns, y = ((const struct sio_voice *)b)->came_ns;
    return (x > y) - (x < y);
}

/* The first argument, as in upstream's emitWithAck; sio.null when there is none. */
static void push_voice(lua_State *L, struct sio_bind *b, const struct sio_voice *v)
{
    struct sio_blob *blobs[SIO_ATTACHMENTS_MAX];
    struct sio_reader at = v->attachments.at;
    unsigned n = 0;
    for (; n < v->attachments.n && n < SIO_ATTACHMENTS_MAX; n++)
        blobs[n] = sio_blob_new(sio_reader_bytes(&at));
    int count = sio_json_decode_args(L, b, v->data, blobs, n);
    while (n > 0)
        sio_blob_unref(blobs[--n]);
    if (count > 0)
        lua_pop(L, count - 1);
    else
        lua_pushlightuserdata(L, NULL);
}

/* (answers, asked, heard) -> list, err */
static int push_results(lua_State *L)
{
    const struct sio_answers *a = lua_touserdata(L, 1);
    const struct sio_asked *what = lua_touserdata(L, 2);
    const struct heard *h = lua_touserdata(L, 3);
    luaL_checkstack(L, 16, NULL);
    lua_createtable(L, h->n < INT32_MAX ? (int)h->n : 0, 0);
    for (size_t i = 0; i < h->n; i++) {
        push_voice(L, a->bind, &h->list[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    sio_ask_push_error(L, what);
    return 2;
}

/* Pushes list and err, or one error: the list may be more than Lua can have. */
static int push_protected(lua_State *L, struct sio_answers *a, const struct sio_asked *what)
{
    struct heard h = {0};
    for (unsigned i = 0; i < what->n; i++)
        hear(&h, &what->answers[i]);
    if (h.n > 1)
        qsort(h.list, h.n, sizeof *h.list, by_time);
    lua_checkstack(L, 8);
    lua_pushcfunction(L, push_results);
    lua_pushlightuserdata(L, a);
    lua_pushlightuserdata(L, (void *)what);
    lua_pushlightuserdata(L, &h);
    int pushed = lua_pcall(L, 3, 2, 0) == LUA_OK ? 2 : 1;
    sio_free(h.list);
    return pushed;
}

/* ---- who gets it ----------------------------------------------------------------------------- */

/* An error in place of the results: an empty list, and it. */
static void make_results(lua_State *L, int pushed)
{
    if (pushed == 2)
        return;
    lua_newtable(L);
    lua_insert(L, -2);
}

static void tell_waiter(struct sio_answers *a, const struct sio_asked *what)
{
    if (a->bind->closed) {
        if (!a->inside)
            sio_call_abandon(a->co);
        return;
    }
    lua_State *L = sio_call_stack(a->co);
    a->pushed = push_protected(L, a, what);
    if (a->inside)
        return;
    make_results(L, a->pushed);
    sio_call_resume(a->co, 2);
}

static void tell_callback(struct sio_answers *a, const struct sio_asked *what)
{
    struct sio_co *c = a->bind->closed ? NULL : sio_call_new(a->bind, "ack handler");
    if (c != NULL) {
        lua_State *L = sio_call_stack(c);
        sio_handle_push_callback(a->bind, L, a);
        make_results(L, push_protected(L, a, what));
        lua_insert(L, -2); /* err first, as everywhere */
        sio_call_run(c, 2);
    }
    sio_handle_drop_callback(a->bind, a);
}

void sio_answers_on_asked(void *arg, const struct sio_asked *what)
{
    struct sio_answers *a = arg;
    a->ended = true;
    if (a->co != NULL)
        tell_waiter(a, what);
    else
        tell_callback(a, what);
    if (!a->inside)
        sio_free(a);
}

/* ---- asking ---------------------------------------------------------------------------------- */

void sio_answers_check(lua_State *L, const char *name)
{
    sio_call_unwait(sio_call_wait(L, name));
}

struct sio_answers *sio_answers_new(lua_State *L, const char *name, bool waits)
{
    struct sio_co *co = waits ? sio_call_wait(L, name) : NULL;
    if (waits)
        sio_call_unwait(co); /* until it is known that there is something to wait for */
    struct sio_answers *a = sio_calloc(1, sizeof *a);
    *a = (struct sio_answers){.bind = sio_bind_of(L), .name = name, .co = co, .inside = true};
    if (!waits)
        sio_handle_set_callback(a->bind, L, a);
    return a;
}

static int refused(lua_State *L, bool waits, int err)
{
    if (err == SIO_ETOOBIG)
        return sio_bind_error(L, "the event is too large to be sent");
    if (waits)
        lua_newtable(L);
    else
        lua_pushnil(L);
    lua_pushstring(L, err == SIO_ECLOSED ? "closed" : sio_err_text(err));
    return 2;
}

int sio_answers_end(lua_State *L, struct sio_answers *a, int err)
{
    bool waits = a->co != NULL;
    int pushed = a->pushed;
    a->inside = false;
    if (err == 0 && !a->ended) {
        if (!waits) {
            lua_pushboolean(L, 1);
            return 1;
        }
        sio_call_wait(L, a->name);
        return lua_yield(L, 0);
    }
    if (err != 0 && !waits)
        sio_handle_drop_callback(a->bind, a);
    sio_free(a);
    if (err != 0)
        return refused(L, waits, err);
    if (!waits)
        lua_pushboolean(L, 1);
    else if (pushed == 1)
        return lua_error(L);
    return waits ? 2 : 1;
}
