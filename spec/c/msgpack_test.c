// SPDX-License-Identifier: MIT
/* codec/msgpack: every form both ways, and input that lies about its length, its depth or itself.
 */
#include "codec/msgpack.h"

#include "base/err.h"
#include "codec/json.h"
#include "test.h"

#include "hex.h"

enum { BINS_MAX = 10 };
static struct sio_slice list[BINS_MAX];
static struct sio_msgpack_bins bins;

static int to_json(struct sio_slice input, struct sio_buf *json)
{
    sio_buf_clear(json);
    bins = (struct sio_msgpack_bins){.list = list, .max = BINS_MAX};
    int err = sio_msgpack_to_json(json, &input, &bins);
    return err == 0 && input.len != 0 ? SIO_EINVAL : err;
}

/* The story is the JSON and, in angle brackets, the binaries; of an error its name. */
static void expect_json(const char *hex, const char *wanted)
{
    struct sio_buf input = {0}, json = {0};
    struct test_guard guard;
    append_hex(&input, hex);
    test_context("%s", hex);
    test_guard_init(&guard, input.len);
    int err = to_json(test_guard_put(&guard, sio_buf_slice(&input)), &json);
    if (err != 0) {
        sio_buf_clear(&json);
        sio_buf_append_slice(&json, sio_slice_str(sio_err_name(err)));
    }
    for (unsigned i = 0; err == 0 && i < bins.n; i++)
        sio_buf_printf(&json, "<%.*s>", (int)bins.list[i].len, bins.list[i].p);
    CHECK_EQ_SLICE(sio_buf_slice(&json), sio_slice_str(wanted));
    test_guard_fini(&guard);
    sio_buf_fini(&input);
    sio_buf_fini(&json);
}

TEST(words_and_integers)
{
    expect_json("c0", "null");
    expect_json("c2", "false");
    expect_json("c3", "true");
    expect_json("00", "0");
    expect_json("7f", "127");
    expect_json("ff", "-1");
    expect_json("e0", "-32");
    expect_json("cc ff", "255");
    expect_json("cd ff ff", "65535");
    expect_json("ce ff ff ff ff", "4294967295");
    expect_json("cf 00 1f ff ff ff ff ff ff", "9007199254740991");
    expect_json("cf 7f ff ff ff ff ff ff ff", "9223372036854775807");
    expect_json("cf ff ff ff ff ff ff ff ff", "18446744073709551615");
    expect_json("d0 80", "-128");
    expect_json("d1 80 00", "-32768");
    expect_json("d2 80 00 00 00", "-2147483648");
    expect_json("d3 80 00 00 00 00 00 00 00", "-9223372036854775808");
    expect_json("d3 7f ff ff ff ff ff ff ff", "9223372036854775807");
    expect_json("c1", "EPROTO");
}

TEST(floats)
{
    expect_json("ca 3f c0 00 00", "1.5");
    expect_json("ca 3d cc cc cd", "0.10000000149011612"); /* the nearest float to 0.1 */
    expect_json("cb 3f b9 99 99 99 99 99 9a", "0.1");
    expect_json("cb 40 08 00 00 00 00 00 00", "3");
    expect_json("cb 7f ef ff ff ff ff ff ff", "1.7976931348623157e+308");
    expect_json("cb 7f f0 00 00 00 00 00 00", "null"); /* infinity */
    expect_json("cb ff f0 00 00 00 00 00 00", "null");
    expect_json("cb 7f f8 00 00 00 00 00 00", "null"); /* NaN */
    expect_json("ca 7f c0 00 00", "null");
    expect_json("cb 80 00 00 00 00 00 00 00", "0"); /* -0 */
}

