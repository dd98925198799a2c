// SPDX-License-Identifier: MIT
/* Passes over the log for one session. Stands on record, topic and packet; the log is read through
 * the backing.
 *
 * Invariant: a pass sees every record about a room that was known when it began. A record that it
 * does not see means a room that the session has not been in, or one that a record it does see
 * would have made known: then there is another pass.
 */
#include "sio/replay.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/crowd.h"
#include "sio/parent.h"
#include "sio/topic.h"

void sio_replay_init(struct sio_replay *r, struct sio_nsp *n, struct sio_slice sid,
                     struct sio_place place, uint64_t at)
{
    *r = (struct sio_replay){.nsp = n, .place = place, .at = at};
    memcpy(r->sid, sid.p, SIO_ID_LEN);
}

static struct sio_replay_room *room_of(struct sio_replay *r, struct sio_slice name)
{
    struct sio_replay_room *room = sio_map_get(&r->rooms, name);
    if (room != NULL)
        return room;
    room = sio_alloc(sizeof *room + name.len);
    *room = (struct sio_replay_room){.len = name.len};
    if (name.len != 0)
        memcpy(room->name, name.p, name.len);
    sio_map_put(&r->rooms, sio_slice(room->name, name.len), room);
    return room;
}

void sio_replay_add_room(struct sio_replay *r, struct sio_slice name)
{
    struct sio_replay_room *room = room_of(r, name);
    room->start = room->member = true;
}

void sio_replay_set_notes(struct sio_replay *r, uint64_t from, const struct sio_record_list *notes)
{
    struct sio_reader at = notes->at;
    r->noted_from = from;
    r->notes = *notes;
    for (uint32_t i = 0; i < notes->n; i++)
        room_of(r, sio_keep_read_note(&at).room);
}

static void drop_msgs(struct sio_replay *r)
{
    for (size_t i = 0; i < r->count; i++)
        sio_blob_unref(r->msgs[i].frame);
    r->count = 0;
    r->bytes = r->packets = 0;
}

/* ---- which records -------------------------------------------------------------------------- */

static bool is_self(const struct sio_replay *r, struct sio_slice name)
{
    return sio_slice_eq(name, sio_slice(r->sid, SIO_ID_LEN));
}

static bool any_held(const struct sio_replay *r, const struct sio_record_list *rooms)
{
    struct sio_reader at = rooms->at;
    for (uint32_t i = 0; i < rooms->n; i++) {
        struct sio_slice name = sio_reader_bytes(&at);
        const struct sio_replay_room *room = sio_map_get(&r->rooms, name);
        if (is_self(r, name) || (room != NULL && room->member))
            return true;
    }
    return false;
}

static bool selects(const struct sio_replay *r, const struct sio_record *e)
{
    if ((e->flags & SIO_EMIT_HERE) != 0 &&
        (e->writer.slot != r->place.slot ||
         ((e->writer.generation ^ r->place.generation) & SIO_GENERATION_MASK) != 0))
        return false;
    if ((e->flags & SIO_RECORD_DIRECT) != 0) {
        struct sio_reader at = e->rooms.at;
        return is_self(r, sio_reader_bytes(&at));
    }
    return (e->rooms.n == 0 || any_held(r, &e->rooms)) && !any_held(r, &e->except);
}

/* ---- what they are -------------------------------------------------------------------------- */

static void add_msg(struct sio_replay *r, const struct eio_msg *m, bool first)
{
    if (r->count == r->cap) {
        r->cap = r->cap == 0 ? 16 : r->cap * 2;
        r->msgs = sio_realloc(r->msgs, r->cap * sizeof *r->msgs);
        r->first = sio_realloc(r->first, r->cap);
    }
    r->first[r->count] = first;
    r->msgs[r->count++] = *m;
    r->bytes += m->frame->len + SIO_REPLAY_MSG_BYTES;
}

static void check_limits(struct sio_replay *r)
{
    const struct sio_server_options *o = &r->nsp->server->options;
    if (r->bytes > o->max_missed_bytes)
        sio_log_limited(SIO_LOG_WARN, "missed-bytes", "a session missed more than %zu bytes",
                        o->max_missed_bytes);
    else if (r->packets > o->max_missed_packets)
        sio_log_limited(SIO_LOG_WARN, "missed-packets", "a session missed more than %u packets",
                        o->max_missed_packets);
    else
        return;
    r->err = SIO_ETOOBIG;
}

