// SPDX-License-Identifier: MIT
/* codec/http_plain: which heads go the short way, and that it leads to the same place as llhttp. */
#include "codec/http_plain.h"

#include "test.h"

#include "base/mem.h"

#define POLL "/socket.io/?EIO=4&transport=polling&sid=QUJDREVGR0hJSktMAAAB"
#define BROWSER                                                                                    \
    "Host: example.org:3000\r\nConnection: keep-alive\r\nContent-Length: 4\r\n"                    \
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\nAccept: */*\r\n"                \
    "Cookie: a=\"b\"; c=d\r\nX-Empty:\r\nX-Blank:  \r\nx-trailing: v  \r\n"

/* What a parser says of `in`, whose first `first` bytes come first. A head is not plain in parts.
 */
static void tell(struct sio_buf *story, struct sio_slice in, size_t first)
{
    struct sio_slice parts[2] = {sio_slice(in.p, first), sio_slice_from(in, first)};
    enum sio_http_event event = SIO_HTTP_MORE;
    struct sio_http_parser p;
    sio_http_parser_init(&p);
    for (int i = 0; i < 2; i++)
        while (event != SIO_HTTP_ERROR &&
               (event = sio_http_parse(&p, &parts[i])) != SIO_HTTP_MORE) {
            const struct sio_http_request *r = &p.request;
            sio_buf_printf(story, "%d %d|", event, event == SIO_HTTP_ERROR ? p.status : 0);
            if (event != SIO_HTTP_HEAD)
                continue;
            sio_buf_printf(story, "%.*s %.*s %.*s %.*s %u %d%d%d%d %zu %zu|", (int)r->method.len,
                           r->method.p, (int)r->target.len, r->target.p, (int)r->path.len,
                           r->path.p, (int)r->query.len, r->query.p, r->minor, r->keep_alive,
                           r->upgrade, r->expect_continue, r->has_body, r->head.len,
                           (size_t)r->content_length);
            for (size_t k = 0; k < r->n_fields; k++)
                sio_buf_printf(story, "%.*s=%.*s|", (int)r->fields[k].name.len, r->fields[k].name.p,
                               (int)r->fields[k].value.len, r->fields[k].value.p);
        }
    sio_http_parser_fini(&p);
}

static void check_same(struct sio_slice in)
{
    struct sio_buf whole = {0}, cut = {0};
    tell(&whole, in, 0);
    tell(&cut, in, 1);
    CHECK_EQ_SLICE(sio_buf_slice(&whole), sio_buf_slice(&cut));
    sio_buf_fini(&whole);
    sio_buf_fini(&cut);
}

static bool is_plain(struct sio_slice in)
{
    struct sio_http_field fields[SIO_HTTP_HEADERS_MAX];
    struct sio_http_request r;
    char *copy = sio_alloc(in.len + 1); /* a byte behind it is a finding */
    bool plain;
    memcpy(copy, in.p, in.len);
    copy = sio_realloc(copy, in.len);
    plain = sio_http_plain_head(&r, fields, sio_slice(copy, in.len));
    CHECK(!plain || r.head.len <= in.len);
    sio_free(copy);
    check_same(in);
    return plain;
}

#define PLAIN(text) CHECK(is_plain(SIO_LIT(text)))
#define OTHER(text) CHECK(!is_plain(SIO_LIT(text)))

TEST(what_clients_send_is_plain)
{
    PLAIN("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    PLAIN("GET " POLL " HTTP/1.1\r\n" BROWSER "\r\nbody");
    PLAIN("POST " POLL " HTTP/1.1\r\n" BROWSER "\r\nbody");
    PLAIN("POST / HTTP/1.1\r\nhost:x\r\ncontent-length:0\r\n\r\nGET");
    PLAIN("GET /?a?b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(everything_else_is_not)
{
    OTHER("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n");
    OTHER("GET / HTTP/1.0\r\nHost: x\r\n\r\n");
    OTHER("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n");
    OTHER("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n");
    OTHER("GET /  HTTP/1.1\r\nHost: x\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\nHost : x\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\nHost: x\r\nA:\tb\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n");
    OTHER("GET / HTTP/1.1\r\nHost: x\r\nA: \xc3\xa4\r\n\r\n");
    OTHER("GET / HTTP/1.1\nHost: x\n\n");
    OTHER("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    OTHER("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
    OTHER("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 01\r\n\r\n");
    OTHER("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n");
}

TEST(no_byte_makes_a_difference_between_the_ways)
{
    char text[] = "POST " POLL " HTTP/1.1\r\n" BROWSER "\r\nbody";
    size_t len = sizeof text - 1;
    for (size_t at = 0; at < len; at++) {
        char was = text[at];
        for (int c = 0; c < 256; c++) {
            text[at] = (char)c;
            check_same(sio_slice(text, len));
        }
        text[at] = was;
    }
}

TEST(no_byte_more_or_less_does)
{
    static const char text[] = "GET " POLL " HTTP/1.1\r\n" BROWSER "\r\nbody";
    static const char more[] = "\r\n \t:?#/\0a";
    size_t len = sizeof text - 1;
    for (size_t at = 0; at <= len; at++) {
        struct sio_buf b = {0};
        CHECK(at >= len - 4 || !is_plain(sio_slice(text, at)));
        sio_buf_append(&b, text, at);
        sio_buf_append(&b, text + at + (at < len), len - at - (at < len));
        check_same(sio_buf_slice(&b));
        for (size_t i = 0; i < sizeof more - 1; i++) {
            b.len = at;
            sio_buf_append_char(&b, more[i]);
            sio_buf_append(&b, text + at, len - at);
            check_same(sio_buf_slice(&b));
        }
        sio_buf_fini(&b);
    }
}

static void append_fields(struct sio_buf *b, int n)
{
    sio_buf_append_slice(b, SIO_LIT("GET / HTTP/1.1\r\nHost: x\r\n"));
    for (int i = 1; i < n; i++)
        sio_buf_append_slice(b, SIO_LIT("a: b\r\n"));
    sio_buf_append_slice(b, SIO_LIT("\r\n"));
}

TEST(has_the_limits_of_all_heads)
{
    struct sio_buf b = {0};
    append_fields(&b, SIO_HTTP_HEADERS_MAX);
    CHECK(is_plain(sio_buf_slice(&b)));
    sio_buf_clear(&b);
    append_fields(&b, SIO_HTTP_HEADERS_MAX + 1);
    CHECK(!is_plain(sio_buf_slice(&b)));
    for (size_t len = SIO_HTTP_HEAD_MAX - 1; len <= SIO_HTTP_HEAD_MAX + 1; len++) {
        sio_buf_clear(&b);
        sio_buf_append_slice(&b, SIO_LIT("GET / HTTP/1.1\r\nHost: "));
        while (b.len < len - 4)
            sio_buf_append_char(&b, 'x');
        sio_buf_append_slice(&b, SIO_LIT("\r\n\r\n"));
        check_same(sio_buf_slice(&b));
    }
    sio_buf_fini(&b);
}
