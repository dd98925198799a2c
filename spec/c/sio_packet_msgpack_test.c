// SPDX-License-Identifier: MIT
/* codec/sio_packet_msgpack: packets as socket.io-msgpack-parser writes them, and every refusal in
 * its words.
 */
#include "codec/sio_packet_msgpack.h"

#include "base/err.h"
#include "test.h"

#include "hex.h"

static struct sio_slice bins[SIO_ATTACHMENTS_MAX];

static void tell(struct sio_buf *story, const struct sio_packet *p)
{
    sio_buf_printf(story, "%d %.*s ", p->type, (int)p->nsp.len, p->nsp.p);
    if (p->has_id)
        sio_buf_append_uint(story, p->id);
    sio_buf_append_char(story, ' ');
    sio_buf_append_slice(story, p->data);
    for (unsigned i = 0; i < p->attachments; i++)
        sio_buf_printf(story, "<%.*s>", (int)bins[i].len, bins[i].p);
}

/* The story is "type nsp id data<binary>...", a refusal "!why". */
static void expect(const char *hex, bool v2, const char *wanted)
{
    struct sio_buf input = {0}, json = {0}, story = {0};
    struct test_guard guard;
    struct sio_packet p;
    const char *why = NULL;
    append_hex(&input, hex);
    test_context("%s", hex);
    test_guard_init(&guard, input.len);
    int err = sio_packet_from_msgpack(test_guard_put(&guard, sio_buf_slice(&input)), v2, &p, &json,
                                      bins, &why);
    if (err != 0) {
        CHECK_EQ_INT(err, SIO_EPROTO);
        sio_buf_printf(&story, "!%s", why ? why : "(no why)");
    } else {
        tell(&story, &p);
    }
    CHECK_EQ_SLICE(sio_buf_slice(&story), sio_slice_str(wanted));
    test_guard_fini(&guard);
    sio_buf_fini(&input);
    sio_buf_fini(&json);
    sio_buf_fini(&story);
}

#define TYPE(n) "a4'type' " n " "
#define NSP "a3'nsp' a1'/' "
#define DATA "a4'data' "
#define ID "a2'id' "
#define UNDEFINED "d4 00 00 "
#define BAD(hex, why) expect(hex, false, "!" why)
#define GOOD(hex, story) expect(hex, false, story)

TEST(packets_of_every_type)
{
    GOOD("82" TYPE("00") NSP, "0 /  ");
    GOOD("83" TYPE("00") NSP DATA "81 a5'token' a1'1'", "0 /  {\"token\":\"1\"}");
    GOOD("83" TYPE("00") NSP DATA "80", "0 /  {}");
    GOOD("82" TYPE("01") NSP, "1 /  ");
    GOOD("83" TYPE("02") NSP DATA "92 a1'a' 01", "2 /  [\"a\",1]");
    GOOD("83" TYPE("02") NSP DATA "91 05", "2 /  [5]");
    GOOD("84" TYPE("02") NSP DATA "91 a1'a'" ID "00", "2 / 0 [\"a\"]");
    GOOD("84" TYPE("03") NSP DATA "90" ID "cc ff", "3 / 255 []");
    GOOD("83" TYPE("04") NSP DATA "81 a7'message' a2'no'", "4 /  {\"message\":\"no\"}");
    GOOD("83" TYPE("04") NSP DATA "a2'no'", "4 /  \"no\"");
    GOOD("83" TYPE("02") "a3'nsp' a5'/chat'" DATA "91 a1'a'", "2 /chat  [\"a\"]");
}

