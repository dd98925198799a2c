// SPDX-License-Identifier: MIT
/* The pool of wslay contexts. Stands on wslay's frame layer and mem.
 *
 * Invariant: a context in the pool stands at a frame boundary and holds no byte: wslay has been
 * given exactly the bytes of whole frames.
 */
#include "codec/ws_context.h"

#include "base/mem.h"
#include "base/word.h"
#include "codec/deflate.h"

#include <openssl/evp.h>
#include <stdlib.h>

/* Bytes of extended length, once the second byte is there. */
static size_t extended(const struct sio_ws_context *c)
{
    unsigned len = c->head[1] & 0x7f;
    return len == 126 ? 2 : len == 127 ? 8 : 0;
}

static size_t head_size(const struct sio_ws_context *c)
{
    return c->head_len < 2 ? 2 : 2 + extended(c) + (c->head[1] & 0x80 ? 4 : 0);
}

bool sio_ws_unmask(uint8_t *to, const uint8_t *from, size_t n, const uint8_t mask[4], size_t at)
{
    uint8_t turned[8];
    uint64_t key, word, seen = 0;
    size_t i = 0;
    for (size_t k = 0; k < 4; k++)
        turned[k] = turned[4 + k] = mask[(at + k) % 4];
    memcpy(&key, turned, 8);
    for (; n - i >= 8; i += 8) {
        memcpy(&word, from + i, 8);
        word ^= key;
        seen |= word;
        memcpy(to + i, &word, 8);
    }
    for (; i < n; i++) {
        to[i] = from[i] ^ turned[i % 8];
        seen |= to[i];
    }
    return (seen & SIO_WORD_HIGH_BITS) == 0;
}

/* `n` bytes of payload, unmasked into `to`. */
static void take_payload(struct sio_ws_context *c, uint8_t *to, size_t n)
{
    const uint8_t *mask = c->head + head_size(c) - 4;
    sio_ws_unmask(to, (const uint8_t *)c->payload.p, n, mask, c->mask_at);
    c->mask_at = (uint8_t)((c->mask_at + n) % 4);
    c->payload = sio_slice_from(c->payload, n);
}

/* wslay's reader: the head without mask and mask bit, then payload. 0 bytes means "later" to it
 * (WSLAY_ERR_WANT_READ). */
static ssize_t on_recv(uint8_t *buf, size_t room, int flags, void *user)
{
    struct sio_ws_context *c = user;
    size_t n = 0, payload;
    (void)flags;
    while (n < room && c->head_given < c->head_len && c->head_given < 2 + extended(c)) {
        buf[n++] = c->head_given == 1 ? c->head[1] & 0x7f : c->head[c->head_given];
        c->head_given++;
    }
    payload = c->payload.len < room - n ? c->payload.len : room - n;
    if (payload != 0)
        take_payload(c, buf + n, payload);
    return (ssize_t)(n + payload);
}

static struct sio_ws_context *make(void)
{
    static const struct wslay_frame_callbacks callbacks = {.recv_callback = on_recv};
    struct sio_ws_context *c = sio_calloc(1, sizeof *c);
    if (wslay_frame_context_init(&c->wslay, &callbacks, c) != 0)
        abort(); /* out of memory, the one way for it to fail */
    return c;
}

static void dispose(struct sio_ws_context *c)
{
    wslay_frame_context_free(c->wslay);
    sio_free(c);
}

struct sio_ws_context *sio_ws_context_borrow(struct sio_ws_pool *pool)
{
    struct sio_ws_context *c = NULL;
    if (pool != NULL) {
        pool->out++;
        c = pool->first;
    }
    if (c == NULL) {
        c = make();
    } else {
        pool->first = c->next;
        pool->idle--;
    }
    c->head_len = c->head_given = c->control_len = c->mask_at = 0;
    c->payload_left = 0;
    return c;
}

void sio_ws_context_return(struct sio_ws_pool *pool, struct sio_ws_context *c, bool clean)
{
    if (pool != NULL)
        pool->out--;
    if (pool == NULL || !clean || pool->idle == SIO_WS_CONTEXTS_IDLE) {
        dispose(c);
        return;
    }
    c->next = pool->first;
    pool->first = c;
    pool->idle++;
}

void sio_ws_pool_fini(struct sio_ws_pool *pool)
{
    EVP_MD_CTX_free(pool->sha1);
    pool->sha1 = NULL;
    while (pool->first != NULL) {
        struct sio_ws_context *c = pool->first;
        pool->first = c->next;
        dispose(c);
    }
    pool->idle = 0;
    sio_inflater_free(pool->inflater);
    pool->inflater = NULL;
}

bool sio_ws_context_length(const struct sio_ws_context *c, uint64_t *out)
{
    uint64_t len = 0;
    if (c->head_len < 2 || c->head_len < 2 + extended(c))
        return false;
    for (size_t i = 0; i < extended(c); i++)
        len = len << 8 | c->head[2 + i];
    *out = extended(c) ? len : c->head[1] & 0x7f;
    return true;
}

bool sio_ws_context_done(const struct sio_ws_context *c)
{
    return c->head_len >= 2 && c->head_len == head_size(c) && c->payload_left == 0;
}

size_t sio_ws_context_note(struct sio_ws_context *c, struct sio_slice in)
{
    size_t n = 0, rest;
    while (n < in.len && c->head_len < 2)
        c->head[c->head_len++] = (uint8_t)in.p[n++];
    rest = head_size(c) - c->head_len;
    if (rest > in.len - n)
        rest = in.len - n;
    memcpy(c->head + c->head_len, in.p + n, rest);
    c->head_len = (uint8_t)(c->head_len + rest);
    n += rest;
    if (n > 0 && c->head_len == head_size(c))
        sio_ws_context_length(c, &c->payload_left);
    return n;
}
