// SPDX-License-Identifier: MIT
/* JSON's scalars <-> text (json.h). Stands on buf and utf8; bind/json and the packet layers call
 * it.
 *
 * Writing follows JSON.stringify: short escapes where there are any, \u00xx for the other control
 * characters, everything else as UTF-8.
 */
#include "codec/json.h"
#include "base/err.h"
#include "base/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t hex4(const char *p)
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        char c = p[i];
        v = v << 4 | (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
    }
    return v;
}

/* Code point of the \uXXXX at *at, with its second half if it has one; moves *at behind it. */
static uint32_t read_unit(struct sio_slice raw, size_t *at)
{
    uint32_t high = hex4(raw.p + *at + 2), low;
    *at += 6;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high < 0xdc00 && raw.len - *at >= 6 && raw.p[*at] == '\\' && raw.p[*at + 1] == 'u') {
        low = hex4(raw.p + *at + 2);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *at += 6;
            return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

static void append_code_point(struct sio_buf *out, uint32_t c)
{
    if (c < 0x80) {
        sio_buf_append_char(out, (char)c);
        return;
    }
    if (c < 0x800) {
        sio_buf_append_char(out, (char)(0xc0 | c >> 6));
    } else {
        if (c < 0x10000) {
            sio_buf_append_char(out, (char)(0xe0 | c >> 12));
        } else {
            sio_buf_append_char(out, (char)(0xf0 | c >> 18));
            sio_buf_append_char(out, (char)(0x80 | (c >> 12 & 0x3f)));
        }
        sio_buf_append_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
    }
    sio_buf_append_char(out, (char)(0x80 | (c & 0x3f)));
}

static char unescape_one(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

void sio_json_unescape(struct sio_buf *out, struct sio_slice raw)
{
    size_t at = 0;
    while (at < raw.len) {
        const char *hit = memchr(raw.p + at, '\\', raw.len - at);
        size_t end = hit ? (size_t)(hit - raw.p) : raw.len;
        sio_buf_append(out, raw.p + at, end - at);
        at = end;
        if (hit == NULL)
            break;
        if (raw.p[at + 1] == 'u') {
            append_code_point(out, read_unit(raw, &at));
        } else {
            sio_buf_append_char(out, unescape_one(raw.p[at + 1]));
            at += 2;
        }
    }
}

int sio_json_int(struct sio_slice raw, int64_t *out)
{
    bool negative = raw.len > 0 && raw.p[0] == '-';
    uint64_t limit = negative ? (uint64_t)INT64_MAX + 1 : INT64_MAX, v = 0;
    if (raw.len == (size_t)negative)
        return SIO_EINVAL;
    for (size_t i = negative; i < raw.len; i++) {
        uint64_t digit = (uint64_t)(raw.p[i] - '0');
        if (raw.p[i] < '0' || raw.p[i] > '9')
            return SIO_EINVAL;
        if (v > (limit - digit) / 10)
            return SIO_ETOOBIG;
        v = v * 10 + digit;
    }
    if (negative && v == 0)
        return SIO_ETOOBIG;
    *out = negative ? (int64_t)(0 - v) : (int64_t)v;
    return 0;
}

double sio_json_double(struct sio_slice raw)
{
    struct sio_buf text = {0};
    const char *point = memchr(raw.p, '.', raw.len);
    size_t front = point != NULL ? (size_t)(point - raw.p) : raw.len;
    sio_buf_append(&text, raw.p, front);
    if (point != NULL) /* strtod reads the locale's */
        sio_buf_append_slice(&text, sio_slice_str(localeconv()->decimal_point));
    sio_buf_append_slice(&text, sio_slice_from(raw, front + 1));
    sio_buf_append_char(&text, '\0');
    double v = strtod(text.p, NULL);
    sio_buf_fini(&text);
    return v;
}

/* What follows the backslash of each control character; 0: \u00xx. */
static const char short_escapes[0x20] = {
    ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
};

static void append_escape(struct sio_buf *out, unsigned char c)
{
    char shorthand = c < 0x20 ? short_escapes[c] : (char)c;
    if (shorthand) {
        char two[2] = {'\\', shorthand};
        sio_buf_append(out, two, 2);
    } else {
        sio_buf_append(out, "\\u00", 4);
        sio_buf_append_char(out, (char)('0' + (c >> 4)));
        sio_buf_append_char(out, "0123456789abcdef"[c & 15]);
    }
}

/* The string's characters, escaped; those before `at` are plain. Where `s` is not UTF-8: U+FFFD for
 * the byte, or false. */
static bool append_escaped(struct sio_buf *out, struct sio_slice s, size_t at, bool replace)
{
    size_t from = 0;
    while ((at = sio_json_plain(s, at)) < s.len) {
        unsigned char c = (unsigned char)s.p[at];
        size_t n = c < 0x80 ? 0 : sio_utf8_sequence(sio_slice_from(s, at));
        at += n;
        if (n != 0)
            continue;
        if (c >= 0x80 && !replace)
            return false;
        sio_buf_append(out, s.p + from, at - from);
        if (c >= 0x80)
            append_code_point(out, 0xfffd);
        else
            append_escape(out, c);
        from = ++at;
    }
    if (from < s.len)
        sio_buf_append(out, s.p + from, s.len - from);
    return true;
}

int sio_json_append_string(struct sio_buf *out, struct sio_slice s)
{
    size_t len = out->len, plain = sio_json_plain(s, 0);
    char *at = sio_buf_reserve(out, s.len + 2);
    if (s.len != 0 && plain == s.len) { /* as nearly all are */
        at[0] = '"';
        memcpy(at + 1, s.p, s.len);
        at[s.len + 1] = '"';
        out->len += s.len + 2;
        return 0;
    }
    sio_buf_append_char(out, '"');
    if (!append_escaped(out, s, plain, false)) {
        out->len = len;
        return SIO_EUTF8;
    }
    sio_buf_append_char(out, '"');
    return 0;
}

void sio_json_append_text(struct sio_buf *out, struct sio_slice s)
{
    sio_buf_append_char(out, '"');
    append_escaped(out, s, 0, true);
    sio_buf_append_char(out, '"');
}

/* printf writes the locale's decimal point, which may be a comma or several bytes. */
static void append_number_text(struct sio_buf *out, const char *text)
{
    bool in_point = false;
    for (; *text; text++) {
        bool plain = (*text >= '0' && *text <= '9') || strchr("+-e", *text);
        if (plain)
            sio_buf_append_char(out, *text);
        else if (!in_point)
            sio_buf_append_char(out, '.');
        in_point = !plain;
    }
}

void sio_json_append_double(struct sio_buf *out, double v)
{
    char text[40];
    if (!isfinite(v)) {
        sio_buf_append(out, "null", 4);
        return;
    }
    if (v > -9007199254740992.0 && v < 9007199254740992.0 && v == (double)(int64_t)v) {
        if (v < 0)
            sio_buf_append_char(out, '-');
        sio_buf_append_uint(out, (uint64_t)(v < 0 ? -v : v));
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    append_number_text(out, text);
}
