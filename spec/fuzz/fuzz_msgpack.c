// SPDX-License-Identifier: MIT
/* MessagePack <-> JSON: what is accepted becomes JSON, that becomes MessagePack, and from there on
 * nothing changes any more; what JSON accepts can be written. Reading and skipping agree on where a
 * value ends.
 */
#include "base/err.h"
#include "codec/json.h"
#include "codec/msgpack.h"
#include "fuzz.h"

enum { BINS_MAX = 10 };

struct reading {
    struct sio_buf json;
    struct sio_slice list[BINS_MAX];
    struct sio_msgpack_bins bins;
};

static int read_value(struct reading *r, struct sio_slice *rest)
{
    r->json = (struct sio_buf){0};
    r->bins = (struct sio_msgpack_bins){.list = r->list, .max = BINS_MAX};
    return sio_msgpack_to_json(&r->json, rest, &r->bins);
}

static void write_value(struct sio_buf *out, const struct reading *r)
{
    *out = (struct sio_buf){0};
    FUZZ_CHECK(sio_msgpack_from_json(out, sio_buf_slice(&r->json), r->list, r->bins.n) == 0);
}

static void check_same_bins(const struct reading *a, const struct reading *b)
{
    FUZZ_CHECK(a->bins.n == b->bins.n);
    for (unsigned i = 0; i < a->bins.n; i++)
        FUZZ_SAME(a->list[i], b->list[i]);
}

/* Written and read again it is the same, once integers beyond int64 have become floats. */
static void check_round_trip(const struct reading *first, bool exact)
{
    struct reading second, third;
    struct sio_buf bytes, again;
    write_value(&bytes, first);
    struct sio_slice rest = sio_buf_slice(&bytes);
    FUZZ_CHECK(read_value(&second, &rest) == 0 && rest.len == 0);
    check_same_bins(first, &second);
    if (exact)
        FUZZ_SAME(sio_buf_slice(&first->json), sio_buf_slice(&second.json));
    write_value(&again, &second);
    FUZZ_CHECK(again.len <= bytes.len);
    rest = sio_buf_slice(&again);
    FUZZ_CHECK(read_value(&third, &rest) == 0 && rest.len == 0);
    FUZZ_SAME(sio_buf_slice(&second.json), sio_buf_slice(&third.json));
    sio_buf_fini(&bytes);
    sio_buf_fini(&again);
    sio_buf_fini(&second.json);
    sio_buf_fini(&third.json);
}

static void check_bytes(struct sio_slice input)
{
    struct reading r;
    struct sio_json_shape shape;
    struct sio_slice rest = input, skipped = input;
    int err = read_value(&r, &rest), skip_err = sio_msgpack_skip(&skipped);
    FUZZ_CHECK(err == 0 || err == SIO_EPROTO || err == SIO_EUTF8 || err == SIO_EDEPTH ||
               err == SIO_EFULL);
    FUZZ_CHECK(r.json.len <= 6 * input.len + BINS_MAX * 40 + 32); /* a byte "false," */
    if (err == 0) {
        FUZZ_CHECK(skip_err == 0 && skipped.len == rest.len);
        int scan_err = sio_json_scan(sio_buf_slice(&r.json), SIO_JSON_DEPTH_MAX, &shape, NULL);
        /* an extension is a level deeper in JSON, a binary another one */
        FUZZ_CHECK(scan_err == 0 || scan_err == SIO_EDEPTH);
        FUZZ_CHECK(scan_err != 0 || shape.placeholders >= r.bins.n);
        if (scan_err == 0 && shape.placeholders == r.bins.n)
            check_round_trip(&r, memchr(input.p, 0xcf, input.len) == NULL);
    }
    sio_buf_fini(&r.json);
}

static void check_json(struct sio_slice text)
{
    struct sio_json_shape shape;
    struct sio_buf bytes = {0};
    struct reading r;
    int err = sio_json_scan(text, SIO_JSON_DEPTH_MAX, &shape, NULL);
    FUZZ_CHECK(sio_msgpack_from_json(&bytes, text, NULL, 0) == err);
    if (err == 0) {
        struct sio_slice rest = sio_buf_slice(&bytes);
        FUZZ_CHECK(read_value(&r, &rest) == 0 && rest.len == 0);
        sio_buf_fini(&r.json);
    }
    sio_buf_fini(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice input = fuzz_copy(sio_slice(data, size));
    check_bytes(input);
    check_json(input);
    free((char *)input.p);
    return 0;
}
