// SPDX-License-Identifier: MIT
/* Messages of the mesh: what decodes is in range and encodes to the same bytes. */
#include "base/err.h"
#include "codec/mesh_msg.h"
#include "codec/origin.h"
#include "fuzz.h"

static void check_origin(struct sio_slice payload)
{
    struct sio_reader r = {.rest = payload};
    struct sio_origin origin;
    bool present;
    int err = sio_origin_decode(&r, &origin, &present);
    FUZZ_CHECK(err == 0 || err == SIO_EPROTO);
    if (err == 0) {
        struct sio_buf again = {0};
        FUZZ_CHECK(!present || origin.address_len <= SIO_IP_TEXT_MAX);
        sio_origin_encode(&again, present ? &origin : NULL);
        FUZZ_SAME(sio_buf_slice(&again), sio_slice(payload.p, payload.len - r.rest.len));
        sio_buf_fini(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice bytes = fuzz_copy(sio_slice(data, size));
    struct sio_mesh_msg m;
    int err = sio_mesh_msg_decode(bytes, &m);
    FUZZ_CHECK(err == 0 || err == SIO_EPROTO);
    if (err == 0) {
        struct sio_buf again = {0};
        FUZZ_CHECK(m.type >= SIO_MESH_GIVE && m.type <= SIO_MESH_TAKEN);
        FUZZ_CHECK(m.hops <= SIO_MESH_HOPS_MAX && m.payload.len == size - SIO_MESH_HEAD);
        sio_mesh_msg_encode(&again, &m);
        FUZZ_SAME(sio_buf_slice(&again), bytes);
        sio_buf_fini(&again);
        check_origin(m.payload);
    }
    free((char *)bytes.p);
    return 0;
}
