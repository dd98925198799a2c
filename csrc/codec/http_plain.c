// SPDX-License-Identifier: MIT
/* The short way through a head. Stands on words and http_head; http_parse.c tries it first.
 *
 * Invariant: a byte that could have another meaning to somebody else (a control character, a tab,
 * a byte above 0x7e, '#') ends it, and so does the end of the input.
 */
#include "codec/http_plain.h"

#include "base/word.h"
#include "codec/http_head.h"

/* High bits where a byte is below `low` or no ASCII character that can be seen, up to the first. */
static uint64_t marks(uint64_t word, unsigned char low)
{
    uint64_t del = word ^ SIO_WORD_ONES * 0x7f;
    return ((word - SIO_WORD_ONES * low) | (del - SIO_WORD_ONES) | word) & SIO_WORD_HIGH_BITS;
}

/* Where it ends, from `at` on; behind the input there are zeroes. */
static size_t text_end(struct sio_slice in, size_t at)
{
    for (; at < in.len; at += 8) {
        uint64_t found = marks(sio_word_at(in, at), ' ');
        if (found != 0)
            return at + sio_word_first(found);
    }
    return in.len;
}

static size_t target_end(struct sio_slice in, size_t at)
{
    for (; at < in.len; at += 8) {
        uint64_t word = sio_word_at(in, at);
        uint64_t found = marks(word, ' ' + 1) | sio_word_find(word, '#');
        if (found != 0)
            return at + sio_word_first(found);
    }
    return in.len;
}

static bool has_at(struct sio_slice in, size_t at, struct sio_slice text)
{
    return at <= in.len && in.len - at >= text.len && memcmp(in.p + at, text.p, text.len) == 0;
}

/* The request line; where the fields begin, or 0. */
static size_t read_line(struct sio_http_request *r, struct sio_slice in)
{
    static const struct sio_slice rest = {" HTTP/1.1\r\n", 11};
    size_t method = has_at(in, 0, SIO_LIT("GET /")) ? 3 : has_at(in, 0, SIO_LIT("POST /")) ? 4 : 0;
    size_t end;
    const char *mark;
    if (method == 0)
        return 0;
    end = target_end(in, method + 1);
    if (!has_at(in, end, rest))
        return 0;
    r->method = sio_slice(in.p, method);
    r->target = sio_slice(in.p + method + 1, end - method - 1);
    mark = memchr(r->target.p, '?', r->target.len);
    r->path = sio_slice(r->target.p, mark ? (size_t)(mark - r->target.p) : r->target.len);
    r->query = sio_slice_from(r->target, mark ? r->path.len + 1 : r->target.len);
    r->minor = 1;
    return end + rest.len;
}

/* The field at `at`; where the next one begins, or 0. */
static size_t read_field(struct sio_http_field *f, struct sio_slice in, size_t at)
{
    size_t colon = at, value, end, next;
    while (colon < in.len && sio_http_is_token_char(in.p[colon]))
        colon++;
    if (colon == at || colon == in.len || in.p[colon] != ':')
        return 0;
    value = colon + 1;
    while (value < in.len && in.p[value] == ' ')
        value++;
    end = text_end(in, value);
    if (!has_at(in, end, SIO_LIT("\r\n")))
        return 0;
    next = end + 2;
    while (end > value && in.p[end - 1] == ' ')
        end--;
    f->name = sio_slice(in.p + at, colon - at);
    f->value = sio_slice(in.p + value, end - value);
    return next;
}

bool sio_http_plain_head(struct sio_http_request *r, struct sio_http_field *fields,
                         struct sio_slice in)
{
    size_t at, n = 0;
    *r = (struct sio_http_request){.fields = fields};
    at = read_line(r, in);
    while (at != 0 && !has_at(in, at, SIO_LIT("\r\n")))
        at = n < SIO_HTTP_HEADERS_MAX ? read_field(&fields[n++], in, at) : 0;
    if (at == 0)
        return false;
    r->n_fields = n;
    r->head = sio_slice(in.p, at + 2);
    return sio_http_head_read_fields(r) == 0 && r->has_body == (r->content_length != 0);
}