TEST(strings)
{
    expect_json("a0", "\"\"");
    expect_json("a5'hello'", "\"hello\"");
    expect_json("d9 05'hello'", "\"hello\"");
    expect_json("da 00 05'hello'", "\"hello\"");
    expect_json("db 00 00 00 05'hello'", "\"hello\"");
    expect_json("a4 22 5c 0a 00", "\"\\\"\\\\\\n\\u0000\"");
    expect_json("a4 f0 9f 98 80", "\"\xf0\x9f\x98\x80\"");
    expect_json("a1 ff", "EUTF8");
    expect_json("a3 ed a0 80", "EUTF8"); /* a surrogate */
    expect_json("a2 c0 80", "EUTF8");    /* an overlong NUL */
    expect_json("a1 c3", "EUTF8");
}

TEST(arrays_and_maps)
{
    expect_json("90", "[]");
    expect_json("80", "{}");
    expect_json("93 01 a1'a' c0", "[1,\"a\",null]");
    expect_json("dc 00 02 01 02", "[1,2]");
    expect_json("dd 00 00 00 02 01 02", "[1,2]");
    expect_json("82 a1'a' 01 a1'b' 90", "{\"a\":1,\"b\":[]}");
    expect_json("de 00 01 a1'a' 80", "{\"a\":{}}");
    expect_json("df 00 00 00 01 a1'a' 80", "{\"a\":{}}");
    expect_json("92 92 01 02 92 91 80 03", "[[1,2],[[{}],3]]");
    expect_json("81 01 a1'x'", "{\"1\":\"x\"}");
    expect_json("81 ff a1'x'", "{\"-1\":\"x\"}");
    expect_json("82 a1'a' 01 a1'a' 02", "{\"a\":1,\"a\":2}"); /* the last counts, as in JSON */
    expect_json("81 a0 01", "{\"\":1}");
}

TEST(keys_of_other_types_are_refused)
{
    static const char *const keys[] = {
        "c0", "c3", "ca 3f c0 00 00", "c4 01 61",
        "90", "80", "d4 00 00",       "d7 00 00 00 00 00 00 00 00 00"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char hex[64];
        snprintf(hex, sizeof hex, "81 %s 01", keys[i]);
        expect_json(hex, "EPROTO");
    }
    expect_json("81 a1 ff 01", "EUTF8");
}

#define PLACEHOLDER(n) "{\"_placeholder\":true,\"num\":" #n "}"

TEST(binaries)
{
    expect_json("c4 00", PLACEHOLDER(0) "<>");
    expect_json("c4 02'ab'", PLACEHOLDER(0) "<ab>");
    expect_json("c5 00 02'ab'", PLACEHOLDER(0) "<ab>");
    expect_json("c6 00 00 00 02'ab'", PLACEHOLDER(0) "<ab>");
    expect_json("c7 02 00'ab'", PLACEHOLDER(0) "<ab>"); /* an ArrayBuffer of notepack.io */
    expect_json("c8 00 02 00'ab'", PLACEHOLDER(0) "<ab>");
    expect_json("c9 00 00 00 02 00'ab'", PLACEHOLDER(0) "<ab>");
    expect_json("92 c4 01'a' 81 a1'k' c4 01'b'",
                "[" PLACEHOLDER(0) ",{\"k\":" PLACEHOLDER(1) "}]<a><b>");
}

TEST(binaries_are_limited)
{
    struct sio_buf input = {0}, json = {0};
    for (unsigned over = 0; over <= 1; over++) {
        sio_buf_clear(&input);
        sio_buf_append_char(&input, (char)(0x90 | (BINS_MAX + over)));
        for (unsigned i = 0; i < BINS_MAX + over; i++)
            append_hex(&input, "c4 01'b'");
        CHECK_EQ_INT(to_json(sio_buf_slice(&input), &json), over ? SIO_EFULL : 0);
        CHECK_EQ_INT(bins.n, BINS_MAX);
    }
    sio_buf_fini(&input);
    sio_buf_fini(&json);
}

TEST(undefined)
{
    expect_json("d4 00 00", "null");
    expect_json("92 d4 00 00 01", "[null,1]");
    expect_json("81 a1'a' d4 00 00", "{}");
    expect_json("83 a1'a' 01 a1'b' d4 00 00 a1'c' 02", "{\"a\":1,\"c\":2}");
    expect_json("82 a1'a' d4 00 00 a1'b' 02", "{\"b\":2}");
    expect_json("82 a1'a' 01 a1'b' d4 00 00", "{\"a\":1}");
}

