// SPDX-License-Identifier: MIT
/* Polling bodies of protocol v3: the packets read, written again in all three ways, read back as
 * the same packets. The first byte picks the form: '=' text, everything else binary.
 */
#include "base/err.h"
#include "base/utf8.h"
#include "codec/eio_payload_v3.h"
#include "fuzz.h"

struct copies {
    struct sio_buf text, bytes;
};

static void copy(struct copies *to, const struct eio_packet *p)
{
    struct sio_buf text = {0};
    sio_buf_append_char(&text, eio_packet_digit(p->type));
    sio_buf_append_slice(&text, p->data);
    if (p->binary) {
        eio_payload_v3_append_base64(&to->text, p->data);
        eio_payload_v3_append_bytes(&to->bytes, p->data);
    } else {
        eio_payload_v3_append_text(&to->text, sio_buf_slice(&text));
        eio_payload_v3_append_text_bytes(&to->bytes, sio_buf_slice(&text));
    }
    sio_buf_fini(&text);
}

/* Reads a body to its end; with `copies`, writes each packet into them. The story names them all.
 */
static struct sio_buf read_body(enum eio_payload_form form, struct sio_slice body,
                                struct copies *copies, int *end)
{
    struct eio_payload_reader r;
    struct eio_packet p;
    struct sio_buf story = {0};
    eio_payload_reader_init(&r, form, body);
    while ((*end = eio_payload_next(&r, &p)) == 1) {
        FUZZ_CHECK(p.type <= EIO_NOOP && (!p.binary || p.type == EIO_MESSAGE));
        FUZZ_CHECK(p.binary || sio_utf8_valid(p.data));
        sio_buf_printf(&story, "\n%d %d %zu ", (int)p.type, p.binary, p.data.len);
        sio_buf_append_slice(&story, p.data);
        if (copies != NULL)
            copy(copies, &p);
    }
    FUZZ_CHECK(*end == 0 || *end == SIO_EPROTO);
    eio_payload_reader_fini(&r);
    return story;
}

static void reads_the_same(enum eio_payload_form form, struct sio_buf *body,
                           const struct sio_buf *story)
{
    int end;
    if (body->len > 0) {
        struct sio_buf again = read_body(form, sio_buf_slice(body), NULL, &end);
        FUZZ_CHECK(end == 0);
        FUZZ_SAME(sio_buf_slice(&again), sio_buf_slice(story));
        sio_buf_fini(&again);
    }
    sio_buf_fini(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum eio_payload_form form =
        size > 0 && data[0] == '=' ? EIO_PAYLOAD_V3_TEXT : EIO_PAYLOAD_V3_BINARY;
    struct sio_slice body = fuzz_copy(sio_slice_from(sio_slice(data, size), 1));
    struct copies copies = {0};
    if (form == EIO_PAYLOAD_V3_BINARY || sio_utf8_valid(body)) {
        int end;
        struct sio_buf story = read_body(form, body, &copies, &end);
        reads_the_same(EIO_PAYLOAD_V3_TEXT, &copies.text, &story);
        reads_the_same(EIO_PAYLOAD_V3_BINARY, &copies.bytes, &story);
        sio_buf_fini(&story);
    }
    free((char *)body.p);
    return 0;
}
