// SPDX-License-Identifier: MIT
/* Polling bodies: the packets read, written into a body again, read back as the same packets. */
#include "base/err.h"
#include "codec/eio_payload.h"
#include "fuzz.h"

/* Reads a body to its end; with `out`, writes each packet into it. The story names them all. */
static struct sio_buf read_body(struct sio_slice body, struct sio_buf *out, int *end)
{
    struct eio_payload_reader r;
    struct eio_packet p;
    struct sio_buf story = {0};
    eio_payload_reader_init(&r, EIO_PAYLOAD_V4, body);
    while ((*end = eio_payload_next(&r, &p)) == 1) {
        struct sio_buf text = {0};
        FUZZ_CHECK(p.type <= EIO_NOOP && (!p.binary || p.type == EIO_MESSAGE));
        sio_buf_append_char(&text, eio_packet_digit(p.type));
        sio_buf_append_slice(&text, p.data);
        sio_buf_printf(&story, "\n%d %zu ", p.binary, p.data.len);
        sio_buf_append_slice(&story, sio_buf_slice(&text));
        if (out != NULL && p.binary)
            eio_payload_append_binary(out, p.data);
        else if (out != NULL)
            eio_payload_append_text(out, sio_buf_slice(&text));
        sio_buf_fini(&text);
    }
    FUZZ_CHECK(*end == 0 || *end == SIO_EPROTO);
    eio_payload_reader_fini(&r);
    return story;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice body = fuzz_copy(sio_slice(data, size));
    struct sio_buf written = {0};
    int end, end_again;
    struct sio_buf first = read_body(body, &written, &end);
    if (written.len > 0) {
        struct sio_buf second = read_body(sio_buf_slice(&written), NULL, &end_again);
        FUZZ_CHECK(end_again == 0);
        FUZZ_SAME(sio_buf_slice(&second), sio_buf_slice(&first));
        sio_buf_fini(&second);
    }
    sio_buf_fini(&first);
    sio_buf_fini(&written);
    free((char *)body.p);
    return 0;
}
