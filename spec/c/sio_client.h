// SPDX-License-Identifier: MIT
/* A client that remembers what a recovery needs, for the tests of recovery. Included behind
 * sio_fake.h.
 */
#ifndef SPEC_C_SIO_CLIENT_H
#define SPEC_C_SIO_CLIENT_H

#include "sio_fake.h"

/* What a client remembers. */
struct memory {
    char sid[SIO_ID_LEN + 1], pid[SIO_ID_LEN + 1];
    char offset[32]; /* "" when it has received nothing */
};

static inline void take_member(char *into, struct sio_slice packet, const char *name)
{
    const char *at = memmem(packet.p, packet.len, name, strlen(name));
    into[0] = '\0';
    if (at != NULL)
        snprintf(into, SIO_ID_LEN + 1, "%.20s", at + strlen(name));
}

/* From the CONNECT packet, wherever it is. */
static inline unsigned remember(struct memory *m, const struct eio_session *e)
{
    unsigned i = 0;
    while (i < e->n && !sio_slice_starts(sent(e, i), SIO_LIT("40")))
        i++;
    take_member(m->sid, sent(e, i), "\"sid\":\"");
    take_member(m->pid, sent(e, i), "\"pid\":\"");
    return i;
}

/* As the official client: the last argument of any event, when it is a string. */
static inline void note_offset(struct memory *m, struct sio_slice packet)
{
    const char *at = memrchr(packet.p, ',', packet.len);
    if (sio_slice_starts(packet, SIO_LIT("42[")) && at != NULL && at[1] == '"')
        snprintf(m->offset, sizeof m->offset, "%.*s", (int)(packet.p + packet.len - 4 - at),
                 at + 2);
}

static inline struct eio_session *connect_as(unsigned worker, const struct memory *m)
{
    char text[128];
    struct eio_session *e = fake_session(worker);
    if (m->offset[0] != '\0')
        snprintf(text, sizeof text, "0{\"pid\":\"%s\",\"offset\":\"%s\"}", m->pid, m->offset);
    else
        snprintf(text, sizeof text, "0{\"pid\":\"%s\"}", m->pid);
    sio_buf_clear(&sio.log);
    say(e, text);
    return e;
}

static struct eio_session *first;
static struct memory client;

/* A client at worker 0 that has received one event and then lost its connection (unless `alive`).
 */
static inline void begin_with(bool skip_middlewares, bool alive)
{
    fake_prepare();
    memset(&client, 0, sizeof client);
    sio.options.recovery = true;
    sio.options.skip_middlewares = skip_middlewares;
    fake_open();
    first = fake_session(0);
    say(first, "0");
    remember(&client, first);
    CHECK_EQ_INT(strlen(client.pid), SIO_ID_LEN);
    CHECK(strcmp(client.pid, client.sid) != 0);
    sio_socket_join(sio.socket, SIO_LIT("r"));
    sio_socket_set_data(sio.socket, SIO_LIT("{\"name\":\"x\"}"));
    broadcast(root_of(0), "r", "[\"seen\"]", 0);
    note_offset(&client, last_sent(first));
    CHECK(client.offset[0] != '\0');
    if (!alive)
        fake_end(first, EIO_TRANSPORT_CLOSE, NULL);
    fake_tick();
    sio_buf_clear(&sio.log);
}

static inline void end_with(struct eio_session *second)
{
    if (second != NULL)
        fake_drop_session(second);
    fake_drop_session(first);
    fake_close();
}

static inline void check_same(const struct eio_session *e, const struct memory *was,
                              unsigned missed)
{
    struct memory now = *was;
    CHECK_EQ_INT(remember(&now, e), missed);
    CHECK_EQ_STR(now.sid, was->sid);
    CHECK_EQ_STR(now.pid, was->pid);
    CHECK(sio_socket_recovered(sio.socket));
    CHECK(sio_socket_in(sio.socket, SIO_LIT("r")));
    CHECK_SLICE(sio_socket_data(sio.socket), "{\"name\":\"x\"}");
}

static inline void check_fresh(const struct eio_session *e, const struct memory *was)
{
    struct memory now = *was;
    CHECK_EQ_INT(remember(&now, e), 0);
    CHECK(e->n > 0 && strcmp(now.sid, was->sid) != 0);
    CHECK(strcmp(now.pid, was->pid) != 0);
    CHECK(!sio_socket_recovered(sio.socket));
    CHECK(!sio_socket_in(sio.socket, SIO_LIT("r")));
    CHECK_SLICE(sio_socket_data(sio.socket), "");
}

#endif
