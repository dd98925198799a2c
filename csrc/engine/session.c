// SPDX-License-Identifier: MIT
/* Sessions: packets, the end. Stands on the transports' tables and heartbeat; opening.c makes
 * sessions, the transports bring packets.
 *
 * Invariant: whatever may run foreign code (events, answering a request) comes last in its
 * function, or is followed by a look at `state`; the struct itself stays until the end of the tick.
 */
#include "engine/session_in.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/meter.h"
#include "engine/pressure.h"
#include "engine/server_in.h"

const char *eio_reason_text(enum eio_reason r)
{
    static const char *const texts[] = {
#define X(name, text) text,
        EIO_REASON_MAP(X)
#undef X
    };
    return texts[r];
}

/* ---- birth ----------------------------------------------------------------------------------- */

static void ignore_message(void *owner, struct eio_session *s, struct sio_slice data, bool binary)
{
    (void)owner, (void)s, (void)data, (void)binary;
}

static void ignore_close(void *owner, struct eio_session *s, enum eio_reason reason,
                         const char *detail)
{
    (void)owner, (void)s, (void)reason, (void)detail;
}

static const struct eio_session_events no_events = {.on_message = ignore_message,
                                                    .on_close = ignore_close};

struct eio_session *eio_session_new(struct eio_server *e, const struct eio_opening *o)
{
    struct eio_session *s = sio_calloc(1, sizeof *s + eio_first_request_size(o));
    s->server = e;
    s->events = &no_events;
    s->since_ms = sio_clock_wall_ms();
    s->transport = &eio_polling;
    eio_due_init(&s->beat);
    sio_list_init(&s->dirty);
    eio_first_request_note(s, o);
    s->meter = eio_meter_new(&e->options, sio_loop_now(e->loop));
    s->dialect = o->dialect;
    s->awaiting_life = s->dialect.version == EIO_V3;
    eio_heartbeat_arm(&e->heartbeat, s->awaiting_life ? EIO_DUE_SILENCE : EIO_DUE_PING, &s->beat,
                      sio_loop_now(e->loop));
    return s;
}

