// SPDX-License-Identifier: MIT
/* HTTP long-polling (Engine.IO v4 and v3, §HTTP long-polling): one GET waits for packets, one POST
 * brings some. Private to engine/.
 *
 * A GET is answered when the tick ends with everything that is queued then; a second GET or POST
 * beside one that is not answered ends the session. A body is delivered at most EIO_INBOX_BATCH
 * packets per turn of the loop, so that one client's large body does not hold up the others; it is
 * answered when it has been delivered.
 *
 * Thread: loop. Owns: the requests it has not answered. Errors: none. Reenters: through the
 * session.
 */
#ifndef SIO_ENGINE_POLLING_H
#define SIO_ENGINE_POLLING_H

#include "engine/transport.h"
#include "net/http_conn.h"

enum {
    EIO_INBOX_BATCH = 1000,      /* packets of one body at a time */
    EIO_SCRATCH_KEPT = 64 << 10, /* bytes of the payload buffer that are kept for the next one */
};

struct eio_inbox;
struct eio_request;

/* What a session has while it polls, and as long as a request of it is open. */
struct eio_polling {
    struct sio_http_conn *get;  /* waits */
    struct sio_http_conn *post; /* its body is awaited, or is being delivered from `inbox` */
    struct eio_inbox *inbox;
    bool post_bytes; /* the body was announced as bytes */
    uint8_t coding;  /* enum sio_coding: that of the answer to `get` */
};

/* Serve a request of this session. */
void eio_polling_get(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q);
void eio_polling_post(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q);
/* Answers the handshake `q` with its first packets. */
void eio_polling_open(struct eio_session *s, struct sio_http_conn *c, const struct eio_request *q,
                      const struct eio_msg *msgs, size_t n);
/* The session has left for websocket: what no request needs is freed. */
void eio_polling_leave(struct eio_session *s);
void eio_polling_resume(struct sio_list *node); /* an entry of the server's inboxes */

#endif
