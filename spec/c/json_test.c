// SPDX-License-Identifier: MIT
/* codec/json: the reader's grammar, scalars in and out. The reader is not incremental (a
 * packet is whole before it is read), so texts are put before a guard page and cut short instead.
 */
#include "codec/json.h"

#include "base/err.h"
#include "base/utf8.h"
#include "test.h"

#include <locale.h>
#include <math.h>

/* Reads all of it; the story is one character per token. */
static int read_all(struct sio_slice text, unsigned max_depth, struct sio_buf *story)
{
    static const char letters[] = ".{}[]ksntfz";
    struct sio_json_reader r;
    struct sio_json_token t;
    sio_json_reader_init(&r, text, max_depth);
    for (;;) {
        int err = sio_json_next(&r, &t);
        if (err)
            return err;
        sio_buf_append_char(story, letters[t.type]);
        if (t.type == SIO_JSON_END)
            return 0;
    }
}

static int judge(struct sio_slice text)
{
    struct sio_buf story = {0};
    struct test_guard guard;
    int err;
    test_guard_init(&guard, text.len);
    err = read_all(test_guard_put(&guard, text), SIO_JSON_DEPTH_MAX, &story);
    test_guard_fini(&guard);
    sio_buf_fini(&story);
    return err;
}

static void expect_tokens(struct sio_slice text, const char *wanted)
{
    struct sio_buf story = {0};
    CHECK_EQ_INT(read_all(text, 128, &story), 0);
    CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(wanted));
    sio_buf_fini(&story);
}

TEST(tokens)
{
    expect_tokens(SIO_LIT("null"), "z.");
    expect_tokens(SIO_LIT(" [ ] "), "[].");
    expect_tokens(SIO_LIT("{}"), "{}.");
    expect_tokens(SIO_LIT("[1,\"a\",true,false,null,{\"k\":[{}]},-0.5e+3]"), "[nstfz{k[{}]}n].");
    expect_tokens(SIO_LIT("\r\n{\t\"a\" : 1 , \"b\":\"\" }"), "{knks}.");
}

TEST(accepts)
{
    static const char *const good[] = {
        "0",
        "-0",
        "10",
        "1.0",
        "0.1e1",
        "1E400",
        "123456789012345678901234567890",
        "\"\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00Ff\"",
        "\"\x7f\"",
        "\"\xe2\x80\xa8\"",
        "\"\\ud800\"",
        "[[],{}]",
        "{\"a\":1,\"a\":2}",
        "{\"\":0}",
        "\"a long enough plain string to skip by words\"",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        test_context("%s", good[i]);
        CHECK_EQ_INT(judge(sio_slice_str(good[i])), 0);
    }
}

TEST(refuses) /* S49-S62 */
{
    static const char *const bad[] = {
        "",
        " ",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "{\"a\":1,}",
        "{,}",
        "{1:2}",
        "{\"a\" 1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}",
        "]",
        "}",
        "[}",
        "{]",
        "[1}",
        "{\"a\":1]",
        "NaN",
        "Infinity",
        "-",
        "+1",
        "01",
        "-01",
        ".5",
        "1.",
        "1.e1",
        "1e",
        "1e+",
        "0x1",
        "1_0",
        "'a'",
        "\"a",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u",
        "\"a\tb\"",
        "\"a\nb\"",
        "\"\x01\"",
        "tru",
        "True",
        "nul",
        "nullx",
        "1 2",
        "[] []",
        "\"a\"b",
        "/**/1",
        "1//",
        "\xef\xbb\xbf"
        "1",
        "[\"a\",\x1e]",
        "\"seventeen bytes.\t\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_context("%s", bad[i]);
        CHECK_EQ_INT(judge(sio_slice_str(bad[i])), SIO_EPROTO);
    }
    CHECK_EQ_INT(judge(SIO_LIT("\"a\0b\"")), SIO_EPROTO);
    CHECK_EQ_INT(judge(SIO_LIT("1\0")), SIO_EPROTO);
    CHECK_EQ_INT(judge(SIO_LIT("\"\\\0\"")), SIO_EPROTO);
}

