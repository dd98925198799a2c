// SPDX-License-Identifier: MIT
/* net/relay on real sockets: bytes both ways, pressure, ends of either side, and sides that end
 * while nobody reads.
 */
#include "test.h"
#include "net.h"
#include "conn_side.h"
#include "net/relay.h"

/* A client, our relay, and who serves it at the other end of the pair. */
static struct {
    struct sio_relays relays;
    struct peer client, server;
    struct sio_conn *conn; /* our side of the client's */
} r;

static void open_relay(void)
{
    static const struct sio_conn_events none = {NULL, NULL, NULL};
    net_open();
    sio_relays_init(&r.relays);
    r.conn = sio_conn_adopt(&net.loop, peer_tcp(&r.client, AF_INET), &none, NULL);
    sio_relay_open(&r.relays, r.conn, peer_pair(&r.server, SOCK_STREAM));
    CHECK_EQ_INT(r.relays.n, 1);
}

static void leave_relay(void)
{
    CHECK_EQ_INT(r.relays.n, 0);
    peer_fini(&r.client);
    peer_fini(&r.server);
    CHECK(net_close());
}

static void close_relay(void)
{
    sio_relays_close(&r.relays);
    leave_relay();
}

/* As much of the pattern as the socket takes; returns how much there is now. */
static size_t say_pattern(struct peer *p, size_t from, size_t total)
{
    char piece[8192];
    while (from < total) {
        size_t n = total - from < sizeof piece ? total - from : sizeof piece;
        ssize_t sent;
        for (size_t i = 0; i < n; i++)
            piece[i] = pattern(from + i);
        sent = send(p->fd, piece, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent <= 0)
            break;
        from += (size_t)sent;
    }
    return from;
}

TEST(relay_carries_bytes_both_ways)
{
    open_relay();
    peer_say(&r.client, "question");
    WAIT(peer_has(&r.server, "question"));
    peer_say(&r.server, "answer");
    WAIT(peer_has(&r.client, "answer"));
    close_relay();
}

static void carry_much(struct peer *from, struct peer *to)
{
    size_t sent = 0;
    while (sent < 4 * BIG) {
        sent = say_pattern(from, sent, 4 * BIG);
        net_turn();
    }
    WAIT(to->got.len == 4 * BIG);
    CHECK(is_pattern(sio_buf_slice(&to->got)));
}

TEST(relay_carries_much_either_way)
{
    open_relay();
    carry_much(&r.client, &r.server);
    carry_much(&r.server, &r.client);
    close_relay();
}

/* A reader that stops stops the writer, and not much lies in between. */
static void feels_pressure(struct peer *from, struct peer *to)
{
    size_t sent = 0, before;
    peer_be_deaf(to);
    do {
        before = sent;
        sent = say_pattern(from, sent, SIZE_MAX);
        for (int i = 0; i < 5; i++)
            net_turn();
    } while (sent > before);
    CHECK(sent < 32 * BIG); /* what the kernel's buffers grow to */
    CHECK(sio_conn_queued(r.conn) <= SIO_RELAY_BYTES + SIO_LOOP_READ_BYTES);
    peer_listen(to);
    WAIT(to->got.len == sent);
    CHECK(is_pattern(sio_buf_slice(&to->got)));
    CHECK_EQ_INT(r.relays.n, 1);
    CHECK(sio_list_empty(&net.loop.lingers) || net.loop.linger_ms != 0);
}

TEST(relay_passes_pressure_on)
{
    open_relay();
    feels_pressure(&r.server, &r.client);
    sio_buf_clear(&r.client.got);
    feels_pressure(&r.client, &r.server);
    close_relay();
}

/* ---- ends ------------------------------------------------------------------------------------ */

TEST(relay_ends_with_either_side_after_what_was_sent)
{
    for (int i = 0; i < 2; i++) {
        struct peer *first, *second;
        open_relay();
        first = i == 0 ? &r.client : &r.server;
        second = i == 0 ? &r.server : &r.client;
        peer_say(first, "last words");
        shutdown(first->fd, SHUT_WR);
        WAIT(second->ended);
        CHECK(peer_has(second, "last words"));
        CHECK_EQ_INT(r.relays.n, 0);
        leave_relay();
    }
}

TEST(relay_gives_a_slow_client_the_rest)
{
    size_t sent;
    open_relay();
    net.loop.linger_ms = 100 * WATCHDOG_MS;
    peer_be_deaf(&r.client);
    sent = say_pattern(&r.server, 0, BIG / 4);
    net_turn();
    net_turn();
    shutdown(r.server.fd, SHUT_WR);
    for (int i = 0; i < 20; i++)
        net_turn();
    peer_listen(&r.client);
    WAIT(r.client.ended);
    CHECK_EQ_INT(r.client.got.len, sent);
    CHECK(is_pattern(sio_buf_slice(&r.client.got)));
    leave_relay();
}

/* Its worker is gone, and the client takes nothing of what is left. */
TEST(relay_does_not_wait_for_ever_for_a_client_that_does_not_read)
{
    size_t sent = 0;
    open_relay();
    net.loop.linger_ms = 5;
    peer_be_deaf(&r.client);
    for (int i = 0; i < 200; i++) {
        sent = say_pattern(&r.server, sent, SIZE_MAX);
        net_turn();
    }
    CHECK_EQ_INT(r.relays.n, 1); /* pressure alone ends nothing, however long */
    CHECK(!sio_list_empty(&net.loop.lingers));
    shutdown(r.server.fd, SHUT_RDWR);
    WAIT(r.relays.n == 0);
    peer_listen(&r.client);
    WAIT(r.client.ended || r.client.reset);
    CHECK(r.client.got.len < sent);
    leave_relay();
}

TEST(relay_without_its_socket_closes_the_connection)
{
    static const struct sio_conn_events none = {NULL, NULL, NULL};
    net_open();
    sio_relays_init(&r.relays);
    r.conn = sio_conn_adopt(&net.loop, peer_tcp(&r.client, AF_INET), &none, NULL);
    sio_relay_open(&r.relays, r.conn, -1);
    CHECK_EQ_INT(r.relays.n, 0);
    WAIT(r.client.ended || r.client.reset);
    peer_fini(&r.client);
    CHECK(net_close());
}
