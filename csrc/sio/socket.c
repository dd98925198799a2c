// SPDX-License-Identifier: MIT
/* A socket's life: start, accept or refuse, connected, parting. Its rooms are in socket_room.c, its
 * emits in socket_emit.c.
 *
 * Called by bind, client and recovery. Invariant: in the client's list until its parting begins, in
 * nsp->by_id from CONNECTING to GONE, in nsp->list while CONNECTED or LEAVING.
 */
#include "sio/socket.h"

#include "base/buf.h"
#include "base/mem.h"
#include "sio/keep.h"
#include "sio/recovery_in.h"
#include "sio/server_in.h"
#include "sio/v2.h"

_Static_assert(sizeof(struct sio_socket) <= 136, "an idle socket stays small");

const char *sio_socket_id(const struct sio_socket *s)
{
    return s->id;
}

struct sio_nsp *sio_socket_nsp(const struct sio_socket *s)
{
    return s->nsp;
}

struct eio_session *sio_socket_session(const struct sio_socket *s)
{
    return s->client->session;
}

bool sio_socket_connected(const struct sio_socket *s)
{
    return s->state == SIO_SOCKET_CONNECTED || s->state == SIO_SOCKET_LEAVING;
}

bool sio_socket_ended(const struct sio_socket *s)
{
    return s->ended;
}

bool sio_socket_recovered(const struct sio_socket *s)
{
    return s->recovered;
}

struct sio_slice sio_socket_auth(const struct sio_socket *s)
{
    return s->auth == NULL ? SIO_LIT("{}") : sio_blob_slice(s->auth);
}

void sio_socket_set_outgoing(struct sio_socket *s, bool on)
{
    s->outgoing = on;
}

bool sio_socket_outgoing(const struct sio_socket *s)
{
    return s->outgoing;
}

void sio_socket_set_user(struct sio_socket *s, void *user)
{
    s->user = user;
}

void *sio_socket_user(const struct sio_socket *s)
{
    return s->user;
}

struct sio_slice sio_socket_data(const struct sio_socket *s)
{
    return s->data == NULL ? SIO_LIT("") : sio_blob_slice(s->data);
}

void sio_socket_set_data(struct sio_socket *s, struct sio_slice json)
{
    if (sio_slice_eq(json, sio_socket_data(s)))
        return;
    sio_blob_unref(s->data);
    s->data = json.len == 0 ? NULL : sio_blob_new(json);
    sio_keep_touch(s);
}

/* ---- beginning ------------------------------------------------------------------------------ */

static struct sio_slice sid_of(const struct sio_client *c)
{
    return sio_slice_str(eio_session_sid(c->session));
}

struct sio_socket *sio_socket_new(struct sio_client *c, struct sio_nsp *n, struct sio_slice auth)
{
    size_t id_len = c->v2 ? sio_v2_id(NULL, n->name, sid_of(c)) : SIO_ID_LEN;
    struct sio_socket *s = sio_calloc(1, sizeof *s + id_len + 1);
    s->nsp = n;
    s->client = c;
    sio_parent_use(n);
    s->state = SIO_SOCKET_WAITING;
    s->id_len = (uint16_t)id_len;
    s->auth = auth.len <= 2 ? NULL : sio_blob_new(auth);
    struct sio_socket **end = &c->sockets;
    while (*end != NULL)
        end = &(*end)->next;
    *end = s;
    return s;
}

static void enter(struct sio_socket *s)
{
    s->state = SIO_SOCKET_CONNECTING;
    sio_nsp_enter(s->nsp, s);
}

void sio_socket_enter(struct sio_socket *s, struct sio_slice id)
{
    memcpy(s->id, id.p, SIO_ID_LEN);
    enter(s);
}

void sio_socket_start(struct sio_socket *s)
{
    struct sio_server *server = s->nsp->server;
    if (s->client->v2)
        sio_v2_id(s->id, s->nsp->name, sid_of(s->client));
    else
        sio_id_new(server->options.place, s->id);
    enter(s);
    server->events->on_connecting(server->owner, s, sio_socket_auth(s));
}

static void send_connect(struct sio_socket *s)
{
    char pid[SIO_ID_LEN + 1];
    struct sio_buf reply = {0};
    if (s->client->v2) {
        sio_client_send(s->client, SIO_CONNECT, s->nsp->name, SIO_LIT(""));
        return;
    }
    sio_buf_append_slice(&reply, SIO_LIT("{\"sid\":\""));
    sio_buf_append_slice(&reply, sio_socket_id_slice(s));
    if (sio_recovery_settle(s, pid)) {
        sio_buf_append_slice(&reply, SIO_LIT("\",\"pid\":\""));
        sio_buf_append(&reply, pid, SIO_ID_LEN);
    }
    sio_buf_append_slice(&reply, SIO_LIT("\"}"));
    sio_client_send(s->client, SIO_CONNECT, s->nsp->name, sio_buf_slice(&reply));
    sio_buf_fini(&reply);
}

