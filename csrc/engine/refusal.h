// SPDX-License-Identifier: MIT
/* Refused requests: upstream's codes, what its connection_error event says of them, and the answer.
 *
 * Owns: nothing; the slices are borrowed from whoever refuses. Errors: none. Reenters: no.
 */
#ifndef SIO_ENGINE_REFUSAL_H
#define SIO_ENGINE_REFUSAL_H

#include "net/http_conn.h"

/* They are on the wire. */
#define EIO_REFUSAL_MAP(X)                                                                         \
    X(0, UNKNOWN_TRANSPORT, "Transport unknown")                                                   \
    X(1, UNKNOWN_SID, "Session ID unknown")                                                        \
    X(2, BAD_METHOD, "Bad handshake method")                                                       \
    X(3, BAD_REQUEST, "Bad request")                                                               \
    X(4, FORBIDDEN, "Forbidden")                                                                   \
    X(5, BAD_VERSION, "Unsupported protocol version")

enum eio_refusal {
    EIO_ACCEPTED = -1,
#define X(code, name, text) EIO_##name = code,
    EIO_REFUSAL_MAP(X)
#undef X
};

enum { EIO_DETAILS_MAX = 3 };

struct eio_detail {
    const char *name; /* upstream's word, static */
    struct sio_slice value;
};

struct eio_refused {
    enum eio_refusal code;   /* EIO_ACCEPTED: it was not refused */
    struct sio_slice reason; /* what the client reads instead of the code's text; p == NULL: that */
    struct eio_detail context[EIO_DETAILS_MAX]; /* for the event */
    unsigned n_context;
};

const char *eio_refusal_text(enum eio_refusal code);
/* "name" in the context of BAD_REQUEST says what was bad: a word of upstream. */
struct eio_refused eio_refusal_bad_request(const char *name);
/* One more detail; at most EIO_DETAILS_MAX. */
void eio_refusal_add(struct eio_refused *why, const char *name, struct sio_slice value);
/* Answers: JSON, or plain words and the end of the connection when an upgrade was asked for; 400,
 * or 403 when it is forbidden. */
void eio_refusal_answer(struct sio_http_conn *c, bool upgrade, const struct eio_refused *why);
/* What RFC 6455 §4.2.1 finds wrong with a WebSocket handshake, in ws's words. */
void eio_refusal_answer_websocket(struct sio_http_conn *c, const char *why);

#endif
