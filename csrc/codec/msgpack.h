// SPDX-License-Identifier: MIT
/* MessagePack (the format's specification, with the three extensions of notepack.io) <-> JSON,
 * without values: what socket.io-msgpack-parser sends becomes the JSON that the layers above know,
 * and the other way.
 *
 *     MessagePack                     JSON
 *     nil, false, true                null, false, true
 *     int, uint                       an integer of all its digits
 *     float 32, float 64              the shortest form that reads back the same; NaN, inf: null
 *     str, array, map                 string, array, object; keys that are integers as strings
 *     bin, ext of type 0              a placeholder {"_placeholder":true,"num":n}
 *     fixext 1 of type 0 (undefined)  null; as a member's value: no member
 *     fixext 8 of type 0 (Date),      a string as Date.prototype.toJSON makes it; null beyond what
 *     ext of type -1 (timestamp)        a Date can hold
 *     any other ext                   [type, placeholder]
 *
 * Owns: nothing; slices are borrowed from the input. Errors: SIO_EPROTO (grammar, an input that
 * ends too early, a count that cannot be met, a key that is no string and no integer), SIO_EUTF8,
 * SIO_EDEPTH (more than SIO_JSON_DEPTH_MAX), SIO_EFULL (too many binaries). Reenters: no.
 */
#ifndef SIO_CODEC_MSGPACK_H
#define SIO_CODEC_MSGPACK_H

#include <stdint.h>

#include "base/buf.h"

enum sio_msgpack_type {
    SIO_MSGPACK_NIL,
    SIO_MSGPACK_UNDEFINED,
    SIO_MSGPACK_BOOLEAN,  /* integer: 0 or 1 */
    SIO_MSGPACK_INTEGER,  /* integer */
    SIO_MSGPACK_UNSIGNED, /* large: above INT64_MAX */
    SIO_MSGPACK_FLOAT,    /* number */
    SIO_MSGPACK_STRING,   /* bytes, not checked for UTF-8 */
    SIO_MSGPACK_BINARY,   /* bytes */
    SIO_MSGPACK_DATE,     /* integer: milliseconds since 1970 */
    SIO_MSGPACK_EXT,      /* integer: its type; bytes */
    SIO_MSGPACK_ARRAY,    /* n items follow */
    SIO_MSGPACK_MAP,      /* n keys and values follow */
};

struct sio_msgpack_token {
    enum sio_msgpack_type type;
    uint32_t n; /* never more than the rest of the input could hold */
    union {
        int64_t integer;
        uint64_t large;
        double number;
    };
    struct sio_slice bytes;
};

/* Cuts the next token off the front of *rest. */
int sio_msgpack_next(struct sio_slice *rest, struct sio_msgpack_token *out);
/* Cuts the next value off with all that it holds; strings are not looked at. */
int sio_msgpack_skip(struct sio_slice *rest);

/* Binaries by the num of their placeholders. */
struct sio_msgpack_bins {
    struct sio_slice *list; /* room for `max` */
    unsigned n, max;
};

/* Cuts the next value off the front of *rest and appends it to `json`, as JSON. After an error
 * `json` and `bins` are to be thrown away. */
int sio_msgpack_to_json(struct sio_buf *json, struct sio_slice *rest,
                        struct sio_msgpack_bins *bins);

/* Appends a JSON text as MessagePack in its shortest forms. A placeholder in exactly the form above
 * whose num is below n_bins becomes that binary. Errors: as sio_json_next; then `out` is to be
 * thrown away. */
int sio_msgpack_from_json(struct sio_buf *out, struct sio_slice json, const struct sio_slice *bins,
                          unsigned n_bins);
void sio_msgpack_append_uint(struct sio_buf *out, uint64_t v);
void sio_msgpack_append_string(struct sio_buf *out, struct sio_slice s);

#endif
