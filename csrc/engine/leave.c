// SPDX-License-Identifier: MIT
/* Sessions that leave because their worker goes away: each at a moment at which nothing is cut, and
 * who still asks for one of them gets a goodbye instead of a refusal. Stands on session_in.h and
 * handshake; worker/drain calls it, session.c at each poll.
 *
 * A client that has just posted may not have seen the goodbye yet. "Session ID unknown" would tell
 * it of an error where there is none.
 */
#include "engine/session_in.h"

#include "engine/handshake.h"
#include "engine/server_in.h"

/* ---- leaving --------------------------------------------------------------------------------- */

/* The goodbye reaches the client at once, and no request, message or upgrade is in the midst. */
static bool at_rest(const struct eio_session *s)
{
    if (s->transport == &eio_websocket)
        return !s->held && s->part == NULL;
    return eio_session_poll(s) != NULL && s->polling->post == NULL && s->probing == EIO_PROBE_NONE;
}

/* What shares a payload with the goodbye is held back by the official client until it is connected
 * again, without a note of its offset: it would come twice then. So messages go alone, and the
 * goodbye with the next poll. */
static bool takes_messages(const struct eio_session *s)
{
    return s->transport == &eio_polling && eio_session_poll(s) != NULL && s->queue != NULL;
}

void eio_session_leave_now(struct eio_session *s)
{
    bool told = s->leaving == EIO_LEFT;
    s->leaving = EIO_LEFT;
    if (s->state == EIO_STATE_OPEN && !told && s->events->on_leave != NULL)
        s->events->on_leave(s->owner, s);
    if (s->state == EIO_STATE_OPEN && takes_messages(s)) {
        eio_session_drain(s);
        eio_session_close(s);
    } else {
        eio_session_end(s, EIO_FORCED_CLOSE, NULL);
    }
}

bool eio_session_leave(struct eio_session *s)
{
    if (s->leaving == EIO_STAYS)
        s->leaving = EIO_LEAVES;
    if (s->state == EIO_STATE_OPEN && at_rest(s))
        eio_session_leave_now(s);
    return s->state == EIO_STATE_CLOSED;
}

bool eio_session_leaving(const struct eio_session *s)
{
    return s->leaving != EIO_STAYS;
}

/* ---- who comes too late ---------------------------------------------------------------------- */

static bool was_ours(const struct eio_server *e, struct sio_slice sid)
{
    struct sio_place at;
    return sid.p != NULL && sio_id_suffix_place(sid, &at) == 0 &&
           at.slot == e->options.place.slot &&
           ((at.generation ^ e->options.place.generation) & SIO_GENERATION_MASK) == 0;
}

/* `1`, as the client's dialect has it. */
static void answer_poll(struct eio_server *e, struct sio_http_conn *c, const struct eio_request *q)
{
    struct sio_http_field fields[2] = {{SIO_LIT("Content-Type"), {NULL, 0}},
                                       {SIO_LIT("cache-control"), SIO_LIT("no-store")}};
    struct sio_http_response r = {.status = 200, .fields = fields, .n_fields = 2};
    struct eio_dialect d;
    struct sio_buf body = {0};
    eio_dialect_init(&d, q->version, q->http);
    fields[0].value = eio_dialect_append(&d, &body, &e->close, 1);
    r.body = sio_buf_slice(&body);
    sio_http_respond(c, &r);
    sio_buf_fini(&body);
}

static void answer_post(struct sio_http_conn *c)
{
    static const struct sio_http_field type = {{"Content-Type", 12}, {"text/html", 9}};
    sio_http_respond(c, &(struct sio_http_response){
                            .status = 200, .fields = &type, .n_fields = 1, .body = SIO_LIT("ok")});
}

bool eio_leave_answer(struct eio_server *e, struct sio_http_conn *c,
                      const struct sio_http_request *r)
{
    bool get = sio_slice_eq(r->method, SIO_LIT("GET"));
    struct eio_request q;
    eio_request_init(&q, r);
    bool late = q.transport == EIO_POLLING && !q.upgrade && was_ours(e, q.sid) &&
                (get || sio_slice_eq(r->method, SIO_LIT("POST"))) &&
                eio_server_find(e, q.sid) == NULL;
    if (late) {
        eio_hooks_headers(e, c, &q, NULL);
        if (get)
            answer_poll(e, c, &q);
        else
            answer_post(c);
    }
    eio_request_fini(&q);
    return late;
}
