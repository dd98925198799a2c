// SPDX-License-Identifier: MIT
/* Offers of permessage-deflate: what is agreed on is what both wanted, its answer is an offer that
 * is agreed on in the same words, and with the option off nothing matters.
 */
#include "codec/ws_deflate.h"
#include "fuzz.h"

static int negotiate(struct sio_slice value, const struct sio_ws_terms *wanted,
                     struct sio_ws_terms *agreed)
{
    const struct sio_http_field field = {{"Sec-WebSocket-Extensions", 24}, value};
    const struct sio_http_request r = {.fields = &field, .n_fields = 1};
    return sio_ws_deflate_negotiate(&r, wanted, agreed);
}

static void check_answer(const struct sio_ws_terms *wanted, const struct sio_ws_terms *agreed)
{
    struct sio_ws_terms again;
    struct sio_buf answer = {0}, twice = {0};
    FUZZ_CHECK(agreed->server_no_context_takeover || !wanted->server_no_context_takeover);
    FUZZ_CHECK(agreed->client_no_context_takeover || !wanted->client_no_context_takeover);
    FUZZ_CHECK(sio_ws_window_bits(agreed->server_max_window_bits) <=
               wanted->server_max_window_bits);
    FUZZ_CHECK(sio_ws_window_bits(agreed->client_max_window_bits) <=
               wanted->client_max_window_bits);
    FUZZ_CHECK(sio_ws_window_bits(agreed->server_max_window_bits) >= SIO_DEFLATE_BITS_MIN);
    FUZZ_CHECK(sio_ws_window_bits(agreed->client_max_window_bits) >= SIO_DEFLATE_BITS_MIN);
    sio_ws_deflate_write(&answer, agreed);
    FUZZ_CHECK(negotiate(sio_buf_slice(&answer), wanted, &again) == 0);
    sio_ws_deflate_write(&twice, &again);
    FUZZ_SAME(sio_buf_slice(&twice), sio_buf_slice(&answer));
    sio_buf_fini(&answer);
    sio_buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sio_ws_terms wanted[] = {
        {true, true, true, 15, 15}, {true, false, false, 15, 15}, {true, false, true, 9, 10}};
    const struct sio_ws_terms off = {0};
    struct sio_ws_terms agreed;
    struct sio_slice value = fuzz_copy(sio_slice(data, size));
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (negotiate(value, &wanted[i], &agreed) == 0 && agreed.deflate)
            check_answer(&wanted[i], &agreed);
    FUZZ_CHECK(negotiate(value, &off, &agreed) == 0 && !agreed.deflate);
    free((char *)value.p);
    return 0;
}
