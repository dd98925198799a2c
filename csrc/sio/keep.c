// SPDX-License-Identifier: MIT
/* Session records: encoding, saving once per tick, parking, expiry.
 *
 * Invariant: every keep is in recovery.keeps under its pid; s->keep->socket == s.
 */
#include "sio/keep.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static struct sio_slice pid_of(const struct sio_keep *k)
{
    return sio_slice(k->pid, SIO_ID_LEN);
}

static void append_common(struct sio_buf *out, const struct sio_saved *v)
{
    sio_buf_append_u8(out, SIO_KEEP_VERSION);
    sio_buf_append_bytes(out, v->nsp);
    sio_buf_append_bytes(out, v->sid);
    sio_buf_append_bytes(out, v->epoch);
    sio_buf_append_u32(out, v->generation);
    sio_buf_append_u8(out, (uint8_t)v->place.slot);
    sio_buf_append_u32(out, v->place.generation);
    sio_buf_append_u64(out, v->since);
    sio_buf_append_u64(out, v->gone_ms);
    sio_buf_append_u64(out, v->at);
    sio_buf_append_bytes(out, v->data);
}

static void append_notes(struct sio_buf *out, const struct sio_keep_notes *notes)
{
    sio_buf_append_u64(out, notes == NULL ? 0 : notes->from);
    sio_buf_append_u32(out, notes == NULL ? 0 : notes->n);
    if (notes != NULL)
        sio_buf_append_slice(out, sio_buf_slice(&notes->bytes));
}

void sio_keep_append(const struct sio_keep *k, struct sio_buf *out)
{
    const struct sio_socket *s = k->socket;
    const struct sio_server *server = s->nsp->server;
    append_common(out, &(struct sio_saved){.nsp = s->nsp->name,
                                           .sid = sio_socket_id_slice(s),
                                           .epoch = sio_slice_str(server->backing.epoch),
                                           .data = sio_socket_data(s),
                                           .generation = k->generation,
                                           .place = k->place,
                                           .since = k->since,
                                           .gone_ms = k->gone_ms,
                                           .at = server->backing.position(server->backing.ctx)});
    sio_buf_append_u32(out, s->member.count);
    for (uint32_t i = 0; i < s->member.count; i++)
        sio_buf_append_bytes(out, sio_room_name(s->member.seats[i].room));
    append_notes(out, k->notes);
}

struct sio_keep_note sio_keep_read_note(struct sio_reader *at)
{
    struct sio_keep_note note = {.end = sio_reader_u64(at)};
    note.change = (enum sio_keep_change)sio_reader_u8(at);
    note.room = sio_reader_bytes(at);
    return note;
}

void sio_keep_append_note(struct sio_buf *out, const struct sio_keep_note *note)
{
    sio_buf_append_u64(out, note->end);
    sio_buf_append_u8(out, (uint8_t)note->change);
    sio_buf_append_bytes(out, note->room);
}

int sio_keep_decode(struct sio_slice bytes, struct sio_saved *out)
{
    struct sio_reader r = {.rest = bytes};
    *out = (struct sio_saved){0};
    if (sio_reader_u8(&r) != SIO_KEEP_VERSION)
        return SIO_EPROTO;
    out->nsp = sio_reader_bytes(&r);
    out->sid = sio_reader_bytes(&r);
    out->epoch = sio_reader_bytes(&r);
    out->generation = sio_reader_u32(&r);
    out->place.slot = sio_reader_u8(&r);
    out->place.generation = sio_reader_u32(&r);
    out->since = sio_reader_u64(&r);
    out->gone_ms = sio_reader_u64(&r);
    out->at = sio_reader_u64(&r);
    out->data = sio_reader_bytes(&r);
    out->rooms.n = sio_reader_u32(&r);
    out->rooms.at = r;
    for (uint32_t i = 0; i < out->rooms.n && !r.bad; i++)
        sio_reader_bytes(&r);
    out->noted_from = sio_reader_u64(&r);
    out->notes.n = sio_reader_u32(&r);
    out->notes.at = r;
    for (uint32_t i = 0; i < out->notes.n && !r.bad; i++)
        sio_keep_read_note(&r);
    return r.bad || r.rest.len != 0 || out->sid.len != SIO_ID_LEN ? SIO_EPROTO : 0;
}

