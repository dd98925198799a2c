// SPDX-License-Identifier: MIT
/* Listeners of what sockets are sent. Stands on sio's on_outgoing; socket.c and emit.c call it.
 *
 * A packet is one note, however many sockets it went to, and is decoded once. Invariant: the
 * sockets in a note are alive and marked with sio_socket_set_outgoing; one that ends or loses its
 * mark is taken out, for it is freed with the tick, and a note may live longer.
 */
#include "bind/outgoing.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "bind/call.h"
#include "bind/json.h"
#include "bind/server.h"
#include "bind/socket.h"

struct note {
    struct sio_list link;
    struct sio_app *app;
    struct sio_blob *data;
    struct sio_blob **attachments; /* NULL: none */
    unsigned n_attachments;
    size_t bytes;
    size_t n_sockets;
    struct sio_socket *sockets[]; /* NULL: has ended */
};

static struct note *note_of(struct sio_list *link)
{
    return SIO_CONTAINER_OF(link, struct note, link);
}

static void note_free(struct note *note)
{
    sio_list_remove(&note->link);
    sio_blob_unref(note->data);
    for (unsigned i = 0; i < note->n_attachments; i++)
        sio_blob_unref(note->attachments[i]);
    sio_free(note->attachments);
    sio_free(note);
}

static bool is_full(const struct sio_heard *heard, size_t bytes)
{
    if (heard->n_waiting < SIO_OUTGOING_MAX &&
        bytes <= SIO_OUTGOING_BYTES_MAX - heard->waiting_bytes)
        return false;
    sio_log_limited(SIO_LOG_WARN, "outgoing",
                    "on_any_outgoing: %u packets of %zu bytes wait for their listeners, one of %zu "
                    "bytes is not shown",
                    heard->n_waiting, heard->waiting_bytes, bytes);
    return true;
}

void sio_outgoing_note(void *owner, struct sio_socket *const *sockets, size_t n,
                       const struct sio_outgoing *out)
{
    struct sio_app *app = owner;
    struct sio_heard *heard = &app->bind->heard;
    struct note *note;
    size_t bytes = out->data.len + n * sizeof sockets[0];
    for (unsigned i = 0; i < out->n_attachments; i++)
        bytes += out->attachments[i].len;
    if (is_full(heard, bytes))
        return;
    note = sio_alloc(sizeof *note + n * sizeof sockets[0]);
    sio_list_init(&note->link);
    note->app = app;
    note->data = sio_blob_new(out->data);
    note->n_attachments = out->n_attachments;
    note->attachments = NULL;
    if (out->n_attachments != 0)
        note->attachments = sio_alloc(out->n_attachments * sizeof(struct sio_blob *));
    for (unsigned i = 0; i < out->n_attachments; i++)
        note->attachments[i] = sio_blob_new(out->attachments[i]);
    note->bytes = bytes;
    note->n_sockets = n;
    memcpy(note->sockets, sockets, n * sizeof sockets[0]);
    sio_list_append(&heard->waiting, &note->link);
    heard->n_waiting++;
    heard->waiting_bytes += bytes;
    sio_loop_defer(app->bind->loop, &heard->task);
}

/* Of the n values on top of L, which stay there. */
static void call_listeners(const struct note *note, lua_State *L, struct sio_socket *s, int n)
{
    struct sio_bind *b = note->app->bind;
    struct sio_co *c = sio_call_new(b, "outgoing listener");
    struct sio_slice name;
    int first = lua_gettop(L) - n + 1;
    if (c == NULL)
        return;
    name.p = lua_tolstring(L, first, &name.len); /* a string, as every emit has checked */
    sio_call_context(c, note->app, name, sio_slice_str(sio_socket_id(s)));
    if (!lua_checkstack(sio_call_stack(c), n + 2)) {
        sio_call_drop(c);
        return;
    }
    sio_bind_push_ref(b, sio_call_stack(c), SIO_REF_OUTGOING);
    sio_socket_push(b, sio_call_stack(c), s);
    for (int i = 0; i < n; i++)
        lua_pushvalue(L, first + i);
    lua_xmove(L, sio_call_stack(c), n);
    sio_call_run(c, n + 1);
}

static int decode(lua_State *L)
{
    const struct note *note = lua_touserdata(L, 1);
    int n = sio_json_decode_args(L, note->app->bind, sio_blob_slice(note->data), note->attachments,
                                 note->n_attachments);
    return n > 0 ? n : 0;
}

/* Pushes the note's values; their number. Finalizers may run meanwhile, and more notes with them.
 */
static int push_values(const struct note *note, lua_State *L)
{
    union {
        const struct note *in;
        void *out;
    } arg = {.in = note}; /* light userdata has no const */
    int top = lua_gettop(L);
    if (!lua_checkstack(L, 2))
        return 0;
    lua_pushcfunction(L, decode);
    lua_pushlightuserdata(L, arg.out);
    if (lua_pcall(L, 1, LUA_MULTRET, 0) == LUA_OK)
        return lua_gettop(L) - top;
    sio_log_limited(SIO_LOG_WARN, "outgoing-args", "on_any_outgoing: a packet is not shown: %s",
                    lua_tostring(L, -1));
    lua_settop(L, top);
    return 0;
}

static void run_first(struct sio_bind *b, lua_State *L)
{
    struct note *note = note_of(sio_list_first(&b->heard.waiting));
    sio_list_remove(&note->link);
    sio_list_append(&b->heard.running, &note->link);
    b->heard.n_waiting--;
    b->heard.waiting_bytes -= note->bytes;
    int n = push_values(note, L);
    for (size_t i = 0; n > 0 && i < note->n_sockets; i++)
        if (note->sockets[i] != NULL && lua_checkstack(L, n + 1))
            call_listeners(note, L, note->sockets[i], n);
    lua_pop(L, n);
    note_free(note);
}

void sio_outgoing_run(struct sio_bind *b, lua_State *L)
{
    while (!sio_list_empty(&b->heard.waiting))
        run_first(b, L);
}

void sio_outgoing_forget(struct sio_bind *b, const struct sio_socket *s)
{
    struct sio_list *lists[] = {&b->heard.waiting, &b->heard.running};
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
        SIO_LIST_EACH (link, lists[k]) {
            struct note *note = note_of(link);
            for (size_t i = 0; i < note->n_sockets; i++)
                if (note->sockets[i] == s)
                    note->sockets[i] = NULL;
        }
}

static void on_task(void *ctx)
{
    struct sio_bind *b = ctx;
    sio_outgoing_run(b, b->L);
}

void sio_outgoing_init(struct sio_bind *b)
{
    sio_list_init(&b->heard.waiting);
    sio_list_init(&b->heard.running);
    sio_task_init(&b->heard.task, on_task, b);
}

void sio_outgoing_fini(struct sio_bind *b)
{
    sio_task_cancel(&b->heard.task);
    SIO_LIST_EACH (link, &b->heard.waiting)
        note_free(note_of(link));
    SIO_LIST_EACH (link, &b->heard.running) /* whose listeners could not be called for an error */
        note_free(note_of(link));
}
