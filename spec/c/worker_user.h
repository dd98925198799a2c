// SPDX-License-Identifier: MIT
/* Clients of the workers in worker_side.h: what a user keeps of its session, and what it says over
 * polling. Included by worker_side.h.
 */
#ifndef SPEC_C_WORKER_USER_H
#define SPEC_C_WORKER_USER_H

/* A connection that worker `slot` accepts. */
static inline void peer_at(struct peer *p, unsigned slot)
{
    int fd = peer_pair(p, SOCK_STREAM);
    sio_http_server_adopt(&side[slot].service->http, &(struct sio_arrival){.fd = fd});
}

struct user {
    struct peer peer;
    char sid[SIO_ID_LEN + 1]; /* of Engine.IO */
    char pid[SIO_ID_LEN + 1];
    char offset[32];
};

static inline void member_of(struct sio_slice in, const char *name, char *out, size_t size)
{
    const char *at = in.len ? memmem(in.p, in.len, name, strlen(name)) : NULL;
    out[0] = '\0';
    if (at == NULL)
        return;
    at += strlen(name);
    const char *end = memchr(at, '"', in.len - (size_t)(at - in.p));
    snprintf(out, size, "%.*s", end ? (int)(end - at) : 0, at);
}

/* The next payload of a poll. */
static inline void user_poll(struct user *u, struct reply *r)
{
    client_get(&u->peer, u->sid);
    reply_take(&u->peer, r);
    CHECK_EQ_INT(r->status, 200);
}

/* Handshake at worker `slot`, then CONNECT with `auth`; takes what the first poll brings. */
static inline void user_open(struct user *u, unsigned slot, const char *auth, struct reply *r)
{
    char packet[160];
    snprintf(packet, sizeof packet, "40%s", auth);
    peer_at(&u->peer, slot);
    client_handshake(&u->peer, u->sid);
    client_post(&u->peer, u->sid, packet);
    EXPECT(&u->peer, 200, "ok");
    user_poll(u, r);
    member_of(sio_buf_slice(&r->body), "\"pid\":\"", u->pid, sizeof u->pid);
}

static inline void user_emit_all(unsigned slot, const char *data)
{
    struct sio_outgoing out = {.data = sio_slice_str(data)};
    struct sio_selection all = {0};
    struct sio_nsp *root = sio_server_find_nsp(sio_service_sio(side[slot].service), SIO_LIT("/"));
    CHECK_EQ_INT(sio_nsp_emit(root, &all, &out), 0);
}

/* The auth of a user that comes back. */
static inline const char *auth_of(const struct user *u)
{
    static char auth[128];
    if (u->offset[0] == '\0')
        snprintf(auth, sizeof auth, "{\"pid\":\"%s\"}", u->pid);
    else
        snprintf(auth, sizeof auth, "{\"pid\":\"%s\",\"offset\":\"%s\"}", u->pid, u->offset);
    return auth;
}

/* Connects at worker 0 and receives one event. */
static inline void user_begin(struct user *u)
{
    struct reply r = {0};
    user_open(u, 0, "", &r);
    REQUIRE(slot_of(u->sid) == 0 && u->pid[0] != '\0');
    user_emit_all(0, "[\"seen\"]");
    user_poll(u, &r);
    member_of(sio_buf_slice(&r.body), "[\"seen\",\"", u->offset, sizeof u->offset);
    CHECK(u->offset[0] != '\0');
    CHECK_SIDE(0, "connect ");
    sio_buf_fini(&r.body);
}

/* Ends a test of two users and the answer that one of them got. */
static inline void user_end_both(struct user *a, struct user *b, struct reply *r)
{
    sio_buf_fini(&r->body);
    peer_fini(&a->peer);
    peer_fini(&b->peer);
    host_close();
}

#endif