TEST(dates)
{
    expect_json("d7 00 00 00 00 00 00 00 00 00", "\"1970-01-01T00:00:00.000Z\"");
    expect_json("d7 00 00 00 01 8c c2 51 f4 00", "\"2024-01-01T00:00:00.000Z\"");
    expect_json("d7 00 00 00 00 dd 9f cd 3b ff", "\"2000-02-29T23:59:59.999Z\"");
    expect_json("d7 00 ff ff ff ff ff ff ff ff", "\"1969-12-31T23:59:59.999Z\"");
    expect_json("d7 00 00 1e b2 08 c2 dc 00 00", "\"+275760-09-13T00:00:00.000Z\"");
    expect_json("d7 00 ff e1 4d f7 3d 24 00 00", "\"-271821-04-20T00:00:00.000Z\"");
    expect_json("d7 00 00 1e b2 08 c2 dc 00 01", "null"); /* no Date is later */
    expect_json("d7 00 80 00 00 00 00 00 00 00", "null");
    expect_json("d7 00 ff ff c7 75 90 fb 9f ff", "\"-000001-12-31T23:59:59.999Z\"");
    expect_json("d7 00 ff ff c7 75 90 fb a0 00", "\"0000-01-01T00:00:00.000Z\"");
}

TEST(timestamps)
{
    expect_json("d6 ff 65 92 00 80", "\"2024-01-01T00:00:00.000Z\"");
    expect_json("d7 ff 77 35 94 00 65 92 00 80", "\"2024-01-01T00:00:00.500Z\"");
    expect_json("c7 0c ff 1d cd 65 00 00 00 00 00 65 92 00 80", "\"2024-01-01T00:00:00.500Z\"");
    expect_json("c7 0c ff 00 00 00 00 ff ff ff ff ff ff ff ff", "\"1969-12-31T23:59:59.000Z\"");
    expect_json("c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff", "null");
    expect_json("c7 0c ff 00 00 00 00 80 00 00 00 00 00 00 00", "null");
    expect_json("c7 02 ff'ab'", "[-1," PLACEHOLDER(0) "]<ab>"); /* no timestamp */
    expect_json("c7 0c ff'abcdefghijkl'", "[-1," PLACEHOLDER(0) "]<abcdefghijkl>");
}

TEST(other_extensions)
{
    expect_json("d4 05'a'", "[5," PLACEHOLDER(0) "]<a>");
    expect_json("d5 05'ab'", "[5," PLACEHOLDER(0) "]<ab>");
    expect_json("d5 00'ab'", "[0," PLACEHOLDER(0) "]<ab>");
    expect_json("d6 80'abcd'", "[-128," PLACEHOLDER(0) "]<abcd>");
    expect_json("d7 05'abcdefgh'", "[5," PLACEHOLDER(0) "]<abcdefgh>");
    expect_json("d8 00'abcdefghijklmnop'", "[0," PLACEHOLDER(0) "]<abcdefghijklmnop>");
    expect_json("c7 03 07'abc'", "[7," PLACEHOLDER(0) "]<abc>");
    expect_json("c8 00 03 07'abc'", "[7," PLACEHOLDER(0) "]<abc>");
    expect_json("c9 00 00 00 03 07'abc'", "[7," PLACEHOLDER(0) "]<abc>");
}

/* ---- hostile input -------------------------------------------------------------------------- */

