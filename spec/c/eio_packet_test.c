// SPDX-License-Identifier: MIT
/* codec/eio_packet: the seven types and nothing else. */
#include "codec/eio_packet.h"

#include "base/err.h"
#include "test.h"

TEST(every_type)
{
    for (int type = EIO_OPEN; type <= EIO_NOOP; type++) {
        char text[] = {eio_packet_digit((enum eio_packet_type)type), 'x', 'y'};
        struct eio_packet p;
        CHECK_EQ_INT(eio_packet_decode(sio_slice(text, 3), &p), 0);
        CHECK_EQ_INT(p.type, type);
        CHECK(!p.binary);
        CHECK_SLICE(p.data, "xy");
        CHECK_EQ_INT(eio_packet_decode(sio_slice(text, 1), &p), 0);
        CHECK_EQ_INT(p.data.len, 0);
    }
}

TEST(everything_else_is_refused) /* E00 */
{
    struct eio_packet p;
    CHECK_EQ_INT(eio_packet_decode(SIO_LIT(""), &p), SIO_EPROTO);
    CHECK_EQ_INT(eio_packet_decode(sio_slice(NULL, 0), &p), SIO_EPROTO);
    for (int c = 0; c < 256; c++) {
        char text[] = {(char)c, 'x'};
        int wanted = c >= '0' && c <= '6' ? 0 : SIO_EPROTO;
        CHECK_EQ_INT(eio_packet_decode(sio_slice(text, 2), &p), wanted);
    }
}
