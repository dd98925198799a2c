// SPDX-License-Identifier: MIT
/* A client: one Engine.IO session, the packets it sends, and its sockets, one per namespace
 * (Socket.IO protocol v5, §Exchange protocol); v2.h has what is different for clients of v2.
 *
 * A protocol violation (a packet for a namespace that was not joined, a second CONNECT,
 * CONNECT_ERROR) closes the connection; an invalid packet is reported to every socket first.
 * Upstream's reasons come out by themselves: "forced close" when the session could end at once,
 * "forced server close" when it waits for a poll. Stands on the engine's session; called by it, and
 * by server and socket.
 */
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "sio/parser.h"
#include "sio/lookup_in.h"
#include "sio/recovery_in.h"
#include "sio/server_in.h"
#include "sio/v2.h"

_Static_assert(sizeof(struct sio_client) <= 72, "an idle client stays small");

static struct sio_client *client_of(const struct sio_list *node)
{
    return SIO_CONTAINER_OF(node, struct sio_client, link);
}

/* ---- its sockets ---------------------------------------------------------------------------- */

struct sio_socket *sio_client_find(const struct sio_client *c, const struct sio_nsp *n)
{
    struct sio_socket *s = c->sockets;
    while (s != NULL && s->nsp != n)
        s = s->next;
    return s;
}

void sio_client_unlink(struct sio_client *c, struct sio_socket *s)
{
    struct sio_socket **at = &c->sockets;
    while (*at != NULL && *at != s)
        at = &(*at)->next;
    if (*at != NULL)
        *at = s->next;
    s->next = NULL;
}

void sio_client_joined(struct sio_client *c)
{
    if (c->joined)
        return;
    c->joined = true;
    sio_list_remove(&c->link);
    sio_list_append(&c->server->joined, &c->link);
}

void sio_client_send(struct sio_client *c, enum sio_packet_type type, struct sio_slice nsp,
                     struct sio_slice data)
{
    sio_out_send_one(&c->server->options,
                     &(struct sio_out_head){.type = type, .nsp = nsp, .data = data}, c->session, 0);
}

void sio_client_part_all(struct sio_client *c, const struct sio_parting *why)
{
    while (c->sockets != NULL) /* parting unlinks it first */
        sio_socket_part(c->sockets, why);
}

void sio_client_disconnect(struct sio_client *c)
{
    static const struct sio_parting why = {.reason = "server namespace disconnect"};
    while (c->sockets != NULL) {
        struct sio_socket *s = c->sockets;
        if (s->state == SIO_SOCKET_CONNECTED)
            sio_client_send(c, SIO_DISCONNECT, s->nsp->name, SIO_LIT(""));
        sio_socket_part(s, &why);
    }
    if (!c->closed)
        eio_session_close(c->session);
}

void sio_client_close(struct sio_client *c)
{
    static const struct sio_parting why = {.reason = "forced server close", .recoverable = true};
    if (c->closed)
        return;
    eio_session_close(c->session);
    if (!c->closed)
        sio_client_part_all(c, &why);
}

void sio_client_shut(struct sio_client *c)
{
    static const struct sio_parting why = {.reason = "server shutting down", .recoverable = true};
    sio_client_joined(c); /* no connect timeout any more */
    sio_client_part_all(c, &why);
}

static void invalid_packet(struct sio_client *c, const char *message)
{
    struct sio_server *server = c->server;
    struct sio_socket *list[SIO_NSPS_PER_CLIENT_MAX];
    size_t n = 0;
    for (struct sio_socket *s = c->sockets; s != NULL && n < SIO_NSPS_PER_CLIENT_MAX; s = s->next)
        if (s->state == SIO_SOCKET_CONNECTED)
            list[n++] = s;
    for (size_t i = 0; i < n; i++)
        if (list[i]->state == SIO_SOCKET_CONNECTED)
            server->events->on_error(server->owner, list[i], message);
    if (!c->closed)
        eio_session_close(c->session);
}

/* ---- packets -------------------------------------------------------------------------------- */

static void dispatch(struct sio_socket *s, const struct sio_inbound *in)
{
    struct sio_server *server = s->nsp->server;
    const struct sio_packet *p = &in->packet;
    const struct sio_incoming incoming = {.data = p->data,
                                          .tape = &in->tape,
                                          .attachments = in->attachments,
                                          .n_attachments = p->attachments,
                                          .has_id = p->has_id,
                                          .id = p->id};
    if (p->type == SIO_EVENT || p->type == SIO_BINARY_EVENT) {
        sio_stats_up(server->loop->stats, SIO_STAT_EVENTS_IN);
        server->events->on_event(server->owner, s, &incoming);
    } else if (p->has_id) {
        sio_ack_settle(s, p->id, &incoming);
    }
}

/* It has few, and their number is limited: no need of the server's map. */
static struct sio_socket *find_named(const struct sio_client *c, struct sio_slice nsp)
{
    struct sio_socket *s = c->sockets;
    while (s != NULL && !sio_slice_eq(s->nsp->name, nsp))
        s = s->next;
    return s;
}

