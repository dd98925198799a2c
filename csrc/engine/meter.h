// SPDX-License-Identifier: MIT
/* How much a client may send per second, where there is a limit. Private to engine/.
 *
 * Thread: loop. Owns: itself. Errors: none. Reenters: no.
 */
#ifndef SIO_ENGINE_METER_H
#define SIO_ENGINE_METER_H

#include "engine/options.h"

struct eio_meter;

struct eio_meter *eio_meter_new(const struct eio_options *o, uint64_t now_ms); /* NULL: no limits */
void eio_meter_free(struct eio_meter *m);                                      /* NULL is allowed */
/* One packet of so many bytes. NULL when it may pass, else the limit that it breaks, as a sentence
 * for the session's end: static. */
const char *eio_meter_take(struct eio_meter *m, size_t bytes, uint64_t now_ms);

#endif
