// SPDX-License-Identifier: MIT
/* The X-Forwarded fields: whatever they hold, the answer is an address and a host, or what was
 * there before. The first byte says how the rest is cut into two fields of each name.
 */
#include "codec/forwarded.h"
#include "fuzz.h"

static struct sio_trust trust;

static void check(const struct sio_http_request *r)
{
    static const struct sio_slice before = {"192.0.2.1", 9};
    struct sio_origin origin = {.secure = false};
    struct sio_ip ip;
    struct sio_slice host = sio_forwarded_host(r);
    FUZZ_CHECK(sio_origin_set_address(&origin, before));
    struct sio_http_field bad = sio_forwarded_read(&trust, r, &origin);
    FUZZ_CHECK(sio_ip_parse(sio_origin_address(&origin), &ip) == 0);
    FUZZ_CHECK(strlen(origin.address) == origin.address_len);
    FUZZ_CHECK((bad.name.p == NULL) == (bad.value.p == NULL));
    FUZZ_CHECK(host.p == NULL || (host.len != 0 && host.len <= SIO_FORWARDED_HOST_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (!sio_trust_any(&trust))
        FUZZ_CHECK(sio_trust_add(&trust, sio_slice("10.0.0.0/8", 10)) == 0);
    size_t cut = data[0] < size ? data[0] : size - 1;
    struct sio_slice first = fuzz_copy(sio_slice(data + 1, cut));
    struct sio_slice second = fuzz_copy(sio_slice(data + 1 + cut, size - 1 - cut));
    struct sio_http_field fields[6];
    for (int i = 0; i < 2; i++) {
        struct sio_slice value = i == 0 ? first : second;
        fields[i] = (struct sio_http_field){SIO_LIT("X-Forwarded-For"), value};
        fields[2 + i] = (struct sio_http_field){SIO_LIT("x-forwarded-proto"), value};
        fields[4 + i] = (struct sio_http_field){SIO_LIT("X-Forwarded-Host"), value};
    }
    check(&(struct sio_http_request){.fields = fields, .n_fields = 6});
    free((char *)first.p);
    free((char *)second.p);
    return 0;
}