TEST(cut_off_at_every_byte)
{
    static const char *const whole[] = {
        "cc ff",
        "cd ff ff",
        "ce ff ff ff ff",
        "cf ff ff ff ff ff ff ff ff",
        "d0 80",
        "d1 80 00",
        "d2 80 00 00 00",
        "d3 80 00 00 00 00 00 00 00",
        "ca 3f c0 00 00",
        "cb 3f b9 99 99 99 99 99 9a",
        "a5'hello'",
        "d9 05'hello'",
        "da 00 05'hello'",
        "db 00 00 00 05'hello'",
        "c4 02'ab'",
        "c5 00 02'ab'",
        "c6 00 00 00 02'ab'",
        "c7 02 00'ab'",
        "c8 00 02 00'ab'",
        "c9 00 00 00 02 00'ab'",
        "d4 00 00",
        "d5 05'ab'",
        "d6 05'abcd'",
        "d7 00 00 00 00 00 00 00 00 00",
        "d8 05'abcdefghijklmnop'",
        "d6 ff 65 92 00 80",
        "93 01 a1'a' c0",
        "dc 00 02 01 02",
        "dd 00 00 00 02 01 02",
        "82 a1'a' 01 a1'b' 90",
        "de 00 01 a1'a' 80",
        "df 00 00 00 01 a1'a' 80",
        "92 92 01 02 92 91 80 03",
    };
    struct sio_buf input = {0}, json = {0};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        struct test_guard guard;
        sio_buf_clear(&input);
        append_hex(&input, whole[i]);
        test_guard_init(&guard, input.len);
        for (size_t len = 0; len < input.len; len++) {
            struct sio_slice cut = test_guard_put(&guard, sio_slice(input.p, len)), at = cut;
            test_context("%s, %zu bytes of it", whole[i], len);
            CHECK_EQ_INT(to_json(cut, &json), SIO_EPROTO);
            CHECK_EQ_INT(sio_msgpack_skip(&at), SIO_EPROTO);
        }
        struct sio_slice at = sio_buf_slice(&input);
        CHECK_EQ_INT(sio_msgpack_skip(&at), 0);
        CHECK_EQ_INT(at.len, 0);
        test_guard_fini(&guard);
    }
    sio_buf_fini(&input);
    sio_buf_fini(&json);
}

TEST(lengths_that_lie_are_refused_at_once)
{
    static const char *const lies[] = {
        "db ff ff ff ff 61",    "c6 ff ff ff ff 61", "c9 ff ff ff ff 05 61", "dd ff ff ff ff c0",
        "df ff ff ff ff c0 c0", "dc ff ff c0",       "de ff ff c0 c0",       "9f c0",
        "82 c0 c0 c0",
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct sio_buf input = {0};
        struct sio_msgpack_token t;
        expect_json(lies[i], "EPROTO");
        append_hex(&input, lies[i]);
        struct sio_slice rest = sio_buf_slice(&input);
        CHECK_EQ_INT(sio_msgpack_next(&rest, &t), SIO_EPROTO);
        sio_buf_fini(&input);
    }
}

/* depth arrays, or maps, around a nil */
static void nest(struct sio_buf *out, unsigned depth, bool map)
{
    sio_buf_clear(out);
    for (unsigned i = 0; i < depth; i++)
        append_hex(out, map ? "81 a1'k'" : "91");
    sio_buf_append_char(out, (char)0xc0);
}

TEST(depth_is_limited)
{
    struct sio_buf input = {0}, json = {0};
    struct sio_json_shape shape;
    for (unsigned map = 0; map <= 1; map++) {
        nest(&input, SIO_JSON_DEPTH_MAX, map);
        CHECK_EQ_INT(to_json(sio_buf_slice(&input), &json), 0);
        CHECK_EQ_INT(sio_json_scan(sio_buf_slice(&json), SIO_JSON_DEPTH_MAX, &shape, NULL), 0);
        nest(&input, SIO_JSON_DEPTH_MAX + 1, map);
        CHECK_EQ_INT(to_json(sio_buf_slice(&input), &json), SIO_EDEPTH);
        nest(&input, 1000000, map);
        CHECK_EQ_INT(to_json(sio_buf_slice(&input), &json), SIO_EDEPTH);
        struct sio_slice at = sio_buf_slice(&input);
        CHECK_EQ_INT(sio_msgpack_skip(&at), 0); /* keeps no stack */
    }
    sio_buf_fini(&input);
    sio_buf_fini(&json);
}

