// SPDX-License-Identifier: MIT
/* The JSON reader. Stands on utf8; sio_packet and bind/json call it.
 *
 * A pull tokenizer with one bit of memory per level. What may come next is one of five states, and
 * a state lets exactly the tokens of RFC 8259 through, so whoever reads to SIO_JSON_END has seen a
 * text that JSON.parse accepts (unless it is too deep or not UTF-8).
 */
#include "codec/json.h"

#include "base/err.h"
#include "base/utf8.h"
#include "base/word.h"

enum state {
    WANT_VALUE,
    WANT_VALUE_OR_END, /* behind [ */
    WANT_KEY_OR_END,   /* behind { */
    AFTER_VALUE,       /* a comma or the end of what encloses it */
    AT_END,
};

void sio_json_reader_init(struct sio_json_reader *r, struct sio_slice text, unsigned max_depth)
{
    *r = (struct sio_json_reader){
        .text = text,
        .max_depth = max_depth < SIO_JSON_DEPTH_MAX ? max_depth : SIO_JSON_DEPTH_MAX,
        .state = WANT_VALUE,
    };
}

void sio_json_reader_init_taped(struct sio_json_reader *r, const struct sio_json_tape *tape)
{
    *r = (struct sio_json_reader){.taped = tape->tokens};
}

static bool in_object(const struct sio_json_reader *r)
{
    unsigned level = r->depth - 1;
    return r->stack[level / 8] >> (level % 8) & 1;
}

/* The next byte, or -1 at the end of the text. */
static inline int peek(const struct sio_json_reader *r)
{
    return r->pos < r->text.len ? (unsigned char)r->text.p[r->pos] : -1;
}

/* The next byte that is no white space, or -1. */
static inline int peek_token(struct sio_json_reader *r)
{
    int c = peek(r);
    while (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
        r->pos++;
        c = peek(r);
    }
    return c;
}

/* Marks what is a quote, a backslash, a control character (as what is behind the end) or not ASCII.
 * A byte above such a one may be marked without need, but the first mark is right. With bit 1
 * turned, the quote is the next one behind the control characters. */
static inline uint64_t special_bytes(uint64_t word)
{
    const uint64_t ones = SIO_WORD_ONES;
    uint64_t low = ((word ^ ones * 0x02) - ones * 0x21) | ((word ^ ones * '\\') - ones);
    return (low | word) & SIO_WORD_HIGH_BITS;
}

static inline uint64_t special_at(struct sio_slice text, size_t at)
{
    return special_bytes(sio_word_load(text.p + at));
}

