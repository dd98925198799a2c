// SPDX-License-Identifier: MIT
/* Engine.IO sessions for the tests of sio/ that are arrays: this file defines the eio_session_*
 * that sio calls, so that engine/session is not linked. engine/message is the real one. Included by
 * sio_fake.h.
 */
#ifndef SPEC_C_SIO_SESSION_H
#define SPEC_C_SIO_SESSION_H

#include "base/err.h"
#include "engine/session.h"

enum { FAKE_SENT_MAX = 4096 };

struct eio_session {
    const struct eio_session_events *events;
    void *owner;
    enum eio_state state;
    bool waits;      /* close has to wait: polling without a pending GET */
    bool unwritable; /* volatile is dropped */
    bool full;
    bool v3;
    unsigned n;
    struct sio_blob *sent[FAKE_SENT_MAX];
    bool binary[FAKE_SENT_MAX];
};

static inline void fake_end(struct eio_session *e, enum eio_reason reason, const char *detail)
{
    if (e->state == EIO_STATE_CLOSED)
        return;
    e->state = EIO_STATE_CLOSED;
    if (e->events != NULL)
        e->events->on_close(e->owner, e, reason, detail);
}

const char *eio_reason_text(enum eio_reason r)
{
    static const char *const text[] = {
#define X(name, words) words,
        EIO_REASON_MAP(X)
#undef X
    };
    return text[r];
}

void eio_session_set_events(struct eio_session *s, const struct eio_session_events *events,
                            void *owner)
{
    s->events = events;
    s->owner = owner;
}

enum eio_state eio_session_state(const struct eio_session *s)
{
    return s->state;
}

static const char first_head[] = "GET /socket.io/?EIO=4 HTTP/1.1\r\n\r\n";

size_t eio_session_request_len(const struct eio_session *s)
{
    (void)s;
    return sizeof first_head - 1;
}

void eio_session_copy_request(const struct eio_session *s, char *out)
{
    memcpy(out, first_head, eio_session_request_len(s));
}

const char *eio_session_address(const struct eio_session *s)
{
    (void)s;
    return "192.0.2.7";
}

bool eio_session_secure(const struct eio_session *s)
{
    (void)s;
    return true;
}

uint64_t eio_session_since_ms(const struct eio_session *s)
{
    (void)s;
    return 1700000000000;
}

enum eio_version eio_session_version(const struct eio_session *s)
{
    return s->v3 ? EIO_V3 : EIO_V4;
}

const char *eio_session_sid(const struct eio_session *s)
{
    (void)s;
    return "engine-session-sid-0";
}

void eio_session_prefetch(const struct eio_session *s)
{
    (void)s;
}

int eio_session_send(struct eio_session *s, const struct eio_msg *msgs, size_t n, unsigned flags)
{
    if (s->state != EIO_STATE_OPEN)
        return SIO_ECLOSED;
    if ((flags & EIO_VOLATILE) != 0 && s->unwritable)
        return SIO_EAGAIN;
    if (s->full)
        return SIO_EFULL;
    for (size_t i = 0; i < n && s->n < FAKE_SENT_MAX; i++) {
        s->binary[s->n] = msgs[i].binary;
        s->sent[s->n++] = sio_blob_new(eio_msg_packet(&msgs[i]));
    }
    return 0;
}

int eio_session_send_text(struct eio_session *s, const struct sio_slice *parts, size_t n,
                          unsigned flags)
{
    struct eio_msg m = eio_msg_text(EIO_MESSAGE, parts, n);
    int err = eio_session_send(s, &m, 1, flags);
    sio_blob_unref(m.frame);
    return err;
}

void eio_session_close(struct eio_session *s)
{
    if (s->waits && s->state == EIO_STATE_OPEN)
        s->state = EIO_STATE_CLOSING;
    else if (!s->waits)
        fake_end(s, EIO_FORCED_CLOSE, NULL);
}

void eio_session_end(struct eio_session *s, enum eio_reason reason, const char *detail)
{
    fake_end(s, reason, detail);
}

static inline struct sio_slice sent(const struct eio_session *e, unsigned i)
{
    return i < e->n ? sio_blob_slice(e->sent[i]) : SIO_LIT("(nothing)");
}

static inline struct sio_slice last_sent(const struct eio_session *e)
{
    return e->n == 0 ? SIO_LIT("(nothing)") : sent(e, e->n - 1);
}

static inline void forget_sent(struct eio_session *e)
{
    for (unsigned i = 0; i < e->n; i++)
        sio_blob_unref(e->sent[i]);
    e->n = 0;
}

static inline void say(struct eio_session *e, const char *text)
{
    if (e->state == EIO_STATE_OPEN)
        e->events->on_message(e->owner, e, sio_slice_str(text), false);
}

static inline void say_binary(struct eio_session *e, const char *bytes)
{
    if (e->state == EIO_STATE_OPEN)
        e->events->on_message(e->owner, e, sio_slice_str(bytes), true);
}

#endif
