// SPDX-License-Identifier: MIT
/* The WebSocket handshake of codec/ws_frame.h: what is accepted, what is answered. */
#include "base/err.h"
#include "codec/ws_frame.h"
#include "test.h"

#define REQUEST "GET /socket.io/ HTTP/1.1\r\nHost: x\r\n"
#define UPGRADE "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

/* Twice, for the hash is used again: both must be the same. */
static void append(struct sio_buf *answer, const struct sio_http_request *r)
{
    struct sio_ws_pool pool = {0};
    struct sio_buf first = {0};
    CHECK_EQ_INT(sio_ws_append_accept(&first, &pool, r, NULL, 0), 0);
    CHECK_EQ_INT(sio_ws_append_accept(answer, &pool, r, NULL, 0), 0);
    CHECK_EQ_SLICE(sio_buf_slice(answer), sio_buf_slice(&first));
    sio_buf_fini(&first);
    sio_ws_pool_fini(&pool);
}

/* Why it is refused, or NULL. With `answer`, the 101 is appended. */
static const char *check(struct sio_slice text, struct sio_buf *answer)
{
    struct sio_http_parser p;
    const char *why = NULL;
    sio_http_parser_init(&p);
    if (sio_http_parse(&p, &text) != SIO_HTTP_HEAD)
        why = "(not a request)";
    else if (sio_ws_check_request(&p.request, &why) == 0 && answer != NULL)
        append(answer, &p.request);
    sio_http_parser_fini(&p);
    return why;
}

#define CHECKED(text) check(SIO_LIT(text "\r\n"), NULL)

TEST(the_example_of_rfc_6455)
{
    struct sio_buf b = {0};
    CHECK_EQ_STR(check(SIO_LIT(REQUEST UPGRADE KEY VERSION "\r\n"), &b), NULL);
    CHECK_SLICE(sio_buf_slice(&b),
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    sio_buf_fini(&b);
}

TEST(upgrade_field) /* W10, W11 */
{
    static const char why[] = "Invalid Upgrade header";
    CHECK_EQ_STR(CHECKED(REQUEST "Connection: Upgrade\r\nUpgrade: websocketx\r\n" KEY VERSION),
                 why);
    CHECK_EQ_STR(CHECKED(REQUEST "Connection: Upgrade\r\nUpgrade: h2c\r\n" KEY VERSION), why);
    CHECK_EQ_STR(CHECKED(REQUEST "Connection: Upgrade\r\nUpgrade: websocket, foo\r\n" KEY VERSION),
                 why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE "Upgrade: websocket\r\n" KEY VERSION), why);
    CHECK_EQ_STR(CHECKED("GET / HTTP/1.0\r\n" UPGRADE KEY VERSION), why);
    CHECK_EQ_STR(CHECKED(REQUEST "Upgrade: websocket\r\n" KEY VERSION), why);
}

TEST(key_field) /* W02 */
{
    static const char why[] = "Missing or invalid Sec-WebSocket-Key header";
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE VERSION), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY KEY VERSION), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE VERSION "Sec-WebSocket-Key:\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE VERSION "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA\r\n"),
                 why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ!==\r\n"),
                 why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n"),
                 why);
}

TEST(version_field) /* W05 */
{
    static const char why[] = "Missing or invalid Sec-WebSocket-Version header";
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY "Sec-WebSocket-Version: 12\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY "Sec-WebSocket-Version: 8\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY "Sec-WebSocket-Version: 13, 8\r\n"), why);
}

TEST(protocols) /* W18, W20 */
{
    static const char why[] = "Invalid Sec-WebSocket-Protocol header";
    static const char ok[] = REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: chat , b\r\n"
                                                         "Sec-WebSocket-Protocol: c\r\n\r\n";
    struct sio_buf b = {0};
    CHECK_EQ_STR(check(sio_slice_str(ok), &b), NULL);
    CHECK(memmem(b.p, b.len, "\r\nSec-WebSocket-Protocol: chat\r\n", 32) != NULL);
    sio_buf_fini(&b);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a,,b\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a, a\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a,\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol:\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a b\r\n"), why);
    CHECK_EQ_STR(CHECKED(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: a\r\n"
                                                     "Sec-WebSocket-Protocol: a\r\n"),
                 why);
}

TEST(a_field_full_of_commas_is_refused_at_once) /* CVE-2021-32640 */
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, SIO_LIT(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: "));
    for (int i = 0; i < 2000; i++)
        sio_buf_printf(&b, "p%d,", i);
    sio_buf_append_slice(&b, SIO_LIT("z\r\n\r\n"));
    CHECK_EQ_STR(check(sio_buf_slice(&b), NULL), "Invalid Sec-WebSocket-Protocol header");
    sio_buf_fini(&b);
}

TEST(extra_fields)
{
    static const struct sio_http_field good = {{"X-A", 3}, {"b", 1}};
    static const struct sio_http_field bad = {{"X-A", 3}, {"b\r\nX: y", 7}};
    struct sio_slice text =
        SIO_LIT(REQUEST UPGRADE KEY VERSION "Sec-WebSocket-Protocol: chat\r\n\r\n");
    struct sio_ws_pool pool = {0};
    struct sio_http_parser p;
    struct sio_buf b = {0};
    sio_http_parser_init(&p);
    REQUIRE(sio_http_parse(&p, &text) == SIO_HTTP_HEAD);
    CHECK_EQ_INT(sio_ws_append_accept(&b, &pool, &p.request, &bad, 1), SIO_EINVAL);
    CHECK_EQ_INT(b.len, 0); /* and nothing of what would have stood before it */
    CHECK_EQ_INT(sio_ws_append_accept(&b, &pool, &p.request, &good, SIO_WS_EXTRA_MAX + 1),
                 SIO_EINVAL);
    CHECK_EQ_INT(sio_ws_append_accept(&b, &pool, &p.request, &good, 1), 0);
    CHECK_SLICE(sio_buf_slice(&b), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                   "Connection: Upgrade\r\n"
                                   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                   "Sec-WebSocket-Protocol: chat\r\nX-A: b\r\n\r\n");
    sio_http_parser_fini(&p);
    sio_buf_fini(&b);
    sio_ws_pool_fini(&pool);
}
