// SPDX-License-Identifier: MIT
/* base/buf: growth, numbers, records. */
#include "base/buf.h"

#include "test.h"

TEST(zeroed_is_empty_and_valid)
{
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_buf_slice(&b).len, 0);
    sio_buf_append(&b, NULL, 0);
    sio_buf_consume(&b, 0);
    sio_buf_fini(&b);
    sio_buf_append_char(&b, 'x');
    CHECK_SLICE(sio_buf_slice(&b), "x");
    sio_buf_fini(&b);
    CHECK(b.p == NULL);
}

TEST(append_and_consume)
{
    struct sio_buf b = {0};
    sio_buf_append_slice(&b, SIO_LIT("hello "));
    sio_buf_printf(&b, "%s %d", "world", 42);
    CHECK_SLICE(sio_buf_slice(&b), "hello world 42");
    sio_buf_consume(&b, 6);
    CHECK_SLICE(sio_buf_slice(&b), "world 42");
    sio_buf_consume(&b, 8);
    CHECK_EQ_INT(b.len, 0);
    sio_buf_fini(&b);
}

TEST(growth_is_amortized)
{
    struct sio_buf b = {0};
    size_t grown = 0;
    for (size_t i = 0; i < 100000; i++) {
        size_t cap = b.cap;
        sio_buf_append_char(&b, (char)i);
        grown += b.cap != cap;
    }
    CHECK(grown < 20);
    CHECK_EQ_INT(b.p[77777], (char)77777);
    sio_buf_fini(&b);
}

TEST(reserve_leaves_the_length)
{
    struct sio_buf b = {0};
    char *p = sio_buf_reserve(&b, 1000);
    memset(p, 'a', 1000);
    CHECK_EQ_INT(b.len, 0);
    CHECK(b.cap >= 1000);
    sio_buf_fini(&b);
}

TEST(unsigned_decimals)
{
    struct sio_buf b = {0};
    sio_buf_append_uint(&b, 0);
    sio_buf_append_char(&b, ',');
    sio_buf_append_uint(&b, 1234567890123);
    sio_buf_append_char(&b, ',');
    sio_buf_append_uint(&b, UINT64_MAX);
    CHECK_SLICE(sio_buf_slice(&b), "0,1234567890123,18446744073709551615");
    sio_buf_fini(&b);
}

static void write_record(struct sio_buf *b)
{
    sio_buf_append_u8(b, 0xfe);
    sio_buf_append_u32(b, 0x01020304);
    sio_buf_append_u64(b, UINT64_C(0x1122334455667788));
    sio_buf_append_bytes(b, SIO_LIT("bytes"));
    sio_buf_append_bytes(b, SIO_LIT(""));
}

TEST(records_are_little_endian_and_read_back)
{
    struct sio_buf b = {0};
    struct sio_reader r;
    write_record(&b);
    CHECK_SLICE(sio_slice(b.p, 13), "\xfe\x04\x03\x02\x01\x88\x77\x66\x55\x44\x33\x22\x11");
    r = (struct sio_reader){.rest = sio_buf_slice(&b)};
    CHECK_EQ_INT(sio_reader_u8(&r), 0xfe);
    CHECK_EQ_INT(sio_reader_u32(&r), 0x01020304);
    CHECK(sio_reader_u64(&r) == UINT64_C(0x1122334455667788));
    CHECK_SLICE(sio_reader_bytes(&r), "bytes");
    CHECK_EQ_INT(sio_reader_bytes(&r).len, 0);
    CHECK(!r.bad);
    CHECK_EQ_INT(r.rest.len, 0);
    sio_buf_fini(&b);
}

TEST(a_truncated_record_is_bad_at_every_length)
{
    struct sio_buf b = {0};
    struct test_guard guard;
    write_record(&b);
    test_guard_init(&guard, b.len);
    for (size_t len = 0; len < b.len; len++) {
        struct sio_reader r = {.rest = test_guard_put(&guard, sio_slice(b.p, len))};
        sio_reader_u8(&r);
        sio_reader_u32(&r);
        sio_reader_u64(&r);
        sio_reader_bytes(&r);
        sio_reader_bytes(&r);
        test_context("length %zu", len);
        CHECK(r.bad);
        CHECK_EQ_INT(sio_reader_u32(&r), 0);
    }
    test_guard_fini(&guard);
    sio_buf_fini(&b);
}

TEST(reserving_nothing_in_an_empty_buf)
{
    struct sio_buf b = {0};
    CHECK(sio_buf_reserve(&b, 0) == NULL); /* the undefined-behaviour sanitizer looks */
    CHECK(b.p == NULL);
}
