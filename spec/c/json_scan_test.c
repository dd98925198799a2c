// SPDX-License-Identifier: MIT
/* codec/json's scanner: the shape of a text, placeholders, one member. */
#include "base/err.h"
#include "codec/json.h"
#include "test.h"

static struct sio_json_shape shape_of(const char *text)
{
    struct sio_json_shape s;
    test_context("%s", text);
    CHECK_EQ_INT(sio_json_scan(sio_slice_str(text), 128, &s, NULL), 0);
    return s;
}

TEST(shape_of_the_top)
{
    struct sio_json_shape s = shape_of("[\"ev\\u0065nt\", [1,2,[3]], {\"a\":1}]");
    CHECK_EQ_INT(s.type, SIO_JSON_ARRAY);
    CHECK_EQ_INT(s.items, 3);
    CHECK_EQ_INT(s.first_type, SIO_JSON_STRING);
    CHECK_SLICE(s.first, "ev\\u0065nt");
    CHECK(s.first_escaped);
    s = shape_of("{\"a\":[1,2],\"b\":{\"c\":1}}");
    CHECK_EQ_INT(s.type, SIO_JSON_OBJECT);
    CHECK_EQ_INT(s.items, 2);
    s = shape_of("[]");
    CHECK_EQ_INT(s.items, 0);
    s = shape_of("[-1.5,\"x\"]");
    CHECK_EQ_INT(s.first_type, SIO_JSON_NUMBER);
    CHECK_SLICE(s.first, "-1.5");
    CHECK_EQ_INT(shape_of("[[\"x\"]]").first_type, SIO_JSON_ARRAY);
    CHECK_EQ_INT(shape_of("[{}]").first_type, SIO_JSON_OBJECT);
    CHECK_EQ_INT(shape_of("\"x\"").type, SIO_JSON_STRING);
    CHECK_EQ_INT(shape_of("null").type, SIO_JSON_NULL);
}

TEST(placeholders)
{
    struct sio_json_shape s = shape_of(
        "[\"e\",{\"_placeholder\":true,\"num\":0},{\"a\":[{\"num\":63,\"_placeholder\":true}]}]");
    CHECK_EQ_INT(s.placeholders, 2);
    CHECK(s.placeholder_mask == (1 | UINT64_C(1) << 63));
    CHECK(!s.bad_placeholder);
    CHECK_EQ_INT(shape_of("[{\"_placeholder\":false,\"num\":0}]").placeholders, 0);
    CHECK_EQ_INT(shape_of("[{\"_placeholder\":1,\"num\":0},{\"num\":-1}]").placeholders, 0);
    CHECK_EQ_INT(shape_of("[{\"a\":{\"_placeholder\":[true],\"num\":0}}]").placeholders, 0);
    s = shape_of("{\"\\u005fplaceholder\":true,\"n\\u0075m\":5,\"extra\":[{}]}");
    CHECK_EQ_INT(s.placeholders, 1);
    CHECK_EQ_INT(s.placeholder_mask, 1 << 5);
}

TEST(the_last_member_counts)
{
    struct sio_json_shape s = shape_of("{\"_placeholder\":true,\"_placeholder\":false,\"num\":1}");
    CHECK_EQ_INT(s.placeholders, 0);
    s = shape_of("{\"_placeholder\":true,\"num\":1,\"num\":2}");
    CHECK_EQ_INT(s.placeholder_mask, 4);
    s = shape_of("{\"_placeholder\":true,\"num\":1,\"num\":\"1\"}");
    CHECK(s.bad_placeholder);
}