struct sio_keep *sio_keep_find(const struct sio_server *s, struct sio_slice pid)
{
    return sio_map_get(&s->recovery.keeps, pid);
}

static struct sio_keep *keep_add(struct sio_server *s, struct sio_slice pid)
{
    struct sio_keep *old = sio_keep_find(s, pid);
    if (old != NULL)
        sio_keep_forget(s, old, false);
    struct sio_keep *k = sio_calloc(1, sizeof *k);
    sio_list_init(&k->link);
    memcpy(k->pid, pid.p, SIO_ID_LEN);
    sio_map_put(&s->recovery.keeps, pid_of(k), k);
    return k;
}

struct sio_keep *sio_keep_new(struct sio_socket *s, struct sio_slice pid)
{
    struct sio_keep *k = keep_add(s->nsp->server, pid);
    k->socket = s;
    k->place = s->nsp->server->options.place;
    s->keep = k;
    return k;
}

static void notes_free(struct sio_keep_notes *notes)
{
    if (notes == NULL)
        return;
    sio_buf_fini(&notes->bytes);
    sio_free(notes);
}

void sio_keep_forget(struct sio_server *s, struct sio_keep *k, bool drop)
{
    if (drop)
        s->backing.drop(s->backing.ctx, pid_of(k));
    sio_map_del(&s->recovery.keeps, pid_of(k));
    sio_list_remove(&k->link);
    if (k->socket != NULL)
        k->socket->keep = NULL;
    sio_blob_unref(k->record);
    notes_free(k->notes);
    sio_free(k);
}

/* Saves `record`; on failure k is gone. */
static bool save(struct sio_server *s, struct sio_keep *k, struct sio_slice record)
{
    int err = s->backing.save(s->backing.ctx, pid_of(k), record);
    if (err == 0)
        return true;
    sio_log_limited(SIO_LOG_WARN, "keep",
                    "a session of %zu bytes (rooms and data) cannot be recovered: %s", record.len,
                    sio_err_text(err));
    sio_keep_forget(s, k, true);
    return false;
}

bool sio_keep_save(struct sio_keep *k)
{
    struct sio_server *s = k->socket->nsp->server;
    struct sio_buf record = sio_server_scratch(s);
    sio_list_remove(&k->link);
    sio_keep_append(k, &record);
    bool ok = save(s, k, sio_buf_slice(&record));
    sio_server_scratch_back(s, &record);
    return ok;
}

void sio_keep_touch(struct sio_socket *s)
{
    if (s->keep == NULL || !sio_list_empty(&s->keep->link))
        return;
    struct sio_server *server = s->nsp->server;
    sio_list_append(&server->recovery.dirty, &s->keep->link);
    sio_loop_defer(server->loop, &server->recovery.save_task);
}

static struct sio_keep_notes *notes_of(struct sio_keep *k)
{
    if (k->notes == NULL)
        k->notes = sio_calloc(1, sizeof *k->notes);
    return k->notes;
}

static void add_note(struct sio_keep *k, const struct sio_keep_note *note)
{
    struct sio_keep_notes *notes = notes_of(k);
    sio_keep_append_note(&notes->bytes, note);
    notes->n++;
    while (notes->bytes.len > SIO_KEEP_NOTES_BYTES) {
        struct sio_reader r = {.rest = sio_buf_slice(&notes->bytes)};
        notes->from = sio_keep_read_note(&r).end;
        sio_buf_consume(&notes->bytes, notes->bytes.len - r.rest.len);
        notes->n--;
    }
}

void sio_keep_note(struct sio_socket *s, uint64_t end, enum sio_keep_change change,
                   struct sio_slice room)
{
    if (s->keep == NULL)
        return;
    add_note(s->keep, &(struct sio_keep_note){end, change, room});
    sio_keep_touch(s);
}

