// SPDX-License-Identifier: MIT
/* Accept-Encoding, and the coders behind Content-Encoding. Stands on deflate and, where it is,
 * libbrotlienc; engine/compress and bind's core.compress call it.
 */
#include "codec/http_coding.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

#ifdef SIO_BROTLI
#include <brotli/encode.h>
static const bool have_brotli = true;
#else
static const bool have_brotli = false;
#endif

static const struct sio_slice names[SIO_CODINGS] = {
    {"identity", 8}, {"deflate", 7}, {"gzip", 4}, {"br", 2}};

struct sio_slice sio_coding_name(enum sio_coding c)
{
    return names[c];
}

/* ---- what the client wants ------------------------------------------------------------------- */

enum { ANY = SIO_CODINGS, UNNAMED = -1, WEIGHT_ONE = 1000 };

/* Weights in thousandths, UNNAMED at first. */
struct wishes {
    int of[SIO_CODINGS + 1]; /* the last one: "*" */
};

static struct sio_slice trim(struct sio_slice s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = sio_slice_from(s, 1);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Cuts what is in front of the next `at`, trimmed, and that off *rest. */
static struct sio_slice cut(struct sio_slice *rest, char at)
{
    const char *end = rest->len ? memchr(rest->p, at, rest->len) : NULL;
    size_t n = end ? (size_t)(end - rest->p) : rest->len;
    struct sio_slice part = sio_slice(rest->p, n);
    *rest = sio_slice_from(*rest, end ? n + 1 : n);
    return trim(part);
}

/* qvalue (RFC 9110 §12.4.2): "0" or "1", up to three decimals. -1: malformed. */
static int weight(struct sio_slice s)
{
    int value, unit = WEIGHT_ONE;
    if (s.len == 0 || s.len > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.len > 1 && s.p[1] != '.'))
        return -1;
    value = (s.p[0] - '0') * WEIGHT_ONE;
    for (size_t i = 2; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return -1;
        unit /= 10;
        value += (s.p[i] - '0') * unit;
    }
    return value <= WEIGHT_ONE ? value : -1;
}

static int index_of(struct sio_slice name)
{
    if (sio_slice_eq(name, SIO_LIT("*")))
        return ANY;
    if (sio_slice_eq_nocase(name, SIO_LIT("x-gzip"))) /* §8.4.1.3 */
        return SIO_CODING_GZIP;
    for (int i = 0; i < SIO_CODINGS; i++)
        if (sio_slice_eq_nocase(name, names[i]))
            return i;
    return UNNAMED;
}

static void note_item(struct wishes *w, struct sio_slice item)
{
    int which = index_of(cut(&item, ';'));
    struct sio_slice parameter = trim(item);
    int value = WEIGHT_ONE;
    if (parameter.len != 0) {
        bool is_weight =
            parameter.len > 2 && (parameter.p[0] | 0x20) == 'q' && parameter.p[1] == '=';
        value = is_weight ? weight(sio_slice_from(parameter, 2)) : -1;
    }
    if (which != UNNAMED && value >= 0)
        w->of[which] = value;
}

static void note_field(struct wishes *w, struct sio_slice field)
{
    while (field.len > 0)
        note_item(w, cut(&field, ','));
}

static struct wishes no_wishes(void)
{
    struct wishes w;
    for (int i = 0; i <= ANY; i++)
        w.of[i] = UNNAMED;
    return w;
}

static int weight_of(const struct wishes *w, int i)
{
    return w->of[i] != UNNAMED ? w->of[i] : w->of[ANY];
}

/* A client that names identity with a greater weight means it. */
static enum sio_coding best(const struct wishes *w)
{
    enum sio_coding found = SIO_CODING_IDENTITY;
    int highest = w->of[SIO_CODING_IDENTITY] > 0 ? w->of[SIO_CODING_IDENTITY] : 1;
    for (int i = SIO_CODING_DEFLATE; i < SIO_CODINGS; i++) {
        int value = weight_of(w, i);
        if ((i == SIO_CODING_BR && !have_brotli) || value < highest)
            continue;
        highest = value;
        found = (enum sio_coding)i;
    }
    return found;
}

