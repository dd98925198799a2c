// SPDX-License-Identifier: MIT
/* Claiming an earlier session and becoming it again. Stands on keep (records) and replay (the log).
 *
 * Invariant: a claim has a socket that waits for it, and is taken back when that goes. It may go
 * while the answer is looked at; then the session is parked here.
 */
#include "sio/recovery.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/json.h"
#include "sio/keep.h"
#include "sio/recovery_in.h"
#include "sio/replay.h"

struct claim {
    struct sio_list link; /* recovery.claims */
    struct sio_server *server;
    struct sio_socket *socket;
    void *ticket;            /* of the backing, while it is looking */
    struct sio_slice record; /* borrowed while on_claimed runs */
    uint64_t died_ms;
    uint64_t offset;
    bool has_offset, bad_offset;
    char pid[SIO_ID_LEN + 1];
};

static struct sio_slice pid_of(const struct claim *c)
{
    return sio_slice(c->pid, SIO_ID_LEN);
}

static void claim_free(struct claim *c)
{
    if (c->ticket != NULL)
        c->server->backing.unclaim(c->server->backing.ctx, c->ticket);
    sio_list_remove(&c->link);
    sio_free(c);
}

/* ---- what the client says ------------------------------------------------------------------- */

/* Whether a top-level member is there, of whatever type; `object` has been checked. */
static bool has_member(struct sio_slice object, struct sio_slice name)
{
    struct sio_json_reader r;
    struct sio_json_token t;
    sio_json_reader_init(&r, object, SIO_JSON_DEPTH_MAX);
    unsigned depth = 0;
    while (sio_json_next(&r, &t) == 0 && t.type != SIO_JSON_END) {
        depth += t.type == SIO_JSON_OBJECT || t.type == SIO_JSON_ARRAY;
        depth -= t.type == SIO_JSON_OBJECT_END || t.type == SIO_JSON_ARRAY_END;
        if (t.type == SIO_JSON_KEY && depth == 1 && sio_slice_eq(t.raw, name))
            return true;
    }
    return false;
}

static void read_offset(struct claim *c, struct sio_slice auth)
{
    struct sio_buf text = {0};
    if (sio_json_member(auth, SIO_LIT("offset"), &text) == 0) {
        c->has_offset = true;
        c->bad_offset =
            sio_out_parse_offset(sio_buf_slice(&text), c->server->backing.epoch, &c->offset) != 0;
    } else {
        c->bad_offset = has_member(auth, SIO_LIT("offset"));
    }
    sio_buf_fini(&text);
}

static bool read_pid(struct sio_slice auth, char pid[SIO_ID_LEN + 1])
{
    struct sio_buf text = {0};
    struct sio_place where;
    bool ok = sio_json_member(auth, SIO_LIT("pid"), &text) == 0 &&
              sio_id_place(sio_buf_slice(&text), &where) == 0;
    if (ok)
        memcpy(pid, text.p, SIO_ID_LEN);
    sio_buf_fini(&text);
    return ok;
}

/* ---- becoming it ---------------------------------------------------------------------------- */

/* The client is still there and may be answered. */
static bool wanted(const struct claim *c)
{
    return c->socket != NULL && eio_session_state(c->socket->client->session) == EIO_STATE_OPEN;
}

static bool usable(const struct claim *c, const struct sio_saved *v)
{
    const struct sio_server *s = c->server;
    uint64_t gone_ms = v->gone_ms != 0 ? v->gone_ms : c->died_ms;
    if (gone_ms != 0 && sio_clock_ms() >= gone_ms + s->options.max_disconnection_ms)
        return false;
    return sio_slice_eq(v->nsp, c->socket->nsp->name) &&
           sio_slice_eq(v->epoch, sio_slice_str(s->backing.epoch)) && !c->bad_offset &&
           sio_nsp_by_id(c->socket->nsp, v->sid) == NULL;
}

static void join_room(void *ctx, struct sio_slice room)
{
    struct sio_socket *s = ctx;
    if (s->member.count < s->nsp->server->options.rooms_per_socket &&
        sio_room_join(&s->nsp->rooms, &s->member, room))
        sio_watch_joined(s, room);
}

static void take_over(struct claim *c, const struct sio_saved *v, const struct sio_replay *r,
                      uint64_t from)
{
    struct sio_socket *s = c->socket;
    sio_socket_enter(s, v->sid);
    s->recovered = true;
    s->data = v->data.len != 0 ? sio_blob_new(v->data) : NULL;
    struct sio_keep *k = sio_keep_new(s, pid_of(c));
    k->since = v->since;
    k->from = from;
    k->generation = v->generation + 1;
    k->place = v->place;
    sio_keep_restore_notes(s, v, sio_buf_slice(&r->found));
    k->gone_ms = v->gone_ms != 0 ? v->gone_ms : c->died_ms != 0 ? c->died_ms : sio_clock_ms();
}

