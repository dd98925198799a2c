// SPDX-License-Identifier: MIT
/* codec/http_write: heads as they leave, and that no field can inject another. */
#include "codec/http_write.h"

#include "base/err.h"
#include "test.h"

#define FIELD(name, value)                                                                         \
    {                                                                                              \
        {name, sizeof name - 1},                                                                   \
        {                                                                                          \
            value, sizeof value - 1                                                                \
        }                                                                                          \
    }

TEST(a_head)
{
    static const struct sio_http_field fields[] = {FIELD("Content-Type", "text/plain"),
                                                   FIELD("X-Empty", "")};
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_http_write_head(&b, 200, fields, 2, 12, true), 0);
    CHECK_SLICE(sio_buf_slice(&b), "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Empty: \r\n"
                                   "Content-Length: 12\r\nConnection: keep-alive\r\n\r\n");
    sio_buf_clear(&b);
    CHECK_EQ_INT(sio_http_write_head(&b, 404, NULL, 0, 0, false), 0);
    CHECK_SLICE(sio_buf_slice(&b),
                "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    sio_buf_fini(&b);
}

TEST(statuses_without_a_length)
{
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_http_write_head(&b, 304, NULL, 0, 5, true), 0);
    CHECK_SLICE(sio_buf_slice(&b), "HTTP/1.1 304 Not Modified\r\nConnection: keep-alive\r\n\r\n");
    sio_buf_clear(&b);
    CHECK_EQ_INT(sio_http_write_head(&b, 204, NULL, 0, 0, true), 0);
    CHECK(memmem(b.p, b.len, "Length", 6) == NULL);
    sio_buf_clear(&b);
    CHECK_EQ_INT(sio_http_write_head(&b, 100, NULL, 0, 0, true), 0);
    CHECK_SLICE(sio_buf_slice(&b), "HTTP/1.1 100 Continue\r\n\r\n");
    sio_buf_fini(&b);
}

TEST(reasons)
{
    CHECK_EQ_STR(sio_http_reason(431), "Request Header Fields Too Large");
    CHECK_EQ_STR(sio_http_reason(299), "Unknown");
}

TEST(a_ready_head_is_the_same)
{
    static const struct sio_http_field fields[] = {{{"Content-Type", 12}, {"text/html", 9}},
                                                   {{"x-a", 3}, {"b", 1}}};
    static const uint64_t lengths[] = {0, 2, 65536, SIO_HTTP_CHUNKED, SIO_HTTP_UNTIL_CLOSE};
    for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++) {
        struct sio_buf slow = {0}, ready = {0};
        CHECK_EQ_INT(sio_http_write_head(&slow, 200, fields, 2, lengths[i / 2], i % 2), 0);
        sio_http_write_ready_head(
            &ready, SIO_LIT("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nx-a: b\r\n"),
            lengths[i / 2], i % 2);
        CHECK_EQ_SLICE(sio_buf_slice(&ready), sio_buf_slice(&slow));
        sio_buf_fini(&slow);
        sio_buf_fini(&ready);
    }
}

TEST(fields_alone)
{
    static const struct sio_http_field fields[] = {FIELD("X-A", "b"), FIELD("X-Empty", ""),
                                                   FIELD("A", "b\r\nc")};
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_http_write_fields(&b, fields, 0), 0);
    CHECK_EQ_INT(sio_http_write_fields(&b, fields, 3), SIO_EINVAL);
    CHECK_EQ_INT(b.len, 0);
    CHECK_EQ_INT(sio_http_write_fields(&b, fields, 2), 0);
    CHECK_SLICE(sio_buf_slice(&b), "X-A: b\r\nX-Empty: \r\n");
    sio_buf_fini(&b);
}

TEST(injection_is_refused)
{
    static const struct sio_http_field bad[] = {
        FIELD("A", "b\r\nSet-Cookie: c"),
        FIELD("A", "b\nc"),
        FIELD("A", "b\rc"),
        FIELD("A", "b\0c"),
        FIELD("A\r\nB", "c"),
        FIELD("A:", "b"),
        FIELD("A B", "c"),
        FIELD("", "b"),
        FIELD("A\0", "b"),
        FIELD("\xc3\xa4", "b"),
    };
    struct sio_buf b = {0};
    sio_buf_append_char(&b, 'x');
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_context("field %zu", i);
        CHECK_EQ_INT(sio_http_write_head(&b, 200, &bad[i], 1, 0, true), SIO_EINVAL);
        CHECK_SLICE(sio_buf_slice(&b), "x");
    }
    CHECK_EQ_INT(sio_http_write_head(&b, 20, NULL, 0, 0, true), SIO_EINVAL);
    CHECK(sio_http_valid_value(SIO_LIT("caf\xc3\xa9\t!")));
    sio_buf_fini(&b);
}

TEST(dates)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"}, /* RFC 9110 §5.6.7 */
        {951782399, "Mon, 28 Feb 2000 23:59:59 GMT"},
        {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {4102444799, "Thu, 31 Dec 2099 23:59:59 GMT"},
    };
    char text[SIO_HTTP_DATE_LEN + 1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sio_http_write_date(text, cases[i].seconds);
        CHECK_EQ_STR(text, cases[i].text);
    }
}
