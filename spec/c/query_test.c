// SPDX-License-Identifier: MIT
/* codec/query: parameters, the last wins, decoding. */
#include "codec/query.h"

#include "test.h"

TEST(get)
{
    struct sio_slice q = SIO_LIT("EIO=4&transport=polling&t=a=b&sid=&flag&%45X=1&a+b=2");
    CHECK_SLICE(sio_query_get(q, SIO_LIT("EIO")), "4");
    CHECK_SLICE(sio_query_get(q, SIO_LIT("transport")), "polling");
    CHECK_SLICE(sio_query_get(q, SIO_LIT("t")), "a=b");
    CHECK(sio_query_get(q, SIO_LIT("sid")).p != NULL);
    CHECK_EQ_INT(sio_query_get(q, SIO_LIT("sid")).len, 0);
    CHECK(sio_query_get(q, SIO_LIT("flag")).p != NULL);
    CHECK_SLICE(sio_query_get(q, SIO_LIT("EX")), "1");
    CHECK_SLICE(sio_query_get(q, SIO_LIT("a b")), "2");
    CHECK(sio_query_get(q, SIO_LIT("eio")).p == NULL);
    CHECK(sio_query_get(q, SIO_LIT("")).p == NULL);
    CHECK(sio_query_get(sio_slice(NULL, 0), SIO_LIT("EIO")).p == NULL);
}

TEST(several_in_one_pass)
{
    static const struct sio_slice names[] = {{"sid", 3}, {"EIO", 3}, {"b64", 3}};
    struct sio_slice got[3];
    sio_query_pick(SIO_LIT("EIO=3&si%64=%61&x=1&EIO=4&s+d=2&sid2=3"), names, got, 3);
    CHECK_SLICE(got[0], "%61");
    CHECK_SLICE(got[1], "4");
    CHECK(got[2].p == NULL);
    CHECK(sio_query_is_encoded(got[0]) && sio_query_is_encoded(SIO_LIT("+")));
    CHECK(!sio_query_is_encoded(got[1]) && !sio_query_is_encoded(got[2]));
}

TEST(the_last_wins)
{
    struct sio_slice q = SIO_LIT("transport=polling&transport=websocket");
    CHECK_SLICE(sio_query_get(q, SIO_LIT("transport")), "websocket"); /* H48b */
}

TEST(iteration_skips_empty_pairs)
{
    struct test_guard guard;
    struct sio_slice rest, name, value;
    test_guard_init(&guard, 64);
    rest = test_guard_put(&guard, SIO_LIT("&&a=1&&=x&b&"));
    CHECK(sio_query_next(&rest, &name, &value));
    CHECK_SLICE(name, "a");
    CHECK_SLICE(value, "1");
    CHECK(sio_query_next(&rest, &name, &value));
    CHECK_SLICE(name, "");
    CHECK_SLICE(value, "x");
    CHECK(sio_query_next(&rest, &name, &value));
    CHECK_SLICE(name, "b");
    CHECK_SLICE(value, "");
    CHECK(!sio_query_next(&rest, &name, &value));
    CHECK(!sio_query_next(&rest, &name, &value));
    test_guard_fini(&guard);
}

static void expect(struct sio_slice raw, struct sio_slice wanted)
{
    struct sio_buf b = {0};
    struct test_guard guard;
    test_guard_init(&guard, raw.len);
    sio_query_decode(&b, test_guard_put(&guard, raw));
    CHECK_EQ_SLICE(sio_buf_slice(&b), wanted);
    sio_buf_fini(&b);
    test_guard_fini(&guard);
}

TEST(decode)
{
    expect(SIO_LIT("a%20b+c"), SIO_LIT("a b c"));
    expect(SIO_LIT("%c3%A4%00"), SIO_LIT("\xc3\xa4\0"));
    expect(SIO_LIT("%zz%4"), SIO_LIT("%zz%4")); /* H48e */
    expect(SIO_LIT("%"), SIO_LIT("%"));
    expect(SIO_LIT("%%41"), SIO_LIT("%A"));
    expect(SIO_LIT(""), SIO_LIT(""));
}
