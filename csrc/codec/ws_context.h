// SPDX-License-Identifier: MIT
/* A borrowed wslay frame context together with our own view of the frame's head.
 *
 * wslay tells a frame's length only with its first payload byte and reads ahead as far as it is
 * let. So the head is noted while its bytes pass: a frame is refused on its head alone, and wslay
 * gets no byte of the frame behind it. It also takes the mask off byte by byte; the copy into its
 * buffer does that by words, and wslay is shown the frame as if it had not been masked.
 * Only ws_frame.c uses this.
 *
 * Owns: the pool owns what is idle, the borrower what is out. Errors: below. Reenters: no.
 */
#ifndef SIO_CODEC_WS_CONTEXT_H
#define SIO_CODEC_WS_CONTEXT_H

#include <wslay/wslay.h>

#include "codec/ws_frame.h"

struct sio_ws_context {
    wslay_frame_context_ptr wslay;
    struct sio_ws_context *next; /* in the pool */
    struct sio_slice payload;    /* what wslay may read now; set before each wslay_frame_recv */
    uint64_t payload_left;       /* bytes that wslay has not been given yet */
    uint8_t head[14];            /* RFC 6455 §5.2: 2 bytes, 0, 2 or 8 of length, 4 of mask */
    uint8_t head_len;            /* bytes noted */
    uint8_t head_given;          /* bytes of them, without the mask, that wslay has */
    uint8_t control_len;
    uint8_t control[SIO_WS_CONTROL_MAX]; /* payload of a control frame that comes in pieces */
    uint8_t mask_at;                     /* byte of the mask for the next byte of payload */
};

/* `n` bytes of payload without the mask, whose byte `at` % 4 belongs to the first one; `to` may be
 * `from`. Returns whether all of them are ASCII. */
bool sio_ws_unmask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4], size_t at);
/* `pool` may be NULL. How many are out is the engine's to limit (max_partial). */
struct sio_ws_context *sio_ws_context_borrow(struct sio_ws_pool *pool);
/* `clean`: at a frame boundary, so that it can serve again. */
void sio_ws_context_return(struct sio_ws_pool *pool, struct sio_ws_context *c, bool clean);
/* Notes head bytes from the front of `in`, which is not empty; returns how many there were. Behind
 * the last one payload_left is set. */
size_t sio_ws_context_note(struct sio_ws_context *c, struct sio_slice in);
/* Whether as much of the head is known as tells the length of the payload. */
bool sio_ws_context_length(const struct sio_ws_context *c, uint64_t *out);
/* Whether wslay has been given the whole frame. */
bool sio_ws_context_done(const struct sio_ws_context *c);

#endif