static void add_packet(struct sio_replay *r, uint64_t end, const struct sio_record *e)
{
    const struct sio_server *server = r->nsp->server;
    struct sio_slice attachments[SIO_OUT_ATTACHMENTS_MAX];
    char offset[SIO_OFFSET_MAX + 1];
    struct sio_out out;
    struct sio_out_head head = {.type = SIO_EVENT,
                                .nsp = r->nsp->name,
                                .plain = (e->flags & SIO_EMIT_PLAIN) != 0,
                                .n_attachments = e->attachments.n,
                                .attachments = attachments,
                                .data = e->data,
                                .offset = sio_out_offset(offset, server->backing.epoch, end)};
    if (e->attachments.n > SIO_OUT_ATTACHMENTS_MAX) /* as in fanout */
        return;
    sio_record_slices(&e->attachments, attachments);
    sio_out_init(&out, &server->options, &head);
    for (unsigned i = 0; i < out.n; i++)
        add_msg(r, &out.msgs[i], i == 0);
    r->packets++;
    check_limits(r);
}

/* ---- membership ----------------------------------------------------------------------------- */

/* Before `at`: it was a change, so the room was the opposite before. */
static void was_changed(struct sio_replay *r, struct sio_slice name, bool join)
{
    struct sio_replay_room *room = room_of(r, name);
    if (!room->seen && room->start == join) {
        room->start = !join;
        r->again = true;
    }
    room->seen = true;
    room->member = join;
}

/* Before `at`: what the notes say of the record that ends at `end`. True when it changed nothing
 * although it says so itself. */
static bool was_noted(struct sio_replay *r, uint64_t end)
{
    struct sio_reader at = r->notes.at;
    bool nothing = false;
    for (uint32_t i = 0; i < r->notes.n; i++) {
        struct sio_keep_note note = sio_keep_read_note(&at);
        if (note.end == end && note.change == SIO_KEEP_NOTHING)
            nothing = true;
        else if (note.end == end)
            was_changed(r, note.room, note.change == SIO_KEEP_JOINED);
    }
    return nothing;
}

static size_t count_held(const struct sio_replay *r)
{
    const struct sio_replay_room *room;
    size_t held = 0;
    for (size_t pos = 0; (room = sio_map_next(&r->rooms, &pos)) != NULL;)
        held += room->member;
    return held;
}

/* Behind `at`: as sio_socket_room_join and _leave_now do. Whether it changed anything. */
static bool change(struct sio_replay *r, struct sio_slice name, bool join)
{
    struct sio_replay_room *room = room_of(r, name);
    if (room->member == join || is_self(r, name))
        return false;
    if (join && count_held(r) >= r->nsp->server->options.rooms_per_socket)
        return false;
    room->member = join;
    return true;
}

static void note(struct sio_replay *r, uint64_t end, enum sio_keep_change what,
                 struct sio_slice name)
{
    sio_keep_append_note(&r->found, &(struct sio_keep_note){end, what, name});
}

static void apply_crowd(struct sio_replay *r, uint64_t end, const struct sio_record *e)
{
    bool join = e->kind == SIO_CROWD_JOIN;
    struct sio_reader at = e->names.at;
    if (!selects(r, e))
        return;
    if (!join && e->kind != SIO_CROWD_LEAVE)
        r->disconnected = true;
    for (uint32_t i = 0; i < e->names.n; i++) {
        struct sio_slice name = sio_reader_bytes(&at);
        if (change(r, name, join))
            note(r, end, join ? SIO_KEEP_JOINED : SIO_KEEP_LEFT, name);
    }
}

/* As sio_socket_room_apply: one that waited in the log when its socket went. */
static void apply_room(struct sio_replay *r, uint64_t end, const struct sio_record *e)
{
    bool join = e->type == SIO_RECORD_JOIN;
    bool unsure = (e->flags & SIO_RECORD_UNSURE) != 0;
    bool changed = change(r, e->room, join);
    if (changed && unsure)
        note(r, end, join ? SIO_KEEP_JOINED : SIO_KEEP_LEFT, e->room);
    else if (!changed && !unsure)
        note(r, end, SIO_KEEP_NOTHING, e->room);
}

static void on_change(struct sio_replay *r, uint64_t end, const struct sio_record *e)
{
    bool unsure = (e->flags & SIO_RECORD_UNSURE) != 0;
    if (e->type != SIO_RECORD_CROWD && !is_self(r, e->sid))
        return;
    if (r->past && e->type == SIO_RECORD_CROWD)
        apply_crowd(r, end, e);
    else if (r->past)
        apply_room(r, end, e);
    else if (!was_noted(r, end) && e->type != SIO_RECORD_CROWD && !unsure)
        was_changed(r, e->room, e->type == SIO_RECORD_JOIN);
}

