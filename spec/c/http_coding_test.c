// SPDX-License-Identifier: MIT
/* codec/http_coding: Accept-Encoding, and bodies that inflate to what they were. (Node.js reads br
 * in spec/client: there is a decoder.) */
#include "codec/http_coding.h"

#include <zlib.h>
#ifdef SIO_BROTLI
#define BR "br"
#else
#define BR "gzip" /* the next best */
#endif

#include "test.h"

static void expect(const char *file, int line, const char *field, const char *name)
{
    struct sio_slice got = sio_coding_name(sio_coding_choose(sio_slice_str(field)));
    if (!test_eq_slice(file, line, got, sio_slice_str(name), "coding"))
        printf("# Accept-Encoding: %s\n", field);
}
#define EXPECT(field, name) expect(__FILE__, __LINE__, field, name)

TEST(the_best_of_what_is_named)
{
    EXPECT("", "identity");
    EXPECT("gzip", "gzip");
    EXPECT("deflate", "deflate");
    EXPECT("deflate, gzip", "gzip");
    EXPECT("gzip, deflate, br", BR); /* what browsers say */
    EXPECT("GZip", "gzip");
    EXPECT("x-gzip", "gzip");
    EXPECT("compress, zstd", "identity");
    EXPECT("*", BR);
    EXPECT("identity", "identity");
    EXPECT(" \tgzip\t,deflate ", "gzip");
    EXPECT(",,gzip,,", "gzip");
}

TEST(weights_come_first)
{
    EXPECT("gzip;q=0.5, deflate", "deflate");
    EXPECT("gzip;q=0.5, deflate;q=0.501", "deflate");
    EXPECT("br;q=0.1, gzip;q=0.2, deflate;q=0.3", "deflate");
    EXPECT("gzip;q=1.000, deflate;q=0.999", "gzip");
    EXPECT("gzip ; q=0.8 , deflate ; Q=0.9", "deflate");
    EXPECT("gzip;q=0", "identity");
    EXPECT("gzip;q=0.000, deflate;q=0.001", "deflate");
    EXPECT("*;q=0", "identity");
    EXPECT("*;q=0, gzip", "gzip");
    EXPECT("*, gzip;q=0, br;q=0", "deflate");
    EXPECT("identity;q=1, gzip;q=0.5", "identity");
    EXPECT("identity;q=0.5, gzip;q=0.5", "gzip");
    EXPECT("identity;q=0", "identity"); /* nothing else is named: RFC 9110 lets us send it */
}

TEST(malformed_items_do_not_count)
{
    static const char *const items[] = {
        "gzip;q=2",  "gzip;q=1.1", "gzip;q=1.001", "gzip;q=",       "gzip;q=.5", "gzip;q=0,5x",
        "gzip;q=-1", "gzip;q=a",   "gzip;q=0.1a",  "gzip;q=0.1234", "gzip;x=1",  "gzip;q=0.5;a",
        "gzip gzip", "\"gzip\"",   "gzip;q =1",    "gzi",           "gzipp"};
    char field[64];
    for (size_t i = 0; i < sizeof items / sizeof items[0]; i++) {
        EXPECT(items[i], "identity");
        snprintf(field, sizeof field, "%s, deflate", items[i]);
        EXPECT(field, "deflate");
    }
}

TEST(all_fields_of_a_request_count)
{
    const struct sio_http_field fields[] = {{SIO_LIT("Accept-Encoding"), SIO_LIT("deflate;q=0.5")},
                                            {SIO_LIT("Accept"), SIO_LIT("br")},
                                            {SIO_LIT("accept-ENCODING"), SIO_LIT("gzip")}};
    const struct sio_http_request r = {.fields = fields, .n_fields = 3};
    CHECK_EQ_INT(sio_coding_of_request(&r), SIO_CODING_GZIP);
    CHECK_EQ_INT(sio_coding_of_request(&(struct sio_http_request){0}), SIO_CODING_IDENTITY);
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void inflate_into(struct sio_slice in, struct sio_buf *out)
{
    z_stream z = {.next_in = (z_const Bytef *)in.p, .avail_in = (uInt)in.len};
    REQUIRE(inflateInit2(&z, 15 + 32) == Z_OK); /* gzip or zlib */
    z.next_out = (Bytef *)sio_buf_reserve(out, 1 << 20);
    z.avail_out = 1 << 20;
    CHECK_EQ_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
    CHECK_EQ_INT(z.avail_in, 0);
    out->len = z.total_out;
    inflateEnd(&z);
}

static void round_trip(struct sio_coder *c, enum sio_coding how, size_t len)
{
    struct sio_buf text = {0}, coded = {0}, back = {0};
    for (unsigned i = 0; text.len < len; i++)
        sio_buf_printf(&text, "line %u of a text\n", i % 37);
    text.len = len;
    sio_coder_encode(c, how, sio_buf_slice(&text), &coded);
    inflate_into(sio_buf_slice(&coded), &back);
    CHECK(sio_slice_eq(sio_buf_slice(&back), sio_buf_slice(&text)));
    if (len > 1000)
        CHECK(coded.len * 4 < len);
    if (how == SIO_CODING_GZIP)
        CHECK(sio_slice_starts(sio_buf_slice(&coded), SIO_LIT("\x1f\x8b")));
    sio_buf_fini(&text);
    sio_buf_fini(&coded);
    sio_buf_fini(&back);
}

TEST(bodies_are_what_they_were)
{
    static const size_t lengths[] = {0, 1, 100, 65535, 65536, 1000000};
    struct sio_coder c = {.effort = {SIO_DEFLATE_LEVEL, SIO_DEFLATE_MEM_LEVEL}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (int again = 0; again < 2; again++) {
            round_trip(&c, SIO_CODING_DEFLATE, lengths[i]);
            round_trip(&c, SIO_CODING_GZIP, lengths[i]);
        }
    sio_coder_fini(&c);
}

TEST(what_is_accepted_does_not_depend_on_the_build)
{
    CHECK(sio_coding_accepts(SIO_LIT("br"), SIO_CODING_BR));
    CHECK(!sio_coding_accepts(SIO_LIT("br"), SIO_CODING_GZIP));
    CHECK(sio_coding_accepts(SIO_LIT("*"), SIO_CODING_GZIP));
    CHECK(!sio_coding_accepts(SIO_LIT("*, gzip;q=0"), SIO_CODING_GZIP));
    CHECK(sio_coding_accepts(SIO_LIT("gzip;q=0.001"), SIO_CODING_GZIP));
    CHECK(!sio_coding_accepts(SIO_LIT(""), SIO_CODING_GZIP));
}
