// SPDX-License-Identifier: MIT
/* sio's lookups as calls of the hook in lua/sio/parent.lua; see sio/lookup.h.
 *
 * Thread: loop. Owns: nothing. Errors: a lookup that no coroutine can take is refused. Reenters:
 * the hook runs, and may answer at once.
 */
#ifndef SIO_BIND_LOOKUP_H
#define SIO_BIND_LOOKUP_H

#include "sio/lookup.h"

#define SIO_LOOKUP "sio.lookup"

/* Of struct sio_server_events. */
void sio_lookup_on_unknown(void *owner, struct sio_lookup *l, struct sio_slice name,
                           struct sio_slice auth);
void sio_lookup_on_left(void *owner, struct sio_lookup *l);

#endif
