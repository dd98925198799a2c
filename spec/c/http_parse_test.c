// SPDX-License-Identifier: MIT
/* codec/http_parse: what is read, what is refused, and that no cut of the input changes either. */
#include "codec/http_parse.h"

#include "test.h"

#include <ctype.h>

#define GET "GET / HTTP/1.1\r\nHost: x\r\n"
#define POST "POST / HTTP/1.1\r\nHost: x\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"

/* A parser and the story of what it reported, e.g. "GET /a b=c 1.1 k|body|." for a request with a
 * body, "!400" for an error. Parts of a body are joined, so the story does not depend on the cut.
 */
struct run {
    struct sio_http_parser parser;
    struct sio_buf story;
    bool in_body;
};

static void tell_head(struct run *run)
{
    const struct sio_http_request *r = &run->parser.request;
    sio_buf_printf(&run->story, "%.*s %.*s %.*s 1.%u ", (int)r->method.len, r->method.p,
                   (int)r->path.len, r->path.p, (int)r->query.len, r->query.p, r->minor);
    sio_buf_printf(&run->story, "%s%s%s%s", r->keep_alive ? "k" : "", r->upgrade ? "u" : "",
                   r->expect_continue ? "e" : "", r->has_body ? "b" : "");
    CHECK(r->head.len >= 18);
    CHECK_SLICE(sio_slice_from(r->head, r->head.len - 4), "\r\n\r\n");
    CHECK(r->method.p == r->head.p);
}

/* False after an error. */
static bool feed(struct run *run, struct sio_slice in)
{
    for (;;) {
        switch (sio_http_parse(&run->parser, &in)) {
        case SIO_HTTP_MORE:
            CHECK_EQ_INT(in.len, 0);
            return true;
        case SIO_HTTP_HEAD:
            tell_head(run);
            break;
        case SIO_HTTP_BODY:
            sio_buf_append_slice(&run->story, run->in_body ? SIO_LIT("") : SIO_LIT("|"));
            sio_buf_append_slice(&run->story, run->parser.body);
            CHECK(run->parser.body.len > 0);
            run->in_body = true;
            break;
        case SIO_HTTP_END:
            sio_buf_append_slice(&run->story, SIO_LIT("|."));
            run->in_body = false;
            break;
        case SIO_HTTP_ERROR:
            sio_buf_printf(&run->story, "!%d", run->parser.status);
            CHECK_EQ_INT(sio_http_parse(&run->parser, &in), SIO_HTTP_ERROR); /* for good */
            return false;
        }
    }
}

static void tell(struct test_feed *f, void *arg)
{
    struct run run = {0};
    struct sio_slice chunk;
    sio_http_parser_init(&run.parser);
    while (test_feed_next(f, &chunk) && feed(&run, chunk))
        continue;
    CHECK_EQ_SLICE(sio_buf_slice(&run.story), sio_slice_str(arg));
    sio_http_parser_fini(&run.parser);
    sio_buf_fini(&run.story);
}

static void expect_slice(struct sio_slice input, const char *story)
{
    char *copy = strdup(story);
    unsigned before = test_state.failures;
    test_feed_all(input, tell, copy);
    if (test_state.failures != before)
        printf("# input was %s\n", test_quote(input));
    free(copy);
}

#define EXPECT(input, story) expect_slice(SIO_LIT(input), story)

TEST(plain_requests)
{
    EXPECT(GET "\r\n", "GET /  1.1 k|.");
    EXPECT("GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET /socket.io/ EIO=4&transport=polling 1.1 k|.");
    EXPECT("GET /? HTTP/1.1\r\nHost:\r\n\r\n", "GET /  1.1 k|.");
    EXPECT("GET /a?b?c HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a b?c 1.1 k|.");
    EXPECT("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", "DELETE /  1.1 k|.");
    EXPECT("\r\n\r\n" GET "\r\n", "GET /  1.1 k|."); /* H43 */
}

