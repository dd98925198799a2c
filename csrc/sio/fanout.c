// SPDX-License-Identifier: MIT
/* From a record to the queues of the local sockets that it selects: one packet, built when the
 * first recipient is found, then one reference per session.
 *
 * Clients of v2 know no offsets, so with recovery they get a packet of their own, built once too.
 *
 * Stands on select; called by server. Invariant: nothing in here calls an event while it selects;
 * who listens to what is sent is told at the end (on_outgoing), and a parser in Lua can reach
 * nothing that would (bind/parser.h).
 */
#include "sio/select.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/chorus.h"

enum { WAVE_MAX = 32 };

struct fanout {
    struct sio_nsp *nsp;
    const struct sio_record *record;
    uint64_t end;
    struct sio_chorus *chorus; /* of recipients who shall answer; NULL: nobody */
    uint64_t ack;              /* the id that they answer to */
    unsigned flags;
    bool with_offset;
    struct sio_socket **heard; /* recipients somebody listens to; NULL: none */
    size_t n_heard, cap_heard;
    struct sio_socket *wave[WAVE_MAX]; /* recipients to come */
    size_t n_wave;
    size_t n_sent;
    int err; /* of the last send that failed */
    struct sio_out out;
    struct sio_out no_offset; /* the same for clients of v2, when `out` has an offset */
};

static void build(const struct fanout *f, struct sio_out *out, bool with_offset)
{
    const struct sio_record *r = f->record;
    struct sio_server *server = f->nsp->server;
    struct sio_slice attachments[SIO_OUT_ATTACHMENTS_MAX];
    char offset[SIO_OFFSET_MAX + 1];
    struct sio_out_head head = {.type = r->type == SIO_RECORD_ACK ? SIO_ACK : SIO_EVENT,
                                .nsp = f->nsp->name,
                                .has_id = f->chorus || (r->flags & SIO_RECORD_HAS_ID) != 0,
                                .id = f->chorus ? f->ack : r->id,
                                .plain = (r->flags & SIO_EMIT_PLAIN) != 0,
                                .n_attachments = r->attachments.n,
                                .attachments = attachments,
                                .data = r->data};
    if (with_offset)
        head.offset = sio_out_offset(offset, server->backing.epoch, f->end);
    sio_record_slices(&r->attachments, attachments);
    sio_out_init(out, &server->options, &head);
}

/* The packet for this client. */
static const struct sio_out *packet_for(struct fanout *f, const struct sio_client *c)
{
    struct sio_out *out = f->with_offset && c->v2 ? &f->no_offset : &f->out;
    if (!sio_out_built(out))
        build(f, out, f->with_offset && !c->v2);
    return out;
}

static void hear(struct fanout *f, struct sio_socket *s)
{
    if (f->n_heard == f->cap_heard) {
        f->cap_heard = f->cap_heard == 0 ? 16 : f->cap_heard * 2;
        f->heard = sio_realloc(f->heard, f->cap_heard * sizeof(struct sio_socket *));
    }
    f->heard[f->n_heard++] = s;
}

static void tell_outgoing(const struct fanout *f)
{
    const struct sio_server *server = f->nsp->server;
    const struct sio_record *r = f->record;
    struct sio_slice attachments[SIO_OUT_ATTACHMENTS_MAX];
    struct sio_reader at = r->attachments.at;
    for (uint32_t i = 0; i < r->attachments.n; i++)
        attachments[i] = sio_reader_bytes(&at);
    server->events->on_outgoing(server->owner, f->heard, f->n_heard,
                                &(struct sio_outgoing){.data = r->data,
                                                       .attachments = attachments,
                                                       .n_attachments = r->attachments.n});
}

static void send_one(struct fanout *f, struct sio_socket *s)
{
    int err = sio_out_send(packet_for(f, s->client), s->client->session, f->flags);
    f->n_sent += err == 0;
    if (err != 0)
        f->err = err;
    else if (f->chorus != NULL)
        sio_chorus_expect(f->chorus, s, f->ack);
    if (s->outgoing && f->record->type == SIO_RECORD_EVENT)
        hear(f, s);
}

/* From a socket to its connection it is four steps through memory that is cold when there are many
 * clients. Those of different recipients do not wait for each other, unless a send comes between.
 */
static void send_wave(struct fanout *f)
{
    for (size_t i = 0; i < f->n_wave; i++)
        eio_session_prefetch(f->wave[i]->client->session);
    for (size_t i = 0; i < f->n_wave; i++)
        send_one(f, f->wave[i]);
    f->n_wave = 0;
}

static void queue(void *ctx, struct sio_socket *s)
{
    struct fanout *f = ctx;
    f->wave[f->n_wave++] = s;
    if (f->n_wave == WAVE_MAX)
        send_wave(f);
}

void sio_fanout_deliver(struct sio_nsp *n, const struct sio_record *r, uint64_t end,
                        struct sio_chorus *chorus)
{
    if (r->attachments.n > SIO_OUT_ATTACHMENTS_MAX) {
        sio_log_limited(SIO_LOG_ERROR, "fanout", "a record with %u attachments is left out",
                        r->attachments.n);
        return;
    }
    struct fanout f;
    f.nsp = n;
    f.record = r;
    f.end = end;
    f.chorus = chorus;
    f.ack = chorus != NULL ? n->next_ack++ : 0;
    f.flags = (r->flags & SIO_EMIT_VOLATILE) != 0 ? EIO_VOLATILE : 0;
    f.with_offset =
        n->server->options.recovery && chorus == NULL && (r->flags & SIO_RECORD_HAS_ID) == 0;
    f.err = 0;
    f.out.n = f.no_offset.n = 0;
    f.out.err = f.no_offset.err = 0;
    f.heard = NULL;
    f.n_heard = f.cap_heard = 0;
    f.n_sent = f.n_wave = 0;
    sio_select_each(n, r, queue, &f);
    send_wave(&f);
    if (r->type == SIO_RECORD_EVENT)
        sio_stats_add(n->server->loop->stats, SIO_STAT_EVENTS_OUT, f.n_sent);
    if (f.heard != NULL) {
        tell_outgoing(&f);
        sio_free(f.heard);
    }
    sio_out_fini(&f.out);
    sio_out_fini(&f.no_offset);
    if ((r->flags & SIO_RECORD_DIRECT) != 0)
        n->server->direct_err = f.err;
}