void sio_socket_connect(struct sio_socket *s)
{
    struct sio_server *server = s->nsp->server;
    s->state = SIO_SOCKET_CONNECTED;
    sio_stats_up(server->loop->stats, SIO_STAT_SOCKETS);
    if (s->recovered)
        sio_stats_up(server->loop->stats, SIO_STAT_RECOVERED);
    sio_nsp_add(s->nsp, s);
    sio_watch_connected(s);
    sio_client_joined(s->client);
    s->client->connect_tick = server->loop->ticks;
    send_connect(s);
    server->events->on_connection(server->owner, s);
}

void sio_socket_accept(struct sio_socket *s)
{
    bool open = eio_session_state(s->client->session) == EIO_STATE_OPEN;
    if (s->state != SIO_SOCKET_CONNECTING || !open)
        return; /* a closing session ends with on_close, and so will this */
    if (s->nsp->server->options.recovery && !s->client->v2)
        sio_recovery_accept(s);
    if (s->state == SIO_SOCKET_CONNECTING)
        sio_socket_connect(s);
}

void sio_socket_refuse(struct sio_socket *s, struct sio_slice error)
{
    static const struct sio_parting why = {0};
    if (s->state != SIO_SOCKET_CONNECTING)
        return;
    if (s->client->v2)
        error = sio_v2_error(error);
    sio_client_send(s->client, SIO_CONNECT_ERROR, s->nsp->name, error);
    sio_socket_part(s, &why);
}

/* ---- end ------------------------------------------------------------------------------------ */

static void socket_free(void *object)
{
    struct sio_socket *s = object;
    sio_blob_unref(s->auth);
    sio_blob_unref(s->data);
    sio_free(s);
}

static void count_parting(struct sio_server *server, const char *reason)
{
    static const struct {
        const char *reason;
        enum sio_stat stat;
    } known[] = {{"transport error", SIO_STAT_LEFT_TRANSPORT_ERROR},
                 {"transport close", SIO_STAT_LEFT_TRANSPORT_CLOSE},
                 {"forced close", SIO_STAT_LEFT_FORCED},
                 {"ping timeout", SIO_STAT_LEFT_PING_TIMEOUT},
                 {"parse error", SIO_STAT_LEFT_PARSE_ERROR},
                 {"server shutting down", SIO_STAT_LEFT_SHUTDOWN},
                 {"forced server close", SIO_STAT_LEFT_FORCED_SERVER},
                 {"server namespace disconnect", SIO_STAT_LEFT_BY_SERVER},
                 {"client namespace disconnect", SIO_STAT_LEFT_BY_CLIENT}};
    struct sio_stats *stats = server->loop->stats;
    sio_stats_down(stats, SIO_STAT_SOCKETS);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].reason, reason) == 0)
            sio_stats_up(stats, known[i].stat);
}

static void part_known(struct sio_socket *s, const struct sio_parting *why)
{
    struct sio_server *server = s->nsp->server;
    bool connected = s->state == SIO_SOCKET_CONNECTED;
    if (connected) {
        s->state = SIO_SOCKET_LEAVING;
        count_parting(server, why->reason);
        server->events->on_disconnecting(server->owner, s, why->reason, why->detail);
    }
    sio_recovery_part(s, connected, why->recoverable);
    s->state = SIO_SOCKET_GONE;
    sio_watch_leaving(s, connected);
    sio_room_leave_all(&s->nsp->rooms, &s->member);
    sio_nsp_remove(s->nsp, s);
    sio_ack_close(s);
    server->events->on_disconnect(server->owner, s, connected ? why->reason : NULL,
                                  connected ? why->detail : NULL);
    s->ended = true;
}

void sio_socket_part(struct sio_socket *s, const struct sio_parting *why)
{
    if (s->state == SIO_SOCKET_LEAVING || s->state == SIO_SOCKET_GONE)
        return;
    if (s->doomed)
        sio_crowd_spare(s);
    sio_client_unlink(s->client, s);
    if (s->state == SIO_SOCKET_WAITING) {
        sio_recovery_abandon(s);
        s->state = SIO_SOCKET_GONE;
    } else {
        part_known(s, why);
    }
    sio_parent_unuse(s->nsp);
    sio_server_bury(s->nsp->server, socket_free, s);
}

void sio_socket_disconnect(struct sio_socket *s, bool close)
{
    static const struct sio_parting why = {.reason = "server namespace disconnect"};
    if (s->state == SIO_SOCKET_GONE)
        return;
    if (close) {
        sio_client_disconnect(s->client);
    } else if (s->state == SIO_SOCKET_CONNECTED) {
        sio_client_send(s->client, SIO_DISCONNECT, s->nsp->name, SIO_LIT(""));
        sio_socket_part(s, &why);
    }
}
