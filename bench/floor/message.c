// SPDX-License-Identifier: MIT
/* What comes in: the HTTP upgrade (RFC 6455 §4.2) and masked frames (§5.2). Stands on deliver.
 *
 * Invariant: a frame on the tape is what its receivers get, header included.
 */
#include "floor.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIN = 0x80,
    OPCODE_BITS = 0x0f,
    CLOSE = 8,
    MASKED = 0x80,
    LEN_BITS = 0x7f,
    LEN_16 = 126,
    LEN_64 = 127,
    MASK_BYTES = 4,
    KEY_BYTES = 24,
};

size_t floor_message_upgrade(struct floor_server *s, struct floor_conn *conn, const uint8_t *p,
                             size_t len)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    static const char name[] = "Sec-WebSocket-Key: ";
    const uint8_t *end = memmem(p, len, "\r\n\r\n", 4);
    const uint8_t *key = memmem(p, len, name, sizeof name - 1);
    if (end == NULL)
        return 0;
    if (key == NULL || end - key < (ptrdiff_t)(sizeof name - 1 + KEY_BYTES)) {
        floor_conn_close(s, conn);
        return 0;
    }
    uint8_t text[KEY_BYTES + sizeof guid - 1];
    uint8_t digest[SHA_DIGEST_LENGTH];
    uint8_t accept[4 * (SHA_DIGEST_LENGTH + 2) / 3 + 1];
    memcpy(text, key + sizeof name - 1, KEY_BYTES);
    memcpy(text + KEY_BYTES, guid, sizeof guid - 1);
    SHA1(text, sizeof text, digest);
    EVP_EncodeBlock(accept, digest, sizeof digest);
    char answer[256];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                     "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                     accept);
    conn->upgraded = true;
    floor_conn_write(s, conn, (const uint8_t *)answer, (size_t)n);
    return (size_t)(end - p) + 4;
}

static void unmask(uint8_t *p, size_t len, const uint8_t mask[MASK_BYTES])
{
    uint32_t word;
    memcpy(&word, mask, sizeof word);
    uint64_t key = (uint64_t)word << 32 | word;
    size_t i = 0;
    for (; i + sizeof key <= len; i += sizeof key) {
        uint64_t bytes;
        memcpy(&bytes, p + i, sizeof bytes);
        bytes ^= key;
        memcpy(p + i, &bytes, sizeof bytes);
    }
    for (; i < len; i++)
        p[i] ^= mask[i % MASK_BYTES];
}

static void obey(struct floor_server *s, struct floor_conn *conn, const uint8_t *text, size_t len,
                 size_t from)
{
    char number[12] = {0};
    memcpy(number, text, len < sizeof number - 1 ? len : sizeof number - 1);
    uint32_t room = (uint32_t)strtoul(number + 1, NULL, 10) % FLOOR_ROOMS_MAX + 1;
    if (len == 0)
        return;
    switch (text[0]) {
    case 'e':
        floor_deliver_answer(s, conn, from, s->tape.len);
        return;
    case 'b':
        floor_deliver_room(s, 0, from, s->tape.len);
        return;
    case 'r':
        floor_deliver_room(s, room, from, s->tape.len);
        return;
    case 'j':
        floor_room_leave(s, conn);
        floor_room_join(s, conn, room);
        return;
    default:
        return;
    }
}

/* The same header without the mask; then the payload. Returns where on the tape it starts. */
static size_t put_on_tape(struct floor_server *s, const uint8_t *head, size_t head_len,
                          const uint8_t *payload, size_t len)
{
    size_t from = s->tape.len;
    floor_bytes_append(&s->tape, head, head_len);
    s->tape.p[from + 1] &= LEN_BITS;
    floor_bytes_append(&s->tape, payload, len);
    return from;
}

static size_t take_one(struct floor_server *s, struct floor_conn *conn, uint8_t *p, size_t len)
{
    if (len < 2)
        return 0;
    unsigned short_len = p[1] & LEN_BITS;
    size_t head = short_len == LEN_16 ? 4 : short_len == LEN_64 ? 10 : 2;
    if (len < head + MASK_BYTES)
        return 0;
    size_t payload_len = head == 2 ? short_len : 0;
    for (size_t i = 2; i < head; i++)
        payload_len = payload_len << 8 | p[i];
    if (len - head - MASK_BYTES < payload_len)
        return 0;
    if ((p[0] & FIN) == 0 || (p[1] & MASKED) == 0 || (p[0] & OPCODE_BITS) == CLOSE) {
        floor_conn_close(s, conn);
        return 0;
    }
    uint8_t *payload = p + head + MASK_BYTES;
    unmask(payload, payload_len, p + head);
    obey(s, conn, payload, payload_len, put_on_tape(s, p, head, payload, payload_len));
    return head + MASK_BYTES + payload_len;
}

size_t floor_message_take(struct floor_server *s, struct floor_conn *conn, uint8_t *p, size_t len)
{
    size_t taken = 0;
    size_t n;
    while (conn->fd >= 0 && (n = take_one(s, conn, p + taken, len - taken)) > 0)
        taken += n;
    return taken;
}