TEST(members_in_any_order_and_others_besides)
{
    GOOD("85" DATA "91 a1'a'"
         "a7'options' 81 a8'compress' c3" ID "07" NSP TYPE("02"),
         "2 / 7 [\"a\"]");
    GOOD("84 01 91 90" TYPE("02") NSP DATA "91 a1'a'", "2 /  [\"a\"]");
    GOOD("84" TYPE("02") NSP DATA "91 a1'a'"
                                  "c0 c0",
         "2 /  [\"a\"]");
    GOOD("de 00 03" TYPE("02") NSP DATA "91 a1'a'", "2 /  [\"a\"]");
    /* of one that comes twice the last counts */
    GOOD("87" TYPE("09") NSP DATA "93 a1'x' c4 01'x' c0" TYPE("02") DATA "92 a1'a' c4 01'b'" ID
                                                                         "90" ID "03",
         "2 / 3 [\"a\",{\"_placeholder\":true,\"num\":0}]<b>");
}

TEST(undefined_is_absent)
{
    GOOD("84" TYPE("00") NSP DATA UNDEFINED ID UNDEFINED, "0 /  ");
    GOOD("84" TYPE("01") NSP DATA UNDEFINED ID UNDEFINED, "1 /  ");
    GOOD("83" TYPE("00") NSP DATA "c0", "0 /  "); /* where there is no undefined */
    BAD("84" TYPE("02") NSP DATA "91 a1'a'" ID "c0", "invalid packet id");
}

TEST(binaries_anywhere)
{
    GOOD("83" TYPE("02") NSP DATA "92 a1'a' c4 02'xy'",
         "2 /  [\"a\",{\"_placeholder\":true,\"num\":0}]<xy>");
    GOOD("84" TYPE("03") NSP DATA "91 c4 00" ID "01",
         "3 / 1 [{\"_placeholder\":true,\"num\":0}]<>");
    GOOD("83" TYPE("00") NSP DATA "81 a1'k' c4 01'b'",
         "0 /  {\"k\":{\"_placeholder\":true,\"num\":0}}<b>");
    BAD("83" TYPE("02") NSP DATA "9c a1'a' c400c400c400c400c400c400c400c400c400c400c400",
        "too many attachments");
}

TEST(what_looks_like_a_placeholder_is_none)
{
    GOOD("83" TYPE("02") NSP DATA "92 a1'a' 82 ac'_placeholder' c3 a3'num' 00",
         "2 /  [\"a\",{\"_placeholder\":true,\"num\":0}]");
    BAD("83" TYPE("02") NSP DATA "93 a1'a' 82 ac'_placeholder' c3 a3'num' 00 c4 01'b'",
        "illegal attachments");
    BAD("83" TYPE("02") NSP DATA "93 a1'a' 81 ac'_placeholder' c3 c4 01'b'", "illegal attachments");
}

TEST(types)
{
    GOOD("83" TYPE("cb 40 00 00 00 00 00 00 00") NSP DATA "91 a1'a'", "2 /  [\"a\"]");
    BAD("82" TYPE("05") NSP, "invalid packet type");
    expect("83" TYPE("05") NSP DATA "91 a1'a'", true, "2 /  [\"a\"]");
    expect("83" TYPE("06") NSP DATA "90", true, "3 /  []");
    expect("83" TYPE("07") NSP DATA "90", true, "!invalid packet type");
    BAD("82" TYPE("ff") NSP, "invalid packet type");
    BAD("82" TYPE("ca 3f 00 00 00") NSP, "invalid packet type"); /* 0.5 */
    BAD("82" TYPE("cb 7f f8 00 00 00 00 00 00") NSP, "invalid packet type");
    BAD("82" TYPE("cf ff ff ff ff ff ff ff ff") NSP, "invalid packet type");
    BAD("82" TYPE("a1'0'") NSP, "invalid packet type");
    BAD("82" TYPE("90") NSP, "invalid packet type");
    BAD("81" NSP, "invalid packet type");
    BAD("80", "invalid packet type");
    BAD("c0", "invalid packet type");
    BAD("00", "invalid packet type");
    BAD("90", "invalid packet type");
}