TEST(forms_of_the_target)
{
    EXPECT("GET http://x/socket.io/?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
           "GET /socket.io/ a=b 1.1 k|."); /* H36 */
    EXPECT("GET HTTPS://x HTTP/1.1\r\nHost: x\r\n\r\n", "GET /  1.1 k|.");
    EXPECT("GET http://x?q HTTP/1.1\r\nHost: x\r\n\r\n", "GET / q 1.1 k|.");
    EXPECT("GET http://x?/q HTTP/1.1\r\nHost: x\r\n\r\n", "GET / /q 1.1 k|.");
    EXPECT("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "OPTIONS *  1.1 k|.");
    EXPECT("CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "!405"); /* H38 */
    EXPECT("GET * HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET /#frag HTTP/1.1\r\nHost: x\r\n\r\n", "!400"); /* H35 */
    EXPECT("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET /a\tb HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
}

TEST(versions_and_keep_alive)
{
    EXPECT("GET / HTTP/1.0\r\n\r\n", "GET /  1.0 |."); /* H05 */
    EXPECT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /  1.0 k|.");
    EXPECT(GET "Connection: close\r\n\r\n", "GET /  1.1 |.");
    EXPECT(GET "Connection: foo ,\tCLOSE\r\n\r\n", "GET /  1.1 |.");
    EXPECT("GET / HTTP/2.0\r\nHost: x\r\n\r\n", "!505"); /* H11 */
    EXPECT("GET / HTTP/1.2\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET / HTTP/0.9\r\nHost: x\r\n\r\n", "!505");
    EXPECT("GET /\r\n", "!400"); /* H04: at once, nothing more will come */
    EXPECT("GET /\r\n\r\n", "!400");
    EXPECT("GET / RTSP/1.0\r\nHost: x\r\n\r\n", "!400");
    EXPECT("SOURCE / ICE/1.0\r\nHost: x\r\n\r\n", "!400");
    EXPECT("get / HTTP/1.1\r\n", "!400"); /* H02 */
    EXPECT("FOO / HTTP/1.1\r\n", "!400");
    EXPECT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!400");
    EXPECT("FOO / HTTP/2.0\r\n", "!400");
    EXPECT("GET / HTTP/2.0\r\nA b\r\n\r\n", "!505");
    EXPECT("\x16\x03\x01\x02\x00\x01\x00", "!400"); /* TLS ClientHello */
    EXPECT("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET / HTTP/1.1 \r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET /  HTTP/1.1\r\nHost: x\r\n\r\n", "!400");
}

TEST(host)
{
    EXPECT("GET / HTTP/1.1\r\n\r\n", "!400"); /* H06 */
    EXPECT(GET "Host: y\r\n\r\n", "!400");    /* H07 */
    EXPECT(GET "hOST: x\r\n\r\n", "!400");
    EXPECT("GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", "!400");
    EXPECT("GET / HTTP/1.1\r\nHost: \r\n\r\n", "GET /  1.1 k|."); /* H08 */
}

TEST(field_lines)
{
    EXPECT(GET "A:b\r\nC: \td \t\r\nE:\r\n__proto__: x\r\n\r\n", "GET /  1.1 k|.");
    EXPECT(GET "A: \xe4\xff\r\n\r\n", "GET /  1.1 k|."); /* H30 */
    EXPECT(GET "A: b\nC: d\r\n\r\n", "!400");            /* H22 */
    EXPECT(GET "A: b\rC: d\r\n\r\n", "!400");
    EXPECT(GET "A: b\r\n folded\r\n\r\n", "!400");
    EXPECT(GET "A: \r\n folded\r\n\r\n", "!400");
    EXPECT(GET " A: b\r\n\r\n", "!400");
    EXPECT("GET / HTTP/1.1\r\n Host: x\r\n\r\n", "!400");
    EXPECT(GET "A b: c\r\n\r\n", "!400");
    EXPECT(GET ": c\r\n\r\n", "!400");
    EXPECT(GET "A : c\r\n\r\n", "!400");
    EXPECT(GET "A\t: c\r\n\r\n", "!400");
    EXPECT(GET "A\r\n\r\n", "!400");
    EXPECT(GET "A: b\0c\r\n\r\n", "!400"); /* H28 */
    EXPECT(GET "A: b\x01"
               "c\r\n\r\n",
           "!400");
    EXPECT(GET "A: b\x7f"
               "c\r\n\r\n",
           "!400");
    EXPECT("GET / HTTP/1.1\nHost: x\r\n\r\n", "!400");
    EXPECT(GET "\n", "!400");
    EXPECT(GET "\rX", "!400");
}

TEST(fields_are_slices_of_the_head)
{
    struct sio_http_parser p;
    struct sio_slice in =
        SIO_LIT(GET "Cookie: a=b; c \r\nX:\r\nConnection: a, Upgrade\r\n\r\nrest");
    struct sio_http_request *r = &p.request;
    sio_http_parser_init(&p);
    REQUIRE(sio_http_parse(&p, &in) == SIO_HTTP_HEAD);
    CHECK_SLICE(in, "rest");
    CHECK_EQ_INT(r->n_fields, 4);
    CHECK_SLICE(r->fields[1].name, "Cookie");
    CHECK_SLICE(sio_http_field(r, SIO_LIT("cookie")), "a=b; c");
    CHECK(sio_http_field(r, SIO_LIT("x")).p != NULL);
    CHECK_EQ_INT(sio_http_field(r, SIO_LIT("x")).len, 0);
    CHECK(sio_http_field(r, SIO_LIT("y")).p == NULL);
    CHECK(sio_http_field_has(r, SIO_LIT("connection"), SIO_LIT("upgrade")));
    CHECK(!sio_http_field_has(r, SIO_LIT("connection"), SIO_LIT("grade")));
    CHECK(!r->upgrade);                     /* no Upgrade field */
    CHECK(r->head.p + r->head.len == in.p); /* in place, without a copy */
    sio_http_parser_fini(&p);
}

/* One head comes whole while another is only half there. */
TEST(parsers_take_turns_with_the_pool)
{
    struct sio_http_pool pool = {0};
    struct sio_http_parser slow, quick;
    struct sio_slice half = SIO_LIT("GET /slow HTTP/1.1\r\nA: 1\r\n"),
                     rest = SIO_LIT("Host: x\r\n\r\n");
    sio_http_parser_init(&slow);
    sio_http_parser_init(&quick);
    slow.pool = quick.pool = &pool;
    CHECK_EQ_INT(sio_http_parse(&slow, &half), SIO_HTTP_MORE);
    for (int i = 0; i < 2; i++) {
        struct sio_slice in = SIO_LIT("GET /quick HTTP/1.1\r\nHost: y\r\n\r\n");
        CHECK_EQ_INT(sio_http_parse(&quick, &in), SIO_HTTP_HEAD);
        CHECK(pool.spare == NULL || i == 1);
        CHECK_SLICE(sio_http_field(&quick.request, SIO_LIT("host")), "y");
        CHECK_EQ_INT(sio_http_parse(&quick, &in), SIO_HTTP_END);
        CHECK(pool.spare != NULL);
    }
    CHECK_EQ_INT(sio_http_parse(&slow, &rest), SIO_HTTP_HEAD);
    CHECK_SLICE(sio_http_field(&slow.request, SIO_LIT("a")), "1");
    CHECK_SLICE(sio_http_field(&slow.request, SIO_LIT("host")), "x");
    sio_http_parser_fini(&slow);
    sio_http_parser_fini(&quick);
    sio_http_pool_fini(&pool);
}

/* RFC 9110 §5.6.2 */
TEST(names_are_tokens_character_by_character)
{
    for (int c = 0; c < 256; c++) {
        char ch = (char)c;
        bool token = c < 128 && (isalnum(c) || (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL));
        CHECK_EQ_INT(sio_http_is_token(sio_slice(&ch, 1)), token);
    }
}

TEST(bodies_with_a_length)
{
    EXPECT(POST "Content-Length: 5\r\n\r\nhello", "POST /  1.1 kb|hello|.");
    EXPECT(POST "Content-Length: 0\r\n\r\n", "POST /  1.1 k|.");
    EXPECT(POST "Content-Length: 4 \r\n\r\n\r\n\r\n" GET "\r\n",
           "POST /  1.1 kb|\r\n\r\n|.GET /  1.1 k|.");
    EXPECT(POST "Content-Length: 5\r\n\r\nhel", "POST /  1.1 kb|hel");
}

TEST(bad_lengths)
{
    EXPECT(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "!400"); /* H17-19 */
    EXPECT(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: +5\r\n\r\n", "!400"); /* H20 */
    EXPECT(POST "Content-Length: 5, 5\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 0x5\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: -5\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 18446744073709551616\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 5 5\r\n\r\n", "!400");
    EXPECT(POST "Content-Length:\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 1e1\r\n\r\n", "!400");
    EXPECT(POST "Content-Length: 010\r\n\r\n", "!400"); /* H20b */
    EXPECT(POST "Content-Length: 00\r\n\r\n", "!400");
}

TEST(transfer_codings)
{
    EXPECT(POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "POST /  1.1 kb|.");
    EXPECT(POST "Transfer-Encoding: xchunked\r\n\r\n", "!501"); /* H21 */
    EXPECT(POST "Transfer-Encoding: identity\r\n\r\n", "!501");
    EXPECT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n", "!501");
    EXPECT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n", "!501"); /* H21c */
    EXPECT(POST "Transfer-Encoding: ,chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding: chunked,\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding: chunked, identity\r\n\r\n", "!400"); /* H21b */
    EXPECT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding : chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding:\r\n chunked\r\n\r\n", "!400");
    EXPECT(POST "Transfer-Encoding: \x0b"
                "chunked\r\n\r\n",
           "!400");
    EXPECT(POST "Transfer-Encoding:\r\n\r\n", "!400");
    EXPECT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "!400");
}

TEST(chunked_bodies)
{
    EXPECT(CHUNKED "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "POST /  1.1 kb|hello world|.");
    EXPECT(CHUNKED "0\r\n\r\n", "POST /  1.1 kb|.");
    EXPECT(CHUNKED "a;ext=1\r\n0123456789\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n",
           "POST /  1.1 kb|0123456789|.");
    EXPECT(CHUNKED "2\r\n\r\n\r\n0\r\n\r\n" GET "\r\n", "POST /  1.1 kb|\r\n|.GET /  1.1 k|.");
    EXPECT(CHUNKED "0005\r\nhello\r\n000\r\n\r\n", "POST /  1.1 kb|hello|.");
}

/* The error shows in the framing, behind the head; what matters is that no END follows. */
TEST(bad_chunks)
{
    EXPECT(CHUNKED "ffffffffffffffff1\r\n", "POST /  1.1 kb!400"); /* P28 */
    EXPECT(CHUNKED "-1\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "5\nhello\r\n0\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED " 5\r\nhello\r\n0\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "5\r\nhelloX\r\n0\r\n\r\n", "POST /  1.1 kb|hello!400");
    EXPECT(CHUNKED "5\r\nhello0\r\n\r\n", "POST /  1.1 kb|hello!400");
    EXPECT(CHUNKED "5\r\nhello\n0\r\n\r\n", "POST /  1.1 kb|hello!400");
    EXPECT(CHUNKED "\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "5;a\nb\r\nhello\r\n0\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA: b\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\n\rX", "POST /  1.1 kb!400");
}

TEST(bad_trailers)
{
    EXPECT(CHUNKED "0\r\n: b\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA : b\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA: b\r\n c\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\n A: b\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA: b\0\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA: b\rc\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /  1.1 kb!400");
    EXPECT(CHUNKED "0\r\nA:\r\nB: \t\xe4 \r\n\r\n" GET "\r\n", "POST /  1.1 kb|.GET /  1.1 k|.");
}

/* CVE-2022-32214, 2022-35256, 2023-30589, 2025-23167 and relatives: never two messages. */
TEST(smuggling_never_yields_a_second_message)
{
    static const struct sio_slice inputs[] = {
#define S(text) {text, sizeof text - 1}
        S("GET / HTTP/1.1\r\nHost: x\r\n\rZGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\rGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S("GET / HTTP/1.1\r\nHost: x\r\nA:\rGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S("POST / HTTP/1.1\r\nHost: x\r\nA:\rContent-Length: 1\r\n\r\nGET /evil HTTP/1.1\r\n\r\n"),
        S("POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\rZ5\r\n\r\nhello"),
        S("GET / HTTP/1.1\r\nHost: x\r\nA: b\n\nGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S("GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\n\r\n0\r\n\r\nGET /evil"),
        S(CHUNKED "0\r\n\rZGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S(CHUNKED "2\rX\r\nab\r\n0\r\n\r\nGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S(CHUNKED "2\n\nGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
        S(CHUNKED "1\r\naX0\r\n\r\nGET /evil HTTP/1.1\r\nHost: y\r\n\r\n"),
#undef S
    };
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        struct run run = {0};
        CHECK(!feed(&run, inputs[i]));
        CHECK(memmem(run.story.p, run.story.len, "|.", 2) == NULL);
        CHECK(memmem(run.story.p, run.story.len, "evil", 4) == NULL);
        sio_http_parser_fini(&run.parser);
        sio_buf_fini(&run.story);
    }
}

TEST(pipelining)
{
    EXPECT(GET "\r\n" POST "Content-Length: 2\r\n\r\nhi" GET "\r\n",
           "GET /  1.1 k|.POST /  1.1 kb|hi|.GET /  1.1 k|.");
    EXPECT(GET "\r\n\0\1garbage", "GET /  1.1 k|.!400"); /* H42 */
    EXPECT(GET "Connection: close\r\n\r\n" GET "\r\n", "GET /  1.1 |.GET /  1.1 k|.");
}

TEST(upgrade)
{
    struct sio_http_parser p;
    struct sio_slice in = SIO_LIT(GET "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x00");
    EXPECT(GET "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "GET /  1.1 ku|.");
    EXPECT(GET "Upgrade: websocket\r\n\r\n", "GET /  1.1 k|.");
    EXPECT(GET "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 1\r\n\r\nx", "!400");
    EXPECT(GET "Connection: Upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n\r\n",
           "!400"); /* W29 */
    EXPECT("CONNECT x:1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", "!405");
    sio_http_parser_init(&p);
    CHECK_EQ_INT(sio_http_parse(&p, &in), SIO_HTTP_HEAD);
    CHECK_EQ_INT(sio_http_parse(&p, &in), SIO_HTTP_END);
    CHECK_SLICE(in, "\x81\x00"); /* glued frames stay: W31 */
    sio_http_parser_fini(&p);
}

TEST(expect)
{
    EXPECT(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx", "POST /  1.1 keb|x|.");
    EXPECT(POST "Expect: foo\r\nContent-Length: 1\r\n\r\n", "!417"); /* H39 */
    EXPECT("POST / HTTP/1.0\r\nExpect: foo\r\n\r\n", "POST /  1.0 |.");
}

/* A GET whose head has `len` bytes. */
static struct sio_buf head_of(size_t len)
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, SIO_LIT(GET "X: "));
    memset(sio_buf_reserve(&b, len), 'a', len);
    b.len = len - 4;
    sio_buf_append_slice(&b, SIO_LIT("\r\n\r\n"));
    return b;
}

static void feed_in_steps(struct sio_slice input, size_t step, const char *story)
{
    char *copy = strdup(story);
    test_context("%zu bytes in steps of %zu", input.len, step);
    test_feed_cut(input, step, step, tell, copy);
    test_context("%s", "");
    free(copy);
}

TEST(size_of_the_head)
{
    struct sio_buf fits = head_of(SIO_HTTP_HEAD_MAX), over = head_of(SIO_HTTP_HEAD_MAX + 1);
    static const size_t steps[] = {1, 100, 16384, 65536};
    CHECK_EQ_INT(fits.len, SIO_HTTP_HEAD_MAX);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        feed_in_steps(sio_buf_slice(&fits), steps[i], "GET /  1.1 k|.");
        feed_in_steps(sio_buf_slice(&over), steps[i], "!431"); /* H13 */
    }
    sio_buf_fini(&fits);
    sio_buf_fini(&over);
}

TEST(number_of_fields)
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, SIO_LIT(GET));
    for (int i = 1; i < SIO_HTTP_HEADERS_MAX; i++)
        sio_buf_append_slice(&b, SIO_LIT("a:\r\n"));
    sio_buf_append_slice(&b, SIO_LIT("\r\n"));
    feed_in_steps(sio_buf_slice(&b), 65536, "GET /  1.1 k|.");
    feed_in_steps(sio_buf_slice(&b), 1, "GET /  1.1 k|.");
    b.len -= 2;
    sio_buf_append_slice(&b, SIO_LIT("a:\r\n\r\n")); /* H16 */
    feed_in_steps(sio_buf_slice(&b), 65536, "!431");
    feed_in_steps(sio_buf_slice(&b), 1, "!431");
    sio_buf_fini(&b);
}

TEST(size_of_chunk_framing)
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, SIO_LIT(CHUNKED "1;"));
    memset(sio_buf_reserve(&b, 20000), 'a', 20000);
    b.len += 20000;
    sio_buf_append_slice(&b, SIO_LIT("\r\nx\r\n0\r\n\r\n")); /* P30 */
    feed_in_steps(sio_buf_slice(&b), 65536, "POST /  1.1 kb!413");
    feed_in_steps(sio_buf_slice(&b), 1000, "POST /  1.1 kb!413");
    sio_buf_fini(&b);
}

TEST(many_small_chunks_are_fine)
{
    struct sio_buf b = {0}, story = {0};
    sio_buf_append_slice(&b, SIO_LIT(CHUNKED));
    sio_buf_append_slice(&story, SIO_LIT("POST /  1.1 kb|"));
    for (int i = 0; i < 20000; i++) {
        sio_buf_append_slice(&b, SIO_LIT("1\r\nx\r\n"));
        sio_buf_append_char(&story, 'x');
    }
    sio_buf_append_slice(&b, SIO_LIT("0\r\n\r\n"));
    sio_buf_append(&story, "|.", 3);
    feed_in_steps(sio_buf_slice(&b), 65536, story.p);
    feed_in_steps(sio_buf_slice(&b), 7, story.p);
    sio_buf_fini(&b);
    sio_buf_fini(&story);
}

TEST(holds_no_memory_between_requests)
{
    struct run run = {0};
    CHECK(feed(&run, SIO_LIT(GET)));
    CHECK(run.parser.head.p != NULL);
    CHECK(feed(&run, SIO_LIT("\r\n")));
    CHECK(run.parser.head.p == NULL);
    CHECK(run.parser.spans == NULL);
    sio_buf_fini(&run.story); /* and no parser_fini: the leak checker looks */
}
