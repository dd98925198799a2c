// SPDX-License-Identifier: MIT
/* What may be hooked into the engine's requests: who decides in the gate (gate.h), who hears of
 * refusals, who adds headers to answers.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: hooks may do anything; after each call the
 * engine looks again at what it was about to use.
 */
#ifndef SIO_ENGINE_HOOKS_H
#define SIO_ENGINE_HOOKS_H

#include "engine/refusal.h"

struct eio_gate;
struct eio_session;
struct eio_server;

enum eio_stage {
    EIO_AT_MIDDLEWARES,
    EIO_AT_CHECKS,
    EIO_AT_ALLOW,
    EIO_AT_VERSION,
    EIO_AT_ID,
    EIO_AT_SERVICE,
    EIO_AT_END,
};

/* What somebody wants to be asked about or told; bits. */
enum {
    EIO_WANT_MIDDLEWARES = 1 << EIO_AT_MIDDLEWARES,
    EIO_WANT_ALLOW = 1 << EIO_AT_ALLOW,
    EIO_WANT_ID = 1 << EIO_AT_ID,
    EIO_WANT_GATE = EIO_WANT_MIDDLEWARES | EIO_WANT_ALLOW | EIO_WANT_ID, /* any of these */
    EIO_WANT_REFUSALS = 1 << 16,
    EIO_WANT_INITIAL_HEADERS = 1 << 17,
    EIO_WANT_HEADERS = 1 << 18,
};

struct eio_hooks {
    /* Decide with one of the functions below, now or later. */
    void (*on_stage)(void *owner, struct eio_gate *g, enum eio_stage stage);
    /* Once per gate, whether it asked or not: served, answered, or its client is gone. Nothing can
     * be decided any more; g is freed at the end of the tick. */
    void (*on_left)(void *owner, struct eio_gate *g);
    /* A request is about to be refused. `g` as below. */
    void (*on_refused)(void *owner, struct sio_http_conn *c, const struct sio_http_request *r,
                       struct eio_gate *g, const struct eio_refused *why);
    /* A request was admitted: sio_http_add_field may add to its answer, which is a polling response
     * or the 101. `sid`: of the session that it begins; p == NULL: it belongs to one. `g`: NULL
     * when the request passed no gate. */
    void (*on_headers)(void *owner, struct sio_http_conn *c, const struct sio_http_request *r,
                       struct eio_gate *g, struct sio_slice sid);
    /* The handshake that passed g begins s, of which nobody has heard yet. Ends nothing. */
    void (*on_begin)(void *owner, struct eio_gate *g, struct eio_session *s);
};

/* `hooks` outlives e. Nothing is wanted yet. */
void eio_hooks_set(struct eio_server *e, const struct eio_hooks *hooks, void *owner);
/* From the next request on, these too. */
void eio_hooks_want(struct eio_server *e, unsigned wants);

#endif
