// SPDX-License-Identifier: MIT
/* What an Engine.IO request asks for, and whether it may: upstream's checks in upstream's order.
 * Private to engine/.
 *
 * Owns: nothing but what eio_request_fini frees. Errors: the codes below. Reenters: no.
 */
#ifndef SIO_ENGINE_HANDSHAKE_H
#define SIO_ENGINE_HANDSHAKE_H

#include "engine/server.h"

/* Upstream's codes; they are on the wire. 4 ("Forbidden") belongs to hooks. */
#define EIO_REFUSAL_MAP(X)                                                                         \
    X(0, UNKNOWN_TRANSPORT, "Transport unknown")                                                   \
    X(1, UNKNOWN_SID, "Session ID unknown")                                                        \
    X(2, BAD_METHOD, "Bad handshake method")                                                       \
    X(3, BAD_REQUEST, "Bad request")                                                               \
    X(5, BAD_VERSION, "Unsupported protocol version")

enum eio_refusal {
    EIO_ACCEPTED = -1,
#define X(code, name, text) EIO_##name = code,
    EIO_REFUSAL_MAP(X)
#undef X
};

struct eio_request {
    const struct sio_http_request *http;
    unsigned transport; /* EIO_POLLING, EIO_WEBSOCKET, 0: something else */
    bool upgrade; /* to websocket; another Upgrade offer is ignored on polling (RFC 9110 §7.8) */
    enum eio_version version; /* 3 for whatever is not EIO=4, as upstream */
    struct sio_slice sid;     /* decoded; p == NULL: none, a handshake */
    struct sio_buf scratch;
};

void eio_request_init(struct eio_request *q, const struct sio_http_request *r);
void eio_request_fini(struct eio_request *q);
/* `s`: the session that q->sid names, or NULL. */
enum eio_refusal eio_handshake_check(const struct eio_options *o, const struct eio_request *q,
                                     const struct eio_session *s);
/* Answers with JSON, or in plain words when an upgrade was asked for. */
void eio_handshake_refuse(struct sio_http_conn *c, const struct eio_request *q,
                          enum eio_refusal code);
/* Refuses what cannot become a WebSocket (RFC 6455 §4.2.1), else writes the 101 and takes the
 * connection; NULL when refused. `terms`: what was agreed on about compression; `rest`: bytes
 * behind the request. q->http is gone after it. */
struct sio_conn *eio_handshake_upgrade(struct sio_http_conn *c, const struct eio_options *o,
                                       const struct eio_request *q, struct sio_ws_terms *terms,
                                       struct sio_slice *rest);
/* The open packet's JSON. */
void eio_handshake_open(struct sio_buf *out, const struct eio_options *o, const char *sid,
                        bool upgradable);

#endif