void sio_keep_restore_notes(struct sio_socket *s, const struct sio_saved *v, struct sio_slice found)
{
    struct sio_reader before = v->notes.at, missed = {.rest = found};
    if (v->noted_from != 0)
        notes_of(s->keep)->from = v->noted_from;
    for (uint32_t i = 0; i < v->notes.n; i++) {
        struct sio_keep_note note = sio_keep_read_note(&before);
        add_note(s->keep, &note);
    }
    while (missed.rest.len != 0) {
        struct sio_keep_note note = sio_keep_read_note(&missed);
        add_note(s->keep, &note);
    }
}

static void on_save(void *ctx)
{
    struct sio_server *s = ctx;
    struct sio_list *node;
    while ((node = sio_list_first(&s->recovery.dirty)) != NULL)
        sio_keep_save(SIO_CONTAINER_OF(node, struct sio_keep, link));
}

/* ---- parked ---------------------------------------------------------------------------------- */

static uint64_t expiry(const struct sio_server *s, const struct sio_keep *k)
{
    return k->gone_ms + s->options.max_disconnection_ms;
}

/* Behind the last that expires no later; those that are claimed and put back are few. */
static void park(struct sio_server *s, struct sio_keep *k)
{
    struct sio_list *at = s->recovery.parked.prev;
    while (at != &s->recovery.parked &&
           SIO_CONTAINER_OF(at, struct sio_keep, link)->gone_ms > k->gone_ms)
        at = at->prev;
    sio_list_append(at->next, &k->link);
    sio_server_wake_at(s, expiry(s, k));
}

void sio_keep_park(struct sio_socket *s, uint64_t gone_ms)
{
    struct sio_keep *k = s->keep;
    k->gone_ms = gone_ms;
    struct sio_buf record = {0};
    sio_keep_append(k, &record);
    struct sio_server *server = s->nsp->server;
    sio_list_remove(&k->link);
    if (save(server, k, sio_buf_slice(&record))) {
        k->record = sio_blob_new(sio_buf_slice(&record));
        k->socket = NULL;
        s->keep = NULL;
        park(server, k);
    }
    sio_buf_fini(&record);
}

void sio_keep_adopt(struct sio_server *s, struct sio_slice pid, struct sio_slice record)
{
    struct sio_saved v;
    if (sio_keep_decode(record, &v) != 0)
        return;
    struct sio_keep *k = keep_add(s, pid);
    struct sio_buf out = {0};
    k->gone_ms = v.gone_ms != 0 ? v.gone_ms : sio_clock_ms();
    v.gone_ms = k->gone_ms;
    v.generation++;
    append_common(&out, &v);
    sio_buf_append_u32(&out, v.rooms.n);
    for (uint32_t i = 0; i < v.rooms.n; i++)
        sio_buf_append_bytes(&out, sio_reader_bytes(&v.rooms.at));
    sio_buf_append_u64(&out, v.noted_from);
    sio_buf_append_u32(&out, v.notes.n);
    sio_buf_append_slice(&out, v.notes.at.rest);
    if (save(s, k, sio_buf_slice(&out))) {
        k->record = sio_blob_new(sio_buf_slice(&out));
        park(s, k);
    }
    sio_buf_fini(&out);
}

uint64_t sio_keep_expire(struct sio_server *s, uint64_t now_ms)
{
    struct sio_list *node;
    while ((node = sio_list_first(&s->recovery.parked)) != NULL) {
        struct sio_keep *k = SIO_CONTAINER_OF(node, struct sio_keep, link);
        if (expiry(s, k) > now_ms)
            return expiry(s, k);
        sio_keep_forget(s, k, true);
    }
    return 0;
}

void sio_keep_init(struct sio_server *s)
{
    sio_list_init(&s->recovery.dirty);
    sio_list_init(&s->recovery.parked);
    sio_list_init(&s->recovery.claims);
    sio_task_init(&s->recovery.save_task, on_save, s);
}

void sio_keep_fini(struct sio_server *s)
{
    on_save(s);
    struct sio_list *node;
    while ((node = sio_list_first(&s->recovery.parked)) != NULL)
        sio_keep_forget(s, SIO_CONTAINER_OF(node, struct sio_keep, link), false);
    sio_task_cancel(&s->recovery.save_task);
    sio_map_fini(&s->recovery.keeps);
}
