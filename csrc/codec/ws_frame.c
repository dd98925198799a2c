// SPDX-License-Identifier: MIT
/* Frames in, messages out. Stands on wslay's frame layer (ws_context.h) and utf8; net/ws_conn calls
 * it. Writing needs no wslay: a server's frame head is two to ten bytes.
 *
 * A message in one frame that lies whole in the input, which nearly all do, is unmasked and handed
 * out where it lies (decision 42). Anything else goes through wslay, which judges it, and is
 * collected as it comes, never ahead of it, so an announced length reserves nothing.
 */
#include "codec/ws_frame.h"

#include "base/err.h"
#include "codec/ws_context.h"

#include <assert.h>

enum { CONTINUATION = 0 };

void sio_ws_reader_init(struct sio_ws_reader *r, size_t max_message)
{
    assert(max_message <= UINT32_MAX);
    *r = (struct sio_ws_reader){.max_message = (uint32_t)max_message};
}

static void drop_context(struct sio_ws_reader *r, bool clean)
{
    if (r->context != NULL)
        sio_ws_context_return(r->pool, r->context, clean);
    r->context = NULL;
}

void sio_ws_reader_fini(struct sio_ws_reader *r)
{
    drop_context(r, r->delivered);
    sio_buf_fini(&r->message);
    sio_ws_deflate_free(r->deflate);
    r->deflate = NULL;
}

static int fail(struct sio_ws_reader *r, int err, uint16_t close_code)
{
    r->close_code = close_code;
    r->delivered = false;
    sio_ws_reader_fini(r);
    return err;
}

static bool is_control(unsigned op)
{
    return op & 8;
}

/* RSV1 belongs to the first frame of a data message (RFC 7692 §6). */
static unsigned allowed_bits(const struct sio_ws_reader *r, unsigned op)
{
    return r->deflate != NULL && (op == SIO_WS_TEXT || op == SIO_WS_BINARY) ? SIO_WS_RSV1 : 0;
}

/* What the first two bytes alone can be wrong in. Control frames that are too long or fragmented
 * and lengths that are not minimal are wslay's to refuse. */
static bool head_ok(const struct sio_ws_reader *r, const uint8_t head[2])
{
    unsigned op = head[0] & 0x0f;
    if ((head[0] & 0x70 & ~allowed_bits(r, op)) != 0 || (head[1] & 0x80) == 0) /* not masked */
        return false;
    if (op == CONTINUATION)
        return r->op != 0;
    if (op == SIO_WS_TEXT || op == SIO_WS_BINARY)
        return r->op == 0;
    return op >= SIO_WS_CLOSE && op <= SIO_WS_PONG;
}

/* What a message costs beside its bytes is time per frame: only small frames add up to more time
 * than their bytes are worth. A length below 126 is told by the second byte. */
static bool is_small(const uint8_t head[2])
{
    return (head[1] & 0x7f) < SIO_WS_FRAGMENT_BYTES;
}

static int begin_frame(struct sio_ws_reader *r, const uint8_t head[2])
{
    if (!head_ok(r, head))
        return fail(r, SIO_EPROTO, 1002);
    r->frame_op = head[0] & 0x0f;
    if (is_control(r->frame_op))
        return 0;
    if (r->op == 0) {
        r->op = r->frame_op;
        r->fragments = 0;
        r->compressed = (head[0] & SIO_WS_RSV1) != 0;
    }
    if (is_small(head) && ++r->fragments > SIO_WS_FRAGMENTS_MAX)
        return fail(r, SIO_ETOOBIG, 1008);
    return 0;
}

/* Looks at the head bytes that have come; 0 when nothing is wrong with them. */
static int check_head(struct sio_ws_reader *r, struct sio_ws_context *c, size_t had)
{
    uint64_t len;
    if (had < 2 && c->head_len >= 2) {
        int err = begin_frame(r, c->head);
        if (err)
            return err;
    }
    if (is_control(r->frame_op) || !sio_ws_context_length(c, &len))
        return 0;
    if (len >> 63 != 0) /* §5.2: no length at all */
        return fail(r, SIO_EPROTO, 1002);
    return len > r->max_message - r->message.len ? fail(r, SIO_ETOOBIG, 1009) : 0;
}

