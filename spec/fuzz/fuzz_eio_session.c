// SPDX-License-Identifier: MIT
/* Sessions driven by bytes: a server behind HTTP, four connections, and commands that a client or
 * the application could give, in any order. Each session that was opened is closed exactly once,
 * and when everybody has left nothing is left.
 *
 * A command is a byte (low half: what; high half: whom) and, for some, a length and as many bytes.
 * Stands on the server of the tests (spec/c/eio.h).
 */
#define TEST_NO_MAIN
#include "../c/test.h"

#include "../c/eio.h"
#include "base/utf8.h"
#include "codec/ws_frame.h"
#include "fuzz.h"

enum { CONNS = 4, SESSIONS = 4 };

static struct {
    struct peer peers[CONNS];
    bool open[CONNS];
    char sids[SESSIONS][SIO_ID_LEN + 1];
    struct eio_session *sessions[SESSIONS]; /* NULL: closed */
    unsigned opened, closed;
} fuzz;

static const char *sid_of(unsigned whom)
{
    return fuzz.sids[whom % SESSIONS];
}

/* ---- the application ------------------------------------------------------------------------- */

static void on_message(void *owner, struct eio_session *s, struct sio_slice data, bool binary)
{
    struct eio_msg m = binary ? eio_msg_binary(data) : eio_msg_text(EIO_MESSAGE, &data, 1);
    (void)owner;
    FUZZ_CHECK(eio_session_state(s) == EIO_STATE_OPEN);
    FUZZ_CHECK(binary || sio_utf8_valid(data));
    eio_session_send(s, &m, 1, 0);
    if (data.len == 1 && data.p[0] == 'q')
        eio_session_close(s);
    sio_blob_unref(m.frame);
}

static void on_close(void *owner, struct eio_session *s, enum eio_reason reason, const char *detail)
{
    (void)owner, (void)reason, (void)detail;
    fuzz.closed++;
    FUZZ_CHECK(eio_session_state(s) == EIO_STATE_CLOSED);
    for (unsigned i = 0; i < SESSIONS; i++)
        if (fuzz.sessions[i] == s)
            fuzz.sessions[i] = NULL;
}

static void on_open(struct eio_session *s)
{
    static const struct eio_session_events events = {.on_message = on_message,
                                                     .on_close = on_close};
    unsigned i = fuzz.opened++ % SESSIONS;
    eio_session_set_events(s, &events, NULL);
    fuzz.sessions[i] = s;
    snprintf(fuzz.sids[i], sizeof fuzz.sids[i], "%s", eio_session_sid(s));
}

/* ---- commands -------------------------------------------------------------------------------- */

static struct peer *conn(unsigned whom)
{
    unsigned i = whom % CONNS;
    if (!fuzz.open[i])
        client_open(&fuzz.peers[i]);
    fuzz.open[i] = true;
    return &fuzz.peers[i];
}

static void leave(unsigned whom)
{
    unsigned i = whom % CONNS;
    if (fuzz.open[i])
        peer_fini(&fuzz.peers[i]);
    fuzz.open[i] = false;
}

static void put(unsigned whom, struct sio_slice s)
{
    struct peer *p = conn(whom);
    if (!p->ended && !p->reset && s.len != 0)
        (void)!send(p->fd, s.p, s.len, MSG_NOSIGNAL);
}

static void request(unsigned whom, const char *method, const char *target, const char *more,
                    const struct sio_slice *body)
{
    struct sio_buf b = {0};
    sio_buf_printf(&b, "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, target, more);
    if (body != NULL)
        sio_buf_printf(&b, "Content-Length: %zu\r\n", body->len);
    sio_buf_printf(&b, "\r\n");
    if (body != NULL)
        sio_buf_append_slice(&b, *body);
    put(whom, sio_buf_slice(&b));
    sio_buf_fini(&b);
}

static void frame(unsigned whom, unsigned op, struct sio_slice payload)
{
    char bytes[6 + 125] = {(char)(0x80 | op), (char)(0x80 | payload.len)};
    if (payload.len != 0)
        memcpy(bytes + 6, payload.p, payload.len);
    put(whom, sio_slice(bytes, 6 + payload.len));
}

static void say(unsigned whom, struct sio_slice text, unsigned flags)
{
    struct eio_session *s = fuzz.sessions[whom % SESSIONS];
    struct eio_msg m;
    if (s == NULL || !sio_utf8_valid(text))
        return;
    m = eio_msg_text(EIO_MESSAGE, &text, 1);
    eio_session_send(s, &m, 1, flags);
    sio_blob_unref(m.frame);
}

static void close_session(unsigned whom)
{
    struct eio_session *s = fuzz.sessions[whom % SESSIONS];
    if (s != NULL)
        eio_session_close(s);
}

/* A length of at most 125 and as many bytes, off the front. */
static struct sio_slice take(struct sio_slice *in)
{
    struct sio_slice s = sio_slice_from(*in, 1);
    size_t len = in->len ? (uint8_t)in->p[0] % 126 : 0;
    if (s.len > len)
        s.len = len;
    *in = sio_slice_from(*in, 1 + s.len);
    return s;
}

static void act(unsigned what, unsigned whom, struct sio_slice *in)
{
    struct sio_slice body;
    const char *polling = client_target("polling", sid_of(whom >> 2));
    switch (what) {
    case 0:
        request(whom, "GET", client_target("polling", ""), "", NULL);
        break;
    case 1:
        request(whom, "GET", polling, "", NULL);
        break;
    case 2:
        body = take(in);
        request(whom, "POST", polling, "", &body);
        break;
    case 3:
        request(whom, "GET", client_target("websocket", ""), WS_HEADERS, NULL);
        break;
    case 4:
        request(whom, "GET", client_target("websocket", sid_of(whom >> 2)), WS_HEADERS, NULL);
        break;
    case 5:
        frame(whom, SIO_WS_TEXT, take(in));
        break;
    case 6:
        frame(whom, SIO_WS_BINARY, take(in));
        break;
    case 7:
        frame(whom, SIO_WS_TEXT, SIO_LIT("2probe"));
        break;
    case 8:
        frame(whom, SIO_WS_TEXT, SIO_LIT("5"));
        break;
    case 9:
        put(whom, take(in));
        break;
    case 10:
        leave(whom);
        break;
    case 11:
        say(whom, take(in), 0);
        break;
    case 12:
        say(whom, take(in), EIO_VOLATILE);
        break;
    case 13:
        close_session(whom);
        break;
    case 14:
        request(whom, "GET", "/engine.io/?EIO=3&transport=polling", "", NULL);
        break;
    default:
        net_turn();
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice in = sio_slice(data, size);
    memset(&fuzz, 0, sizeof fuzz);
    eio_prepare();
    eio.options.allow_eio3 = true;
    eio.options.max_http_buffer_size = 100;
    eio.options.max_buffered = 2000;
    eio.options.high_water = 500;
    eio.on_open = on_open;
    eio_open();
    while (in.len != 0) {
        unsigned command = (uint8_t)in.p[0];
        in = sio_slice_from(in, 1);
        act(command & 15, command >> 4, &in);
    }
    for (int i = 0; i < 4; i++)
        net_turn();
    for (unsigned i = 0; i < CONNS; i++)
        leave(i);
    eio_close();
    FUZZ_CHECK(fuzz.opened == fuzz.closed);
    FUZZ_CHECK(test_state.failures == 0);
    return 0;
}
