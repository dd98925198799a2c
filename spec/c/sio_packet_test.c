// SPDX-License-Identifier: MIT
/* codec/sio_packet: upstream's examples and every refusal of features.md section 3. */
#include "codec/sio_packet.h"

#include "base/clock.h"
#include "base/err.h"
#include "test.h"

/* Decodes text before a guard page; the packet's slices are copied out as "type attachments nsp id
 * data", a refusal as "!why". */
static void expect(struct sio_slice text, const char *wanted)
{
    struct sio_packet p;
    struct sio_buf story = {0};
    struct test_guard guard;
    const char *why = NULL;
    int err;
    test_guard_init(&guard, text.len);
    err = sio_packet_decode(test_guard_put(&guard, text), &p, NULL, &why);
    if (err) {
        CHECK_EQ_INT(err, SIO_EPROTO);
        sio_buf_printf(&story, "!%s", why ? why : "(no why)");
    } else {
        sio_buf_printf(&story, "%d %u %.*s ", p.type, p.attachments, (int)p.nsp.len, p.nsp.p);
        if (p.has_id)
            sio_buf_append_uint(&story, p.id);
        sio_buf_append_char(&story, ' ');
        sio_buf_append_slice(&story, p.data);
    }
    if (!CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(wanted)))
        printf("# input was %s\n", test_quote(text));
    sio_buf_fini(&story);
    test_guard_fini(&guard);
}

#define EXPECT(text, story) expect(SIO_LIT(text), story)
#define INVALID "!invalid payload"

TEST(good_packets)
{
    EXPECT("0", "0 0 /  ");
    EXPECT("0{\"token\":\"1\"}", "0 0 /  {\"token\":\"1\"}");
    EXPECT("0/admin,{\"a\":1}", "0 0 /admin  {\"a\":1}");
    EXPECT("0/admin", "0 0 /admin  ");
    EXPECT("0/admin?token=ok,", "0 0 /admin?token=ok  ");
    EXPECT("1", "1 0 /  ");
    EXPECT("1/admin,", "1 0 /admin  ");
    EXPECT("2[\"foo\"]", "2 0 /  [\"foo\"]");
    EXPECT("212[\"foo\"]", "2 0 / 12 [\"foo\"]");
    EXPECT("2/admin,456[\"project:delete\",123]", "2 0 /admin 456 [\"project:delete\",123]");
    EXPECT("3/admin,456[]", "3 0 /admin 456 []");
    EXPECT("30", "3 0 / 0 ");
    EXPECT("4{\"message\":\"no\"}", "4 0 /  {\"message\":\"no\"}");
    EXPECT("4\"no\"", "4 0 /  \"no\"");
    EXPECT("51-[\"hello\",{\"_placeholder\":true,\"num\":0}]",
           "5 1 /  [\"hello\",{\"_placeholder\":true,\"num\":0}]");
    EXPECT("51-/admin,456[\"x\",{\"_placeholder\":true,\"num\":0}]",
           "5 1 /admin 456 [\"x\",{\"_placeholder\":true,\"num\":0}]");
    EXPECT("61-/admin,456[{\"_placeholder\":true,\"num\":0}]",
           "6 1 /admin 456 [{\"_placeholder\":true,\"num\":0}]");
    EXPECT("2007[\"a\"]", "2 0 / 7 [\"a\"]"); /* S70 */
    EXPECT("29007199254740991[\"a\"]", "2 0 / 9007199254740991 [\"a\"]");
    EXPECT("2[\"a\"] ", "2 0 /  [\"a\"] "); /* as JSON.parse */
}

