// SPDX-License-Identifier: MIT
/* codec/forwarded: who is believed, how far a list is walked, what is malformed. */
#include "codec/forwarded.h"

#include "base/err.h"
#include "test.h"

/* A request with these fields (each ends with CRLF); the story of what was read, e.g.
 * "192.0.2.1 s" for an encrypted client, with " !name=value" behind it for what was ignored. */
static void check_read(const struct sio_trust *t, const char *peer, const char *fields,
                       const char *want)
{
    struct sio_buf head = {0}, story = {0};
    struct sio_http_parser parser;
    struct sio_origin o = {0};
    struct sio_http_field bad;
    struct sio_slice in;
    REQUIRE(sio_origin_set_address(&o, sio_slice_str(peer)));
    sio_buf_printf(&head, "GET / HTTP/1.1\r\nHost: here\r\n%s\r\n", fields);
    in = sio_buf_slice(&head);
    sio_http_parser_init(&parser);
    if (sio_http_parse(&parser, &in) == SIO_HTTP_HEAD) {
        bad = sio_forwarded_read(t, &parser.request, &o);
        sio_buf_printf(&story, "%s%s", o.address, o.secure ? " s" : "");
        if (bad.name.p != NULL)
            sio_buf_printf(&story, " !%.*s=%.*s", (int)bad.name.len, bad.name.p, (int)bad.value.len,
                           bad.value.p);
    }
    CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(want));
    sio_http_parser_fini(&parser);
    sio_buf_fini(&head);
    sio_buf_fini(&story);
}

static void trust(struct sio_trust *t, const char *const *words)
{
    *t = (struct sio_trust){0};
    for (; *words != NULL; words++)
        CHECK_EQ_INT(sio_trust_add(t, sio_slice_str(*words)), 0);
}