/* Goes on with a session whose missed packets are in r. The claim is gone. */
static void go_on(struct sio_socket *s, const struct sio_replay *r)
{
    struct sio_server *server = s->nsp->server;
    sio_replay_each_room(r, join_room, s);
    if (server->options.skip_middlewares) {
        sio_replay_send(r, s->client->session);
        sio_socket_connect(s);
        return;
    }
    sio_keep_save(s->keep);
    server->events->on_connecting(server->owner, s, sio_socket_auth(s));
}

/* The larger of what the client has, its CONNECT, and what everybody has. */
static uint64_t replay_from(const struct claim *c, uint64_t since)
{
    const struct sio_backing *b = &c->server->backing;
    uint64_t floor = b->floor(b->ctx), from = since;
    if (c->has_offset && c->offset > from)
        from = c->offset;
    return from > floor ? from : floor;
}

static int restore(struct claim *c)
{
    struct sio_saved v;
    if (sio_keep_decode(c->record, &v) != 0 || !usable(c, &v))
        return SIO_ENOENT;
    struct sio_socket *s = c->socket;
    struct sio_replay r;
    uint64_t from = replay_from(c, v.since);
    sio_replay_init(&r, s->nsp, v.sid, v.place, v.at);
    sio_replay_set_notes(&r, v.noted_from, &v.notes);
    struct sio_reader at = v.rooms.at;
    for (uint32_t i = 0; i < v.rooms.n; i++)
        sio_replay_add_room(&r, sio_reader_bytes(&at));
    int err = sio_replay_run(&r, from);
    if (err == 0 && !wanted(c))
        err = SIO_ECLOSED;
    if (err == 0) {
        take_over(c, &v, &r, from);
        claim_free(c);
        go_on(s, &r);
    }
    sio_replay_fini(&r);
    return err;
}

/* Ends the claim, one way or the other. */
static void finish(struct claim *c)
{
    struct sio_server *server = c->server;
    int err = SIO_ENOENT;
    if (c->record.len != 0 && wanted(c)) {
        err = restore(c);
        if (err == 0)
            return;
        sio_log_limited(SIO_LOG_INFO, "recovery", "a session was not recovered: %s",
                        sio_err_text(err));
    }
    struct sio_socket *s = wanted(c) ? c->socket : NULL; /* restore may have found us lapped */
    if (c->record.len != 0 && s == NULL && err == SIO_ENOENT)
        sio_keep_adopt(server, pid_of(c), c->record);
    else if (c->record.len != 0)
        server->backing.drop(server->backing.ctx, pid_of(c));
    claim_free(c);
    if (s == NULL)
        return;
    sio_stats_up(server->loop->stats, SIO_STAT_NOT_RECOVERED);
    sio_socket_start(s);
}

/* ---- claims --------------------------------------------------------------------------------- */

static void on_claimed(void *arg, struct sio_slice record, uint64_t died_ms)
{
    struct claim *c = arg;
    c->record = record;
    c->died_ms = died_ms;
    finish(c);
}

bool sio_recovery_begin(struct sio_socket *s, struct sio_slice auth)
{
    struct sio_server *server = s->nsp->server;
    char pid[SIO_ID_LEN + 1] = {0};
    if (!server->options.recovery || !read_pid(auth, pid))
        return false;
    struct claim *c = sio_calloc(1, sizeof *c);
    memcpy(c->pid, pid, sizeof pid);
    c->server = server;
    c->socket = s;
    sio_list_init(&c->link);
    sio_list_append(&server->recovery.claims, &c->link);
    read_offset(c, auth);
    server->backing.claim(server->backing.ctx, pid_of(c), on_claimed, c, &c->ticket);
    return true;
}

void sio_recovery_abandon(struct sio_socket *s)
{
    SIO_LIST_EACH (node, &s->nsp->server->recovery.claims) {
        struct claim *c = SIO_CONTAINER_OF(node, struct claim, link);
        if (c->socket != s)
            continue;
        c->socket = NULL;
        if (c->ticket != NULL)
            claim_free(c);
    }
}

/* ---- the rest of a session's life ----------------------------------------------------------- */

