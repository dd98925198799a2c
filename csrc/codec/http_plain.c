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
    return ((word - SIO_WORD_ONES * low) | (word + SIO_WORD_ONES) | word) & SIO_WORD_HIGH_BITS;
}

static uint64_t text_marks(uint64_t word)
{
    return marks(word, ' ');
}

static uint64_t target_marks(uint64_t word)
{
    return marks(word, ' ' + 1) | sio_word_find(word, '#');
}

/* Where a byte is no letter and no '-', which most names have alone. Two additions tell letters:
 * the high bit of the first is set from 'a' on, of the second behind 'z'. */
static uint64_t name_marks(uint64_t word)
{
    uint64_t low = SIO_WORD_ONES * 0x7f, lower = word | SIO_WORD_ONES * 0x20;
    uint64_t letters =
        (lower + SIO_WORD_ONES * (0x80 - 'a')) & ~(lower + SIO_WORD_ONES * (0x7f - 'z'));
    uint64_t dash = word ^ SIO_WORD_ONES * '-';
    uint64_t others = ((dash & low) + low) | dash; /* exact, as what it leaves out is let through */
    return ((others & ~letters) | word) & SIO_WORD_HIGH_BITS;
}

/* Where the first mark is, from `at` on; the end of the input is one. */
static inline size_t run_end(struct sio_slice in, size_t at, uint64_t marks_of(uint64_t word))
{
    for (; in.len - at >= 8; at += 8) {
        uint64_t found = marks_of(sio_word_load(in.p + at));
        if (found != 0)
            return at + sio_word_first(found);
    }
    if (at == in.len)
        return at;
    return at + sio_word_first(marks_of(sio_word_at(in, at))); /* zeroes behind it are marks */
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
    end = run_end(in, method + 1, target_marks);
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
    size_t colon = run_end(in, at, name_marks), value, end, next;
    while (colon < in.len && sio_http_is_token_char(in.p[colon]))
        colon++;
    if (colon == at || colon == in.len || in.p[colon] != ':')
        return 0;
    value = colon + 1;
    while (value < in.len && in.p[value] == ' ')
        value++;
    end = run_end(in, value, text_marks);
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
