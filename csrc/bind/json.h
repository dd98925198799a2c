// SPDX-License-Identifier: MIT
/* JSON values <-> Lua values, with binary attachments lifted out and put in by the same pass.
 *
 *     nil, sio.null  null             table with items 1..n    array (holes are null)
 *     boolean        true, false      empty table              [] ({} with sio.object's metatable)
 *     integer        exact            other table              object (integer keys as strings)
 *     float          shortest form,   sio.binary               {"_placeholder":true,"num":n}
 *                    NaN, inf: null   function, userdata, ...  an error
 *
 * Decoding: integers beyond int64 and fractions become floats, 1.0 and 1e3 integers, null sio.null,
 * {} an empty table with sio.object's metatable. Depth SIO_JSON_DEPTH_MAX both ways.
 *
 * Thread: loop. Owns: nothing. Metamethods of tables are not looked at. Reenters: encoding runs no
 * Lua code.
 */
#ifndef SIO_BIND_JSON_H
#define SIO_BIND_JSON_H

#include "bind/bind.h"
#include "codec/sio_packet.h"
#include "sio/server.h"

enum {
    SIO_JSON_ARGS_MAX = 8000,  /* of one event; the rest is refused */
    SIO_JSON_HOLES_SPARE = 16, /* a list of n items may have n + this many holes */
};

struct sio_attachments {
    struct sio_slice slices[SIO_ATTACHMENTS_MAX]; /* borrowed from the binaries */
    unsigned n;
};

/* Appends the values at first..last as one JSON array. On error a message that names argument and
 * path ("argument 2.items[3]: ...", counted from first + shift = 1) is pushed and false returned;
 * `out` is then in an undefined state. attachments NULL: a binary is an error. */
bool sio_json_encode_args(lua_State *L, struct sio_bind *b, int first, int last,
                          struct sio_buf *out, struct sio_attachments *attachments);
/* The same for one value; the message begins with `name`. */
bool sio_json_encode_value(lua_State *L, struct sio_bind *b, int index, const char *name,
                           struct sio_buf *out);

/* The same with binaries lifted out, as a packet's data. */
bool sio_json_encode_data(lua_State *L, struct sio_bind *b, int index, const char *name,
                          struct sio_buf *out, struct sio_attachments *attachments);

/* Pushes the items of a JSON array; the number of them, or SIO_EPROTO, SIO_EUTF8, SIO_EDEPTH,
 * SIO_EFULL with nothing pushed. Placeholders become binaries when there are attachments. */
int sio_json_decode_args(lua_State *L, struct sio_bind *b, struct sio_slice json,
                         struct sio_blob *const *attachments, unsigned n_attachments);
/* The same for what came in, whose tokens may be known. */
int sio_json_decode_incoming(lua_State *L, struct sio_bind *b, const struct sio_incoming *in);
/* Pushes one value; 0 or an error with nothing pushed, and *at (may be NULL) the byte it was found
 * at. */
int sio_json_decode_value(lua_State *L, struct sio_bind *b, struct sio_slice json, size_t *at);
/* The same with placeholders put in, as a packet's data. */
int sio_json_decode_data(lua_State *L, struct sio_bind *b, struct sio_slice json,
                         struct sio_blob *const *attachments, unsigned n_attachments);

#endif
