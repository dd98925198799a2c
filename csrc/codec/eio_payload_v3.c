// SPDX-License-Identifier: MIT
/* Protocol v3's bodies. Stands on eio_packet, b64 and utf8; the payload reader and engine/payload
 * call it.
 *
 * Upstream's Number() takes " 5", "1e1" and "0x5" for a length; here it is digits. Every length is
 * compared with what is left before anything is cut off, so none can lie or overflow.
 */
#include "codec/eio_payload_v3.h"

#include "base/b64.h"
#include "base/err.h"
#include "base/utf8.h"

enum {
    TEXT_MARK = 0,
    BYTES_MARK = 1,
    LENGTH_END = 0xff, /* behind the digits of the binary form */
    NO_LENGTH = -1,
};

/* ---- lengths --------------------------------------------------------------------------------- */

/* Reads the digits at the front, each `zero` more than its value, up to and with `end`. */
static int64_t cut_length(struct sio_slice *rest, unsigned char zero, unsigned char end)
{
    int64_t length = 0;
    size_t n = 0;
    for (; n < rest->len && (unsigned char)rest->p[n] != end; n++) {
        unsigned digit = (unsigned char)rest->p[n] - (unsigned)zero;
        if (digit > 9 || n == EIO_LENGTH_DIGITS_MAX)
            return NO_LENGTH;
        length = length * 10 + digit;
    }
    if (n == 0 || n == rest->len)
        return NO_LENGTH;
    *rest = sio_slice_from(*rest, n + 1);
    return length;
}

/* UTF-16 units of the sequence that begins with this byte: 0 for one that continues it. */
static unsigned units_of(unsigned char c)
{
    if ((c & 0xc0) == 0x80)
        return 0;
    return c >= 0xf0 ? 2 : 1;
}

static size_t count_units(struct sio_slice text)
{
    size_t units = 0;
    for (size_t i = 0; i < text.len; i++)
        units += units_of((unsigned char)text.p[i]);
    return units;
}

/* Bytes of the first `units` units of valid UTF-8; more than there are when it is shorter, or when
 * they end inside a surrogate pair. */
static size_t bytes_of_units(struct sio_slice text, size_t units)
{
    size_t at = 0;
    for (; at < text.len; at++) {
        unsigned n = units_of((unsigned char)text.p[at]);
        if (n != 0 && units == 0)
            return at;
        if (n > units)
            return text.len + 1;
        units -= n;
    }
    return units == 0 ? at : text.len + 1;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int read_text(struct eio_payload_reader *r, struct sio_slice text, struct eio_packet *out)
{
    if (text.len != 0 && text.p[0] == 'b')
        return eio_packet_decode_base64(EIO_V3, text, &r->scratch, out);
    return eio_packet_decode(text, out);
}

static int cut_text(struct eio_payload_reader *r, struct sio_slice *text)
{
    int64_t units = cut_length(&r->rest, '0', ':');
    size_t len;
    if (units < 0 || (uint64_t)units > r->rest.len)
        return SIO_EPROTO;
    len = bytes_of_units(r->rest, (size_t)units);
    if (len > r->rest.len)
        return SIO_EPROTO;
    *text = sio_slice(r->rest.p, len);
    r->rest = sio_slice_from(r->rest, len);
    return 0;
}

static int cut_binary(struct eio_payload_reader *r, struct sio_slice *packet, bool *binary)
{
    unsigned char mark = r->rest.len != 0 ? (unsigned char)r->rest.p[0] : LENGTH_END;
    int64_t len;
    if (mark != TEXT_MARK && mark != BYTES_MARK)
        return SIO_EPROTO;
    *binary = mark == BYTES_MARK;
    r->rest = sio_slice_from(r->rest, 1);
    len = cut_length(&r->rest, 0, LENGTH_END);
    if (len < 0 || (uint64_t)len > r->rest.len)
        return SIO_EPROTO;
    *packet = sio_slice(r->rest.p, (size_t)len);
    r->rest = sio_slice_from(r->rest, (size_t)len);
    return *binary || sio_utf8_valid(*packet) ? 0 : SIO_EPROTO;
}

int eio_payload_v3_next(struct eio_payload_reader *r, struct eio_packet *out)
{
    struct sio_slice packet;
    bool binary = false;
    int err =
        r->form == EIO_PAYLOAD_V3_TEXT ? cut_text(r, &packet) : cut_binary(r, &packet, &binary);
    if (err == 0 && packet.len == 0)
        *out = (struct eio_packet){.type = EIO_NOOP};
    else if (err == 0 && binary)
        err = eio_packet_decode_bytes(EIO_V3, packet, out);
    else if (err == 0)
        err = read_text(r, packet, out);
    r->done = err != 0 || r->rest.len == 0;
    return err != 0 ? err : 1;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void append_length(struct sio_buf *out, size_t length)
{
    sio_buf_append_uint(out, length);
    sio_buf_append_char(out, ':');
}

void eio_payload_v3_append_text(struct sio_buf *out, struct sio_slice text)
{
    append_length(out, count_units(text));
    sio_buf_append_slice(out, text);
}

void eio_payload_v3_append_base64(struct sio_buf *out, struct sio_slice bytes)
{
    append_length(out, 2 + (bytes.len + 2) / 3 * 4);
    eio_packet_append_base64(EIO_V3, out, bytes);
}

static void append_head(struct sio_buf *out, char mark, size_t length)
{
    size_t at;
    sio_buf_append_char(out, mark);
    at = out->len;
    sio_buf_append_uint(out, length);
    for (; at < out->len; at++)
        out->p[at] = (char)(out->p[at] - '0');
    sio_buf_append_char(out, (char)LENGTH_END);
}

void eio_payload_v3_append_text_bytes(struct sio_buf *out, struct sio_slice text)
{
    append_head(out, TEXT_MARK, text.len);
    sio_buf_append_slice(out, text);
}

void eio_payload_v3_append_bytes(struct sio_buf *out, struct sio_slice bytes)
{
    append_head(out, BYTES_MARK, 1 + bytes.len);
    sio_buf_append_char(out, EIO_MESSAGE);
    sio_buf_append_slice(out, bytes);
}
