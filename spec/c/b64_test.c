// SPDX-License-Identifier: MIT
/* base/b64: the RFC's vectors, round trips, and what is refused. */
#include "base/b64.h"

#include "base/err.h"
#include "test.h"

static const struct {
    struct sio_slice plain, text;
} vectors[] = {
    {{"", 0}, {"", 0}},
    {{"f", 1}, {"Zg==", 4}},
    {{"fo", 2}, {"Zm8=", 4}},
    {{"foo", 3}, {"Zm9v", 4}},
    {{"foob", 4}, {"Zm9vYg==", 8}},
    {{"fooba", 5}, {"Zm9vYmE=", 8}},
    {{"foobar", 6}, {"Zm9vYmFy", 8}},
    {{"\xfb\xff\xfe", 3}, {"+//+", 4}},
};

TEST(vectors_of_rfc_4648)
{
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        struct sio_buf b = {0};
        sio_b64_encode(&b, vectors[i].plain);
        CHECK_EQ_SLICE(sio_buf_slice(&b), vectors[i].text);
        sio_buf_clear(&b);
        CHECK_EQ_INT(sio_b64_decode(&b, vectors[i].text), 0);
        CHECK_EQ_SLICE(sio_buf_slice(&b), vectors[i].plain);
        sio_buf_fini(&b);
    }
}

TEST(padding_may_be_absent)
{
    struct sio_buf b = {0};
    CHECK_EQ_INT(sio_b64_decode(&b, SIO_LIT("Zg")), 0);
    CHECK_EQ_INT(sio_b64_decode(&b, SIO_LIT("Zm8")), 0);
    CHECK_SLICE(sio_buf_slice(&b), "ffo");
    sio_buf_fini(&b);
}

TEST(refuses_and_leaves_out_unchanged)
{
    static const char *const bad[] = {
        "A",        "AAAAA", "=",        "==",   "A===", "AA=",
        "AAA==",    "AAAA=", "AAAA====", "A=A=", "!!!!", "AA A",
        "AAA\n",    "AA-_",  "AB",       "AAB",  "AB==", "AAAA\x80\x80\x80\x80",
        "Zg==Zg==",
    };
    struct sio_buf b = {0};
    sio_buf_append_char(&b, 'x');
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        test_context("%s", bad[i]);
        CHECK_EQ_INT(sio_b64_decode(&b, sio_slice_str(bad[i])), SIO_EINVAL);
        CHECK_SLICE(sio_buf_slice(&b), "x");
    }
    sio_buf_fini(&b);
}

TEST(round_trip_of_all_lengths)
{
    unsigned char bytes[300];
    struct sio_buf text = {0}, back = {0};
    struct test_guard guard;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    test_guard_init(&guard, sizeof bytes * 2);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        sio_buf_clear(&text);
        sio_buf_clear(&back);
        sio_b64_encode(&text, test_guard_put(&guard, sio_slice(bytes, len)));
        CHECK_EQ_INT(sio_b64_decode(&back, test_guard_put(&guard, sio_buf_slice(&text))), 0);
        CHECK_EQ_SLICE(sio_buf_slice(&back), sio_slice(bytes, len));
    }
    test_guard_fini(&guard);
    sio_buf_fini(&text);
    sio_buf_fini(&back);
}
