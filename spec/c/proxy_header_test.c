// SPDX-License-Identifier: MIT
/* codec/proxy_header: both versions, what is refused, and that a cut changes neither. */
#include "codec/proxy_header.h"

#include "base/err.h"
#include "test.h"

#define SIG "\r\n\r\n\0\r\nQUIT\n"

/* The bytes are given as a literal, for they hold zeros. */
#define BYTES(text)                                                                                \
    {                                                                                              \
        "" text, sizeof(text) - 1                                                                  \
    }

/* Parses bytes that end where a guard page begins. */
static int parse(struct sio_slice in, struct sio_proxy_header *h)
{
    struct test_guard guard;
    test_guard_init(&guard, in.len);
    int rc = sio_proxy_header_parse(test_guard_put(&guard, in), h);
    test_guard_fini(&guard);
    return rc;
}

/* Every proper prefix asks for more; the whole, alone or with bytes behind it, is the header. */
static void check_good(struct sio_slice in, const char *address, bool secure, bool unknown)
{
    struct sio_proxy_header h;
    struct sio_buf longer = {0};
    for (size_t len = 0; len < in.len; len++) {
        snprintf(test_state.context, sizeof test_state.context, "cut at %zu of %zu", len, in.len);
        CHECK_EQ_INT(parse(sio_slice(in.p, len), &h), SIO_EAGAIN);
    }
    test_state.context[0] = '\0';
    CHECK_EQ_INT(parse(in, &h), 0);
    CHECK_EQ_INT(h.len, in.len);
    sio_buf_append_slice(&longer, in);
    sio_buf_append_slice(&longer, SIO_LIT("GET / HTTP/1.1\r\n"));
    CHECK_EQ_INT(parse(sio_buf_slice(&longer), &h), 0);
    CHECK_EQ_INT(h.len, in.len);
    CHECK_EQ_SLICE(sio_origin_address(&h.origin), sio_slice_str(address));
    CHECK(h.origin.secure == secure && h.unknown == unknown);
    sio_buf_fini(&longer);
}

