// SPDX-License-Identifier: MIT
/* MessagePack <-> JSON text (msgpack.h), in one pass each way. Stands on msgpack's tokens and the
 * JSON reader; sio_packet_msgpack calls it.
 *
 * Nothing recurses: both ways keep a stack of SIO_JSON_DEPTH_MAX levels.
 */
#include <stdio.h>

#include "base/err.h"
#include "codec/json.h"
#include "codec/msgpack.h"

/* ---- to JSON: scalars ----------------------------------------------------------------------- */

static void append_int(struct sio_buf *json, int64_t v)
{
    if (v < 0)
        sio_buf_append_char(json, '-');
    sio_buf_append_uint(json, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

struct civil {
    int64_t year;
    unsigned month, day; /* from 1 */
};

/* The date of a day since 1970, in the Gregorian calendar without end: by eras of 400 years that
 * begin on a 1st of March. */
static struct civil civil_of(int64_t day)
{
    enum { ERA_DAYS = 146097, FROM_YEAR_0 = 719468 };
    int64_t z = day + FROM_YEAR_0;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    unsigned in_era = (unsigned)(z - era * ERA_DAYS);
    unsigned year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    unsigned in_year = in_era - (365 * year + year / 4 - year / 100);
    unsigned month = (5 * in_year + 2) / 153;
    return (struct civil){
        .year = era * 400 + year + (month >= 10),
        .month = month < 10 ? month + 3 : month - 9,
        .day = in_year - (153 * month + 2) / 5 + 1,
    };
}

static void append_date(struct sio_buf *json, int64_t ms)
{
    static const int64_t date_max_ms = INT64_C(8640000000000000), day_ms = 86400000;
    if (ms > date_max_ms || ms < -date_max_ms) {
        sio_buf_append_slice(json, SIO_LIT("null"));
        return;
    }
    int64_t day = (ms >= 0 ? ms : ms - (day_ms - 1)) / day_ms;
    unsigned rest = (unsigned)(ms - day * day_ms);
    struct civil d = civil_of(day);
    bool four_digits = d.year >= 0 && d.year <= 9999;
    sio_buf_printf(json, four_digits ? "\"%04lld" : "\"%+07lld", (long long)d.year);
    sio_buf_printf(json, "-%02u-%02uT%02u:%02u:%02u.%03uZ\"", d.month, d.day, rest / 3600000,
                   rest / 60000 % 60, rest / 1000 % 60, rest % 1000);
}

static int append_placeholder(struct sio_buf *json, struct sio_slice bytes,
                              struct sio_msgpack_bins *bins)
{
    if (bins->n == bins->max)
        return SIO_EFULL;
    sio_buf_append_slice(json, SIO_LIT("{\"_placeholder\":true,\"num\":"));
    sio_buf_append_uint(json, bins->n);
    sio_buf_append_char(json, '}');
    bins->list[bins->n++] = bytes;
    return 0;
}

static int append_ext(struct sio_buf *json, const struct sio_msgpack_token *t,
                      struct sio_msgpack_bins *bins)
{
    sio_buf_append_char(json, '[');
    append_int(json, t->integer);
    sio_buf_append_char(json, ',');
    int err = append_placeholder(json, t->bytes, bins);
    sio_buf_append_char(json, ']');
    return err;
}

static int append_scalar(struct sio_buf *json, const struct sio_msgpack_token *t,
                         struct sio_msgpack_bins *bins)
{
    switch (t->type) {
    case SIO_MSGPACK_BOOLEAN:
        sio_buf_append_slice(json, t->integer ? SIO_LIT("true") : SIO_LIT("false"));
        return 0;
    case SIO_MSGPACK_INTEGER:
        append_int(json, t->integer);
        return 0;
    case SIO_MSGPACK_UNSIGNED:
        sio_buf_append_uint(json, t->large);
        return 0;
    case SIO_MSGPACK_FLOAT:
        sio_json_append_double(json, t->number);
        return 0;
    case SIO_MSGPACK_STRING:
        return sio_json_append_string(json, t->bytes);
    case SIO_MSGPACK_BINARY:
        return append_placeholder(json, t->bytes, bins);
    case SIO_MSGPACK_DATE:
        append_date(json, t->integer);
        return 0;
    case SIO_MSGPACK_EXT:
        return append_ext(json, t, bins);
    default: /* nil, and undefined where a value must be */
        sio_buf_append_slice(json, SIO_LIT("null"));
        return 0;
    }
}

/* ---- to JSON: arrays and maps --------------------------------------------------------------- */

struct level {
    uint32_t left; /* items or pairs to come */
    bool map;
    bool keyed;    /* the key was read, its value comes next */
    size_t key_at; /* where the member began, comma included */
};

struct reading {
    struct sio_buf *json;
    struct sio_slice *rest;
    struct sio_msgpack_bins *bins;
    unsigned depth;
    struct level levels[SIO_JSON_DEPTH_MAX];
};

/* In front of anything but the first item: an opening bracket is never the end of a value. */
static void append_comma(struct sio_buf *json)
{
    char last = json->p[json->len - 1];
    if (last != '[' && last != '{')
        sio_buf_append_char(json, ',');
}

static int put_key(struct reading *r, struct level *l, const struct sio_msgpack_token *t)
{
    int err = 0;
    l->keyed = true;
    l->key_at = r->json->len;
    append_comma(r->json);
    if (t->type == SIO_MSGPACK_STRING) {
        err = sio_json_append_string(r->json, t->bytes);
    } else if (t->type == SIO_MSGPACK_INTEGER || t->type == SIO_MSGPACK_UNSIGNED) {
        sio_buf_append_char(r->json, '"');
        append_scalar(r->json, t, r->bins);
        sio_buf_append_char(r->json, '"');
    } else {
        err = SIO_EPROTO;
    }
    sio_buf_append_char(r->json, ':');
    return err;
}

static int put_value(struct reading *r, const struct sio_msgpack_token *t)
{
    bool map = t->type == SIO_MSGPACK_MAP;
    if (!map && t->type != SIO_MSGPACK_ARRAY)
        return append_scalar(r->json, t, r->bins);
    if (r->depth == SIO_JSON_DEPTH_MAX)
        return SIO_EDEPTH;
    sio_buf_append_char(r->json, map ? '{' : '[');
    r->levels[r->depth++] = (struct level){.left = t->n, .map = map};
    return 0;
}

static int put(struct reading *r)
{
    struct level *l = r->depth > 0 ? &r->levels[r->depth - 1] : NULL;
    struct sio_msgpack_token t;
    int err = sio_msgpack_next(r->rest, &t);
    if (err != 0 || l == NULL)
        return err != 0 ? err : put_value(r, &t);
    if (l->map && !l->keyed)
        return put_key(r, l, &t);
    l->left--;
    if (!l->map) {
        append_comma(r->json);
    } else {
        l->keyed = false;
        if (t.type == SIO_MSGPACK_UNDEFINED) {
            r->json->len = l->key_at;
            return 0;
        }
    }
    return put_value(r, &t);
}

static void close_levels(struct reading *r)
{
    while (r->depth > 0 && r->levels[r->depth - 1].left == 0)
        sio_buf_append_char(r->json, r->levels[--r->depth].map ? '}' : ']');
}

int sio_msgpack_to_json(struct sio_buf *json, struct sio_slice *rest, struct sio_msgpack_bins *bins)
{
    struct reading r; /* the levels need not be zeroed */
    int err;
    r.json = json;
    r.rest = rest;
    r.bins = bins;
    r.depth = 0;
    do {
        err = put(&r);
        close_levels(&r);
    } while (err == 0 && r.depth > 0);
    return err;
}
