// SPDX-License-Identifier: MIT
/* Socket.IO packets in MessagePack: what is accepted is in range, comes back the same when it is
 * written again, and would be accepted as JSON too: no rule holds for one parser alone.
 */
#include "base/err.h"
#include "codec/sio_packet_msgpack.h"
#include "fuzz.h"

struct reading {
    struct sio_packet packet;
    struct sio_buf json;
    struct sio_slice bins[SIO_ATTACHMENTS_MAX];
};

static int read_packet(struct reading *r, struct sio_slice message, bool v2)
{
    const char *why = NULL;
    r->json = (struct sio_buf){0};
    int err = sio_packet_from_msgpack(message, v2, &r->packet, &r->json, r->bins, &why);
    FUZZ_CHECK(err == 0 || (err == SIO_EPROTO && why != NULL));
    return err;
}

static void check_range(const struct reading *r)
{
    const struct sio_packet *p = &r->packet;
    FUZZ_CHECK(p->type <= SIO_CONNECT_ERROR && p->attachments <= SIO_ATTACHMENTS_MAX);
    FUZZ_CHECK(p->nsp.len <= SIO_NSP_NAME_MAX);
    FUZZ_CHECK(p->id <= (UINT64_C(1) << 53) - 1 && (p->has_id || p->id == 0));
    FUZZ_CHECK(p->attachments == 0 || p->shape.placeholders == p->attachments);
    if (p->type == SIO_EVENT)
        FUZZ_CHECK(p->shape.type == SIO_JSON_ARRAY && p->shape.items > 0);
}

static void check_same(const struct sio_packet *a, const struct sio_packet *b)
{
    FUZZ_CHECK(a->has_id == b->has_id && a->id == b->id);
    FUZZ_SAME(a->nsp, b->nsp);
    FUZZ_SAME(a->data, b->data);
}

/* Large integers become floats on the way out, so what is compared is the second reading. */
static void check_round_trip(const struct reading *first)
{
    struct reading second, third;
    struct sio_buf bytes = {0}, again = {0};
    FUZZ_CHECK(sio_packet_append_msgpack(&bytes, &first->packet, first->bins) == 0);
    FUZZ_CHECK(read_packet(&second, sio_buf_slice(&bytes), false) == 0);
    FUZZ_CHECK(second.packet.attachments == first->packet.attachments);
    FUZZ_CHECK(sio_packet_append_msgpack(&again, &second.packet, second.bins) == 0);
    FUZZ_CHECK(read_packet(&third, sio_buf_slice(&again), false) == 0);
    check_same(&second.packet, &third.packet);
    for (unsigned i = 0; i < first->packet.attachments; i++)
        FUZZ_SAME(first->bins[i], third.bins[i]);
    sio_buf_fini(&bytes);
    sio_buf_fini(&again);
    sio_buf_fini(&second.json);
    sio_buf_fini(&third.json);
}

static void check_as_json(const struct sio_packet *p)
{
    static const enum sio_packet_type binary[] = {
        [SIO_EVENT] = SIO_BINARY_EVENT, [SIO_ACK] = SIO_BINARY_ACK};
    struct sio_packet same;
    struct sio_buf text = {0};
    const char *why;
    bool speakable = p->nsp.len > 0 && p->nsp.p[0] == '/' && !memchr(p->nsp.p, ',', p->nsp.len);
    if (!speakable || (p->attachments != 0 && p->type != SIO_EVENT && p->type != SIO_ACK))
        return;
    text.len = sio_packet_head(sio_buf_reserve(&text, SIO_PACKET_HEAD_MAX),
                               p->attachments != 0 ? binary[p->type] : p->type, p->attachments,
                               p->nsp, p->has_id, p->id);
    sio_buf_append_slice(&text, p->data);
    FUZZ_CHECK(sio_packet_decode(sio_buf_slice(&text), &same, NULL, &why) == 0);
    check_same(p, &same);
    sio_buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice input = fuzz_copy(sio_slice(data, size));
    struct reading r;
    if (read_packet(&r, input, false) == 0) {
        check_range(&r);
        check_round_trip(&r);
        check_as_json(&r.packet);
    }
    sio_buf_fini(&r.json);
    if (read_packet(&r, input, true) == 0)
        check_range(&r);
    sio_buf_fini(&r.json);
    free((char *)input.p);
    return 0;
}
