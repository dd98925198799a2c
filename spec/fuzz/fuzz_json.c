// SPDX-License-Identifier: MIT
/* JSON: the reader accepts what a recursive reading of RFC 8259's grammar accepts, the scanner says
 * the same as the reader, strings and numbers survive a round trip.
 */
#include "base/err.h"
#include "base/utf8.h"
#include "codec/json.h"
#include "fuzz.h"

#include <math.h>

/* ---- the model: RFC 8259 as written down, one function per rule; -1 is failure ----------------
 */

struct model {
    const uint8_t *p, *end;
    unsigned depth;
    size_t items; /* of the outermost array or object */
};

static bool model_value(struct model *m);

static void model_space(struct model *m)
{
    while (m->p < m->end && (*m->p == 0x20 || *m->p == 9 || *m->p == 10 || *m->p == 13))
        m->p++;
}

static bool model_char(struct model *m, char c)
{
    return m->p < m->end && *m->p == (uint8_t)c && m->p++ != NULL;
}

static bool model_digits(struct model *m)
{
    const uint8_t *from = m->p;
    while (m->p < m->end && *m->p >= '0' && *m->p <= '9')
        m->p++;
    return m->p > from;
}

static bool model_number(struct model *m)
{
    model_char(m, '-');
    if (!model_char(m, '0') && !model_digits(m))
        return false;
    if (model_char(m, '.') && !model_digits(m))
        return false;
    if (model_char(m, 'e') || model_char(m, 'E')) {
        if (!model_char(m, '+'))
            model_char(m, '-');
        return model_digits(m);
    }
    return true;
}

static bool model_string(struct model *m)
{
    if (!model_char(m, '"'))
        return false;
    while (m->p < m->end && *m->p != '"') {
        if (*m->p < 0x20)
            return false;
        if (*m->p++ != '\\')
            continue;
        if (m->p == m->end)
            return false;
        if (*m->p == 'u') {
            for (int i = 1; i <= 4; i++)
                if (m->end - m->p <= i || m->p[i] == 0 ||
                    !strchr("0123456789abcdefABCDEF", m->p[i]))
                    return false;
        } else if (*m->p == 0 || !strchr("\"\\/bfnrt", *m->p)) {
            return false;
        }
        m->p++;
    }
    return model_char(m, '"');
}

static bool model_members(struct model *m, bool object)
{
    size_t n = 0;
    char close = object ? '}' : ']';
    if (++m->depth > SIO_JSON_DEPTH_MAX)
        return false;
    model_space(m);
    if (!model_char(m, close)) {
        do {
            model_space(m);
            if (object) {
                if (!model_string(m))
                    return false;
                model_space(m);
                if (!model_char(m, ':'))
                    return false;
            }
            if (!model_value(m))
                return false;
            n++;
        } while (model_char(m, ','));
        if (!model_char(m, close))
            return false;
    }
    if (--m->depth == 0)
        m->items = n;
    return true;
}

static bool model_word(struct model *m, struct sio_slice word)
{
    if (!sio_slice_starts(sio_slice(m->p, (size_t)(m->end - m->p)), word))
        return false;
    m->p += word.len;
    return true;
}

static bool model_value(struct model *m)
{
    bool ok;
    model_space(m);
    if (model_char(m, '['))
        ok = model_members(m, false);
    else if (model_char(m, '{'))
        ok = model_members(m, true);
    else if (m->p < m->end && *m->p == '"')
        ok = model_string(m);
    else
        ok = model_word(m, SIO_LIT("true")) || model_word(m, SIO_LIT("false")) ||
             model_word(m, SIO_LIT("null")) || model_number(m);
    model_space(m);
    return ok;
}

/* ---- properties --------------------------------------------------------------------------------
 */

static void check_string(struct sio_slice raw, bool escaped)
{
    struct sio_buf value = {0}, text = {0}, again = {0};
    struct sio_json_reader r;
    struct sio_json_token t;
    FUZZ_CHECK(escaped == (raw.len > 0 && memchr(raw.p, '\\', raw.len) != NULL));
    sio_json_unescape(&value, raw);
    FUZZ_CHECK(value.len <= raw.len);
    FUZZ_CHECK(sio_json_append_string(&text, sio_buf_slice(&value)) == 0);
    sio_json_reader_init(&r, sio_buf_slice(&text), 1);
    FUZZ_CHECK(sio_json_next(&r, &t) == 0 && t.type == SIO_JSON_STRING);
    sio_json_unescape(&again, t.raw);
    FUZZ_SAME(sio_buf_slice(&again), sio_buf_slice(&value));
    FUZZ_CHECK(sio_json_next(&r, &t) == 0 && t.type == SIO_JSON_END);
    sio_buf_fini(&value);
    sio_buf_fini(&text);
    sio_buf_fini(&again);
}