/* ---- from JSON ------------------------------------------------------------------------------ */

static void expect_bytes(const char *json, const char *hex)
{
    static const struct sio_slice two[] = {{"ab", 2}, {"", 0}};
    struct sio_buf out = {0}, wanted = {0};
    test_context("%s", json);
    append_hex(&wanted, hex);
    CHECK_EQ_INT(sio_msgpack_from_json(&out, sio_slice_str(json), two, 2), 0);
    CHECK_EQ_SLICE(sio_buf_slice(&out), sio_buf_slice(&wanted));
    sio_buf_fini(&out);
    sio_buf_fini(&wanted);
}

TEST(shortest_integers)
{
    expect_bytes("0", "00");
    expect_bytes("127", "7f");
    expect_bytes("128", "cc 80");
    expect_bytes("255", "cc ff");
    expect_bytes("256", "cd 01 00");
    expect_bytes("65535", "cd ff ff");
    expect_bytes("65536", "ce 00 01 00 00");
    expect_bytes("4294967295", "ce ff ff ff ff");
    expect_bytes("4294967296", "cf 00 00 00 01 00 00 00 00");
    expect_bytes("9223372036854775807", "cf 7f ff ff ff ff ff ff ff");
    expect_bytes("-1", "ff");
    expect_bytes("-32", "e0");
    expect_bytes("-33", "d0 df");
    expect_bytes("-128", "d0 80");
    expect_bytes("-129", "d1 ff 7f");
    expect_bytes("-32768", "d1 80 00");
    expect_bytes("-32769", "d2 ff ff 7f ff");
    expect_bytes("-2147483648", "d2 80 00 00 00");
    expect_bytes("-2147483649", "d3 ff ff ff ff 7f ff ff ff");
    expect_bytes("-9223372036854775808", "d3 80 00 00 00 00 00 00 00");
}

TEST(shortest_floats)
{
    expect_bytes("1.5", "ca 3f c0 00 00");
    expect_bytes("0.1", "cb 3f b9 99 99 99 99 99 9a");
    expect_bytes("1e+21", "cb 44 4b 1a e4 d6 e2 ef 50");
    expect_bytes("-0.5", "ca bf 00 00 00");
    expect_bytes("-0", "ca 80 00 00 00");
    expect_bytes("9223372036854775808", "ca 5f 00 00 00"); /* 2^63 is no int64 any more */
    expect_bytes("1e-400", "ca 00 00 00 00");
}

TEST(words_strings_and_binaries)
{
    expect_bytes("null", "c0");
    expect_bytes("true", "c3");
    expect_bytes("false", "c2");
    expect_bytes("\"\"", "a0");
    expect_bytes("\"a\\n\\u00e9\\ud83d\\ude00\"", "a8'a' 0a c3 a9 f0 9f 98 80");
    expect_bytes("\"0123456789012345678901234567890\"", "bf'0123456789012345678901234567890'");
    expect_bytes("\"01234567890123456789012345678901\"", "d9 20'01234567890123456789012345678901'");
    expect_bytes("[" PLACEHOLDER(0) "," PLACEHOLDER(1) "]", "92 c4 02'ab' c4 00");
    expect_bytes("{\"k\":" PLACEHOLDER(1) "}", "81 a1'k' c4 00");
    /* the text of none of the binaries */
    expect_bytes(PLACEHOLDER(2), "82 ac'_placeholder' c3 a3'num' 02");
    expect_bytes("{\"_placeholder\":true}", "81 ac'_placeholder' c3");
    expect_bytes("{\"_placeholder\":true,\"num\":0,\"x\":1}",
                 "83 ac'_placeholder' c3 a3'num' 00 a1'x' 01");
    expect_bytes("{\"_placeholder\":true,\"num\":-0}",
                 "82 ac'_placeholder' c3 a3'num' ca 80000000");
}