TEST(types)
{
    static const char *const bad[] = {"", "7", "8", "9", "-", "a", " ", "\xc3\xa9", "\xd9\xa3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) /* S112 */
        expect(sio_slice_str(bad[i]), "!unknown packet type");
    expect(SIO_LIT("\0"), "!unknown packet type");
}

TEST(payload_fits_the_type)
{
    static const char *const bad[] = {
        "0{",          "0[]",         "0\"x\"",    "0null",      "0admin",
        "0 ",          "0 {}",        "0\xc2\xa0", /* S03, S07 */
        "11{}",        "1{}",         "1/a,1[]",   /* S21 */
        "2",           "2[]",         "2{}",       "2null",      "2\"x\"",
        "2[null]",     "2[true]",     "2[{}]",     "2[[]]", /* S24-32 */
        "2[\"a\"",     "2[\"a\",]",   "2[\"a\"]x", "2['a']",     "2[\"a\",NaN]",
        "2[\"a\",01]", "2[\"a\tb\"]", "2 [\"a\"]", "2\t[\"a\"]", "2\n[\"a\"]",
        "2-1[\"a\"]",  "21.5[\"a\"]", /* S64 */
        "2abc[\"a\"]", "30{}",        "3\"x\"",    "4[]",        "4null",
        "61-",         "51-",         "51-{}",     "61-{}",      "51-[]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(sio_slice_str(bad[i]), INVALID);
    expect(SIO_LIT("2[\"a\0\"]"), INVALID); /* F31 */
    expect(SIO_LIT("2[\"\xff\"]"), INVALID);
}

TEST(event_names)
{
    static const char *const reserved[] = {"connect",       "connect_error", "disconnect",
                                           "disconnecting", "newListener",   "removeListener"};
    char text[64];
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) { /* S36-41 */
        snprintf(text, sizeof text, "2[\"%s\"]", reserved[i]);
        expect(sio_slice_str(text), INVALID);
        snprintf(text, sizeof text, "51-[\"%s\"]", reserved[i]);
        expect(sio_slice_str(text), INVALID);
        CHECK(sio_packet_reserved_event(sio_slice_str(reserved[i])));
    }
    EXPECT("2[\"c\\u006fnnect\"]", INVALID);
    EXPECT("2[\"error\"]", "2 0 /  [\"error\"]"); /* S42-46, CVE-2024-38355 */
    EXPECT("2[\"__proto__\"]", "2 0 /  [\"__proto__\"]");
    EXPECT("2[\"\"]", "2 0 /  [\"\"]");
    EXPECT("2[1]", "2 0 /  [1]"); /* S33 */
    EXPECT("3[\"connect\"]", "3 0 /  [\"connect\"]");
    CHECK(!sio_packet_reserved_event(SIO_LIT("Connect")));
    CHECK(!sio_packet_reserved_event(SIO_LIT("")));
}

TEST(ids)
{
    EXPECT("29007199254740992[\"a\"]", INVALID); /* S76 */
    EXPECT("2999999999999999999999999999999[\"a\"]", INVALID);
    EXPECT("218446744073709551616[\"a\"]", INVALID); /* 2^64 must not wrap to 0 */
}

TEST(attachments)
{
    static const char *const illegal[] = {"5",
                                          "6",
                                          "5-[\"a\"]",
                                          "50-[\"a\"]",
                                          "60-[]",
                                          "51[\"a\"]",
                                          "5-1-[\"a\"]",
                                          "51.5-[\"a\"]",
                                          "51e0-[\"a\"]",
                                          "5 1-[\"a\"]",
                                          "50x1-[\"a\"]",
                                          "5+1-[\"a\"]",
                                          "5/a,1-"};
    for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++) /* S94-S108 */
        expect(sio_slice_str(illegal[i]), "!Illegal attachments");
    EXPECT("511-[\"a\"]", "!too many attachments");
    EXPECT("51000000-[\"a\"]", "!too many attachments");
    EXPECT("518446744073709551617-[\"a\"]", "!too many attachments"); /* 2^64+1 */
    EXPECT("510-[\"a\"]", "5 10 /  [\"a\"]"); /* placeholders may be missing: C22 */
}

TEST(placeholders_against_attachments)
{
    EXPECT("51-[\"a\",{\"_placeholder\":true,\"num\":1}]", "!illegal attachments");
    EXPECT("51-[\"a\",{\"_placeholder\":true,\"num\":-1}]", "!illegal attachments");
    EXPECT("51-[\"a\",{\"_placeholder\":true}]", "!illegal attachments");
    EXPECT("51-[\"a\",{\"_placeholder\":true,\"num\":\"splice\"}]", "!illegal attachments");
    EXPECT("61-[{\"_placeholder\":true,\"num\":0.5}]", "!illegal attachments");
    EXPECT("52-[\"a\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":1}]",
           "5 2 /  [\"a\",{\"_placeholder\":true,\"num\":1},{\"_placeholder\":true,\"num\":1}]");
    EXPECT("2[\"a\",{\"_placeholder\":true,\"num\":7}]",
           "2 0 /  [\"a\",{\"_placeholder\":true,\"num\":7}]"); /* C24: an ordinary object */
}