/* A packet for a namespace that must have been joined. */
static void on_joined_packet(struct sio_client *c, const struct sio_inbound *in)
{
    static const struct sio_parting left = {.reason = "client namespace disconnect"};
    const struct sio_packet *p = &in->packet;
    struct sio_socket *s = find_named(c, p->nsp);
    if (s == NULL || s->state != SIO_SOCKET_CONNECTED || p->type == SIO_CONNECT_ERROR)
        sio_client_close(c);
    else if (p->type == SIO_DISCONNECT)
        sio_socket_part(s, &left);
    else if (!s->doomed)
        dispatch(s, in);
}

static void on_packet(struct sio_client *c, struct sio_inbound *in)
{
    if (in->packet.type == SIO_CONNECT)
        sio_lookup_connect(c, &in->packet);
    else
        on_joined_packet(c, in);
    for (unsigned i = 0; i < in->packet.attachments; i++)
        sio_blob_unref(in->attachments[i]);
    if (in->own.p != NULL)
        sio_buf_fini(&in->own);
}

/* ---- the session ---------------------------------------------------------------------------- */

static void on_message(void *owner, struct eio_session *session, struct sio_slice data, bool binary)
{
    (void)session;
    struct sio_client *c = owner;
    if (c->server->down || eio_session_state(c->session) != EIO_STATE_OPEN)
        return;
    const struct sio_server_options *o = &c->server->options;
    const struct sio_wire wire = {.v2 = c->v2, .max_attachment_bytes = o->max_attachment_bytes};
    struct sio_inbound in;
    const char *why = NULL;
    in.own = (struct sio_buf){0};
    in.tape.n = 0;
    int got = o->parser->decode(o->parser_ctx, &wire, &c->kept, data, binary, &in, &why);
    if (got < 0)
        invalid_packet(c, why);
    else if (got > 0)
        on_packet(c, &in);
}

static void client_free(void *object)
{
    sio_free(object);
}

/* Nothing of it can be put together any more. */
static void forget(struct sio_client *c)
{
    const struct sio_server_options *o = &c->server->options;
    if (c->kept != NULL)
        o->parser->forget(o->parser_ctx, c->kept);
    c->kept = NULL;
}

static void on_upgrade(void *owner, struct eio_session *session)
{
    const struct sio_server *s = ((struct sio_client *)owner)->server;
    if (s->events->on_upgrade != NULL)
        s->events->on_upgrade(s->owner, session);
}

static void on_drain(void *owner, struct eio_session *session)
{
    const struct sio_server *s = ((struct sio_client *)owner)->server;
    if (s->events->on_drain != NULL)
        s->events->on_drain(s->owner, session);
}

static void on_leave(void *owner, struct eio_session *session)
{
    (void)session;
    sio_client_shut(owner);
}

static void on_close(void *owner, struct eio_session *session, enum eio_reason reason,
                     const char *detail)
{
    struct sio_client *c = owner;
    const struct sio_server *server = c->server;
    if (c->closed)
        return;
    c->closed = true;
    sio_list_remove(&c->link);
    sio_lookup_end_all(c);
    sio_client_part_all(c, &(struct sio_parting){.reason = eio_reason_text(reason),
                                                 .detail = detail,
                                                 .recoverable = reason != EIO_PARSE_ERROR});
    forget(c);
    sio_server_bury(c->server, client_free, c);
    if (server->events->on_close != NULL)
        server->events->on_close(server->owner, session, reason, detail);
}

void sio_client_new(struct sio_server *s, struct eio_session *session)
{
    static const struct eio_session_events events = {.on_message = on_message,
                                                     .on_upgrade = on_upgrade,
                                                     .on_close = on_close,
                                                     .on_drain = on_drain,
                                                     .on_leave = on_leave};
    struct sio_client *c = sio_calloc(1, sizeof *c);
    c->server = s;
    c->session = session;
    c->v2 = eio_session_version(session) == EIO_V3;
    c->deadline_ms = sio_loop_now(s->loop) + s->options.connect_timeout_ms;
    sio_list_init(&c->link);
    sio_list_append(&s->unjoined, &c->link);
    sio_server_wake_at(s, c->deadline_ms);
    eio_session_set_events(session, &events, c);
    if (c->v2) /* is in "/" without asking */
        sio_lookup_connect(c, &(struct sio_packet){.type = SIO_CONNECT, .nsp = SIO_LIT("/")});
}

uint64_t sio_client_expire(struct sio_server *s, uint64_t now_ms)
{
    struct sio_list *node;
    while ((node = sio_list_first(&s->unjoined)) != NULL) {
        struct sio_client *c = client_of(node);
        if (c->deadline_ms > now_ms)
            return c->deadline_ms;
        sio_client_joined(c); /* it is asked to go once; then its session's close timeout counts */
        sio_client_close(c);
    }
    return 0;
}

static size_t collect(const struct sio_list *head, struct sio_client **into)
{
    size_t n = 0;
    for (const struct sio_list *node = head->next; node != head; node = node->next, n++)
        if (into != NULL)
            into[n] = client_of(node);
    return n;
}

void sio_client_each(struct sio_server *s, void (*fn)(void *ctx, struct sio_client *c), void *ctx)
{
    size_t n = collect(&s->unjoined, NULL) + collect(&s->joined, NULL);
    struct sio_client **all = sio_alloc((n + 1) * sizeof(struct sio_client *));
    size_t unjoined = collect(&s->unjoined, all);
    collect(&s->joined, all + unjoined);
    for (size_t i = 0; i < n; i++)
        if (!all[i]->closed)
            fn(ctx, all[i]);
    sio_free(all);
}
