// SPDX-License-Identifier: MIT
/* Packets with attachments: put together again, in order, within limits. */
#include "test.h"

#include "sio_fake.h"

TEST(attachments_are_reassembled)
{
    fake_begin();
    struct eio_session *e;
    fake_join_root(0, &e);
    say(e, "52-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]");
    say_binary(e, "one");
    CHECK_LOG("");
    say_binary(e, "two");
    CHECK_LOG("event [\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}] "
              "<one> <two>|");
    say(e, "51-7[\"b\",{\"_placeholder\":true,\"num\":0}]");
    say_binary(e, "x");
    CHECK_LOG("event 7 [\"b\",{\"_placeholder\":true,\"num\":0}] <x>|");
    fake_drop_session(e);
    fake_close();
}

TEST(text_while_attachments_are_missing)
{
    fake_begin();
    struct eio_session *e;
    fake_join_root(0, &e);
    say(e, "51-[\"b\",{\"_placeholder\":true,\"num\":0}]");
    say(e, "2[\"x\"]");
    CHECK_LOG("error got plaintext data when reconstructing a packet|"
              "disconnecting forced close|disconnect forced close|");
    fake_drop_session(e);
    fake_join_root(0, &e);
    say_binary(e, "x");
    CHECK_LOG("error got binary data when not reconstructing a packet|"
              "disconnecting forced close|disconnect forced close|");
    fake_drop_session(e);
    fake_close();
}

TEST(attachment_bytes_are_limited)
{
    fake_prepare();
    sio.options.max_attachment_bytes = 5;
    fake_open();
    struct eio_session *e;
    const char *head =
        "52-[\"b\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]";
    fake_join_root(0, &e);
    say(e, head);
    say_binary(e, "123");
    say_binary(e, "45");
    CHECK(sio.log.len > 6 && memcmp(sio.log.p, "event ", 6) == 0);
    sio_buf_clear(&sio.log);
    say(e, head);
    say_binary(e, "123");
    say_binary(e, "456");
    CHECK_LOG("error attachments too large|disconnecting forced close|disconnect forced close|");
    CHECK_EQ_INT(sio.log_lines, 1);
    fake_drop_session(e);
    fake_close();
}

TEST(server_leaves_while_attachments_are_missing)
{
    fake_begin();
    struct eio_session *e;
    struct sio_socket *s = fake_join_root(0, &e);
    say(e, "51-[\"b\",{\"_placeholder\":true,\"num\":0}]");
    sio_socket_disconnect(s, false);
    sio_buf_clear(&sio.log);
    say_binary(e, "x");
    CHECK_LOG("");
    CHECK_EQ_INT(e->state, EIO_STATE_CLOSED);
    fake_drop_session(e);
    fake_close();
}