TEST(namespace_length)
{
    struct sio_buf b = {0};
    struct sio_packet p;
    const char *why;
    sio_buf_append_slice(&b, SIO_LIT("0/"));
    memset(sio_buf_reserve(&b, 2000), 'a', 2000);
    b.len = 1 + SIO_NSP_NAME_MAX;
    CHECK_EQ_INT(sio_packet_decode(sio_buf_slice(&b), &p, NULL, &why), 0);
    CHECK_EQ_INT(p.nsp.len, SIO_NSP_NAME_MAX);
    b.len++;
    CHECK_EQ_INT(sio_packet_decode(sio_buf_slice(&b), &p, NULL, &why), SIO_EPROTO); /* S20 */
    CHECK_EQ_STR(why, "invalid namespace");
    sio_buf_fini(&b);
}

TEST(a_megabyte_of_digits_or_namespace_is_quick) /* CVE-2020-36049 */
{
    static const char *const fronts[] = {"5", "40/", "2", "2[\""};
    for (size_t i = 0; i < 4; i++) {
        struct sio_buf b = {0};
        struct sio_packet p;
        const char *why;
        uint64_t start = sio_clock_ms();
        sio_buf_append_slice(&b, sio_slice_str(fronts[i]));
        memset(sio_buf_reserve(&b, 1000000), '1', 1000000);
        b.len += 1000000;
        CHECK_EQ_INT(sio_packet_decode(sio_buf_slice(&b), &p, NULL, &why), SIO_EPROTO);
        CHECK(sio_clock_ms() - start < 200); /* linear is 1 ms; quadratic would be minutes */
        sio_buf_fini(&b);
    }
}

TEST(every_prefix_of_a_packet_is_safe)
{
    struct sio_slice text =
        SIO_LIT("52-/admin,456[\"x\",{\"_placeholder\":true,\"num\":1},\"\\u00e4\xe2\x82\xac\"]");
    struct test_guard guard;
    test_guard_init(&guard, text.len);
    for (size_t len = 0; len < text.len; len++) {
        struct sio_packet p;
        const char *why;
        CHECK_EQ_INT(
            sio_packet_decode(test_guard_put(&guard, sio_slice(text.p, len)), &p, NULL, &why),
            SIO_EPROTO);
    }
    test_guard_fini(&guard);
}

static void append_head(struct sio_buf *b, enum sio_packet_type type, unsigned attachments,
                        struct sio_slice nsp, bool has_id, uint64_t id)
{
    b->len += sio_packet_head(sio_buf_reserve(b, SIO_PACKET_HEAD_MAX), type, attachments, nsp,
                              has_id, id);
}

TEST(heads)
{
    struct sio_buf b = {0};
    append_head(&b, SIO_EVENT, 0, SIO_LIT("/"), false, 0);
    sio_buf_append_char(&b, '\n');
    append_head(&b, SIO_ACK, 0, SIO_LIT("/admin"), true, 0);
    sio_buf_append_char(&b, '\n');
    append_head(&b, SIO_BINARY_EVENT, 2, SIO_LIT("/admin"), true, 9007199254740991);
    sio_buf_append_char(&b, '\n');
    append_head(&b, SIO_DISCONNECT, 0, SIO_LIT("/a"), false, 0);
    CHECK_SLICE(sio_buf_slice(&b), "2\n3/admin,0\n52-/admin,9007199254740991\n1/a,");
    sio_buf_fini(&b);
}

TEST(longest_head)
{
    char name[SIO_NSP_NAME_MAX], head[SIO_PACKET_HEAD_MAX];
    memset(name, '/', sizeof name);
    CHECK_EQ_INT(
        sio_packet_head(head, SIO_BINARY_EVENT, 64, sio_slice(name, sizeof name), true, UINT64_MAX),
        sizeof head);
}
