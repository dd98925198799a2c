// SPDX-License-Identifier: MIT
/* PROXY headers: bounded, needed to their last byte, and the same whatever follows. */
#include "base/err.h"
#include "codec/proxy_header.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice bytes = fuzz_copy(sio_slice(data, size));
    struct sio_proxy_header h, again;
    int rc = sio_proxy_header_parse(bytes, &h);
    FUZZ_CHECK(rc == 0 || rc == SIO_EAGAIN || rc == SIO_EPROTO);
    if (rc == SIO_EAGAIN)
        FUZZ_CHECK(size < SIO_PROXY_HEADER_MAX);
    if (rc == 0) {
        struct sio_slice header = fuzz_copy(sio_slice(data, h.len));
        struct sio_origin o;
        FUZZ_CHECK(h.len <= size && h.len <= SIO_PROXY_HEADER_MAX);
        FUZZ_CHECK(sio_proxy_header_parse(header, &again) == 0 && again.len == h.len);
        FUZZ_SAME(sio_origin_address(&again.origin), sio_origin_address(&h.origin));
        FUZZ_CHECK(again.origin.secure == h.origin.secure && again.unknown == h.unknown);
        FUZZ_CHECK(sio_proxy_header_parse(sio_slice(header.p, h.len - 1), &again) == SIO_EAGAIN);
        FUZZ_CHECK(sio_origin_set_address(&o, sio_origin_address(&h.origin)));
        free((char *)header.p);
    }
    free((char *)bytes.p);
    return 0;
}
