// SPDX-License-Identifier: MIT
/* A client that reads too slowly: its session is under pressure from the moment when more than
 * high_water bytes wait for it, though the kernel takes no more, until nothing waits. Private to
 * engine/.
 *
 *     calm ──more than high_water waits──► pressed ──nothing waits──► calm, on_drain
 *                         └──pressure_timeout, and nothing was read──► closed, "transport error"
 *
 * What else happens is a policy (options.h). Polling has no clock of its own: a client that does
 * not ask is found by the heartbeat.
 *
 * Thread: loop. Owns: nothing; its state is in the session. Errors: none. Reenters: no; on_drain is
 * called when the tick ends.
 */
#ifndef SIO_ENGINE_PRESSURE_H
#define SIO_ENGINE_PRESSURE_H

#include "engine/session.h"

/* `bytes` are about to be queued. False: the policy wants the session closed instead. */
bool eio_pressure_add(struct eio_session *s, size_t bytes);
/* What was queued is with the websocket now. */
void eio_pressure_moved(struct eio_session *s);
/* Nothing is queued any more. */
void eio_pressure_drained(struct eio_session *s);
/* The clock has run out. True: some bytes were read meanwhile, so it begins again. */
bool eio_pressure_goes_on(struct eio_session *s);
/* The session ends, or its transport changes. Idempotent. */
void eio_pressure_forget(struct eio_session *s);

#endif
