// SPDX-License-Identifier: MIT
/* http_compression of polls: which answers are compressed, for whom, and how often. */
#include "test.h"
#include "eio_poll.h"

#include <zlib.h>

#include "engine/server_in.h"
#include "engine/session_in.h"

enum { LONG = 2000 };

static struct eio_msg message(size_t len)
{
    struct sio_buf b = {0};
    struct sio_slice part;
    struct eio_msg m;
    for (unsigned i = 0; b.len < len; i++)
        sio_buf_printf(&b, "word %u ", i % 10);
    part = sio_slice(b.p, len);
    m = eio_msg_text(EIO_MESSAGE, &part, 1);
    sio_buf_fini(&b);
    return m;
}

static void get(struct peer *from, const char *id, const char *accept)
{
    char field[80];
    snprintf(field, sizeof field, "Accept-Encoding: %s\r\n", accept);
    client_request(from, "GET", client_target("polling", id), accept ? field : "", NULL);
}

static void inflate_body(struct sio_buf *body)
{
    struct sio_buf out = {0};
    z_stream z = {.next_in = (z_const Bytef *)body->p, .avail_in = (uInt)body->len};
    z.next_out = (Bytef *)sio_buf_reserve(&out, 1 << 20);
    z.avail_out = 1 << 20;
    CHECK_EQ_INT(inflateInit2(&z, 15 + 32), Z_OK);
    CHECK_EQ_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    out.len = z.total_out;
    inflateEnd(&z);
    sio_buf_fini(body);
    *body = out;
}

/* The next answer has this coding (NULL: none), and `body` in it. */
static void expect_coded_at(const char *file, int line, struct peer *from, const char *coding,
                            struct sio_slice body)
{
    struct reply r = {0};
    char field[64] = "Content-Encoding: ";
    reply_take(from, &r);
    test_eq_int(file, line, r.status, 200, "status", "200");
    if (coding != NULL) {
        snprintf(field, sizeof field, "Content-Encoding: %s\r\n", coding);
        test_check(file, line, strstr(r.head, "Vary: Accept-Encoding\r\n") != NULL, "Vary");
        test_check(file, line, r.body.len < body.len / 3, "smaller");
        inflate_body(&r.body);
    }
    test_check(file, line, (strstr(r.head, field) != NULL) == (coding != NULL), "coding");
    test_eq_slice(file, line, sio_buf_slice(&r.body), body, "body");
    sio_buf_fini(&r.body);
}
#define EXPECT_CODED(from, coding, body) expect_coded_at(__FILE__, __LINE__, from, coding, body)

static void start(void)
{
    eio_prepare();
    begin();
}

TEST(a_poll_gets_what_it_asked_for)
{
    static const struct {
        const char *accept, *coding;
    } cases[] = {
        {"gzip", "gzip"},
        {"deflate", "deflate"},
        {"deflate, gzip", "gzip"},
        {"gzip;q=0", NULL},
        {"zstd", NULL},
        {NULL, NULL},
        {"gzip;q=0.1, deflate", "deflate"},
    };
    struct eio_msg m = message(LONG);
    start();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_context("%s", cases[i].accept ? cases[i].accept : "nothing");
        get(&p, sid, cases[i].accept);
        CHECK_EQ_INT(eio_session_send(eio.session, &m, 1, 0), 0);
        EXPECT_CODED(&p, cases[i].coding, eio_msg_packet(&m));
    }
    sio_blob_unref(m.frame);
    end();
}

TEST(several_packets_are_one_body)
{
    struct eio_msg m = message(LONG);
    struct sio_buf both = {0};
    start();
    eio_session_send(eio.session, &m, 1, 0);
    eio_session_send(eio.session, &m, 1, 0);
    get(&p, sid, "gzip");
    sio_buf_append_slice(&both, eio_msg_packet(&m));
    sio_buf_append_char(&both, '\x1e');
    sio_buf_append_slice(&both, eio_msg_packet(&m));
    EXPECT_CODED(&p, "gzip", sio_buf_slice(&both));
    sio_buf_fini(&both);
    sio_blob_unref(m.frame);
    end();
}

TEST(short_and_plain_answers_are_not_coded)
{
    struct eio_msg below = message(1022), at = message(1023), plain = message(LONG);
    struct eio_msg mixed[2] = {plain, at};
    struct reply r = {0};
    start();
    plain.plain = mixed[0].plain = true;
    get(&p, sid, "gzip");
    eio_session_send(eio.session, &below, 1, 0); /* and its digit */
    EXPECT_CODED(&p, NULL, eio_msg_packet(&below));
    get(&p, sid, "gzip");
    eio_session_send(eio.session, &at, 1, 0);
    EXPECT_CODED(&p, "gzip", eio_msg_packet(&at));
    get(&p, sid, "gzip");
    eio_session_send(eio.session, &plain, 1, 0);
    EXPECT_CODED(&p, NULL, eio_msg_packet(&plain));
    eio_session_send(eio.session, mixed, 2, 0); /* one that may be is enough, as upstream */
    get(&p, sid, "gzip");
    reply_take(&p, &r);
    CHECK(strstr(r.head, "Content-Encoding: gzip\r\n") != NULL);
    sio_buf_fini(&r.body);
    sio_blob_unref(below.frame);
    sio_blob_unref(at.frame);
    sio_blob_unref(plain.frame);
    end();
}

TEST(the_option_can_be_off)
{
    struct eio_msg m = message(LONG);
    eio_prepare();
    eio.options.http.on = false;
    begin();
    get(&p, sid, "gzip");
    eio_session_send(eio.session, &m, 1, 0);
    EXPECT_CODED(&p, NULL, eio_msg_packet(&m));
    CHECK(eio.server->compress == NULL);
    sio_blob_unref(m.frame);
    end();
}

TEST(a_broadcast_is_coded_once_for_each_coding)
{
    enum { N = 6 };
    struct eio_msg m = message(LONG);
    struct eio_session *sessions[N];
    struct peer peers[N];
    eio_prepare();
    eio_open();
    for (int i = 0; i < N; i++) {
        client_open(&peers[i]);
        client_handshake(&peers[i], sid);
        sessions[i] = eio.session;
        get(&peers[i], sid, i % 2 ? "gzip" : "deflate");
    }
    WAIT(eio_session_poll(sessions[N - 1]) != NULL);
    for (int i = 0; i < N; i++)
        eio_session_send(sessions[i], &m, 1, 0);
    for (int i = 0; i < N; i++)
        EXPECT_CODED(&peers[i], i % 2 ? "gzip" : "deflate", eio_msg_packet(&m));
    CHECK_EQ_INT(eio_compress_made(eio.server->compress), 2);
    CHECK_EQ_INT(m.frame->refs, 1);
    sio_blob_unref(m.frame);
    for (int i = 0; i < N; i++)
        peer_fini(&peers[i]);
    eio_close();
}

TEST(what_does_not_become_smaller_is_not_coded)
{
    eio_prepare();
    eio.options.http.threshold = 1;
    begin();
    for (int i = 0; i < 2; i++) {
        get(&p, sid, "gzip");
        eio_say(eio.session, "short", 0);
        EXPECT_CODED(&p, NULL, SIO_LIT("4short"));
    }
    CHECK_EQ_INT(eio_compress_made(eio.server->compress), 2); /* it was tried */
    end();
}