TEST(proxy_version_1)
{
    static const struct {
        const char *line, *address;
        bool unknown;
    } cases[] = {
        {"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", "192.0.2.1", false},
        {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255", false},
        {"PROXY TCP6 2001:DB8::1 ::1 0 1\r\n", "2001:db8::1", false},
        {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 1\r\n", "192.0.2.1", false},
        {"PROXY UNKNOWN\r\n", "", true},
        {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_good(sio_slice_str(cases[i].line), cases[i].address, false, cases[i].unknown);
}

TEST(proxy_version_2)
{
    static const struct {
        struct sio_slice bytes;
        const char *address;
        bool secure, unknown;
    } cases[] = {
        {BYTES(SIG "\x21\x11\0\x0c"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"),
         "192.0.2.1", false, false},
        {BYTES(SIG "\x21\x21\0\x24"
                   "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
                   "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1"
                   "\0\1\0\2"),
         "2001:db8::1", false, false},
        {BYTES(SIG "\x20\0\0\0"), "", false, true}, /* LOCAL */
        {BYTES(SIG "\x20\x11\0\3"
                   "abc"),
         "", false, true}, /* whatever it holds */
        {BYTES(SIG "\x21\0\0\2"
                   "xx"),
         "", false, true}, /* AF_UNSPEC */
        {BYTES(SIG "\x21\x12\0\x0c"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"),
         "", false, true}, /* UDP */
        /* a checksum that is wrong, and a type that nobody knows */
        {BYTES(SIG "\x21\x11\0\x17"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"
                   "\3\0\4"
                   "\0\0\0\0"
                   "\xe0\0\1"
                   "?"),
         "192.0.2.1", false, false},
        /* TLS, and what tells that there was none */
        {BYTES(SIG "\x21\x11\0\x14"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"
                   "\x20\0\5"
                   "\1\0\0\0\0"),
         "192.0.2.1", true, false},
        {BYTES(SIG "\x21\x11\0\x14"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"
                   "\x20\0\5"
                   "\6\0\0\0\0"),
         "192.0.2.1", false, false},
        {BYTES(SIG "\x21\x11\0\x13"
                   "\xc0\0\2\1"
                   "\xc6\x33\x64\1"
                   "\x12\x34\1\xbb"
                   "\x20\0\4"
                   "\1\0\0\0"),
         "192.0.2.1", false, false}, /* too short to mean it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_good(cases[i].bytes, cases[i].address, cases[i].secure, cases[i].unknown);
}

TEST(proxy_a_client_on_a_unix_socket_has_no_address)
{
    char bytes[16 + 216] = SIG "\x21\x31\0\xd8"
                               "/run/client.sock";
    check_good(sio_slice(bytes, sizeof bytes), "", false, false);
    bytes[15]--; /* shorter than the family needs */
    struct sio_proxy_header h;
    CHECK_EQ_INT(parse(sio_slice(bytes, sizeof bytes), &h), SIO_EPROTO);
}

TEST(proxy_what_is_no_header)
{
    static const struct sio_slice bad[] = {
        BYTES("G"),
        BYTES("GET / HTTP/1.1\r\n"),
        BYTES("PROXX"),
        BYTES("proxy TCP4"),
        BYTES("PROXY\r"),
        BYTES("\r\n\r\n\1"),
        BYTES("\x16\3\1"), /* TLS without a header */
        BYTES("PROXY \r\n"),
        BYTES("PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"),
        BYTES("PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 -1 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n"),
        BYTES("PROXY TCP4 ::1 192.0.2.2 1 2\r\n"),
        BYTES("PROXY TCP6 192.0.2.1 ::1 1 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 host 1 2\r\n"),
        BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n\r\n"),
        BYTES("PROXY UNKNOWNS\r\n"),
        BYTES(SIG "\x11\x11\0\0"), /* another version */
        BYTES(SIG "\x22\x11\0\0"), /* another command */
        BYTES(SIG "\x21\x41\0\0"), /* another family */
        BYTES(SIG "\x21\x13\0\0"), /* another protocol */
        BYTES(SIG "\x21\x11\0\x0b"
                  "\xc0\0\2\1"
                  "\xc6\x33\x64\1"
                  "\x12\x34\1"),
        BYTES(SIG "\x21\x11\0\x0e"
                  "\xc0\0\2\1"
                  "\xc6\x33\x64\1"
                  "\x12\x34\1\xbb"
                  "\4\0"),
        BYTES(SIG "\x21\x11\0\x0f"
                  "\xc0\0\2\1"
                  "\xc6\x33\x64\1"
                  "\x12\x34\1\xbb"
                  "\4\0\1"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sio_proxy_header h;
        snprintf(test_state.context, sizeof test_state.context, "case %zu", i);
        CHECK_EQ_INT(parse(bad[i], &h), SIO_EPROTO);
    }
    test_state.context[0] = '\0';
}

TEST(proxy_limits)
{
    struct sio_buf b = {0};
    struct sio_proxy_header h;
    sio_buf_append_slice(&b, SIO_LIT("PROXY UNKNOWN "));
    while (b.len < SIO_PROXY_LINE_MAX - 2)
        sio_buf_append_char(&b, 'x');
    sio_buf_append_slice(&b, SIO_LIT("\r\n"));
    CHECK_EQ_INT(b.len, SIO_PROXY_LINE_MAX);
    CHECK_EQ_INT(parse(sio_buf_slice(&b), &h), 0);
    b.len -= 2;
    sio_buf_append_slice(&b, SIO_LIT("x\r\n"));
    CHECK_EQ_INT(parse(sio_buf_slice(&b), &h), SIO_EPROTO);
    CHECK_EQ_INT(parse(sio_slice(b.p, SIO_PROXY_LINE_MAX), &h), SIO_EPROTO);
    CHECK_EQ_INT(parse(sio_slice(b.p, SIO_PROXY_LINE_MAX - 1), &h), SIO_EAGAIN);

    size_t most = SIO_PROXY_HEADER_MAX - 16;
    sio_buf_clear(&b);
    sio_buf_append_slice(&b, (struct sio_slice)BYTES(SIG "\x20\0"));
    sio_buf_append_u8(&b, (uint8_t)(most >> 8));
    sio_buf_append_u8(&b, (uint8_t)most);
    memset(sio_buf_reserve(&b, most), 0, most);
    b.len += most;
    CHECK_EQ_INT(parse(sio_buf_slice(&b), &h), 0);
    CHECK_EQ_INT(h.len, SIO_PROXY_HEADER_MAX);
    b.p[15]++; /* refused at once, not when so many have come */
    CHECK_EQ_INT(parse(sio_slice(b.p, 16), &h), SIO_EPROTO);
    sio_buf_fini(&b);
}
