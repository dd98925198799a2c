// SPDX-License-Identifier: MIT
/* What a worker answers. Stands on select; an answer leaves in parts as it is made, so that a large
 * one is never whole in memory here.
 */
#include "sio/answer.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/select.h"

/* ---- sending --------------------------------------------------------------------------------- */

static bool is_us(const struct sio_server *s, struct sio_place who)
{
    return who.slot == s->options.place.slot && who.generation == s->options.place.generation;
}

int sio_answer_send(struct sio_server *s, struct sio_asker to, struct sio_slice bytes,
                    enum sio_answer_end end)
{
    if (to.request == 0)
        return SIO_ECLOSED;
    if (is_us(s, to.place)) {
        sio_ask_take(s, to.place, to.request, bytes, end);
        return 0;
    }
    int err = 0;
    while (bytes.len > SIO_ANSWER_PART_MAX && err == 0) {
        err = s->backing.answer(s->backing.ctx, to.place, to.request,
                                sio_slice(bytes.p, SIO_ANSWER_PART_MAX), SIO_ANSWER_MORE);
        bytes = sio_slice_from(bytes, SIO_ANSWER_PART_MAX);
    }
    return err != 0 ? err : s->backing.answer(s->backing.ctx, to.place, to.request, bytes, end);
}

/* An answer being made. */
struct draft {
    struct sio_server *server;
    struct sio_asker to;
    bool own;
    int err; /* nobody wants the rest */
    uint64_t count;
    struct sio_map rooms; /* struct tally by name */
    struct sio_buf bytes; /* of the next part */
    struct sio_buf socket;
};

static void flush(struct draft *d, enum sio_answer_end end)
{
    if (d->err == 0)
        d->err = sio_answer_send(d->server, d->to, sio_buf_slice(&d->bytes), end);
    sio_buf_clear(&d->bytes);
}

static void flush_when_full(struct draft *d)
{
    if (d->bytes.len >= SIO_ANSWER_PART_MAX / 2)
        flush(d, SIO_ANSWER_MORE);
}

/* ---- how many -------------------------------------------------------------------------------- */

static void count_one(void *ctx, struct sio_socket *s)
{
    (void)s;
    ((struct draft *)ctx)->count++;
}

static void answer_count(struct draft *d, struct sio_nsp *n, const struct sio_record *r)
{
    d->count = 0;
    if (r->rooms.n == 0 && r->except.n == 0 && n->server->crowds.by_socket.count == 0)
        d->count = n->count;
    else
        sio_select_each(n, r, count_one, d);
    sio_buf_append_u64(&d->bytes, d->count);
}

/* ---- which rooms ----------------------------------------------------------------------------- */

static void add_room(struct draft *d, struct sio_slice name, uint32_t sockets)
{
    sio_buf_append_bytes(&d->bytes, name);
    sio_buf_append_u32(&d->bytes, sockets);
    flush_when_full(d);
}

struct tally {
    struct sio_slice name; /* the room's: borrowed, nobody leaves meanwhile */
    uint32_t sockets;
};

static void tally_one(void *ctx, struct sio_socket *s)
{
    struct draft *d = ctx;
    for (uint32_t i = 0; i < s->member.count; i++) {
        struct sio_slice name = sio_room_name(s->member.seats[i].room);
        struct tally *t = sio_map_get(&d->rooms, name);
        if (t == NULL) {
            t = sio_calloc(1, sizeof *t);
            t->name = name;
            sio_map_put(&d->rooms, name, t);
        }
        t->sockets++;
    }
}

static bool is_connected(const struct sio_member *m)
{
    const struct sio_socket *s = SIO_CONTAINER_OF(m, struct sio_socket, member);
    return s->state == SIO_SOCKET_CONNECTED && !s->doomed;
}

/* Those of everybody: no need to look into each socket. */
static void add_all_rooms(struct draft *d, const struct sio_nsp *n)
{
    const struct sio_room *room;
    for (size_t pos = 0; (room = sio_map_next(&n->rooms.by_name, &pos)) != NULL;) {
        uint32_t connected = 0;
        for (uint32_t i = 0; i < room->count; i++)
            connected += is_connected(room->list[i].member);
        if (connected != 0)
            add_room(d, sio_room_name(room), connected);
    }
}

