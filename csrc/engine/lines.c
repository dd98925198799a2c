// SPDX-License-Identifier: MIT
/* Packing heads. Stands on blobs and mix.h; opening.c packs, session.c unpacks.
 *
 *     packed: pieces { u16: SHARED | place }  or  { u16: length, its bytes }
 *
 * A piece lives in one of WAYS places behind its hash, so no search is longer than that and a place
 * can become free in any order.
 */
#include "engine/lines.h"

#include "base/mix.h"

enum {
    WAYS = 4,
    SHARED = 0x8000,
    OWN_MAX = SHARED - 1, /* bytes of one piece; longer ones are several */
    SHARED_MIN = 4,       /* bytes; a number would save nothing */
};

static uint32_t place_at(uint32_t hash, uint32_t way)
{
    return (hash + way) & (EIO_LINES_MAX - 1);
}

static bool holds(const struct eio_lines *l, uint32_t place, uint32_t hash, struct sio_slice piece)
{
    return l->places[place].text != NULL && l->places[place].hash == hash &&
           sio_slice_eq(sio_blob_slice(l->places[place].text), piece);
}

static bool seen_before(struct eio_lines *l, uint32_t hash)
{
    uint32_t *seen = &l->seen[(hash >> 16) & (EIO_LINES_MAX - 1)];
    bool before = *seen == hash;
    *seen = hash;
    return before;
}

/* The place of a piece that is shared, or is from now on; -1: it is not. Counts the use. The hash
 * has no key: pieces that collide can take no more places than any others. */
static int share(struct eio_lines *l, struct sio_slice piece)
{
    uint32_t hash, place, vacant = EIO_LINES_MAX;
    if (piece.len < SHARED_MIN || piece.len > EIO_LINE_BYTES_MAX)
        return -1;
    hash = (uint32_t)sio_mix(0, piece);
    for (uint32_t way = 0; way < WAYS; way++) {
        place = place_at(hash, way);
        if (holds(l, place, hash, piece)) {
            l->places[place].uses++;
            return (int)place;
        }
        if (l->places[place].text == NULL)
            vacant = place;
    }
    if (!seen_before(l, hash) || vacant == EIO_LINES_MAX)
        return -1;
    l->places[vacant].text = sio_blob_new(piece);
    l->places[vacant].hash = hash;
    l->places[vacant].uses = 1;
    return (int)vacant;
}

static void append_mark(struct sio_buf *out, unsigned mark)
{
    sio_buf_append_u8(out, (uint8_t)(mark & 0xff));
    sio_buf_append_u8(out, (uint8_t)(mark >> 8));
}

static void append_own(struct sio_buf *out, struct sio_slice piece)
{
    while (piece.len != 0) {
        size_t n = piece.len < OWN_MAX ? piece.len : OWN_MAX;
        append_mark(out, (unsigned)n);
        sio_buf_append(out, piece.p, n);
        piece = sio_slice_from(piece, n);
    }
}

static void pack_line(struct eio_lines *l, struct sio_slice line, struct sio_buf *out)
{
    const char *colon = memchr(line.p, ':', line.len);
    int place = share(l, line);
    if (place < 0 && colon != NULL) {
        size_t name = (size_t)(colon - line.p) + 1;
        int of_name = share(l, sio_slice(line.p, name));
        if (of_name >= 0) {
            append_mark(out, SHARED | (unsigned)of_name);
            line = sio_slice_from(line, name);
        }
    }
    if (place < 0)
        append_own(out, line);
    else
        append_mark(out, SHARED | (unsigned)place);
}

void eio_lines_pack(struct eio_lines *l, struct sio_slice text, struct sio_buf *out)
{
    while (text.len != 0) {
        const char *end = memchr(text.p, '\n', text.len);
        size_t n = end != NULL ? (size_t)(end - text.p) + 1 : text.len;
        if (sio_slice_eq(sio_slice_from(text, n), SIO_LIT("\r\n")))
            n = text.len; /* the head's end is part of its last line */
        pack_line(l, sio_slice(text.p, n), out);
        text = sio_slice_from(text, n);
    }
}

/* Takes the next piece from the front of *packed; *place is set when it is a shared one, else -1.
 */
static struct sio_slice next_piece(const struct eio_lines *l, struct sio_slice *packed, int *place)
{
    const uint8_t *p = (const uint8_t *)packed->p;
    unsigned mark = p[0] | (unsigned)p[1] << 8;
    struct sio_slice rest = sio_slice_from(*packed, 2);
    if (mark & SHARED) {
        *place = (int)(mark & (SHARED - 1));
        *packed = rest;
        return sio_blob_slice(l->places[*place].text);
    }
    *place = -1;
    *packed = sio_slice_from(rest, mark);
    return sio_slice(rest.p, mark);
}

void eio_lines_release(struct eio_lines *l, struct sio_slice packed)
{
    while (packed.len != 0) {
        int place;
        next_piece(l, &packed, &place);
        if (place >= 0 && --l->places[place].uses == 0) {
            sio_blob_unref(l->places[place].text);
            l->places[place].text = NULL;
        }
    }
}

size_t eio_lines_length(const struct eio_lines *l, struct sio_slice packed)
{
    size_t n = 0;
    int place;
    while (packed.len != 0)
        n += next_piece(l, &packed, &place).len;
    return n;
}

void eio_lines_unpack(const struct eio_lines *l, struct sio_slice packed, char *out)
{
    int place;
    while (packed.len != 0) {
        struct sio_slice piece = next_piece(l, &packed, &place);
        memcpy(out, piece.p, piece.len);
        out += piece.len;
    }
}
