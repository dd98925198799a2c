// SPDX-License-Identifier: MIT
/* What a socket sends: events with and without acknowledgement, and answers.
 *
 * A directed event is a record of the log when it carries an offset (recovery, no ack), or when the
 * log is blocked and everything has to wait behind; otherwise it is queued at once, which is in
 * order because nothing of this worker is left behind in the log then. Called by bind.
 */
#include "base/err.h"
#include "base/log.h"
#include "sio/recovery_in.h"
#include "sio/server_in.h"

static bool blocked(const struct sio_server *s)
{
    return s->backing.blocked(s->backing.ctx);
}

/* To the socket of the id `self`. Of `head` type, flags and id count. */
static int send_record(struct sio_nsp *n, struct sio_slice self, const struct sio_record *head,
                       const struct sio_outgoing *out, unsigned publish)
{
    struct sio_server *server = n->server;
    struct sio_record h = *head;
    h.nsp = n->name;
    h.flags |= SIO_RECORD_DIRECT | (out->flags & (SIO_EMIT_VOLATILE | SIO_EMIT_PLAIN));
    struct sio_buf record = sio_server_scratch(server);
    sio_record_append_packet(&record, &h, &(struct sio_selection){.rooms = &self, .n_rooms = 1},
                             out);
    server->direct_err = 0;
    int err = sio_server_publish(server, &record, publish);
    return err != 0 ? err : server->direct_err;
}

static int send_now(struct sio_socket *s, struct sio_out_head *head, const struct sio_outgoing *out)
{
    head->nsp = s->nsp->name;
    head->n_attachments = out->n_attachments;
    head->attachments = out->attachments;
    head->data = out->data;
    head->plain = (out->flags & SIO_EMIT_PLAIN) != 0;
    unsigned flags = (out->flags & SIO_EMIT_VOLATILE) != 0 ? EIO_VOLATILE : 0;
    int err = sio_out_send_one(&s->nsp->server->options, head, s->client->session, flags);
    if (err == 0 && head->type == SIO_EVENT)
        sio_stats_up(s->nsp->server->loop->stats, SIO_STAT_EVENTS_OUT);
    return err;
}

static void tell_outgoing(struct sio_socket *s, const struct sio_outgoing *out)
{
    const struct sio_server *server = s->nsp->server;
    if (s->outgoing)
        server->events->on_outgoing(server->owner, &s, 1, out);
}

static int emit_plain(struct sio_socket *s, const struct sio_outgoing *out)
{
    const struct sio_server *server = s->nsp->server;
    bool connected = s->state == SIO_SOCKET_CONNECTED;
    if (connected && (server->options.recovery || blocked(server)))
        return send_record(s->nsp, sio_socket_id_slice(s),
                           &(struct sio_record){.type = SIO_RECORD_EVENT}, out, SIO_PUBLISH_LOCAL);
    char offset[SIO_OFFSET_MAX + 1];
    struct sio_out_head head = {.type = SIO_EVENT};
    /* Else the client would take a last string argument for its offset. */
    if (server->options.recovery && !s->client->v2)
        head.offset = sio_out_offset(offset, server->backing.epoch, sio_recovery_offset(s));
    tell_outgoing(s, out);
    return send_now(s, &head, out);
}

static int emit_with_id(struct sio_socket *s, const struct sio_outgoing *out, uint64_t id)
{
    if (s->state == SIO_SOCKET_CONNECTED && blocked(s->nsp->server))
        return send_record(
            s->nsp, sio_socket_id_slice(s),
            &(struct sio_record){.type = SIO_RECORD_EVENT, .flags = SIO_RECORD_HAS_ID, .id = id},
            out, SIO_PUBLISH_LOCAL);
    tell_outgoing(s, out);
    return send_now(s, &(struct sio_out_head){.type = SIO_EVENT, .has_id = true, .id = id}, out);
}

static int emit_with_ack(struct sio_socket *s, const struct sio_outgoing *out, uint64_t cookie,
                         uint64_t timeout_ms)
{
    struct sio_server *server = s->nsp->server;
    uint64_t id = s->nsp->next_ack;
    uint64_t due_ms = timeout_ms == 0 ? 0 : sio_loop_now(server->loop) + timeout_ms;
    struct sio_acker who = {.cookie = cookie};
    int err = sio_ack_add(s, id, who, due_ms);
    if (err != 0) {
        sio_log_about(SIO_LOG_WARN, "acks", (struct sio_log_about){.sid = s->id},
                      "a socket waits for %u answers: no more", server->options.acks_per_socket);
        return err;
    }
    s->nsp->next_ack++;
    err = emit_with_id(s, out, id);
    if (err != 0)
        sio_ack_take(s, id, &who);
    return err;
}

int sio_socket_emit(struct sio_socket *s, const struct sio_outgoing *out, uint64_t cookie,
                    uint64_t timeout_ms)
{
    if (s->doomed)
        return cookie != 0 ? SIO_ECLOSED : 0;
    if (s->state != SIO_SOCKET_CONNECTING && s->state != SIO_SOCKET_CONNECTED)
        return cookie != 0 ? SIO_ECLOSED
                           : sio_socket_emit_late(s->nsp, sio_socket_id_slice(s), out);
    int err = sio_nsp_check(out);
    if (err != 0 || out->data.len < 3)
        return err != 0 ? err : SIO_EINVAL;
    return cookie == 0 ? emit_plain(s, out) : emit_with_ack(s, out, cookie, timeout_ms);
}

int sio_socket_emit_late(struct sio_nsp *n, struct sio_slice sid, const struct sio_outgoing *out)
{
    int err = sio_nsp_check(out);
    if (err != 0 || out->data.len < 3)
        return err != 0 ? err : SIO_EINVAL;
    if (!n->server->options.recovery || (out->flags & SIO_EMIT_VOLATILE) != 0)
        return 0;
    return send_record(n, sid, &(struct sio_record){.type = SIO_RECORD_EVENT}, out, 0);
}

int sio_socket_ack(struct sio_socket *s, uint64_t id, const struct sio_outgoing *out)
{
    int err = sio_nsp_check(out);
    if (err != 0 || s->state != SIO_SOCKET_CONNECTED || s->doomed)
        return err;
    if (blocked(s->nsp->server))
        return send_record(
            s->nsp, sio_socket_id_slice(s),
            &(struct sio_record){.type = SIO_RECORD_ACK, .flags = SIO_RECORD_HAS_ID, .id = id}, out,
            SIO_PUBLISH_LOCAL);
    return send_now(s, &(struct sio_out_head){.type = SIO_ACK, .has_id = true, .id = id}, out);
}