TEST(namespaces)
{
    struct sio_buf hex = {0};
    GOOD("82" TYPE("00") "a3'nsp' a4'chat'", "0 chat  "); /* there is none of that name */
    BAD("81" TYPE("00"), "invalid namespace");
    BAD("82" TYPE("00") "a3'nsp' c0", "invalid namespace");
    BAD("82" TYPE("00") "a3'nsp' 01", "invalid namespace");
    BAD("82" TYPE("00") "a3'nsp' c4 01'/'", "invalid namespace");
    BAD("82" TYPE("00") "a3'nsp' a2'/' ff", "invalid namespace");
    for (int over = 0; over <= 1; over++) {
        sio_buf_clear(&hex);
        sio_buf_printf(&hex, "82 a4'type' 01 a3'nsp' da %04x '/", SIO_NSP_NAME_MAX + over);
        for (int i = 1; i < SIO_NSP_NAME_MAX + over; i++)
            sio_buf_append_char(&hex, 'n');
        sio_buf_append(&hex, "'", 2);
        struct sio_buf input = {0}, json = {0};
        struct sio_packet p;
        const char *why = NULL;
        append_hex(&input, hex.p);
        CHECK_EQ_INT(sio_packet_from_msgpack(sio_buf_slice(&input), false, &p, &json, bins, &why),
                     over ? SIO_EPROTO : 0);
        CHECK_EQ_STR(why, over ? "invalid namespace" : NULL);
        sio_buf_fini(&input);
        sio_buf_fini(&json);
    }
    sio_buf_fini(&hex);
}

TEST(namespaces_of_v2)
{
    struct sio_buf input = {0}, json = {0};
    struct sio_packet p;
    const char *why = NULL;
    append_hex(&input, "82" TYPE("00") "a3'nsp' a9'/chat?a=b'");
    CHECK_EQ_INT(sio_packet_from_msgpack(sio_buf_slice(&input), true, &p, &json, bins, &why), 0);
    CHECK_SLICE(p.nsp, "/chat");
    CHECK_SLICE(p.query, "a=b");
    sio_buf_fini(&input);
    sio_buf_fini(&json);
    expect("82" TYPE("00") "a3'nsp' a9'/chat?a=b'", false, "0 /chat?a=b  ");
    expect("82" TYPE("00") "a3'nsp' a2'//'", true, "!Invalid URL");
}