static void answer_rooms(struct draft *d, struct sio_nsp *n, const struct sio_record *r)
{
    struct tally *t;
    if (r->rooms.n == 0 && r->except.n == 0) {
        add_all_rooms(d, n);
        return;
    }
    sio_select_each(n, r, tally_one, d);
    for (size_t pos = 0; (t = sio_map_next(&d->rooms, &pos)) != NULL; sio_free(t))
        add_room(d, t->name, t->sockets);
    sio_map_fini(&d->rooms);
}

/* ---- the sockets ----------------------------------------------------------------------------- */

static void append_rooms(struct sio_buf *out, const struct sio_member *m)
{
    sio_buf_append_u32(out, m->count);
    for (uint32_t i = 0; i < m->count; i++)
        sio_buf_append_bytes(out, sio_room_name(m->seats[i].room));
}

static void append_request(struct sio_buf *out, const struct eio_session *session)
{
    size_t len = eio_session_request_len(session);
    sio_buf_append_u32(out, (uint32_t)len);
    eio_session_copy_request(session, sio_buf_reserve(out, len));
    out->len += len;
}

static void append_socket(struct sio_buf *out, const struct sio_socket *s)
{
    const struct eio_session *session = s->client->session;
    sio_buf_append_bytes(out, sio_socket_id_slice(s));
    sio_buf_append_bytes(out, sio_socket_data(s));
    sio_buf_append_bytes(out, sio_socket_auth(s));
    append_request(out, session);
    sio_buf_append_bytes(out, sio_slice_str(eio_session_address(session)));
    sio_buf_append_u64(out, eio_session_since_ms(session));
    sio_buf_append_u8(out, eio_session_secure(session));
    append_rooms(out, &s->member);
}

int sio_answer_decode(struct sio_slice bytes, struct sio_answer_socket *out)
{
    struct sio_reader r = {.rest = bytes};
    out->id = sio_reader_bytes(&r);
    out->data = sio_reader_bytes(&r);
    out->auth = sio_reader_bytes(&r);
    out->request = sio_reader_bytes(&r);
    out->address = sio_reader_bytes(&r);
    out->since_ms = sio_reader_u64(&r);
    out->secure = sio_reader_u8(&r) != 0;
    out->rooms.n = sio_reader_u32(&r);
    out->rooms.at = r;
    for (uint32_t i = 0; i < out->rooms.n && !r.bad; i++)
        sio_reader_bytes(&r);
    return r.bad || r.rest.len != 0 ? SIO_EPROTO : 0;
}

static void fetch_one(void *ctx, struct sio_socket *s)
{
    struct draft *d = ctx;
    if (d->err != 0)
        return;
    if (d->own) {
        sio_buf_append_bytes(&d->bytes, sio_socket_id_slice(s));
    } else {
        sio_buf_clear(&d->socket);
        append_socket(&d->socket, s);
        sio_buf_append_bytes(&d->bytes, sio_buf_slice(&d->socket));
    }
    flush_when_full(d);
}

static void make(struct draft *d, struct sio_nsp *n, const struct sio_record *r)
{
    switch ((enum sio_ask_kind)r->kind) {
    case SIO_ASK_COUNT:
        answer_count(d, n, r);
        return;
    case SIO_ASK_ROOMS:
        answer_rooms(d, n, r);
        return;
    case SIO_ASK_FETCH:
        sio_select_each(n, r, fetch_one, d);
        return;
    case SIO_ASK_SERVER_SIDE_EMIT:
        return;
    }
}

/* ---- questions for bind ---------------------------------------------------------------------- */

struct held {
    struct sio_list link;
    struct sio_blob *record;
};

static struct sio_asker asker_of(const struct sio_record *r)
{
    return (struct sio_asker){r->writer, (r->flags & SIO_RECORD_ASKS) != 0 ? r->request : 0};
}