/* ---- passes ---------------------------------------------------------------------------------- */

/* An emit to the parent of a namespace is one to the namespace. */
static bool concerns(const struct sio_replay *r, struct sio_slice nsp)
{
    const struct sio_nsp *parent = sio_parent_of(r->nsp);
    return sio_slice_eq(nsp, r->nsp->name) || (parent != NULL && sio_slice_eq(nsp, parent->name));
}

static int on_record(void *arg, uint64_t end, struct sio_slice bytes)
{
    struct sio_replay *r = arg;
    struct sio_record e;
    r->past = end > r->at;
    if (sio_record_decode(bytes, &e) != 0 || !sio_record_is_replayed(&e) || !concerns(r, e.nsp))
        return 0;
    if (e.type != SIO_RECORD_EVENT)
        on_change(r, end, &e);
    else if (selects(r, &e) && !r->again)
        add_packet(r, end, &e);
    return r->err != 0;
}

/* Those of the rooms that are known so far. Into `list`, which has room for all; how many. */
static size_t list_topics(const struct sio_replay *r, struct sio_slice nsp, uint32_t *list)
{
    uint64_t seed = r->nsp->server->backing.seed;
    const struct sio_replay_room *room;
    size_t n = 0;
    list[n++] = sio_topic_everybody(seed, nsp);
    list[n++] = sio_topic_room(seed, nsp, sio_slice(r->sid, SIO_ID_LEN));
    for (size_t pos = 0; (room = sio_map_next(&r->rooms, &pos)) != NULL;)
        list[n++] = sio_topic_room(seed, nsp, sio_slice(room->name, room->len));
    return n;
}

static int scan(struct sio_replay *r, uint64_t from, bool all)
{
    const struct sio_backing *b = &r->nsp->server->backing;
    const struct sio_nsp *parent = sio_parent_of(r->nsp);
    if (all)
        return b->scan(b->ctx, from, (struct sio_scan_for){NULL, 0}, on_record, r);
    uint32_t *topics = sio_alloc(2 * (2 + r->rooms.count) * sizeof *topics);
    size_t n = list_topics(r, r->nsp->name, topics);
    if (parent != NULL)
        n += list_topics(r, parent->name, topics + n);
    int err = b->scan(b->ctx, from, (struct sio_scan_for){topics, n}, on_record, r);
    sio_free(topics);
    return err;
}

static int pass(struct sio_replay *r, uint64_t from, bool all)
{
    struct sio_replay_room *room;
    drop_msgs(r);
    sio_buf_clear(&r->found);
    r->again = r->past = r->disconnected = false;
    for (size_t pos = 0; (room = sio_map_next(&r->rooms, &pos)) != NULL;) {
        room->member = room->start;
        room->seen = false;
    }
    int err = scan(r, from, all);
    if (err == 0 && r->disconnected)
        err = SIO_ENOENT;
    return err != 0 ? err : r->err;
}

int sio_replay_run(struct sio_replay *r, uint64_t from)
{
    if (from < r->noted_from)
        return SIO_ELAPPED;
    size_t known;
    unsigned passes = 0;
    int err;
    do {
        known = r->rooms.count;
        err = pass(r, from, passes++ >= SIO_REPLAY_PASSES_MAX);
    } while (err == 0 && (r->again || r->rooms.count > known));
    return err;
}

void sio_replay_each_room(const struct sio_replay *r, void (*fn)(void *ctx, struct sio_slice room),
                          void *ctx)
{
    const struct sio_replay_room *room;
    for (size_t pos = 0; (room = sio_map_next(&r->rooms, &pos)) != NULL;)
        if (room->member)
            fn(ctx, sio_slice(room->name, room->len));
}

void sio_replay_send(const struct sio_replay *r, struct eio_session *session)
{
    for (size_t i = 0, n; i < r->count; i += n) {
        for (n = 1; i + n < r->count && !r->first[i + n]; n++)
            ;
        eio_session_send(session, r->msgs + i, n, 0);
    }
}

void sio_replay_fini(struct sio_replay *r)
{
    struct sio_replay_room *room;
    drop_msgs(r);
    for (size_t pos = 0; (room = sio_map_next(&r->rooms, &pos)) != NULL;)
        sio_free(room);
    sio_map_fini(&r->rooms);
    sio_buf_fini(&r->found);
    sio_free(r->msgs);
    sio_free(r->first);
    *r = (struct sio_replay){0};
}