static void check_number(const struct sio_json_token *t)
{
    struct sio_buf text = {0}, again = {0};
    int64_t n;
    double v, back;
    if (t->integer && sio_json_int(t->raw, &n) == 0) {
        sio_buf_printf(&text, "%lld", (long long)n);
        FUZZ_SAME(sio_buf_slice(&text), t->raw);
        sio_buf_clear(&text);
    }
    sio_buf_append_slice(&text, t->raw);
    sio_buf_append_char(&text, '\0');
    v = strtod(text.p, NULL);
    sio_json_append_double(&again, v);
    sio_buf_append_char(&again, '\0');
    back = strtod(again.p, NULL);
    FUZZ_CHECK(isinf(v) ? strcmp(again.p, "null") == 0 : v == back);
    sio_buf_fini(&text);
    sio_buf_fini(&again);
}

static int read_all(struct sio_slice text)
{
    struct sio_json_reader r;
    struct sio_json_token t;
    sio_json_reader_init(&r, text, SIO_JSON_DEPTH_MAX);
    for (;;) {
        int err = sio_json_next(&r, &t);
        if (err || t.type == SIO_JSON_END)
            return err;
        if (t.type == SIO_JSON_STRING || t.type == SIO_JSON_KEY)
            check_string(t.raw, t.escaped);
        else if (t.type == SIO_JSON_NUMBER)
            check_number(&t);
    }
}

/* A reader of the tape gets what a reader of the text gets. */
static void check_tape(struct sio_slice text, const struct sio_json_tape *tape)
{
    struct sio_json_reader plain, taped;
    struct sio_json_token a, b;
    sio_json_reader_init(&plain, text, SIO_JSON_DEPTH_MAX);
    sio_json_reader_init_taped(&taped, tape);
    for (unsigned i = 0; i < tape->n; i++) {
        FUZZ_CHECK(sio_json_next(&plain, &a) == 0 && sio_json_next(&taped, &b) == 0);
        FUZZ_CHECK(a.type == b.type && a.escaped == b.escaped && a.integer == b.integer);
        if (a.type == SIO_JSON_KEY || a.type == SIO_JSON_STRING || a.type == SIO_JSON_NUMBER)
            FUZZ_SAME(a.raw, b.raw);
    }
    FUZZ_CHECK(tape->n == 0 || a.type == SIO_JSON_END);
}

static void check_text(struct sio_slice any) /* sio_json_append_text cannot fail */
{
    struct sio_buf b = {0};
    struct sio_json_shape shape;
    sio_json_append_text(&b, any);
    FUZZ_CHECK(sio_json_scan(sio_buf_slice(&b), 1, &shape, NULL) == 0 &&
               shape.type == SIO_JSON_STRING);
    sio_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sio_slice text = fuzz_copy(sio_slice(data, size));
    struct model m = {data, data + size, 0, 0};
    struct sio_json_shape shape;
    struct sio_json_tape tape;
    struct sio_buf member = {0};
    int err = read_all(text), scanned = sio_json_scan(text, SIO_JSON_DEPTH_MAX, &shape, &tape);
    bool valid = sio_utf8_valid(text) && model_value(&m) && m.p == m.end;
    FUZZ_CHECK(err == scanned);
    FUZZ_CHECK(valid == (err == 0));
    if (err == 0) {
        bool nested = shape.type == SIO_JSON_ARRAY || shape.type == SIO_JSON_OBJECT;
        FUZZ_CHECK(!nested || shape.items == m.items);
        FUZZ_CHECK(shape.placeholders > 0 || (!shape.bad_placeholder && !shape.placeholder_mask));
        check_tape(text, &tape);
        sio_json_member(text, SIO_LIT("num"), &member);
        FUZZ_CHECK(sio_utf8_valid(sio_buf_slice(&member)));
    }
    check_text(text);
    sio_buf_fini(&member);
    free((char *)text.p);
    return 0;
}
