// SPDX-License-Identifier: MIT
/* JSON without values (RFC 8259): a pull tokenizer that checks grammar, UTF-8 and depth, and the
 * few questions that the layers below Lua ask. Values exist only in bind/json, built on it.
 *
 * Owns: nothing; tokens are borrowed from the text. Errors: SIO_EPROTO (grammar), SIO_EUTF8,
 * SIO_EDEPTH. Reenters: no.
 */
#ifndef SIO_CODEC_JSON_H
#define SIO_CODEC_JSON_H

#include <stdint.h>

#include "base/buf.h"

enum { SIO_JSON_DEPTH_MAX = 128 }; /* arrays and objects inside each other */

enum sio_json_type {
    SIO_JSON_END, /* the whole text was one value */
    SIO_JSON_OBJECT,
    SIO_JSON_OBJECT_END,
    SIO_JSON_ARRAY,
    SIO_JSON_ARRAY_END,
    SIO_JSON_KEY, /* raw is between the quotes */
    SIO_JSON_STRING,
    SIO_JSON_NUMBER,
    SIO_JSON_TRUE,
    SIO_JSON_FALSE,
    SIO_JSON_NULL,
};

struct sio_json_token {
    enum sio_json_type type;
    bool escaped;         /* KEY, STRING: raw holds backslashes */
    bool integer;         /* NUMBER: no fraction, no exponent */
    struct sio_slice raw; /* KEY, STRING: between the quotes; NUMBER: its characters */
};

enum { SIO_JSON_TAPE_MAX = 32 }; /* tokens: longer texts are read again */

/* The tokens of a text that was scanned, for who reads it next. */
struct sio_json_tape {
    unsigned n; /* 0: there is no tape */
    struct sio_json_token tokens[SIO_JSON_TAPE_MAX];
};

struct sio_json_reader {
    const struct sio_json_token *taped; /* the next one of a tape; NULL: of `text` */
    struct sio_slice text;
    size_t pos;
    unsigned depth, max_depth;
    uint8_t state;                         /* what may come next; private */
    uint8_t stack[SIO_JSON_DEPTH_MAX / 8]; /* bit set: object */
};

/* max_depth <= SIO_JSON_DEPTH_MAX; more is taken as that. */
void sio_json_reader_init(struct sio_json_reader *r, struct sio_slice text, unsigned max_depth);
/* Reads the text that the tape, with n > 0, is of; the depth is not counted again. */
void sio_json_reader_init_taped(struct sio_json_reader *r, const struct sio_json_tape *tape);
/* 0 with *out filled, or an error; after SIO_JSON_END or an error do not call again. */
int sio_json_next(struct sio_json_reader *r, struct sio_json_token *out);

/* Past the bytes at `at` that stand for themselves in a string: ASCII but quote, backslash and
 * control characters. Eight at a time. */
size_t sio_json_plain(struct sio_slice s, size_t at);
/* Appends a string's value. A lone surrogate \udXXX becomes U+FFFD. `raw` came from a token. The
 * value is never longer than `raw`. */
void sio_json_unescape(struct sio_buf *out, struct sio_slice raw);
/* Exact value of an integer token; SIO_ETOOBIG outside int64. "-0" is SIO_ETOOBIG too (a float).
 * SIO_EINVAL when `raw` is no integer token. */
int sio_json_int(struct sio_slice raw, int64_t *out);
/* The value of a number token, whatever the locale. */
double sio_json_double(struct sio_slice raw);
/* Appends a quoted string; SIO_EUTF8 (out unchanged) when `s` is not valid UTF-8. */
int sio_json_append_string(struct sio_buf *out, struct sio_slice s);
/* The same, with each invalid byte as U+FFFD: cannot fail. For our own messages about input. */
void sio_json_append_text(struct sio_buf *out, struct sio_slice s);
/* Shortest of %.15g .. %.17g that reads back the same; integral values have no ".0", -0 is
 * 0; NaN and infinity are null (as JSON.stringify). The decimal point does not depend on the
 * locale. */
void sio_json_append_double(struct sio_buf *out, double v);

/* What the layers below Lua need to know of a packet's data, from one pass over it. */
struct sio_json_shape {
    enum sio_json_type type;       /* OBJECT, ARRAY, STRING, NUMBER, TRUE, FALSE or NULL */
    size_t items;                  /* ARRAY: number of elements; OBJECT: of members */
    enum sio_json_type first_type; /* ARRAY with items > 0 */
    struct sio_slice first;        /* ARRAY: raw of a first element that is a string or number */
    bool first_escaped;
    unsigned placeholders;     /* objects whose "_placeholder" is true */
    uint64_t placeholder_mask; /* bit n set: num n occurs (n < 64) */
    bool bad_placeholder;      /* one of them has a "num" that is missing, negative, not an
                                * integer token or >= 64 */
};
/* The text must be exactly one JSON value. Errors as sio_json_next; then *out is undefined. As in
 * JavaScript, of duplicate members the last counts; members besides the two do not matter. `tape`
 * (may be NULL) gets the tokens, or n = 0 when they are too many. */
int sio_json_scan(struct sio_slice text, unsigned max_depth, struct sio_json_shape *out,
                  struct sio_json_tape *tape);
/* Appends the value of a string member of a top-level object to out; SIO_ENOENT when absent or not
 * a string. The text has been scanned. Of duplicate members the last counts. */
int sio_json_member(struct sio_slice object, struct sio_slice name, struct sio_buf *out);

#endif
