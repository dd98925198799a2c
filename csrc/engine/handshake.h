// SPDX-License-Identifier: MIT
/* What an Engine.IO request asks for, and whether it may: upstream's checks in upstream's order.
 * Private to engine/.
 *
 * Owns: nothing but what eio_request_fini frees. Errors: struct eio_refused. Reenters: no.
 */
#ifndef SIO_ENGINE_HANDSHAKE_H
#define SIO_ENGINE_HANDSHAKE_H

#include "engine/gate.h"
#include "engine/server.h"

struct eio_request {
    const struct sio_http_request *http;
    unsigned transport; /* EIO_POLLING, EIO_WEBSOCKET, 0: something else */
    bool upgrade; /* to websocket; another Upgrade offer is ignored on polling (RFC 9110 §7.8) */
    enum eio_version version;  /* 3 for whatever is not EIO=4, as upstream */
    struct sio_slice sid;      /* decoded; p == NULL: none, a handshake */
    struct eio_gate *gate;     /* that it passed; NULL: none */
    const char *id;            /* for the session that it begins; NULL or "": make one */
    struct sio_ws_terms terms; /* of a WebSocket: what was agreed on about compression */
    struct sio_buf scratch;
};

void eio_request_init(struct eio_request *q, const struct sio_http_request *r);
void eio_request_fini(struct eio_request *q);
/* All but the version of a handshake, which hooks may come before. `s`: the session that q->sid
 * names, or NULL. */
struct eio_refused eio_handshake_check(const struct eio_options *o, const struct eio_request *q,
                                       const struct eio_session *s);
struct eio_refused eio_handshake_check_version(const struct eio_options *o,
                                               const struct eio_request *q);
/* Whether an upgrade can become a WebSocket (RFC 6455 §4.2.1); then q->terms is filled. SIO_EPROTO
 * with *why in ws's words. */
int eio_handshake_check_websocket(const struct eio_options *o, struct eio_request *q,
                                  const char **why);
/* Writes the 101 to a request that was found good, and takes the connection. NULL when it is gone.
 * `rest`: bytes behind the request. q->http may be gone after it. */
struct sio_conn *eio_handshake_upgrade(struct sio_http_conn *c, const struct eio_request *q,
                                       struct sio_slice *rest);
/* The open packet's JSON behind the sid. */
void eio_handshake_open_rest(struct sio_buf *out, const struct eio_options *o, bool upgradable);

#endif