TEST(forwarded_for_is_walked_from_the_right)
{
    static const struct {
        const char *fields, *want;
    } cases[] = {
        {"", "10.0.0.1"},
        {"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
        {"x-forwarded-for: 6.6.6.6, 192.0.2.1\r\n", "192.0.2.1"}, /* the client lied */
        {"X-Forwarded-For: 192.0.2.1, 10.0.0.2\r\n", "192.0.2.1"},
        {"X-Forwarded-For: 6.6.6.6,192.0.2.1 ,\t10.0.0.3,10.0.0.2\r\n", "192.0.2.1"},
        {"X-Forwarded-For: 10.0.0.3, 10.0.0.2\r\n", "10.0.0.3"}, /* a client inside */
        {"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
        {"X-Forwarded-For: 192.0.2.1\r\nX-Other: 1\r\nX-Forwarded-For: 10.0.0.2\r\n", "192.0.2.1"},
        {"X-Forwarded-For: 192.0.2.1:4711\r\n", "192.0.2.1"},
        {"X-Forwarded-For: 2001:DB8::1\r\n", "2001:db8::1"},
        {"X-Forwarded-For: [2001:db8::1]\r\n", "2001:db8::1"},
        {"X-Forwarded-For: [2001:db8::1]:443\r\n", "2001:db8::1"},
        {"X-Forwarded-For: ::ffff:192.0.2.1\r\n", "192.0.2.1"},
        {"X-Forwarded-For: unknown\r\n", "10.0.0.1 !X-Forwarded-For=unknown"},
        {"X-Forwarded-For: unknown, 10.0.0.2\r\n", "10.0.0.2 !X-Forwarded-For=unknown"},
        {"X-Forwarded-For: nonsense, 192.0.2.1\r\n", "192.0.2.1"}, /* never looked at */
        {"X-Forwarded-For: \r\n", "10.0.0.1 !X-Forwarded-For="},
        {"X-Forwarded-For: ,\r\n", "10.0.0.1 !X-Forwarded-For="},
        {"X-Forwarded-For: [::1\r\n", "10.0.0.1 !X-Forwarded-For=[::1"},
        {"X-Forwarded-For: []\r\n", "10.0.0.1 !X-Forwarded-For=[]"},
        {"X-Forwarded-For: ]:[\r\n", "10.0.0.1 !X-Forwarded-For=]:["},
        {"X-Forwarded-For: \"192.0.2.1\"\r\n", "10.0.0.1 !X-Forwarded-For=\"192.0.2.1\""},
        {"Forwarded: for=192.0.2.1\r\n", "10.0.0.1"},
    };
    struct sio_trust t;
    trust(&t, (const char *const[]){"10.0.0.0/8", NULL});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_read(&t, "10.0.0.1", cases[i].fields, cases[i].want);
}

TEST(forwarded_proto)
{
    static const struct {
        const char *fields, *want;
    } cases[] = {
        {"X-Forwarded-Proto: https\r\n", "10.0.0.1 s"},
        {"X-Forwarded-Proto: WSS\r\n", "10.0.0.1 s"},
        {"X-Forwarded-Proto: http\r\n", "10.0.0.1"},
        {"X-Forwarded-Proto: ws\r\n", "10.0.0.1"},
        {"X-Forwarded-Proto: https, http\r\n", "10.0.0.1"}, /* our own proxy's word */
        {"X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n", "10.0.0.1 s"},
        {"X-Forwarded-Proto: gopher\r\n", "10.0.0.1 !X-Forwarded-Proto=gopher"},
        {"X-Forwarded-Proto: \r\n", "10.0.0.1 !X-Forwarded-Proto="},
        {"X-Forwarded-For: x\r\nX-Forwarded-Proto: https\r\n", "10.0.0.1 s !X-Forwarded-For=x"},
    };
    struct sio_trust t;
    trust(&t, (const char *const[]){"10.0.0.0/8", NULL});
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_read(&t, "10.0.0.1", cases[i].fields, cases[i].want);
}

TEST(forwarded_hops_are_limited)
{
    struct sio_trust t = {.everybody = true};
    struct sio_buf fields = {0};
    for (int hops = SIO_FORWARDED_HOPS_MAX; hops <= SIO_FORWARDED_HOPS_MAX + 1; hops++) {
        sio_buf_clear(&fields);
        sio_buf_append_slice(&fields, SIO_LIT("X-Forwarded-For: "));
        for (int i = hops; i > 0; i--)
            sio_buf_printf(&fields, "10.0.0.%d%s", i, i > 1 ? ", " : "\r\n");
        sio_buf_append_char(&fields, '\0');
        check_read(&t, "::1", fields.p, "10.0.0.32"); /* one more, and it is not looked at */
    }
    sio_buf_fini(&fields);
}

TEST(trust_holds_what_was_added)
{
    struct sio_trust t;
    trust(&t, (const char *const[]){"127.0.0.0/8", "::1", NULL});
    CHECK(sio_trust_any(&t));
    CHECK(sio_trust_has(&t, SIO_LIT("127.0.0.1")) && sio_trust_has(&t, SIO_LIT("::1")));
    CHECK(!sio_trust_has(&t, SIO_LIT("10.0.0.1")) && !sio_trust_has(&t, SIO_LIT("")));
    CHECK_EQ_INT(sio_trust_add(&t, SIO_LIT("unix")), 0);
    CHECK(sio_trust_has(&t, SIO_LIT("")));
    CHECK_EQ_INT(sio_trust_add(&t, SIO_LIT("Unix")), SIO_EINVAL);
    t = (struct sio_trust){0};
    CHECK(!sio_trust_any(&t) && !sio_trust_has(&t, SIO_LIT("")));
    for (int i = 0; i < SIO_TRUST_NETS_MAX; i++)
        CHECK_EQ_INT(sio_trust_add(&t, SIO_LIT("192.0.2.1")), 0);
    CHECK_EQ_INT(sio_trust_add(&t, SIO_LIT("192.0.2.2")), SIO_EFULL);
    CHECK(!sio_trust_has(&t, SIO_LIT("192.0.2.2")));
    t.everybody = true;
    CHECK(sio_trust_has(&t, SIO_LIT("192.0.2.2")) && sio_trust_has(&t, SIO_LIT("")));
}

static void check_host(const char *value, const char *want)
{
    struct sio_http_field field = {SIO_LIT("X-Forwarded-Host"), sio_slice_str(value)};
    struct sio_http_request r = {.fields = &field, .n_fields = 1};
    struct sio_slice got = sio_forwarded_host(&r);
    CHECK((got.p == NULL) == (want == NULL));
    if (want != NULL)
        CHECK_EQ_SLICE(got, sio_slice_str(want));
}

TEST(forwarded_host)
{
    char long_host[SIO_FORWARDED_HOST_MAX + 2];
    check_host("example.com", "example.com");
    check_host("a.example, b.example:8080", "b.example:8080");
    check_host("[2001:db8::1]:443", "[2001:db8::1]:443");
    check_host("", NULL);
    check_host("a.example,", NULL);
    check_host("example.com/path", NULL);
    check_host("user@example.com", NULL);
    check_host("exa mple", NULL);
    memset(long_host, 'a', sizeof long_host);
    long_host[SIO_FORWARDED_HOST_MAX] = '\0';
    check_host(long_host, long_host);
    long_host[SIO_FORWARDED_HOST_MAX] = 'a';
    long_host[SIO_FORWARDED_HOST_MAX + 1] = '\0';
    check_host(long_host, NULL);
}
