// SPDX-License-Identifier: MIT
/* The two sides of a broadcast with acknowledgements. Stands on ask, answer and ack.
 *
 * Invariant: a chorus lives until it is sealed and each of its voices was heard of. Every socket
 * ends, so it needs nobody else to free it.
 */
#include "sio/chorus.h"

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/answer.h"
#include "sio/server_in.h"

struct sio_chorus {
    struct sio_server *server;
    struct sio_asker to;
    uint64_t due_ms;
    unsigned waiting; /* voices */
    unsigned voices;
    bool sealed;
    bool failed;  /* somebody was not waited for */
    bool unheard; /* nobody wants what is still to come */
};

/* ---- who asks -------------------------------------------------------------------------------- */

int sio_chorus_ask(struct sio_nsp *n, const struct sio_selection *to,
                   const struct sio_outgoing *out, uint64_t timeout_ms, sio_asked_fn fn, void *arg)
{
    struct sio_record head = {.type = SIO_RECORD_EVENT,
                              .flags = out->flags & (SIO_EMIT_HERE | SIO_EMIT_PLAIN)};
    struct sio_ask *ask;
    int err = sio_nsp_check(out);
    if (err == 0 && out->data.len < 3)
        err = SIO_EINVAL;
    if (err == 0)
        err = sio_ask_open(n, timeout_ms, false, fn, arg, &head, &ask);
    if (err != 0)
        return err;
    struct sio_buf record = sio_server_scratch(n->server);
    sio_record_append_packet(&record, &head, to, out);
    return sio_ask_send(ask, &record);
}

/* ---- voices ---------------------------------------------------------------------------------- */

void sio_voice_append(struct sio_buf *out, struct sio_slice data,
                      const struct sio_slice *attachments, size_t n_attachments)
{
    sio_buf_append_u64(out, uv_hrtime());
    sio_buf_append_bytes(out, data);
    sio_buf_append_u32(out, (uint32_t)n_attachments);
    for (size_t i = 0; i < n_attachments; i++)
        sio_buf_append_bytes(out, attachments[i]);
}

bool sio_voice_next(struct sio_reader *r, struct sio_voice *out)
{
    if (r->bad || r->rest.len == 0)
        return false;
    out->came_ns = sio_reader_u64(r);
    out->data = sio_reader_bytes(r);
    out->attachments.n = sio_reader_u32(r);
    out->attachments.at = *r;
    for (uint32_t i = 0; i < out->attachments.n && !r->bad; i++)
        sio_reader_bytes(r);
    return !r->bad;
}

/* ---- who answers ----------------------------------------------------------------------------- */

struct sio_chorus *sio_chorus_new(struct sio_server *s, const struct sio_record *r)
{
    struct sio_chorus *c = sio_calloc(1, sizeof *c);
    c->server = s;
    c->to = (struct sio_asker){r->writer, r->request};
    c->due_ms = sio_loop_now(s->loop) + r->timeout_ms + SIO_CHORUS_GRACE_MS;
    return c;
}

void sio_chorus_expect(struct sio_chorus *c, struct sio_socket *s, uint64_t id)
{
    if (c->voices == SIO_CHORUS_VOICES_MAX ||
        sio_ack_add(s, id, (struct sio_acker){.chorus = c}, c->due_ms) != 0) {
        sio_log_limited(SIO_LOG_WARN, "chorus",
                        "%u clients answer one event: that of socket %s is not waited for",
                        c->voices, s->id);
        c->failed = true;
        return;
    }
    c->voices++;
    c->waiting++;
}

static void end_if_complete(struct sio_chorus *c)
{
    if (!c->sealed || c->waiting > 0)
        return;
    if (!c->unheard)
        sio_answer_send(c->server, c->to, sio_slice(NULL, 0),
                        c->failed ? SIO_ANSWER_FAILED : SIO_ANSWER_LAST);
    sio_free(c);
}

void sio_chorus_seal(struct sio_chorus *c)
{
    c->sealed = true;
    end_if_complete(c);
}

static void pass_on(struct sio_chorus *c, const struct sio_incoming *in)
{
    struct sio_slice attachments[SIO_ATTACHMENTS_MAX];
    struct sio_buf voice = {0};
    unsigned n = 0;
    for (; n < in->n_attachments && n < SIO_ATTACHMENTS_MAX; n++)
        attachments[n] = sio_blob_slice(in->attachments[n]);
    sio_voice_append(&voice, in->data, attachments, n);
    c->unheard = sio_answer_send(c->server, c->to, sio_buf_slice(&voice), SIO_ANSWER_MORE) != 0;
    sio_buf_fini(&voice);
}

void sio_chorus_answer(struct sio_chorus *c, int err, const struct sio_incoming *in)
{
    c->waiting--;
    if (err == SIO_ETIMEDOUT)
        c->failed = true;
    else if (err == 0 && !c->unheard)
        pass_on(c, in);
    end_if_complete(c);
}
