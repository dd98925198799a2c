// SPDX-License-Identifier: MIT
/* codec/http_fields: what may be added to an answer, how much, and how it meets the answer's own
 * fields. */
#include "codec/http_fields.h"

#include "base/err.h"
#include "base/mem.h"
#include "test.h"

static int add(struct sio_http_fields **f, const char *name, const char *value)
{
    return sio_http_fields_add(f, sio_slice_str(name), sio_slice_str(value));
}

TEST(fields_are_copied)
{
    struct sio_http_fields *f = NULL;
    char name[] = "X-A", value[] = "1";
    CHECK_EQ_INT(add(&f, name, value), 0);
    CHECK_EQ_INT(add(&f, "X-Empty", ""), 0);
    name[0] = value[0] = '?';
    CHECK_EQ_INT(f->n, 2);
    CHECK_SLICE(f->at[0].name, "X-A");
    CHECK_SLICE(f->at[0].value, "1");
    CHECK_EQ_INT(f->at[1].value.len, 0);
    sio_http_fields_free(f);
}

TEST(fields_cannot_inject_others_nor_touch_the_framing)
{
    static const char *const bad[][2] = {
        {"", "v"},
        {"X Y", "v"},
        {"X\r\nY", "v"},
        {"X", "a\r\nY: b"},
        {"X", "a\nb"},
        {"content-length", "0"},
        {"Transfer-Encoding", "chunked"},
        {"Connection", "close"},
        {"keep-alive", "timeout=5"},
        {"Upgrade", "h2c"},
        {"trailer", "X"},
        {"Sec-WebSocket-Accept", "x"},
        {"sec-websocket-extensions", "permessage-deflate"},
    };
    struct sio_http_fields *f = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(add(&f, bad[i][0], bad[i][1]), SIO_EINVAL);
    CHECK_EQ_INT(sio_http_fields_add(&f, SIO_LIT("X"), SIO_LIT("a\0b")), SIO_EINVAL);
    CHECK(f == NULL);
}

TEST(fields_are_limited_in_number)
{
    struct sio_http_fields *f = NULL;
    for (size_t i = 0; i < SIO_HTTP_ADDED_MAX; i++)
        CHECK_EQ_INT(add(&f, "X", "v"), 0);
    CHECK_EQ_INT(add(&f, "X", "v"), SIO_EFULL);
    CHECK_EQ_INT(f->n, SIO_HTTP_ADDED_MAX);
    sio_http_fields_free(f);
}

TEST(fields_are_limited_in_bytes)
{
    struct sio_http_fields *f = NULL;
    static char value[SIO_HTTP_ADDED_BYTES_MAX];
    memset(value, 'v', sizeof value);
    CHECK_EQ_INT(sio_http_fields_add(&f, SIO_LIT("X"), sio_slice(value, sizeof value)), SIO_EFULL);
    CHECK(f == NULL);
    CHECK_EQ_INT(sio_http_fields_add(&f, SIO_LIT("X"), sio_slice(value, sizeof value - 2)), 0);
    CHECK_EQ_INT(add(&f, "X", "v"), SIO_EFULL);
    CHECK_EQ_INT(add(&f, "X", ""), 0);
    sio_http_fields_free(f);
}

TEST(the_answers_own_fields_win_except_for_lists)
{
    static const struct sio_http_field own[] = {{{"Content-Type", 12}, {"text/html", 9}},
                                                {{"Set-Cookie", 10}, {"a=1", 3}},
                                                {{"Vary", 4}, {"Accept-Encoding", 15}}};
    struct sio_http_fields *f = NULL;
    struct sio_http_field *all;
    size_t n = 3;
    add(&f, "content-type", "text/plain");
    add(&f, "set-cookie", "b=2");
    add(&f, "vary", "Origin");
    add(&f, "X-A", "1");
    all = sio_http_fields_join(f, own, &n);
    CHECK_EQ_INT(n, 6);
    CHECK_SLICE(all[0].value, "text/html");
    CHECK_SLICE(all[3].value, "b=2");
    CHECK_SLICE(all[4].value, "Origin");
    CHECK_SLICE(all[5].name, "X-A");
    sio_free(all);
    sio_http_fields_free(f);
}
