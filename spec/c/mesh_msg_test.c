// SPDX-License-Identifier: MIT
/* codec/mesh_msg: round trip and refusals. */
#include "codec/mesh_msg.h"

#include "base/err.h"
#include "test.h"

static const struct sio_mesh_msg example = {.type = SIO_MESH_CLAIM,
                                            .hops = 2,
                                            .status = 7,
                                            .service = 5,
                                            .request = 0x01020304,
                                            .payload = {"pid", 3}};

TEST(round_trip)
{
    struct sio_buf b = {0};
    struct sio_mesh_msg m;
    sio_mesh_msg_encode(&b, &example);
    CHECK_SLICE(sio_buf_slice(&b), "\x02\x02\x02\x07\x05\x04\x03\x02\x01pid");
    CHECK_EQ_INT(sio_mesh_msg_decode(sio_buf_slice(&b), &m), 0);
    CHECK_EQ_INT(m.type, SIO_MESH_CLAIM);
    CHECK_EQ_INT(m.hops, 2);
    CHECK_EQ_INT(m.status, 7);
    CHECK_EQ_INT(m.service, 5);
    CHECK_EQ_INT(m.request, 0x01020304);
    CHECK_SLICE(m.payload, "pid");
    sio_buf_fini(&b);
}

TEST(a_short_message_is_refused)
{
    struct sio_buf b = {0};
    struct test_guard guard;
    sio_mesh_msg_encode(&b, &example);
    test_guard_init(&guard, b.len);
    for (size_t len = 0; len <= b.len; len++) {
        struct sio_mesh_msg m;
        int wanted = len < SIO_MESH_HEAD ? SIO_EPROTO : 0;
        CHECK_EQ_INT(sio_mesh_msg_decode(test_guard_put(&guard, sio_slice(b.p, len)), &m), wanted);
    }
    test_guard_fini(&guard);
    sio_buf_fini(&b);
}

TEST(fields_out_of_range)
{
    static const struct {
        unsigned at;
        char value;
    } bad[] = {{0, 0}, {0, 3}, {1, 0}, {1, SIO_MESH_TAKEN + 1}, {2, SIO_MESH_HOPS_MAX + 1}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct sio_buf b = {0};
        struct sio_mesh_msg m;
        sio_mesh_msg_encode(&b, &example);
        b.p[bad[i].at] = bad[i].value;
        CHECK_EQ_INT(sio_mesh_msg_decode(sio_buf_slice(&b), &m), SIO_EPROTO);
        sio_buf_fini(&b);
    }
}

TEST(too_long)
{
    struct sio_buf b = {0};
    struct sio_mesh_msg m;
    sio_mesh_msg_encode(&b, &example);
    memset(sio_buf_reserve(&b, SIO_MESH_MSG_MAX), 0, SIO_MESH_MSG_MAX);
    b.len = SIO_MESH_MSG_MAX;
    CHECK_EQ_INT(sio_mesh_msg_decode(sio_buf_slice(&b), &m), 0);
    b.len++;
    CHECK_EQ_INT(sio_mesh_msg_decode(sio_buf_slice(&b), &m), SIO_EPROTO);
    sio_buf_fini(&b);
}