static void make_fresh(struct sio_socket *s)
{
    struct sio_server *server = s->nsp->server;
    char pid[SIO_ID_LEN + 1];
    sio_id_new(server->options.place, pid);
    struct sio_keep *k = sio_keep_new(s, sio_slice(pid, SIO_ID_LEN));
    k->since = server->backing.position(server->backing.ctx);
}

/* The middlewares took their time; what was missed is read anew. */
static int replay_again(struct sio_socket *s)
{
    const struct sio_backing *b = &s->nsp->server->backing;
    const struct sio_keep_notes *notes = s->keep->notes;
    struct sio_buf copy = {0}; /* reading the log may add to them */
    struct sio_replay r;
    sio_replay_init(&r, s->nsp, sio_socket_id_slice(s), s->keep->place, b->position(b->ctx));
    if (notes != NULL) {
        sio_buf_append_slice(&copy, sio_buf_slice(&notes->bytes));
        sio_replay_set_notes(&r, notes->from,
                             &(struct sio_record_list){notes->n, {.rest = sio_buf_slice(&copy)}});
    }
    for (uint32_t i = 0; i < s->member.count; i++)
        sio_replay_add_room(&r, sio_room_name(s->member.seats[i].room));
    int err = sio_replay_run(&r, s->keep->from);
    if (err == 0)
        sio_replay_send(&r, s->client->session);
    sio_replay_fini(&r);
    sio_buf_fini(&copy);
    return err;
}

void sio_recovery_accept(struct sio_socket *s)
{
    if (s->recovered && s->keep != NULL && replay_again(s) == 0)
        return;
    if (s->state != SIO_SOCKET_CONNECTING) /* reading the log found us lapped */
        return;
    /* A restored one that came to here was overtaken during the middlewares. They know the socket
     * by its id, so that stays; another private id tells the client that it was not recovered. */
    if (s->recovered)
        sio_stats_up(s->nsp->server->loop->stats, SIO_STAT_NOT_RECOVERED);
    s->recovered = false;
    if (s->keep != NULL)
        sio_keep_forget(s->nsp->server, s->keep, true);
    make_fresh(s);
}

bool sio_recovery_settle(struct sio_socket *s, char pid[SIO_ID_LEN + 1])
{
    struct sio_keep *k = s->keep;
    if (k == NULL)
        return false;
    memcpy(pid, k->pid, sizeof k->pid);
    k->gone_ms = 0;
    k->place = s->nsp->server->options.place;
    return sio_keep_save(k) || s->recovered;
}

void sio_recovery_part(struct sio_socket *s, bool was_connected, bool recoverable)
{
    struct sio_keep *k = s->keep;
    if (k == NULL)
        return;
    if (!was_connected)
        sio_keep_park(s, k->gone_ms);
    else if (recoverable)
        sio_keep_park(s, sio_clock_ms());
    else
        sio_keep_forget(s->nsp->server, k, true);
}

uint64_t sio_recovery_offset(const struct sio_socket *s)
{
    const struct sio_backing *b = &s->nsp->server->backing;
    return s->recovered && s->keep != NULL ? s->keep->from : b->position(b->ctx);
}

int sio_recovery_release(struct sio_server *s, struct sio_slice pid, struct sio_buf *out)
{
    static const struct sio_parting why = {.reason = "transport close", .recoverable = true};
    struct sio_keep *k = sio_keep_find(s, pid);
    if (k == NULL)
        return SIO_ENOENT;
    struct sio_socket *socket = k->socket;
    if (socket == NULL)
        sio_buf_append_slice(out, sio_blob_slice(k->record));
    else
        sio_keep_append(k, out);
    sio_keep_forget(s, k, false);
    if (socket == NULL)
        return 0;
    struct sio_client *c = socket->client;
    eio_session_end(c->session, EIO_TRANSPORT_CLOSE, NULL);
    if (!c->closed)
        sio_client_part_all(c, &why);
    return 0;
}

void sio_recovery_take_back(struct sio_server *s, struct sio_slice pid, struct sio_slice record)
{
    sio_keep_adopt(s, pid, record);
}

bool sio_recovery_has(const struct sio_server *s, struct sio_slice pid)
{
    return sio_keep_find(s, pid) != NULL;
}

void sio_recovery_forget_all(struct sio_server *s)
{
    struct sio_list *node;
    while ((node = sio_list_first(&s->recovery.parked)) != NULL)
        sio_keep_forget(s, SIO_CONTAINER_OF(node, struct sio_keep, link), true);
}

void sio_recovery_fini(struct sio_server *s)
{
    SIO_LIST_EACH (node, &s->recovery.claims)
        claim_free(SIO_CONTAINER_OF(node, struct claim, link));
    sio_keep_fini(s);
}
