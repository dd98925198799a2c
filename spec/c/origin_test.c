// SPDX-License-Identifier: MIT
/* codec/origin: round trip, what is an address, refusals. */
#include "codec/origin.h"

#include "base/err.h"
#include "test.h"

static int decode(struct sio_slice bytes, struct sio_origin *o, bool *present, size_t *left)
{
    struct sio_reader r = {.rest = bytes};
    int err = sio_origin_decode(&r, o, present);
    *left = r.rest.len;
    return err;
}

TEST(origin_round_trip)
{
    struct sio_buf b = {0};
    struct sio_origin o = {.secure = true}, got;
    bool present;
    size_t left;
    REQUIRE(sio_origin_set_address(&o, SIO_LIT("::1")));
    sio_origin_encode(&b, &o);
    CHECK_SLICE(sio_buf_slice(&b), "\x02\x03::1");
    sio_buf_append_slice(&b, SIO_LIT("GET"));
    CHECK_EQ_INT(decode(sio_buf_slice(&b), &got, &present, &left), 0);
    CHECK(present && got.secure && left == 3);
    CHECK_SLICE(sio_origin_address(&got), "::1");
    CHECK(strcmp(got.address, "::1") == 0);
    sio_buf_clear(&b);
    sio_origin_encode(&b, NULL);
    CHECK_EQ_SLICE(sio_buf_slice(&b), sio_slice("\0", 1));
    CHECK_EQ_INT(decode(sio_buf_slice(&b), &got, &present, &left), 0);
    CHECK(!present && left == 0);
    sio_buf_fini(&b);
}

TEST(origin_what_is_an_address)
{
    static const char longest[] = "0000:0000:0000:0000:0000:ffff:192.168.100.200";
    struct sio_origin o = {0};
    CHECK_EQ_INT(sizeof longest - 1, SIO_IP_TEXT_MAX);
    CHECK(sio_origin_set_address(&o, sio_slice_str(longest)));
    CHECK(!sio_origin_set_address(&o, SIO_LIT("0000:0000:0000:0000:0000:ffff:192.168.100.2001")));
    CHECK(!sio_origin_set_address(&o, SIO_LIT("unknown")));
    CHECK(!sio_origin_set_address(&o, SIO_LIT("1.2.3.4\n")));
    CHECK_SLICE(sio_origin_address(&o), "0000:0000:0000:0000:0000:ffff:192.168.100.200");
    CHECK(sio_origin_set_address(&o, sio_slice(NULL, 0)));
    CHECK(o.address[0] == '\0');
}

TEST(origin_refusals)
{
    static const struct sio_slice bad[] = {
        {"", 0}, {"\3", 1}, {"\1", 1}, {"\1\4::1", 5}, {"\2\3:::", 5}, {"\1\56", 2},
    };
    struct test_guard guard;
    struct sio_origin o;
    bool present;
    size_t left;
    test_guard_init(&guard, 8);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_EQ_INT(decode(test_guard_put(&guard, bad[i]), &o, &present, &left), SIO_EPROTO);
    test_guard_fini(&guard);
}