static void tell_bind(struct sio_server *s, struct sio_nsp *n, const struct sio_record *r)
{
    struct sio_blob *attachments[SIO_OUT_ATTACHMENTS_MAX];
    struct sio_incoming in = {.data = r->data, .attachments = attachments};
    struct sio_reader at = r->attachments.at;
    while (in.n_attachments < r->attachments.n && in.n_attachments < SIO_OUT_ATTACHMENTS_MAX)
        attachments[in.n_attachments++] = sio_blob_new(sio_reader_bytes(&at));
    s->events->on_question(s->owner, n, asker_of(r), &in);
    for (unsigned i = 0; i < in.n_attachments; i++)
        sio_blob_unref(attachments[i]);
}

static void answer_nothing(struct sio_server *s, const struct sio_record *r,
                           enum sio_answer_end end)
{
    sio_answer_send(s, asker_of(r), sio_slice(NULL, 0), end);
}

static void held_free(struct sio_server *s, struct held *h)
{
    sio_list_remove(&h->link);
    s->asks.n_held--;
    sio_blob_unref(h->record);
    sio_free(h);
}

static void let_go(struct sio_server *s, const struct held *h)
{
    struct sio_record r;
    sio_record_decode(sio_blob_slice(h->record), &r); /* it was read before */
    struct sio_nsp *n = sio_server_addressed(s, r.nsp);
    if (n == NULL || s->events->on_question == NULL)
        answer_nothing(s, &r, SIO_ANSWER_LAST);
    else if (!s->down)
        tell_bind(s, n, &r);
}

static void on_held(void *ctx)
{
    struct sio_server *s = ctx;
    struct sio_list held;
    struct sio_list *node;
    sio_list_take(&s->asks.held, &held);
    while ((node = sio_list_first(&held)) != NULL) {
        struct held *h = SIO_CONTAINER_OF(node, struct held, link);
        let_go(s, h);
        held_free(s, h);
    }
}

static void hold(struct sio_server *s, const struct sio_record *r, struct sio_slice bytes)
{
    if (s->asks.n_held == SIO_ANSWERS_HELD_MAX) {
        sio_log_limited(SIO_LOG_WARN, "answers", "%d questions came at once: one is not answered",
                        SIO_ANSWERS_HELD_MAX);
        answer_nothing(s, r, SIO_ANSWER_FAILED);
        return;
    }
    struct held *h = sio_calloc(1, sizeof *h);
    h->record = sio_blob_new(bytes);
    sio_list_init(&h->link);
    sio_list_append(&s->asks.held, &h->link);
    s->asks.n_held++;
    sio_loop_defer(s->loop, &s->asks.held_task);
}

/* ---- the log --------------------------------------------------------------------------------- */

void sio_answer_question(struct sio_server *s, struct sio_nsp *n, const struct sio_record *r,
                         struct sio_slice bytes, bool own)
{
    if (r->kind == SIO_ASK_SERVER_SIDE_EMIT) {
        if (!own)
            hold(s, r, bytes);
        return;
    }
    if (!own && (r->flags & SIO_EMIT_HERE) != 0)
        return;
    struct draft d = {.server = s, .to = asker_of(r), .own = own};
    struct sio_nsp *parent = n == NULL ? sio_map_get(&s->parents, r->nsp) : NULL;
    if (n != NULL)
        make(&d, n, r);
    if (parent != NULL)
        SIO_LIST_EACH (node, &parent->children)
            make(&d, SIO_CONTAINER_OF(node, struct sio_nsp, sibling), r);
    flush(&d, SIO_ANSWER_LAST);
    sio_buf_fini(&d.bytes);
    sio_buf_fini(&d.socket);
}

void sio_answer_init(struct sio_server *s)
{
    sio_list_init(&s->asks.held);
    sio_task_init(&s->asks.held_task, on_held, s);
}

void sio_answer_fini(struct sio_server *s)
{
    struct sio_list *node;
    while ((node = sio_list_first(&s->asks.held)) != NULL)
        held_free(s, SIO_CONTAINER_OF(node, struct held, link));
    sio_task_cancel(&s->asks.held_task);
}