enum sio_coding sio_coding_choose(struct sio_slice accept_encoding)
{
    struct wishes w = no_wishes();
    note_field(&w, accept_encoding);
    return best(&w);
}

bool sio_coding_accepts(struct sio_slice accept_encoding, enum sio_coding c)
{
    struct wishes w = no_wishes();
    note_field(&w, accept_encoding);
    return weight_of(&w, (int)c) > 0;
}

enum sio_coding sio_coding_of_request(const struct sio_http_request *r)
{
    struct wishes w = no_wishes();
    for (size_t i = 0; i < r->n_fields; i++)
        if (sio_slice_eq_nocase(r->fields[i].name, SIO_LIT("Accept-Encoding")))
            note_field(&w, r->fields[i].value);
    return best(&w);
}

/* ---- what it gets ---------------------------------------------------------------------------- */

#ifdef SIO_BROTLI
static void *brotli_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return sio_alloc(size);
}

static void brotli_free(void *opaque, void *p)
{
    (void)opaque;
    sio_free(p);
}

/* As large as the text, so that a short one costs little memory. */
static uint32_t window_for(size_t len)
{
    uint32_t bits = BROTLI_MIN_WINDOW_BITS;
    while (bits < BROTLI_DEFAULT_WINDOW && ((size_t)1 << bits) - 16 < len)
        bits++;
    return bits;
}

static void encode_brotli(unsigned quality, struct sio_slice in, struct sio_buf *out)
{
    BrotliEncoderState *b = BrotliEncoderCreateInstance(brotli_alloc, brotli_free, NULL);
    const uint8_t *next = (const uint8_t *)in.p;
    size_t left = in.len, room = 0;
    BrotliEncoderSetParameter(b, BROTLI_PARAM_QUALITY, quality);
    BrotliEncoderSetParameter(b, BROTLI_PARAM_LGWIN, window_for(in.len));
    BrotliEncoderSetParameter(b, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT);
    BrotliEncoderSetParameter(b, BROTLI_PARAM_SIZE_HINT, (uint32_t)in.len);
    while (!BrotliEncoderIsFinished(b)) {
        size_t n = 0;
        const uint8_t *made;
        if (!BrotliEncoderCompressStream(b, BROTLI_OPERATION_FINISH, &left, &next, &room, NULL,
                                         NULL))
            abort(); /* our parameters are valid, and memory does not fail */
        made = BrotliEncoderTakeOutput(b, &n);
        sio_buf_append(out, made, n);
    }
    BrotliEncoderDestroyInstance(b);
}
#else
static void encode_brotli(unsigned quality, struct sio_slice in, struct sio_buf *out)
{
    (void)quality, (void)in, (void)out;
    abort(); /* it is never chosen */
}
#endif

void sio_coder_encode(struct sio_coder *c, enum sio_coding how, struct sio_slice in,
                      struct sio_buf *out)
{
    assert(how != SIO_CODING_IDENTITY);
    if (how == SIO_CODING_BR) {
        encode_brotli(c->effort.level, in, out);
        return;
    }
    if (c->streams[how] == NULL)
        c->streams[how] =
            sio_deflater_new(how == SIO_CODING_GZIP ? SIO_DEFLATE_GZIP : SIO_DEFLATE_ZLIB,
                             SIO_DEFLATE_BITS_MAX, c->effort);
    sio_deflater_stream(c->streams[how], in, out);
}

void sio_coder_fini(struct sio_coder *c)
{
    for (int i = 0; i < SIO_CODINGS; i++)
        sio_deflater_free(c->streams[i]);
    *c = (struct sio_coder){0};
}
