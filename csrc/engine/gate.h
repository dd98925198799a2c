// SPDX-License-Identifier: MIT
/* The gate: what a request to the engine's path passes before it is served, and who may hold it up
 * there. Upstream's order:
 *
 *     MIDDLEWARES ──► CHECKS ──handshake──► ALLOW ──► VERSION ──► ID ──► SERVICE
 *          │            │  └────────a session's request──────────────────▲  │
 *          └────────────┴───────refused, answered─┬──┴─────────┴────────┘  │
 *                     client gone, server closes ──► END ◄──────────────────┘
 *
 * In MIDDLEWARES, ALLOW and ID a hook decides, at once or later; the stages that nobody wants are
 * passed through. Without hooks there is no gate: eio_server_handle serves at once.
 *
 * Thread: loop. Owns: a copy of the request's head. Errors: as stated. Reenters: hooks may do
 * anything, and a decision runs the next stages and with them other hooks.
 */
#ifndef SIO_ENGINE_GATE_H
#define SIO_ENGINE_GATE_H

#include "engine/hooks.h"
#include "engine/session.h"

/* The stage is passed. */
void eio_gate_pass(struct eio_gate *g);
/* In ID: the session's id, to which the worker's place is added when there are several. Passes.
 * Errors, and nothing has happened: SIO_EINVAL: empty, too long, or not of A-Z a-z 0-9 - . _ ~;
 * SIO_EEXIST: a session has it. */
int eio_gate_set_id(struct eio_gate *g, struct sio_slice id);
void eio_gate_refuse(struct eio_gate *g, const struct eio_refused *why);
/* Answers itself; as sio_http_respond. */
int eio_gate_respond(struct eio_gate *g, const struct sio_http_response *r);

const struct sio_http_request *eio_gate_request(const struct eio_gate *g);
struct sio_http_conn *eio_gate_conn(const struct eio_gate *g);

#endif
