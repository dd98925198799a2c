// SPDX-License-Identifier: MIT
/* The Engine.IO server's options, with upstream's names and defaults where upstream has them.
 *
 * Copied by eio_server_new; constant after that. Values are checked by whoever lets people set
 * them: times are at least 1 ms, path begins and ends with a slash, sizes are at least 1.
 *
 * Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_ENGINE_OPTIONS_H
#define SIO_ENGINE_OPTIONS_H

#include "base/id.h"
#include "codec/ws_deflate.h"

enum { EIO_POLLING = 1, EIO_WEBSOCKET = 2 }; /* bits of transports */

/* What becomes of a client that reads too slowly (engine/pressure.h). */
enum eio_slow_reader {
    EIO_SLOW_DROP_VOLATILE, /* volatile packets are dropped, as always while others wait */
    EIO_SLOW_PAUSE,         /* and nothing more is read from it (websocket) */
    EIO_SLOW_CLOSE,         /* its session is closed at high_water */
};

/* per_message_deflate; off by default */
struct eio_deflate_options {
    struct sio_ws_terms terms; /* no context takeover either way, windows of 15 bits */
    size_t threshold;          /* 1024 bytes; shorter packets go as they are */
    struct sio_deflate_effort effort;
};

/* http_compression, of polls; on by default */
struct eio_http_compression {
    bool on;
    size_t threshold; /* 1024 bytes; shorter bodies go as they are */
    struct sio_deflate_effort effort;
};

struct eio_options {
    char path[256];            /* "/engine.io/": with its last slash; a prefix of the URL's path */
    uint64_t ping_interval_ms; /* 25000 */
    uint64_t ping_timeout_ms;  /* 20000 */
    uint64_t upgrade_timeout_ms; /* 10000: from the second transport's 101 to its `5` */
    uint64_t message_timeout_ms; /* 60000: from the first byte of a WebSocket message to its last */
    uint64_t
        close_timeout_ms; /* 30000: a polling session waits so long for a GET to say goodbye on */
    size_t max_http_buffer_size;  /* 1000000 bytes, inclusive: one message, one POST body */
    size_t max_buffered;          /* 4 MiB queued for one session; over it the session is closed */
    size_t high_water;            /* 1 MiB: with more in the queue a session is under pressure */
    uint64_t pressure_timeout_ms; /* 10000: so long, while nothing is read; then it is closed */
    enum eio_slow_reader slow_reader; /* EIO_SLOW_DROP_VOLATILE */
    size_t max_sessions;              /* 250000; beyond it a handshake is answered 503 */
    size_t max_partial; /* 16384 unfinished WebSocket messages; one more, and the session whose
                         * message has been unfinished for longest is closed */
    uint32_t max_packets_per_second; /* 0: no limit; of one session, over it it is closed */
    uint32_t max_bytes_per_second;   /* 0: no limit; the same for the bytes of packets */
    unsigned transports;             /* EIO_POLLING | EIO_WEBSOCKET */
    bool allow_upgrades; /* true; as upstream it only empties the list in the open packet */
    bool allow_eio3;     /* false; clients of protocol v3, too */
    struct eio_deflate_options deflate;
    struct eio_http_compression http;
    struct sio_place place; /* goes into every sid */
    bool shared;            /* others serve the port too: chosen ids get the place as well */
    size_t max_held;        /* 10000 requests that wait for hooks; beyond it: 503 */
};

void eio_options_default(struct eio_options *o);

#endif