TEST(payloads)
{
    BAD("82" TYPE("02") NSP, "invalid payload");
    BAD("83" TYPE("02") NSP DATA "90", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "80", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 c0", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 90", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 c4 01'a'", "invalid payload");
    BAD("83" TYPE("00") NSP DATA "90", "invalid payload");
    BAD("83" TYPE("00") NSP DATA "a1'x'", "invalid payload");
    BAD("83" TYPE("01") NSP DATA "80", "invalid payload");
    BAD("83" TYPE("03") NSP DATA "80", "invalid payload");
    BAD("83" TYPE("04") NSP DATA "01", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "92 a1'a' a1 ff", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 a1'a' 00", "invalid payload"); /* trailing bytes */
    BAD("84" TYPE("02") NSP DATA "91 a1'a'", "invalid payload");    /* a member is missing */
    BAD("", "invalid payload");
    BAD("c1", "invalid payload");
}

TEST(reserved_events)
{
    BAD("83" TYPE("02") NSP DATA "91 a7'connect'", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 aa'disconnect'", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 d9 0d'disconnecting'", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 ad'connect_error'", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 ab'newListener'", "invalid payload");
    BAD("83" TYPE("02") NSP DATA "91 ae'removeListener'", "invalid payload");
}

TEST(ids)
{
    GOOD("84" TYPE("02") NSP DATA "91 a1'a'" ID "cf 00 1f ff ff ff ff ff ff",
         "2 / 9007199254740991 [\"a\"]");
    GOOD("84" TYPE("02") NSP DATA "91 a1'a'" ID "ca 40 40 00 00", "2 / 3 [\"a\"]");
    BAD("84" TYPE("02") NSP DATA "91 a1'a'" ID "cf 00 20 00 00 00 00 00 00", "invalid packet id");
    BAD("84" TYPE("02") NSP DATA "91 a1'a'" ID "ff", "invalid packet id");
    BAD("84" TYPE("02") NSP DATA "91 a1'a'" ID "a1'1'", "invalid packet id");
    BAD("84" TYPE("02") NSP DATA "91 a1'a'" ID "ca 3f c0 00 00", "invalid packet id");
}

TEST(depth_is_that_of_the_data)
{
    for (unsigned over = 0; over <= 1; over++) {
        struct sio_buf input = {0}, json = {0};
        struct sio_packet p;
        const char *why = NULL;
        append_hex(&input, "83" TYPE("02") NSP DATA "92 a1'a'");
        for (unsigned i = 1; i < SIO_JSON_DEPTH_MAX + over; i++)
            append_hex(&input, i == SIO_JSON_DEPTH_MAX + over - 1 ? "90" : "91");
        CHECK_EQ_INT(sio_packet_from_msgpack(sio_buf_slice(&input), false, &p, &json, bins, &why),
                     over ? SIO_EPROTO : 0);
        CHECK_EQ_STR(why, over ? "invalid payload" : NULL);
        sio_buf_fini(&input);
        sio_buf_fini(&json);
    }
}

TEST(cut_off_at_every_byte)
{
    static const char hex[] = "84" TYPE("02") NSP ID "07" DATA "93 a1'a' 81 a1'k' c4 03'xyz' 90";
    struct sio_buf input = {0}, json = {0};
    struct sio_packet p;
    const char *why;
    struct test_guard guard;
    append_hex(&input, hex);
    test_guard_init(&guard, input.len);
    for (size_t len = 0; len < input.len; len++) {
        struct sio_slice cut = test_guard_put(&guard, sio_slice(input.p, len));
        test_context("%zu bytes", len);
        sio_buf_clear(&json);
        CHECK_EQ_INT(sio_packet_from_msgpack(cut, false, &p, &json, bins, &why), SIO_EPROTO);
        CHECK_EQ_STR(why, "invalid payload");
    }
    test_guard_fini(&guard);
    sio_buf_fini(&input);
    sio_buf_fini(&json);
}

static void expect_bytes(const struct sio_packet *p, const char *hex)
{
    static const struct sio_slice out_bins[] = {{"xy", 2}};
    struct sio_buf out = {0}, wanted = {0};
    append_hex(&wanted, hex);
    CHECK_EQ_INT(sio_packet_append_msgpack(&out, p, out_bins), 0);
    CHECK_EQ_SLICE(sio_buf_slice(&out), sio_buf_slice(&wanted));
    sio_buf_fini(&out);
    sio_buf_fini(&wanted);
}

TEST(packets_going_out)
{
    struct sio_packet p = {
        .type = SIO_CONNECT, .nsp = SIO_LIT("/"), .data = SIO_LIT("{\"sid\":\"x\"}")};
    expect_bytes(&p, "83" TYPE("00") NSP DATA "81 a3'sid' a1'x'");
    p = (struct sio_packet){.type = SIO_DISCONNECT, .nsp = SIO_LIT("/chat")};
    expect_bytes(&p, "82" TYPE("01") "a3'nsp' a5'/chat'");
    p = (struct sio_packet){.type = SIO_EVENT,
                            .nsp = SIO_LIT("/"),
                            .has_id = true,
                            .id = 300,
                            .data = SIO_LIT("[\"a\",{\"_placeholder\":true,\"num\":0}]"),
                            .attachments = 1};
    expect_bytes(&p, "84" TYPE("02") NSP ID "cd 01 2c" DATA "92 a1'a' c4 02'xy'");
    p = (struct sio_packet){
        .type = SIO_ACK, .nsp = SIO_LIT("/"), .has_id = true, .data = SIO_LIT("[]")};
    expect_bytes(&p, "84" TYPE("03") NSP ID "00" DATA "90");
}