size_t sio_json_plain(struct sio_slice text, size_t at)
{
    enum { LONG = 64 }; /* what is left, for two words at once to be worth a try */
    for (; at < text.len; at += 8) {
        uint64_t marks = special_bytes(sio_word_at(text, at));
        if (marks != 0)
            return at + sio_word_first(marks);
        while (text.len - at >= LONG && (special_at(text, at + 8) | special_at(text, at + 16)) == 0)
            at += 16;
    }
    return text.len;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Length of the escape sequence at the front of `s`; 0 when it is none. */
static size_t escape_len(struct sio_slice s)
{
    if (s.len < 2)
        return 0;
    if (s.p[1] != 'u')
        return s.p[1] != '\0' && strchr("\"\\/bfnrt", s.p[1]) ? 2 : 0;
    for (size_t i = 2; i < 6; i++)
        if (i >= s.len || !is_hex(s.p[i]))
            return 0;
    return 6;
}

/* Length of the escape sequence or of the character beyond ASCII at the front of `s`; an error when
 * it is neither. */
static int special_len(struct sio_slice s)
{
    size_t n;
    if ((unsigned char)s.p[0] < 0x20)
        return SIO_EPROTO;
    if (s.p[0] == '\\')
        return (n = escape_len(s)) != 0 ? (int)n : SIO_EPROTO;
    return (n = sio_utf8_sequence(s)) != 0 ? (int)n : SIO_EUTF8;
}

/* From behind the opening quote to behind the closing one. */
static int read_string(struct sio_json_reader *r, struct sio_json_token *out)
{
    struct sio_slice text = r->text;
    size_t from = r->pos + 1, at = sio_json_plain(text, from);
    while (at < text.len && text.p[at] != '"') {
        int n = special_len(sio_slice_from(text, at));
        if (n < 0)
            return n;
        out->escaped |= text.p[at] == '\\';
        at = sio_json_plain(text, at + (size_t)n);
    }
    if (at == text.len)
        return SIO_EPROTO;
    out->raw = sio_slice(text.p + from, at - from);
    r->pos = at + 1;
    return 0;
}

/* Past the digits at *at; false when there is none. */
static bool skip_digits(struct sio_slice text, size_t *at)
{
    size_t from = *at;
    while (*at < text.len && text.p[*at] >= '0' && text.p[*at] <= '9')
        ++*at;
    return *at > from;
}

static bool at_char(struct sio_slice text, size_t at, char a, char b)
{
    return at < text.len && (text.p[at] == a || text.p[at] == b);
}

static int read_number(struct sio_json_reader *r, struct sio_json_token *out)
{
    struct sio_slice text = r->text;
    size_t at = r->pos + (text.p[r->pos] == '-'), first = at;
    out->type = SIO_JSON_NUMBER;
    out->integer = true;
    if (!skip_digits(text, &at) || (text.p[first] == '0' && at - first > 1))
        return SIO_EPROTO;
    if (at_char(text, at, '.', '.')) {
        at++;
        out->integer = false;
        if (!skip_digits(text, &at))
            return SIO_EPROTO;
    }
    if (at_char(text, at, 'e', 'E')) {
        at++;
        out->integer = false;
        at += at_char(text, at, '+', '-');
        if (!skip_digits(text, &at))
            return SIO_EPROTO;
    }
    out->raw = sio_slice(text.p + r->pos, at - r->pos);
    r->pos = at;
    return 0;
}

static int read_word(struct sio_json_reader *r, struct sio_json_token *out, enum sio_json_type type,
                     struct sio_slice word)
{
    if (!sio_slice_starts(sio_slice_from(r->text, r->pos), word))
        return SIO_EPROTO;
    out->type = type;
    r->pos += word.len;
    return 0;
}

static int open_level(struct sio_json_reader *r, struct sio_json_token *out, bool object)
{
    unsigned bit = 1u << (r->depth % 8);
    uint8_t *slot = &r->stack[r->depth / 8];
    if (r->depth == r->max_depth)
        return SIO_EDEPTH;
    *slot = (uint8_t)(object ? *slot | bit : *slot & ~bit);
    r->depth++;
    r->pos++;
    r->state = object ? WANT_KEY_OR_END : WANT_VALUE_OR_END;
    out->type = object ? SIO_JSON_OBJECT : SIO_JSON_ARRAY;
    return 0;
}

static int close_level(struct sio_json_reader *r, struct sio_json_token *out)
{
    out->type = in_object(r) ? SIO_JSON_OBJECT_END : SIO_JSON_ARRAY_END;
    r->depth--;
    r->pos++;
    r->state = AFTER_VALUE;
    return 0;
}

/* What begins with `c`. */
static int read_value(struct sio_json_reader *r, int c, struct sio_json_token *out)
{
    r->state = AFTER_VALUE;
    switch (c) {
    case '"':
        out->type = SIO_JSON_STRING;
        return read_string(r, out);
    case '{':
        return open_level(r, out, true);
    case '[':
        return open_level(r, out, false);
    case 't':
        return read_word(r, out, SIO_JSON_TRUE, SIO_LIT("true"));
    case 'f':
        return read_word(r, out, SIO_JSON_FALSE, SIO_LIT("false"));
    case 'n':
        return read_word(r, out, SIO_JSON_NULL, SIO_LIT("null"));
    default:
        return c == '-' || (c >= '0' && c <= '9') ? read_number(r, out) : SIO_EPROTO;
    }
}

static int read_key(struct sio_json_reader *r, int c, struct sio_json_token *out)
{
    int err;
    if (c != '"')
        return SIO_EPROTO;
    out->type = SIO_JSON_KEY;
    err = read_string(r, out);
    if (err)
        return err;
    if (peek_token(r) != ':')
        return SIO_EPROTO;
    r->pos++;
    r->state = WANT_VALUE;
    return 0;
}

/* Behind a value: the end of the text, of the level, or a comma and what it announces. */
static int read_after(struct sio_json_reader *r, int c, struct sio_json_token *out)
{
    bool object;
    if (r->depth == 0) {
        if (c != -1)
            return SIO_EPROTO;
        r->state = AT_END;
        out->type = SIO_JSON_END;
        return 0;
    }
    object = in_object(r);
    if (c == (object ? '}' : ']'))
        return close_level(r, out);
    if (c != ',')
        return SIO_EPROTO;
    r->pos++;
    c = peek_token(r);
    return object ? read_key(r, c, out) : read_value(r, c, out);
}

int sio_json_next(struct sio_json_reader *r, struct sio_json_token *out)
{
    int c;
    if (r->taped != NULL) {
        *out = *r->taped++;
        return 0;
    }
    c = peek_token(r);
    out->escaped = out->integer = false;
    switch ((enum state)r->state) {
    case WANT_VALUE:
        return read_value(r, c, out);
    case WANT_VALUE_OR_END:
        return c == ']' ? close_level(r, out) : read_value(r, c, out);
    case WANT_KEY_OR_END:
        return c == '}' ? close_level(r, out) : read_key(r, c, out);
    case AFTER_VALUE:
        return read_after(r, c, out);
    case AT_END:
        break;
    }
    return SIO_EINVAL;
}