TEST(containers_know_their_sizes)
{
    expect_bytes("[]", "90");
    expect_bytes("{}", "80");
    expect_bytes(" [ 1 , { \"a\" : [ ] } ] ", "92 01 81 a1'a' 90");
    expect_bytes("[[[1],[2]],{\"a\":{\"b\":3,\"c\":4}}]",
                 "92 92 91 01 91 02 81 a1'a' 82 a1'b' 03 a1'c' 04");
    expect_bytes("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]", "9f 000000000000000000000000000000");
    expect_bytes("[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,[]]",
                 "dc 00 10 000000000000000000000000000000 90");
}

/* n items: a list of zeros, or an object of which each member is named "k". */
static void append_many(struct sio_buf *json, unsigned n, bool map)
{
    for (unsigned i = 0; i < n; i++)
        sio_buf_append_slice(json, map ? (i ? SIO_LIT(",\"k\":0") : SIO_LIT("{\"k\":0"))
                                       : (i ? SIO_LIT(",0") : SIO_LIT("[0")));
    sio_buf_append_char(json, map ? '}' : ']');
}

TEST(containers_at_the_borders_of_their_forms)
{
    static const struct {
        unsigned n;
        size_t head;
    } cases[] = {{15, 1}, {16, 3}, {65535, 3}, {65536, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (unsigned map = 0; map <= 1; map++) {
            struct sio_buf json = {0}, out = {0}, back = {0};
            test_context("%u, %s", cases[i].n, map ? "map" : "array");
            append_many(&json, cases[i].n, map);
            CHECK_EQ_INT(sio_msgpack_from_json(&out, sio_buf_slice(&json), NULL, 0), 0);
            CHECK_EQ_INT(out.len, cases[i].head + (size_t)cases[i].n * (map ? 3 : 1));
            CHECK_EQ_INT(to_json(sio_buf_slice(&out), &back), 0);
            CHECK(sio_slice_eq(sio_buf_slice(&back), sio_buf_slice(&json)));
            sio_buf_fini(&json);
            sio_buf_fini(&out);
            sio_buf_fini(&back);
        }
    }
}

TEST(lengths_at_the_borders_of_their_forms)
{
    static const struct {
        size_t len, string_head, bin_head;
    } cases[] = {{31, 1, 2}, {32, 2, 2}, {255, 2, 2}, {256, 3, 3}, {65535, 3, 3}, {65536, 5, 5}};
    char *text = malloc(65536 + 2);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sio_buf out = {0};
        struct sio_slice bin = sio_slice(text, cases[i].len);
        test_context("%zu", cases[i].len);
        memset(text, 'x', cases[i].len + 2);
        text[0] = text[cases[i].len + 1] = '"';
        CHECK_EQ_INT(sio_msgpack_from_json(&out, sio_slice(text, cases[i].len + 2), NULL, 0), 0);
        CHECK_EQ_INT(out.len, cases[i].string_head + cases[i].len);
        sio_buf_clear(&out);
        CHECK_EQ_INT(sio_msgpack_from_json(&out, SIO_LIT(PLACEHOLDER(0)), &bin, 1), 0);
        CHECK_EQ_INT(out.len, cases[i].bin_head + cases[i].len);
        struct sio_slice rest = sio_buf_slice(&out);
        struct sio_msgpack_token t;
        CHECK_EQ_INT(sio_msgpack_next(&rest, &t), 0);
        CHECK(sio_slice_eq(t.bytes, bin));
        sio_buf_fini(&out);
    }
    free(text);
}

TEST(what_is_not_json_is_an_error)
{
    struct sio_buf out = {0};
    CHECK_EQ_INT(sio_msgpack_from_json(&out, SIO_LIT("[1"), NULL, 0), SIO_EPROTO);
    CHECK_EQ_INT(sio_msgpack_from_json(&out, SIO_LIT("\"\xff\""), NULL, 0), SIO_EUTF8);
    sio_buf_fini(&out);
}
