// SPDX-License-Identifier: MIT
/* A floor server: raw WebSocket on bare epoll, no Socket.IO, no JSON, no handler. It is what is
 * left of a server's work when only the kernel's part remains, so nothing that does more can be
 * below it.
 *
 * The first byte of a message says what to do with it, and it is delivered as it came:
 *   e...         back to who sent it
 *   b...         to all who did not join a room
 *   j<number>;   its sender moves to that room
 *   r<number>;   to all in that room
 *
 * All that a turn of the loop delivers lies in one run of bytes, the tape. Answers to one read
 * always leave in one write. A message to a room leaves in one write per message and connection; in
 * batch mode each connection only notes where on the tape its part lies, and that is written when
 * the turn ends.
 *
 * Owns:     floor_server: connections, rooms, tape.
 * Errors:   a failed call that is not a peer's doing ends the process; a bad frame ends its
 *           connection.
 * Reenters: no.
 */
#ifndef FLOOR_FLOOR_H
#define FLOOR_FLOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOR_READ_BYTES = 256 * 1024, FLOOR_ROOMS_MAX = 1 << 20 };

enum floor_lie { FLOOR_HONEST, FLOOR_DROP, FLOOR_TWICE, FLOOR_SWAP, FLOOR_ALTER };

struct floor_bytes {
    uint8_t *p;
    size_t len, cap;
};

struct floor_conn {
    struct floor_bytes *rest; /* of a message that is not whole; NULL: none */
    struct floor_bytes *out;  /* not taken by the kernel; NULL: none */
    size_t from, to;          /* its part of the tape, not written yet; empty: none */
    uint32_t room;
    uint32_t place; /* in the room's list */
    int fd;         /* -1: free */
    bool upgraded;
};

struct floor_room {
    uint32_t *members; /* descriptors */
    uint32_t n, cap;
};

struct floor_server {
    int epoll, listener;
    bool batch;
    enum floor_lie lie;
    uint32_t delivered; /* counted while lying */
    uint32_t held_for;  /* who gets the held message behind his next one; 0: nobody */
    struct floor_bytes held;
    struct floor_conn *conns; /* by descriptor */
    uint32_t n_conns;
    struct floor_room *rooms;
    uint32_t n_rooms;
    struct floor_bytes tape;
    uint32_t *dirty; /* descriptors with a part of the tape */
    uint32_t n_dirty;
    uint8_t *in;
};

/* main.c */
void *floor_grow(void *p, size_t bytes); /* realloc that cannot fail */
void floor_bytes_append(struct floor_bytes *b, const void *p, size_t len);

/* conn.c */
void floor_conn_open(struct floor_server *s, int fd);
void floor_conn_close(struct floor_server *s, struct floor_conn *conn);
void floor_conn_ready(struct floor_server *s, struct floor_conn *conn, uint32_t events);
void floor_conn_write(struct floor_server *s, struct floor_conn *conn, const uint8_t *p,
                      size_t len);

/* room.c */
void floor_room_join(struct floor_server *s, struct floor_conn *conn, uint32_t room);
void floor_room_leave(struct floor_server *s, struct floor_conn *conn);

/* deliver.c: from..to is a frame on the tape */
void floor_deliver_answer(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to);
void floor_deliver_room(struct floor_server *s, uint32_t room, size_t from, size_t to);
void floor_deliver_flush(struct floor_server *s); /* at the end of a turn */

/* lie.c: true when it did something else instead of delivering */
bool floor_lie_instead(struct floor_server *s, struct floor_conn *conn, size_t from, size_t to);

/* message.c: how many bytes were taken; the payload is unmasked in place */
size_t floor_message_take(struct floor_server *s, struct floor_conn *conn, uint8_t *p, size_t len);
size_t floor_message_upgrade(struct floor_server *s, struct floor_conn *conn, const uint8_t *p,
                             size_t len);

#endif