/* Lets wslay have what of *in belongs to the frame. 1: *data is payload, or empty at the end of an
 * empty frame; 0: the input is used up. wslay shows all it takes, so payload_left is also what it
 * will still show. */
static int feed(struct sio_ws_reader *r, struct sio_slice *in, struct sio_slice *data)
{
    struct sio_ws_context *c = r->context;
    struct wslay_frame_iocb frame;
    size_t had = c->head_len, noted = sio_ws_context_note(c, *in), given;
    ssize_t n;
    int err = noted ? check_head(r, c, had) : 0;
    if (err)
        return err;
    *in = sio_slice_from(*in, noted);
    given = in->len < c->payload_left ? in->len : (size_t)c->payload_left;
    c->payload = sio_slice(in->p, given);
    n = wslay_frame_recv(c->wslay, &frame);
    if (n < 0 && n != WSLAY_ERR_WANT_READ)
        return fail(r, SIO_EPROTO, 1002);
    given -= c->payload.len;
    *in = sio_slice_from(*in, given);
    c->payload_left -= given;
    *data = n > 0 ? sio_slice(frame.data, frame.data_length) : sio_slice("", 0);
    return n > 0 || sio_ws_context_done(c);
}

static bool valid_close_code(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int read_close(struct sio_ws_reader *r, struct sio_slice payload, struct sio_ws_event *out)
{
    const uint8_t *p = (const uint8_t *)payload.p;
    out->code = 1005;
    if (payload.len == 0)
        return 1;
    out->code = (uint16_t)(payload.len > 1 ? p[0] << 8 | p[1] : 0);
    if (!valid_close_code(out->code))
        return fail(r, SIO_EPROTO, 1002);
    out->data = sio_slice_from(payload, 2);
    return sio_utf8_valid(out->data) ? 1 : fail(r, SIO_EUTF8, 1007);
}

/* Payload of a control frame; 1 when the frame is complete. */
static int on_control(struct sio_ws_reader *r, struct sio_slice data, bool done,
                      struct sio_ws_event *out)
{
    struct sio_ws_context *c = r->context;
    if (!done || c->control_len != 0) {
        assert(c->control_len + data.len <= SIO_WS_CONTROL_MAX); /* wslay saw the head */
        memcpy(c->control + c->control_len, data.p, data.len);
        c->control_len = (uint8_t)(c->control_len + data.len);
        data = sio_slice(c->control, c->control_len);
    }
    if (!done)
        return 0;
    *out = (struct sio_ws_event){.op = (enum sio_ws_op)r->frame_op, .data = data};
    return out->op == SIO_WS_CLOSE ? read_close(r, data, out) : 1;
}

/* *data is the whole message; what it inflates to replaces it. */
static int inflate_message(struct sio_ws_reader *r, struct sio_slice *data)
{
    const struct sio_inflate_limits limits = {r->max_message, r->op == SIO_WS_TEXT};
    struct sio_buf inflated = {0};
    int err = sio_ws_deflate_read(r->deflate, r->pool, *data, &limits, &inflated);
    sio_buf_fini(&r->message);
    r->message = inflated;
    *data = inflated.len ? sio_buf_slice(&inflated) : sio_slice("", 0);
    return err ? fail(r, err, err == SIO_ETOOBIG ? 1009 : 1007) : 0;
}

/* Payload of a data frame; 1 when the message is complete. `ascii`: there is nothing else in it. */
static int on_data(struct sio_ws_reader *r, struct sio_slice data, bool ascii, bool last,
                   struct sio_ws_event *out)
{
    int err;
    if (r->op == SIO_WS_TEXT && !r->compressed && !ascii &&
        (!sio_utf8_feed(&r->utf8, data) || (last && !sio_utf8_complete(&r->utf8))))
        return fail(r, SIO_EUTF8, 1007);
    if (!last || r->message.len != 0) {
        sio_buf_append_slice(&r->message, data);
        data = sio_buf_slice(&r->message);
    }
    if (!last)
        return 0;
    err = r->compressed ? inflate_message(r, &data) : 0;
    if (err != 0)
        return err;
    *out = (struct sio_ws_event){.op = (enum sio_ws_op)r->op, .data = data};
    r->op = 0;
    return 1;
}

/* What the last event showed. */
static void release(struct sio_ws_reader *r)
{
    if (!r->delivered)
        return;
    r->delivered = false;
    drop_context(r, true);
    if (r->op == 0)
        sio_buf_fini(&r->message);
}

/* The length of the head, mask included, when a message in one frame lies whole in `in`; 0: it is
 * something else, or something is wrong with it. */
static size_t whole_head(const struct sio_ws_reader *r, struct sio_slice in, size_t *len)
{
    const uint8_t *p = (const uint8_t *)in.p;
    size_t head = 6;
    if (r->context != NULL || r->op != 0 || in.len < head || !(p[0] & 0x80))
        return 0;
    *len = p[1] & 0x7f;
    if (*len == 126) {
        *len = (size_t)(p[2] << 8 | p[3]);
        head = *len < 126 ? SIZE_MAX : 8; /* not minimal */
    } else if (*len == 127) {
        head = SIZE_MAX; /* longer than what the loop reads at once */
    }
    if (in.len < head || in.len - head < *len || *len > r->max_message)
        return 0;
    return head_ok(r, p) && !is_control(p[0] & 0x0f) ? head : 0;
}

static int read_whole(struct sio_ws_reader *r, struct sio_slice *in, size_t head, size_t len,
                      struct sio_ws_event *out)
{
    uint8_t *p = (uint8_t *)in->p;
    int err = begin_frame(r, p);
    bool ascii;
    if (err)
        return err;
    ascii = sio_ws_unmask(p + head, p + head, len, p + head - 4, 0);
    *in = sio_slice_from(*in, head + len);
    return on_data(r, sio_slice(p + head, len), ascii, true, out);
}

static int read_part(struct sio_ws_reader *r, struct sio_slice *in, struct sio_ws_event *out)
{
    struct sio_ws_context *c;
    struct sio_slice data;
    bool done;
    int got;
    if (r->context == NULL)
        r->context = sio_ws_context_borrow(r->pool);
    got = feed(r, in, &data);
    if (got <= 0)
        return got;
    c = r->context;
    done = sio_ws_context_done(c);
    got = is_control(r->frame_op) ? on_control(r, data, done, out)
                                  : on_data(r, data, false, done && (c->head[0] & 0x80), out);
    if (got == 0 && done)
        drop_context(r, true);
    return got;
}

/* 1: an event; 0: go on while there is input. */
static int step(struct sio_ws_reader *r, struct sio_slice *in, struct sio_ws_event *out)
{
    size_t len, head = whole_head(r, *in, &len);
    int got = head != 0 ? read_whole(r, in, head, len, out) : read_part(r, in, out);
    r->delivered = got == 1;
    return got;
}

int sio_ws_read(struct sio_ws_reader *r, struct sio_slice *in, struct sio_ws_event *out)
{
    release(r);
    if (r->close_code != 0)
        return SIO_EPROTO;
    while (in->len > 0) {
        int got = step(r, in, out);
        if (got != 0)
            return got;
    }
    return 0;
}

bool sio_ws_reader_partial(const struct sio_ws_reader *r)
{
    return r->context != NULL || r->op != 0;
}

size_t sio_ws_frame_head(char out[SIO_WS_HEAD_MAX], enum sio_ws_op op, uint64_t len)
{
    size_t extended = len < 126 ? 0 : len < 65536 ? 2 : 8;
    out[0] = (char)(0x80 | (int)op);
    out[1] = (char)(extended == 0 ? len : extended == 2 ? 126 : 127);
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (char)(len >> 8 * (extended - 1 - i));
    return 2 + extended;
}