TEST(bad_placeholders) /* C17-C21, CVE-2022-2421 */
{
    static const char *const bad[] = {
        "{\"_placeholder\":true}",
        "{\"_placeholder\":true,\"num\":-1}",
        "{\"_placeholder\":true,\"num\":64}",
        "{\"_placeholder\":true,\"num\":0.5}",
        "{\"_placeholder\":true,\"num\":\"0\"}",
        "{\"_placeholder\":true,\"num\":\"splice\"}",
        "{\"_placeholder\":true,\"num\":null}",
        "{\"_placeholder\":true,\"num\":[0]}",
        "{\"_placeholder\":true,\"num\":99999999999999999999}",
        "{\"_placeholder\":true,\"num\":{\"_placeholder\":true,\"num\":0}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(shape_of(bad[i]).bad_placeholder);
}

TEST(scan_reports_what_the_reader_does)
{
    struct sio_json_shape s;
    CHECK_EQ_INT(sio_json_scan(SIO_LIT("[1,]"), 128, &s, NULL), SIO_EPROTO);
    CHECK_EQ_INT(sio_json_scan(SIO_LIT("[1] x"), 128, &s, NULL), SIO_EPROTO);
    CHECK_EQ_INT(sio_json_scan(SIO_LIT("[\"\xff\"]"), 128, &s, NULL), SIO_EUTF8);
    CHECK_EQ_INT(sio_json_scan(SIO_LIT("[[[1]]]"), 2, &s, NULL), SIO_EDEPTH);
}

/* What a reader of the tape gets is what a reader of the text gets. */
static void expect_same_tokens(struct sio_slice text, const struct sio_json_tape *tape)
{
    struct sio_json_reader plain, taped;
    struct sio_json_token a, b;
    sio_json_reader_init(&plain, text, 128);
    sio_json_reader_init_taped(&taped, tape);
    do {
        CHECK_EQ_INT(sio_json_next(&plain, &a), 0);
        CHECK_EQ_INT(sio_json_next(&taped, &b), 0);
        CHECK_EQ_INT(a.type, b.type);
        CHECK_EQ_INT(a.escaped, b.escaped);
        CHECK_EQ_INT(a.integer, b.integer);
        if (a.type == SIO_JSON_KEY || a.type == SIO_JSON_STRING || a.type == SIO_JSON_NUMBER)
            CHECK_EQ_SLICE(a.raw, b.raw);
    } while (a.type != SIO_JSON_END);
}

TEST(tape)
{
    struct sio_slice text = SIO_LIT("[\"a\\n\",{\"k\":[-1,1.5,true,null]},\"\"]");
    struct sio_json_shape s;
    struct sio_json_tape tape;
    CHECK_EQ_INT(sio_json_scan(text, 128, &s, &tape), 0);
    CHECK_EQ_INT(tape.n, 14);
    expect_same_tokens(text, &tape);
}

TEST(tape_at_its_limit)
{
    struct sio_buf b = {0};
    struct sio_json_shape s;
    struct sio_json_tape tape;
    sio_buf_append_slice(&b, SIO_LIT("[0"));
    for (int i = 4; i < SIO_JSON_TAPE_MAX; i++) /* brackets, end and the first are four */
        sio_buf_append_slice(&b, SIO_LIT(",1"));
    sio_buf_append_char(&b, ']');
    CHECK_EQ_INT(sio_json_scan(sio_buf_slice(&b), 128, &s, &tape), 0);
    CHECK_EQ_INT(tape.n, SIO_JSON_TAPE_MAX);
    expect_same_tokens(sio_buf_slice(&b), &tape);
    b.p[b.len - 1] = ',';
    sio_buf_append_slice(&b, SIO_LIT("1]"));
    CHECK_EQ_INT(sio_json_scan(sio_buf_slice(&b), 128, &s, &tape), 0);
    CHECK_EQ_INT(tape.n, 0);
    CHECK_EQ_INT(s.items, SIO_JSON_TAPE_MAX - 2);
    sio_buf_fini(&b);
}

static void expect_member(const char *object, const char *wanted)
{
    struct sio_buf b = {0};
    int err = sio_json_member(sio_slice_str(object), SIO_LIT("pid"), &b);
    test_context("%s", object);
    CHECK_EQ_INT(err, wanted ? 0 : SIO_ENOENT);
    CHECK_EQ_SLICE(sio_buf_slice(&b), sio_slice_str(wanted ? wanted : ""));
    sio_buf_fini(&b);
}

TEST(member)
{
    expect_member("{\"pid\":\"abc\"}", "abc");
    expect_member("{\"a\":{\"pid\":\"no\"},\"pid\":\"\\u0041\"}", "A");
    expect_member("{\"p\\u0069d\":\"x\"}", "x");
    expect_member("{\"pid\":\"x\",\"pid\":\"y\"}", "y");
    expect_member("{\"pid\":\"x\",\"pid\":1}", NULL);
    expect_member("{\"pid\":\"\"}", "");
    expect_member("{\"pid\":[\"x\"]}", NULL);
    expect_member("{\"a\":\"pid\"}", NULL);
    expect_member("{}", NULL);
    expect_member("[\"pid\",\"x\"]", NULL);
}
