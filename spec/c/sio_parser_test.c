// SPDX-License-Identifier: MIT
/* The parsers: what each puts on the wire, and a client that speaks MessagePack. What comes in is
 * taken apart in the tests of the codecs; the default parser's way in has sio_attachment_test.
 */
#include "test.h"

#include "base/err.h"
#include "sio/parser.h"
#include "hex.h"
#include "sio_fake.h"

static struct sio_server_options options;
static struct sio_out out;

static void build(const struct sio_parser *parser, struct sio_out_head head)
{
    sio_out_fini(&out);
    sio_server_options_default(&options);
    options.parser = parser;
    sio_out_init(&out, &options, &head);
}

static struct sio_slice message(unsigned i)
{
    return i < out.n ? eio_msg_packet(&out.msgs[i]) : SIO_LIT("(nothing)");
}

TEST(default_is_text_and_attachments)
{
    struct sio_slice bin = SIO_LIT("bin");
    struct sio_out_head head = {
        .type = SIO_EVENT, .nsp = SIO_LIT("/"), .data = SIO_LIT("[\"a\",1]")};
    build(&sio_parser_default, head);
    CHECK_EQ_INT(out.n, 1);
    CHECK_SLICE(message(0), "42[\"a\",1]");
    head.offset = SIO_LIT("e:1");
    head.n_attachments = 1;
    head.attachments = &bin;
    head.nsp = SIO_LIT("/x");
    head.plain = true;
    build(&sio_parser_default, head);
    CHECK_EQ_INT(out.n, 2);
    CHECK_SLICE(message(0), "451-/x,[\"a\",1,\"e:1\"]");
    CHECK_SLICE(message(1), "bin");
    CHECK(out.msgs[1].binary && out.msgs[0].plain && out.msgs[1].plain);
    build(
        &sio_parser_default,
        (struct sio_out_head){
            .type = SIO_ACK, .nsp = SIO_LIT("/"), .has_id = true, .id = 12, .data = SIO_LIT("[]")});
    CHECK_SLICE(message(0), "4312[]");
    sio_out_fini(&out);
}

TEST(msgpack_is_one_binary_message)
{
    struct sio_slice bin = SIO_LIT("bin");
    struct sio_out_head head = {.type = SIO_EVENT,
                                .nsp = SIO_LIT("/x"),
                                .n_attachments = 1,
                                .attachments = &bin,
                                .offset = SIO_LIT("e:1"),
                                .plain = true,
                                .data = SIO_LIT("[\"a\",{\"_placeholder\":true,\"num\":0}]")};
    struct sio_buf wanted = {0};
    build(&sio_parser_msgpack, head);
    CHECK_EQ_INT(out.n, 1);
    CHECK(out.msgs[0].binary && out.msgs[0].plain);
    append_hex(&wanted, "83 a4'type' 02 a3'nsp' a2'/x' a4'data' 93 a1'a' c4 03'bin' a3'e:1'");
    CHECK_EQ_SLICE(message(0), sio_buf_slice(&wanted));
    sio_buf_fini(&wanted);
    sio_out_fini(&out);
}

TEST(a_packet_that_cannot_be_made_is_not_sent)
{
    fake_begin();
    struct eio_session *e = fake_session(0);
    build(&sio_parser_msgpack,
          (struct sio_out_head){.type = SIO_EVENT, .nsp = SIO_LIT("/"), .data = SIO_LIT("[1")});
    CHECK(sio_out_built(&out) && out.n == 0);
    CHECK_EQ_INT(sio_out_send(&out, e, 0), SIO_EPROTO);
    CHECK_EQ_INT(e->n, 0);
    sio_out_fini(&out);
    fake_drop_session(e);
    fake_close();
}

/* ---- a client -------------------------------------------------------------------------------- */

static void say_hex(struct eio_session *e, const char *hex)
{
    struct sio_buf b = {0};
    append_hex(&b, hex);
    if (e->state == EIO_STATE_OPEN)
        e->events->on_message(e->owner, e, sio_buf_slice(&b), true);
    sio_buf_fini(&b);
}

#define ROOT "a3'nsp' a1'/' "
#define CONNECT "82 a4'type' 00" ROOT
#define EVENT(data) "83 a4'type' 02" ROOT "a4'data'" data

static struct eio_session *begin_msgpack(void)
{
    fake_prepare();
    sio.options.parser = &sio_parser_msgpack;
    fake_open();
    struct eio_session *e = fake_session(0);
    say_hex(e, CONNECT);
    return e;
}

TEST(a_client_speaks_msgpack)
{
    struct eio_session *e = begin_msgpack();
    CHECK_LOG("connecting / {}|connection /|");
    CHECK(e->binary[0] && sio_slice_starts(sent(e, 0), SIO_LIT("\x83\xa4type\x00\xa3nsp\xa1/")));
    say_hex(e, EVENT("93 a1'a' 01 c4 02'xy'"));
    CHECK_LOG("event [\"a\",1,{\"_placeholder\":true,\"num\":0}] <xy>|");
    say_hex(e, "84 a4'type' 02" ROOT "a4'data' 91 a1'a' a2'id' 07");
    CHECK_LOG("event 7 [\"a\"]|");
    say_hex(e, "82 a4'type' 01" ROOT);
    CHECK_LOG("disconnecting client namespace disconnect|disconnect client namespace disconnect|");
    fake_drop_session(e);
    fake_close();
}

TEST(a_client_that_speaks_it_badly_is_closed)
{
    static const char *const bad[][2] = {
        {EVENT("91 a7'connect'"), "invalid payload"},
        {"82 a4'type' 09" ROOT, "invalid packet type"},
        {"81 a4'type' 02", "invalid namespace"},
        {"84 a4'type' 02" ROOT "a4'data' 91 a1'a' a2'id' c0", "invalid packet id"},
        {"c1", "invalid payload"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct eio_session *e = begin_msgpack();
        struct sio_buf log = {0};
        sio_buf_clear(&sio.log);
        say_hex(e, bad[i][0]);
        sio_buf_printf(&log, "error %s|disconnecting forced close|disconnect forced close|",
                       bad[i][1]);
        CHECK_EQ_SLICE(sio_buf_slice(&sio.log), sio_buf_slice(&log));
        sio_buf_fini(&log);
        fake_drop_session(e);
        fake_close();
    }
}

TEST(text_is_not_msgpack)
{
    struct eio_session *e = begin_msgpack();
    sio_buf_clear(&sio.log);
    say(e, "2[\"a\"]");
    CHECK_LOG("error Invalid argument|disconnecting forced close|disconnect forced close|");
    fake_drop_session(e);
    fake_close();
}

TEST(a_broadcast_is_made_once_for_all)
{
    struct eio_session *a = begin_msgpack(), *b = fake_session(0);
    say_hex(b, CONNECT);
    forget_sent(a);
    forget_sent(b);
    broadcast(root_of(0), NULL, "[\"news\"]", 0);
    CHECK_EQ_INT(a->n + b->n, 2);
    CHECK(a->binary[0] && b->binary[0]);
    CHECK_EQ_SLICE(sent(a, 0), sent(b, 0));
    fake_drop_session(a);
    fake_drop_session(b);
    fake_close();
}
