// SPDX-License-Identifier: MIT
/* Socket.IO packets: what decodes is in range and, encoded again, decodes to the same. */
#include "base/err.h"
#include "codec/sio_packet.h"
#include "fuzz.h"
#include "sio/v2.h"

static void check_range(const struct sio_packet *p)
{
    bool binary = p->type == SIO_BINARY_EVENT || p->type == SIO_BINARY_ACK;
    FUZZ_CHECK(binary ? p->attachments >= 1 && p->attachments <= SIO_ATTACHMENTS_MAX
                      : p->attachments == 0);
    FUZZ_CHECK(p->nsp.len >= 1 && p->nsp.len <= SIO_NSP_NAME_MAX && p->nsp.p[0] == '/');
    FUZZ_CHECK(p->id <= (UINT64_C(1) << 53) - 1 && (p->has_id || p->id == 0));
    FUZZ_CHECK(!binary || (p->shape.placeholder_mask >> p->attachments) == 0);
    if (p->type == SIO_EVENT || p->type == SIO_BINARY_EVENT)
        FUZZ_CHECK(p->shape.type == SIO_JSON_ARRAY && p->shape.items > 0);
    if (p->type == SIO_DISCONNECT)
        FUZZ_CHECK(p->data.len == 0);
}

static void check_round_trip(const struct sio_packet *p)
{
    struct sio_buf b = {0};
    struct sio_packet again;
    const char *why;
    b.len = sio_packet_head(sio_buf_reserve(&b, SIO_PACKET_HEAD_MAX), p->type, p->attachments,
                            p->nsp, p->has_id, p->id);
    sio_buf_append_slice(&b, p->data);
    FUZZ_CHECK(sio_packet_decode(sio_buf_slice(&b), &again, NULL, &why) == 0);
    FUZZ_CHECK(again.type == p->type && again.attachments == p->attachments);
    FUZZ_CHECK(again.has_id == p->has_id && again.id == p->id);
    FUZZ_SAME(again.nsp, p->nsp);
    FUZZ_SAME(again.data, p->data);
    FUZZ_CHECK(again.shape.items == p->shape.items && again.shape.type == p->shape.type);
    sio_buf_fini(&b);
}

/* As v2 reads it: the same packet, but for what follows a '?' or '#' in the namespace. */
static void check_v2(struct sio_slice text, const struct sio_packet *v5, int err)
{
    struct sio_packet p;
    struct sio_buf auth = {0};
    struct sio_json_shape shape;
    const char *why = NULL;
    int err_v2 = sio_packet_decode_v2(text, &p, NULL, &why);
    FUZZ_CHECK(err_v2 == 0 || (err_v2 == SIO_EPROTO && why != NULL));
    if (err_v2 != 0)
        return;
    FUZZ_CHECK(p.nsp.len <= SIO_NSP_NAME_MAX && p.query.len <= SIO_NSP_QUERY_MAX);
    FUZZ_CHECK(memchr(p.nsp.p, '?', p.nsp.len) == NULL && memchr(p.nsp.p, '#', p.nsp.len) == NULL);
    if (err == 0) {
        FUZZ_CHECK(p.type == v5->type && p.id == v5->id && sio_slice_starts(v5->nsp, p.nsp));
        FUZZ_SAME(p.data, v5->data);
    }
    sio_v2_append_auth(&auth, p.query);
    FUZZ_CHECK(sio_json_scan(sio_buf_slice(&auth), SIO_JSON_DEPTH_MAX, &shape, NULL) == 0);
    FUZZ_CHECK(shape.type == SIO_JSON_OBJECT);
    sio_buf_fini(&auth);
    if (p.data.len != 0)
        FUZZ_CHECK(sio_v2_error(p.data).len <= p.data.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice text = fuzz_copy(sio_slice(data, size));
    struct sio_packet p;
    const char *why = NULL;
    int err = sio_packet_decode(text, &p, NULL, &why);
    FUZZ_CHECK(err == 0 || (err == SIO_EPROTO && why != NULL));
    if (err == 0) {
        check_range(&p);
        check_round_trip(&p);
    }
    check_v2(text, &p, err);
    free((char *)text.p);
    return 0;
}
