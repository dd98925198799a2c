// SPDX-License-Identifier: MIT
/* An allocation fails, the n-th, for every n: on the way of a handshake, a message each way, an
 * upgrade and a goodbye. The reserve must carry the work through, and nothing may leak.
 */
#include "test.h"

#include "base/mem.h"
#include "eio.h"
#include "failing.h"

static char long_text[3000];

static void echo(struct eio_session *s, struct sio_slice data, bool binary)
{
    struct eio_msg m = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
    eio_session_send(s, &m, 1, 0);
    sio_blob_unref(m.frame);
}

static void talk(struct peer *p, struct peer *w)
{
    char sid[SIO_ID_LEN + 1], body[sizeof long_text + 32];
    client_handshake(p, sid);
    snprintf(body, sizeof body,
             "4hi\x1e"
             "bAQID\x1e"
             "4%s",
             long_text);
    client_post(p, sid, body);
    EXPECT(p, 200, "ok");
    client_get(p, sid);
    EXPECT(p, 200, body);
    client_websocket(w, sid);
    client_frame(w, 1, "2probe");
    EXPECT_FRAMES(w, "\x81\x06"
                     "3probe");
    client_frame(w, 1, "5");
    client_frame(w, 1, "4you");
    EXPECT_FRAMES(w, "\x81\x04"
                     "4you");
    client_frame(w, 1, "1");
    WAIT(eio_logged("gone"));
}

/* The whole life of a server, so that whatever leaks is seen at its end. */
static bool live(size_t n)
{
    struct peer p, w;
    bool came;
    eio_prepare();
    eio.on_message = echo;
    eio_open();
    failing_arm(n, n);
    client_open(&p);
    net_turn(); /* takes the reserve back, or the next one is not let in */
    client_open(&w);
    talk(&p, &w);
    came = failing_disarm();
    CHECK(eio_logged("upgrade message:you close:transport close gone "));
    peer_fini(&p);
    peer_fini(&w);
    eio_close();
    return came;
}

TEST(any_single_failure_is_survived)
{
    size_t n = 1;
    memset(long_text, 'x', sizeof long_text - 1);
    while (live(n) && test_state.failures == 0)
        n++;
    test_context("allocation %zu", n);
    CHECK(n > 30); /* so many there are on this way, at the least */
}

TEST(while_memory_is_low_new_connections_are_answered_503)
{
    struct peer p, other;
    char sid[SIO_ID_LEN + 1];
    eio_prepare();
    eio.on_message = echo;
    eio_open();
    client_open(&p);
    client_handshake(&p, sid);
    sio_mem_give_up();
    client_open(&other);
    CHECK(strstr(net.logged, "memory is low") != NULL);
    EXPECT(&other, 503, "");
    CHECK(!sio_mem_low()); /* the tick has taken it back */
    client_post(&p, sid, "4served");
    EXPECT(&p, 200, "ok");
    peer_fini(&other);
    client_open(&other);
    client_get(&other, sid);
    EXPECT(&other, 200, "4served");
    peer_fini(&p);
    peer_fini(&other);
    eio_close();
}
