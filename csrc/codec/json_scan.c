// SPDX-License-Identifier: MIT
/* Questions about a JSON text that need no values (json.h): its shape, and one member. Stands on
 * the reader; sio_packet and the cluster's control messages call it.
 */
#include "base/err.h"
#include "codec/json.h"

enum field { OTHER, PLACEHOLDER, NUM };

struct level {        /* of an object that is open; of an array only `field`, OTHER */
    enum field field; /* of the member whose value comes next */
    bool placeholder; /* "_placeholder": true was the last word on it */
    int num;          /* -1: none, or none that may be */
};

static bool key_is(const struct sio_json_token *t, struct sio_slice name)
{
    struct sio_buf value = {0};
    bool same;
    if (!t->escaped)
        return sio_slice_eq(t->raw, name);
    if (t->raw.len > name.len * 6) /* an escape is six characters for one at most */
        return false;
    sio_json_unescape(&value, t->raw);
    same = sio_slice_eq(sio_buf_slice(&value), name);
    sio_buf_fini(&value);
    return same;
}

static enum field which_field(const struct sio_json_token *t)
{
    if (key_is(t, SIO_LIT("_placeholder")))
        return PLACEHOLDER;
    return key_is(t, SIO_LIT("num")) ? NUM : OTHER;
}

static int small_int(const struct sio_json_token *t)
{
    int64_t n;
    if (t->type != SIO_JSON_NUMBER || !t->integer || sio_json_int(t->raw, &n) || n < 0 || n >= 64)
        return -1;
    return (int)n;
}

/* The member's value begins with `t`. */
static void note_value(struct level *l, const struct sio_json_token *t)
{
    if (l->field == PLACEHOLDER)
        l->placeholder = t->type == SIO_JSON_TRUE;
    else if (l->field == NUM)
        l->num = small_int(t);
}

static void note_object(struct sio_json_shape *out, const struct level *l)
{
    if (!l->placeholder)
        return;
    out->placeholders++;
    if (l->num < 0)
        out->bad_placeholder = true;
    else
        out->placeholder_mask |= UINT64_C(1) << l->num;
}

/* A value inside of none or one: the text itself, or an item. */
static void note_top(struct sio_json_shape *out, const struct sio_json_token *t, unsigned depth)
{
    if (depth == 0) {
        out->type = t->type;
        return;
    }
    if (out->items++ != 0 || out->type != SIO_JSON_ARRAY)
        return;
    out->first_type = t->type;
    out->first_escaped = t->escaped;
    if (t->type == SIO_JSON_STRING || t->type == SIO_JSON_NUMBER)
        out->first = t->raw;
}

int sio_json_scan(struct sio_slice text, unsigned max_depth, struct sio_json_shape *out,
                  struct sio_json_tape *tape)
{
    struct level levels[SIO_JSON_DEPTH_MAX + 1]; /* [0]: around the whole text */
    struct sio_json_reader r;
    struct sio_json_token spare, *next = tape != NULL ? tape->tokens : &spare;
    const struct sio_json_token *end = tape != NULL ? next + SIO_JSON_TAPE_MAX : next;
    *out = (struct sio_json_shape){0};
    levels[0].field = OTHER;
    sio_json_reader_init(&r, text, max_depth);
    for (;;) {
        struct sio_json_token *t = next < end ? next++ : &spare;
        unsigned depth = r.depth;
        int err = sio_json_next(&r, t);
        if (err)
            return err;
        switch (t->type) {
        case SIO_JSON_END:
            if (tape != NULL)
                tape->n = t != &spare ? (unsigned)(next - tape->tokens) : 0;
            return 0;
        case SIO_JSON_KEY:
            levels[depth].field = which_field(t);
            continue;
        case SIO_JSON_OBJECT_END:
            note_object(out, &levels[depth]);
            continue;
        case SIO_JSON_ARRAY_END:
            continue;
        case SIO_JSON_OBJECT:
            levels[r.depth] = (struct level){.num = -1};
            break;
        case SIO_JSON_ARRAY:
            levels[r.depth].field = OTHER;
            break;
        default:
            break;
        }
        if (depth <= 1)
            note_top(out, t, depth);
        note_value(&levels[depth], t);
    }
}

int sio_json_member(struct sio_slice object, struct sio_slice name, struct sio_buf *out)
{
    struct sio_json_reader r;
    struct sio_json_token t;
    struct sio_slice found = {0};
    bool is_string = false, wanted = false;
    sio_json_reader_init(&r, object, SIO_JSON_DEPTH_MAX);
    for (;;) {
        unsigned depth = r.depth;
        if (sio_json_next(&r, &t) || t.type == SIO_JSON_END)
            break;
        if (wanted) {
            is_string = t.type == SIO_JSON_STRING;
            found = t.raw;
        }
        wanted = depth == 1 && t.type == SIO_JSON_KEY && key_is(&t, name);
    }
    if (!is_string)
        return SIO_ENOENT;
    sio_json_unescape(out, found);
    return 0;
}