void eio_session_set_events(struct eio_session *s, const struct eio_session_events *events,
                            void *owner)
{
    s->events = events;
    s->owner = owner;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void session_free(void *object)
{
    struct eio_session *s = object;
    eio_first_request_forget(s);
    eio_meter_free(s->meter);
    sio_free(s->polling);
    sio_free(s);
}

/* The one way to CLOSED. What is still queued leaves in front of the goodbye. */
static void finish(struct eio_session *s, enum eio_reason reason, const char *detail)
{
    struct eio_queue *last = s->queue;
    if (s->state == EIO_STATE_CLOSED)
        return;
    if (s->state == EIO_STATE_CLOSING && reason != EIO_PING_TIMEOUT) {
        reason = EIO_FORCED_CLOSE;
        detail = NULL;
    }
    eio_server_count_close(s, reason);
    s->state = EIO_STATE_CLOSED;
    s->queue = NULL;
    eio_upgrade_abandon(s);
    eio_pressure_forget(s);
    eio_heartbeat_cancel(&s->beat);
    sio_list_remove(&s->dirty);
    eio_server_forget(s->server, s);
    sio_loop_bury(s->server->loop, &s->grave, session_free, s);
    s->transport->close(s, last != NULL ? last->msgs : NULL, eio_queue_count(last));
    if (s->transport != &eio_polling) /* a POST may have outlived the upgrade */
        eio_polling.close(s, NULL, 0);
    eio_queue_drop(&last);
    s->events->on_close(s->owner, s, reason, detail);
    if (s->server->events->on_gone != NULL)
        s->server->events->on_gone(s->server->owner, s);
}

static bool waits_for_poll(const struct eio_session *s)
{
    return s->transport == &eio_polling && eio_session_poll(s) == NULL;
}

void eio_session_close(struct eio_session *s)
{
    struct eio_heartbeat *h = &s->server->heartbeat;
    bool beats = h->after_ms[EIO_DUE_CLOSE] > h->after_ms[EIO_DUE_SILENCE];
    if (s->state != EIO_STATE_OPEN)
        return;
    if (!waits_for_poll(s)) {
        finish(s, EIO_FORCED_CLOSE, NULL);
        return;
    }
    s->state = EIO_STATE_CLOSING;
    eio_upgrade_abandon(s);
    eio_heartbeat_arm(h, beats ? EIO_DUE_SILENCE : EIO_DUE_CLOSE, &s->beat,
                      sio_loop_now(s->server->loop));
}

void eio_session_end(struct eio_session *s, enum eio_reason reason, const char *detail)
{
    finish(s, reason, detail);
}

void eio_session_on_error(struct eio_session *s, const struct eio_transport *t,
                          enum eio_reason reason, const char *detail)
{
    if (s->state == EIO_STATE_CLOSING && reason == EIO_PARSE_ERROR)
        return; /* nobody listens any more; the client shall still get its goodbye */
    if (t == s->transport)
        finish(s, reason, detail);
    else if (t == &eio_websocket)
        eio_upgrade_abandon(s);
}

/* ---- sending --------------------------------------------------------------------------------- */

void eio_session_drain(struct eio_session *s)
{
    struct eio_queue *q = s->queue;
    const struct eio_transport *t = s->transport;
    if (q == NULL || s->held || !(t->at_once || t->writable(s)))
        return;
    s->queue = NULL; /* answering may let the next GET in */
    t->send(s, q->msgs, q->n);
    eio_queue_drop(&q);
    if (t->at_once)
        eio_pressure_moved(s);
    else
        eio_pressure_drained(s);
}

void eio_session_flush(struct eio_session *s)
{
    if (s->doomed) {
        finish(s, EIO_TRANSPORT_ERROR, "too much is buffered");
        return;
    }
    if (s->state == EIO_STATE_OPEN)
        eio_session_drain(s);
    if (s->drained && s->state == EIO_STATE_OPEN) {
        s->drained = false;
        if (s->events->on_drain != NULL)
            s->events->on_drain(s->owner, s);
    }
}

void eio_session_hold(struct eio_session *s)
{
    s->held = true;
    s->awaiting_life = false;
    eio_heartbeat_arm(&s->server->heartbeat, EIO_DUE_OPEN, &s->beat, sio_loop_now(s->server->loop));
}

static void release(struct eio_session *s)
{
    s->held = false;
    s->awaiting_life = true;
    eio_heartbeat_arm(&s->server->heartbeat, EIO_DUE_SILENCE, &s->beat,
                      sio_loop_now(s->server->loop));
    eio_session_drain(s);
}

/* ---- what comes in --------------------------------------------------------------------------- */

/* A client that is busy sending is not cut for a late pong or ping. */
void eio_session_note_life(struct eio_session *s)
{
    enum eio_due_kind kind = s->dialect.version == EIO_V3 ? EIO_DUE_SILENCE : EIO_DUE_PONG;
    uint64_t now = sio_loop_now(s->server->loop);
    struct eio_heartbeat *h = &s->server->heartbeat;
    if (s->awaiting_life && s->beat.at_ms != now + h->after_ms[kind])
        eio_heartbeat_arm(h, kind, &s->beat, now);
}

/* Clients ping in v3, servers since v4. */
static void on_heartbeat(struct eio_session *s, const struct eio_transport *t,
                         enum eio_packet_type type)
{
    bool v3 = s->dialect.version == EIO_V3;
    if (v3 != (type == EIO_PING)) {
        eio_session_on_error(s, t, EIO_TRANSPORT_ERROR, "invalid heartbeat direction");
        return;
    }
    if (v3) {
        eio_session_send(s, &s->server->pong, 1,
                         0); /* within the limits: it may ping without end */
        return;
    }
    s->awaiting_life = false;
    eio_heartbeat_arm(&s->server->heartbeat, EIO_DUE_PING, &s->beat, sio_loop_now(s->server->loop));
}

/* `1`. A pending GET is answered with a noop: the client closes already and wants no second
 * goodbye. */
static void on_goodbye(struct eio_session *s, const struct eio_transport *t)
{
    if (t != s->transport)
        return;
    if (s->queue == NULL && t == &eio_polling && t->writable(s))
        t->send(s, &s->server->noop, 1);
    eio_session_drain(s);
    finish(s, EIO_TRANSPORT_CLOSE, NULL);
}

static void handle_packet(struct eio_session *s, const struct eio_transport *t,
                          const struct eio_packet *p)
{
    switch (p->type) {
    case EIO_MESSAGE:
        s->events->on_message(s->owner, s, p->data, p->binary);
        break;
    case EIO_PING:
    case EIO_PONG:
        on_heartbeat(s, t, p->type);
        break;
    case EIO_CLOSE:
        on_goodbye(s, t);
        break;
    case EIO_OPEN:
    case EIO_UPGRADE:
    case EIO_NOOP:
        break;
    }
}

/* False: the client sends more than it may, and the session has ended. */
static bool meter(struct eio_session *s, const struct eio_packet *p)
{
    const char *broken =
        s->meter ? eio_meter_take(s->meter, p->data.len, sio_loop_now(s->server->loop)) : NULL;
    if (broken == NULL)
        return true;
    sio_log_about(SIO_LOG_WARN, "eio meter", eio_session_about(s),
                  "engine: a session sends %s, closed", broken);
    finish(s, EIO_TRANSPORT_ERROR, broken);
    return false;
}

bool eio_session_on_packet(struct eio_session *s, const struct eio_transport *t,
                           const struct eio_packet *p)
{
    sio_stats_up(s->server->loop->stats, SIO_STAT_PACKETS_IN);
    if (s->state == EIO_STATE_CLOSED || !meter(s, p))
        return false;
    if (t == &eio_websocket && t != s->transport) {
        eio_upgrade_packet(s, p);
    } else if (s->state == EIO_STATE_CLOSING) {
        if (p->type == EIO_CLOSE)
            on_goodbye(s, t);
    } else {
        eio_session_note_life(s);
        handle_packet(s, t, p);
    }
    return s->state != EIO_STATE_CLOSED;
}

/* A session that closes or leaves says goodbye now. While a probe lasts the client waits for its
 * poll to return before it changes over (EIO v4 §Upgrade), so the poll must not hang. */
void eio_session_on_poll(struct eio_session *s)
{
    if (s->state == EIO_STATE_CLOSING) {
        if (s->queue == NULL)
            eio_queue_push(&s->queue, &s->server->noop);
        finish(s, EIO_FORCED_CLOSE, NULL);
    } else if (s->leaving != EIO_STAYS && eio_session_leave(s)) {
        return;
    } else if (s->queue != NULL) {
        eio_server_mark(s->server, s);
    } else if (s->probing == EIO_PROBE_ANSWERED) {
        s->transport->send(s, &s->server->noop, 1);
    }
}

/* ---- what is due ----------------------------------------------------------------------------- */

void eio_session_on_due(enum eio_due_kind kind, struct eio_due *due, uint64_t base_ms)
{
    bool clock = kind == EIO_DUE_PROBE || kind == EIO_DUE_PRESSURE;
    struct eio_session *s = kind == EIO_DUE_PART ? eio_websocket_waits(due)
                            : clock ? SIO_CONTAINER_OF(due, struct eio_clock, due)->session
                                    : SIO_CONTAINER_OF(due, struct eio_session, beat);
    switch (kind) {
    case EIO_DUE_PING:
        s->awaiting_life = true;
        eio_heartbeat_arm(&s->server->heartbeat, EIO_DUE_PONG, due, base_ms);
        eio_session_push(s, &s->server->ping, 1);
        break;
    case EIO_DUE_PONG:
    case EIO_DUE_SILENCE:
        finish(s, EIO_PING_TIMEOUT, NULL);
        break;
    case EIO_DUE_OPEN:
        release(s);
        break;
    case EIO_DUE_CLOSE:
        finish(s, EIO_FORCED_CLOSE, NULL);
        break;
    case EIO_DUE_PROBE:
        eio_upgrade_abandon(s);
        break;
    case EIO_DUE_PRESSURE:
        if (!eio_pressure_goes_on(s)) {
            sio_stats_up(s->server->loop->stats, SIO_STAT_SLOW_READERS);
            finish(s, EIO_TRANSPORT_ERROR, "the client reads too slowly");
        }
        break;
    case EIO_DUE_PART:
        eio_websocket_give_up(s);
        break;
    case EIO_DUE_KINDS:
        break;
    }
}

bool eio_session_overdue(struct eio_session *s)
{
    if (s->state != EIO_STATE_OPEN || !s->awaiting_life ||
        !eio_heartbeat_overdue(&s->server->heartbeat, &s->beat))
        return false;
    finish(s, EIO_PING_TIMEOUT, NULL);
    return true;
}

/* ---- questions ------------------------------------------------------------------------------- */

void *eio_session_owner(const struct eio_session *s)
{
    return s->owner;
}

const char *eio_session_sid(const struct eio_session *s)
{
    return s->sid;
}

const char *eio_session_transport(const struct eio_session *s)
{
    return s->transport->name;
}

enum eio_version eio_session_version(const struct eio_session *s)
{
    return (enum eio_version)s->dialect.version;
}

enum eio_state eio_session_state(const struct eio_session *s)
{
    return (enum eio_state)s->state;
}

size_t eio_session_buffered(const struct eio_session *s)
{
    return eio_queue_bytes(s->queue) + s->transport->queued(s);
}

bool eio_session_pressed(const struct eio_session *s)
{
    return s->pressed;
}

bool eio_session_secure(const struct eio_session *s)
{
    return s->secure;
}

uint64_t eio_session_since_ms(const struct eio_session *s)
{
    return s->since_ms;
}
