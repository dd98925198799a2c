// SPDX-License-Identifier: MIT
/* base/log_line: both forms, hostile bytes at every place, and lines at their limits. */
#include "base/log_line.h"

#include "base/err.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "test.h"

static char text[SIO_LOG_LINE_MAX], json[SIO_LOG_LINE_MAX];

/* Grammar, UTF-8, one line. */
static bool is_json_line(const char *line)
{
    struct sio_json_reader r;
    struct sio_json_token token;
    int rc;
    sio_json_reader_init(&r, sio_slice_str(line), SIO_JSON_DEPTH_MAX);
    while ((rc = sio_json_next(&r, &token)) == 0 && token.type != SIO_JSON_END)
        ;
    for (const char *at = line; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            return false;
    return rc == 0 && strlen(line) < SIO_LOG_LINE_MAX;
}

/* Nothing that a terminal would act on, and no line that begins like one of ours. */
static bool is_harmless(const char *line)
{
    for (const char *at = line; *at; at++) {
        if ((unsigned char)*at < 0x20 && *at != '\t' && *at != '\n')
            return false;
        if (*at == 0x7f || (*at == '\n' && at[1] != ' ' && at[1] != '\t' && at[1] != '\0'))
            return false;
    }
    return strlen(line) < SIO_LOG_LINE_MAX && sio_utf8_valid(sio_slice_str(line)) &&
           strstr(line, "\xc2\x9b") == NULL;
}

static void make(struct sio_slice message, const struct sio_log_field *fields, size_t n,
                 unsigned suppressed)
{
    struct sio_log_line l = {.level = SIO_LOG_WARN,
                             .wall_ms = UINT64_C(1700000000123),
                             .worker = 2,
                             .pid = 71,
                             .suppressed = suppressed,
                             .message = message,
                             .fields = fields,
                             .n_fields = n};
    size_t text_len = sio_log_line_text(&l, false, false, text);
    size_t json_len = sio_log_line_json(&l, json);
    CHECK_EQ_INT(strlen(text), text_len);
    CHECK_EQ_INT(strlen(json), json_len);
    CHECK(is_harmless(text));
    CHECK(is_json_line(json));
}

TEST(both_forms)
{
    struct sio_log_field fields[] = {{SIO_LIT("sid"), SIO_LIT("abc"), false},
                                     {SIO_LIT("n"), SIO_LIT("12"), true},
                                     {SIO_LIT("word"), SIO_LIT("\"a\""), true},
                                     {SIO_LIT("two"), SIO_LIT("a b"), false}};
    make(SIO_LIT("up"), fields, 4, 3);
    CHECK_EQ_STR(text, "[worker 2] up sid=abc n=12 word=a two=\"a b\" (3 more held back)");
    CHECK_EQ_STR(json, "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"warn\",\"worker\":2,"
                       "\"pid\":71,\"msg\":\"up\",\"sid\":\"abc\",\"n\":12,\"word\":\"a\","
                       "\"two\":\"a b\",\"suppressed\":3}");
}

TEST(fields_cannot_be_taken_for_ours)
{
    struct sio_log_field fields[] = {{SIO_LIT("level"), SIO_LIT("1"), true},
                                     {SIO_LIT("a\"b c"), SIO_LIT("1"), true}};
    make(SIO_LIT("x"), fields, 2, 0);
    CHECK_EQ_STR(text, "[worker 2] x level_=1 \"a\\\"b c\"=1");
    CHECK(strstr(json, ",\"level_\":1,\"a\\\"b c\":1}") != NULL);
}

TEST(hostile_bytes)
{
    make(SIO_LIT("a\x1b[2J\r\n12:00:00 fake\n\tb\x7f\xff\xc2\x9b\xe2\x82"), NULL, 0, 0);
    CHECK_EQ_STR(text, "[worker 2] a\\x1b[2J\\x0d\n    12:00:00 fake\n\tb\\x7f\\xff\\u009b"
                       "\\xe2\\x82");
    CHECK(strstr(json, "\"msg\":\"a\\u001b[2J\\r\\n12:00:00 fake\\n\\tb\\u007f\xef\xbf\xbd\\u009b"
                       "\xef\xbf\xbd\xef\xbf\xbd\"") != NULL);
}

TEST(every_byte_everywhere)
{
    for (unsigned c = 0; c < 256; c++) {
        char bytes[] = {'a', (char)c, 'b', (char)c, (char)c};
        struct sio_slice s = sio_slice(bytes, sizeof bytes);
        struct sio_log_field fields[] = {{s, s, false}, {SIO_LIT("n"), s, false}};
        test_context("byte %u", c);
        make(s, fields, 2, c);
    }
}

/* Characters of every length, so that each place is the one at which the line is full. */
TEST(cut_at_a_character)
{
    static const char *const pieces[] = {"a",    "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                                         "\x1b", "\n",       "\"",           "\xff"};
    static char message[2 * SIO_LOG_LINE_MAX];
    struct sio_log_field field = {SIO_LIT("sid"), SIO_LIT("abc"), false};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        for (size_t shift = 0; shift < 8; shift++) {
            size_t n = shift, len = strlen(pieces[i]);
            memset(message, 'x', shift);
            for (; n + len < sizeof message; n += len)
                memcpy(message + n, pieces[i], len);
            test_context("piece %zu, shift %zu", i, shift);
            make(sio_slice(message, n), &field, 1, UINT32_MAX);
            CHECK(strstr(text, "... sid=abc (4294967295 more held back)") != NULL);
            CHECK(strstr(json, "...\",\"sid\":\"abc\",\"suppressed\":4294967295}") != NULL);
            CHECK(strlen(text) > SIO_LOG_LINE_MAX - 80);
            CHECK(strlen(json) > SIO_LOG_LINE_MAX - 80);
        }
    }
}

TEST(fields_are_whole_or_left_out)
{
    static char big[SIO_LOG_FIELDS_MAX];
    struct sio_log_field fields[] = {{SIO_LIT("big"), {big, sizeof big}, false},
                                     {SIO_LIT("small"), SIO_LIT("1"), true}};
    memset(big, 'x', sizeof big);
    make(SIO_LIT("m"), fields, 2, 0);
    CHECK_EQ_STR(text, "[worker 2] m small=1");
    fields[0].value.len = sizeof big - 100;
    make(SIO_LIT("m"), fields, 2, 0);
    CHECK(strstr(text, " m big=xxx") != NULL && strstr(text, "x small=1") != NULL);
}

TEST(colours_end_where_they_begin)
{
    struct sio_log_line l = {.level = SIO_LOG_ERROR, .message = SIO_LIT("m")};
    sio_log_line_text(&l, true, true, text);
    CHECK_EQ_STR(text + 12, " \x1b[31merror\x1b[0m m");
    l.level = SIO_LOG_INFO;
    sio_log_line_text(&l, true, true, text);
    CHECK_EQ_STR(text + 12, " info m");
}