TEST(refuses_invalid_utf8)
{
    static const char *const bad[] = {"\"\xff\"",
                                      "\"\xc0\xaf\"",
                                      "\"\xed\xa0\x80\"",
                                      "\"\xe2\x82\"",
                                      "\"\xe2\x82",
                                      "{\"\x80\":1}",
                                      "\"plain text before it \xf5\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(judge(sio_slice_str(bad[i])), SIO_EUTF8);
}

/* A special byte at each offset of a word: the fast path may neither miss nor invent one. */
TEST(special_bytes_at_every_offset)
{
    for (size_t len = 1; len < 40; len++)
        for (size_t at = 0; at < len; at++) {
            char text[48];
            memset(text, 'x', sizeof text);
            text[0] = text[len + 1] = '"';
            text[1 + at] = '\n';
            CHECK_EQ_INT(judge(sio_slice(text, len + 2)), SIO_EPROTO);
            text[1 + at] = '"';
            CHECK_EQ_INT(judge(sio_slice(text, len + 2)), SIO_EPROTO);
            text[1 + at] = '\x80';
            CHECK_EQ_INT(judge(sio_slice(text, len + 2)), SIO_EUTF8);
            text[1 + at] = '\x1f';
            CHECK_EQ_INT(judge(sio_slice(text, len + 2)), SIO_EPROTO);
            text[1 + at] = ' ';
            CHECK_EQ_INT(judge(sio_slice(text, len + 2)), 0);
        }
}

TEST(every_prefix_is_refused_without_reading_on)
{
    struct sio_slice text =
        SIO_LIT("{\"key\\n\":[1.5e-3,true,null,\"\\u00e4\xe2\x82\xac text text\",false]}");
    for (size_t len = 0; len < text.len; len++) {
        test_context("length %zu", len);
        CHECK(judge(sio_slice(text.p, len)) < 0);
    }
    CHECK_EQ_INT(judge(text), 0);
}

static int judge_depth(unsigned n, const char *open, const char *close, unsigned max_depth)
{
    struct sio_buf b = {0}, story = {0};
    int err;
    for (unsigned i = 0; i < n; i++)
        sio_buf_append_slice(&b, sio_slice_str(open));
    sio_buf_append_slice(&b, SIO_LIT("1"));
    for (unsigned i = 0; i < n; i++)
        sio_buf_append_slice(&b, sio_slice_str(close));
    err = read_all(sio_buf_slice(&b), max_depth, &story);
    sio_buf_fini(&b);
    sio_buf_fini(&story);
    return err;
}

TEST(depth) /* C01 */
{
    CHECK_EQ_INT(judge_depth(128, "[", "]", 128), 0);
    CHECK_EQ_INT(judge_depth(129, "[", "]", 128), SIO_EDEPTH);
    CHECK_EQ_INT(judge_depth(128, "{\"a\":", "}", 128), 0);
    CHECK_EQ_INT(judge_depth(129, "{\"a\":", "}", 128), SIO_EDEPTH);
    CHECK_EQ_INT(judge_depth(3, "[", "]", 3), 0);
    CHECK_EQ_INT(judge_depth(4, "[", "]", 3), SIO_EDEPTH);
    CHECK_EQ_INT(judge_depth(1, "[", "]", 0), SIO_EDEPTH);
    CHECK_EQ_INT(judge_depth(200000, "[", "]", 999999), SIO_EDEPTH);
}

TEST(raw_and_flags)
{
    struct sio_json_reader r;
    struct sio_json_token t;
    sio_json_reader_init(&r, SIO_LIT("{\"a\\n\":\"b\",\"c\":-12,\"d\":1.0}"), 128);
    sio_json_next(&r, &t);
    sio_json_next(&r, &t);
    CHECK_SLICE(t.raw, "a\\n");
    CHECK(t.escaped);
    sio_json_next(&r, &t);
    CHECK_SLICE(t.raw, "b");
    CHECK(!t.escaped);
    sio_json_next(&r, &t);
    sio_json_next(&r, &t);
    CHECK_SLICE(t.raw, "-12");
    CHECK(t.integer);
    sio_json_next(&r, &t);
    sio_json_next(&r, &t);
    CHECK(!t.integer);
}

static void expect_unescaped(struct sio_slice raw, struct sio_slice wanted)
{
    struct sio_buf b = {0};
    sio_json_unescape(&b, raw);
    CHECK_EQ_SLICE(sio_buf_slice(&b), wanted);
    sio_buf_fini(&b);
}

TEST(unescape)
{
    expect_unescaped(SIO_LIT("plain"), SIO_LIT("plain"));
    expect_unescaped(SIO_LIT("\\\"\\\\\\/\\b\\f\\n\\r\\t"), SIO_LIT("\"\\/\b\f\n\r\t"));
    expect_unescaped(SIO_LIT("\\u0000\\u007f\\u0080\\u07fF\\u0800\\uffff"),
                     SIO_LIT("\0\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"));
    expect_unescaped(SIO_LIT("\\ud83d\\ude00!"), SIO_LIT("\xf0\x9f\x98\x80!"));
    expect_unescaped(SIO_LIT("\\ud800\\udc00\\udbff\\udfff"),
                     SIO_LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
    /* lone surrogates, in every neighbourhood */
    expect_unescaped(SIO_LIT("\\ud800"), SIO_LIT("\xef\xbf\xbd"));
    expect_unescaped(SIO_LIT("\\udc00\\udc00"), SIO_LIT("\xef\xbf\xbd\xef\xbf\xbd"));
    expect_unescaped(SIO_LIT("\\udc00x"), SIO_LIT("\xef\xbf\xbdx"));
    expect_unescaped(SIO_LIT("\\ud800\\n"), SIO_LIT("\xef\xbf\xbd\n"));
    expect_unescaped(SIO_LIT("\\ud800\\u0041"), SIO_LIT("\xef\xbf\xbd"
                                                        "A"));
    expect_unescaped(SIO_LIT("\\ud800\\ud83d\\ude00"), SIO_LIT("\xef\xbf\xbd\xf0\x9f\x98\x80"));
}

static void expect_int(const char *raw, int wanted_err, int64_t wanted)
{
    int64_t v = 0;
    test_context("%s", raw);
    CHECK_EQ_INT(sio_json_int(sio_slice_str(raw), &v), wanted_err);
    if (wanted_err == 0)
        CHECK_EQ_INT(v, wanted);
}

TEST(integers)
{
    expect_int("0", 0, 0);
    expect_int("-1", 0, -1);
    expect_int("9223372036854775807", 0, INT64_MAX);
    expect_int("-9223372036854775808", 0, INT64_MIN);
    expect_int("9223372036854775808", SIO_ETOOBIG, 0);
    expect_int("-9223372036854775809", SIO_ETOOBIG, 0);
    expect_int("18446744073709551617", SIO_ETOOBIG, 0);
    expect_int("99999999999999999999999", SIO_ETOOBIG, 0);
    expect_int("-0", SIO_ETOOBIG, 0);
    expect_int("1.5", SIO_EINVAL, 0);
    expect_int("-", SIO_EINVAL, 0);
    expect_int("", SIO_EINVAL, 0);
}

TEST(append_string)
{
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_json_append_string(&b, SIO_LIT("a\"b\\c/\b\f\n\r\t\0\x1f\x7f\xe2\x80\xa8")),
                 0);
    CHECK_SLICE(sio_buf_slice(&b), "\"a\\\"b\\\\c/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xe2\x80\xa8\"");
    sio_buf_clear(&b);
    CHECK_EQ_INT(sio_json_append_string(&b, sio_slice(NULL, 0)), 0);
    CHECK_EQ_INT(sio_json_append_string(&b, SIO_LIT("a\xff")), SIO_EUTF8);
    CHECK_SLICE(sio_buf_slice(&b), "\"\"");
    sio_json_append_text(&b, SIO_LIT("a\xff\"\xe2\x82z\xe2\x82\xac"));
    CHECK_SLICE(sio_buf_slice(&b),
                "\"\"\"a\xef\xbf\xbd\\\"\xef\xbf\xbd\xef\xbf\xbdz\xe2\x82\xac\"");
    sio_buf_fini(&b);
}

/* Every code point: what is written reads back. */
TEST(strings_round_trip)
{
    struct sio_buf plain = {0}, text = {0}, back = {0};
    for (uint32_t c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 97) {
        char escape[16];
        struct sio_json_reader r;
        struct sio_json_token t;
        if (c >= 0xd800 && c <= 0xdfff)
            continue;
        if (c < 0x10000)
            snprintf(escape, sizeof escape, "\\u%04x", c);
        else
            snprintf(escape, sizeof escape, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                     0xdc00 + (c & 0x3ff));
        sio_buf_clear(&plain);
        sio_buf_clear(&text);
        sio_buf_clear(&back);
        sio_json_unescape(&plain, sio_slice_str(escape));
        if (!CHECK(sio_utf8_valid(sio_buf_slice(&plain))))
            break;
        CHECK_EQ_INT(sio_json_append_string(&text, sio_buf_slice(&plain)), 0);
        sio_json_reader_init(&r, sio_buf_slice(&text), 1);
        CHECK_EQ_INT(sio_json_next(&r, &t), 0);
        sio_json_unescape(&back, t.raw);
        CHECK_EQ_SLICE(sio_buf_slice(&back), sio_buf_slice(&plain));
    }
    sio_buf_fini(&plain);
    sio_buf_fini(&text);
    sio_buf_fini(&back);
}

static void expect_double(double v, const char *wanted)
{
    struct sio_buf b = {0};
    sio_json_append_double(&b, v);
    CHECK_EQ_SLICE(sio_buf_slice(&b), sio_slice_str(wanted));
    sio_buf_fini(&b);
}

TEST(doubles)
{
    expect_double(0.0, "0");
    expect_double(-0.0, "0");
    expect_double(1.0, "1");
    expect_double(-3.0, "-3");
    expect_double(0.1, "0.1");
    expect_double(1.5, "1.5");
    expect_double(-2.25, "-2.25");
    expect_double(0.1 + 0.2, "0.30000000000000004");
    expect_double(1e21, "1e+21");
    expect_double(5e-324, "4.94065645841247e-324");
    expect_double(9007199254740991.0, "9007199254740991");
    expect_double(9007199254740992.0, "9007199254740992");
    expect_double(NAN, "null");
    expect_double(INFINITY, "null");
    expect_double(-INFINITY, "null");
}

TEST(doubles_read_back)
{
    uint64_t bits = 88172645463325252;
    for (int i = 0; i < 20000; i++) {
        struct sio_buf b = {0};
        double v;
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v))
            continue;
        sio_json_append_double(&b, v);
        CHECK_EQ_INT(judge(sio_buf_slice(&b)), 0);
        sio_buf_append_char(&b, '\0');
        CHECK(strtod(b.p, NULL) == v);
        sio_buf_fini(&b);
    }
}

TEST(doubles_do_not_follow_the_locale)
{
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8"))
        SKIP("no locale with a decimal comma");
    expect_double(1.5, "1.5");
    setlocale(LC_NUMERIC, "C");
}
