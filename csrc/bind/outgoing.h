// SPDX-License-Identifier: MIT
/* Listeners of what sockets are sent: socket:on_any_outgoing.
 *
 * They cannot run where sio finds out, which is in the middle of an emit or of a delivery; it is
 * noted there, and they run when the emit is done. What siblings sent, and what waits for an
 * acknowledgement, has its listeners called at the end of the tick.
 *
 * Thread: loop. Owns: copies of what was sent. Errors: none; a log line at the limits. Reenters:
 * flush runs listeners.
 */
#ifndef SIO_BIND_OUTGOING_H
#define SIO_BIND_OUTGOING_H

#include "bind/bind.h"
#include "sio/socket.h"

/* Packets whose listeners are still to be called, and their bytes, with those that say to whom
 * they went; more are not shown. */
enum { SIO_OUTGOING_MAX = 4096, SIO_OUTGOING_BYTES_MAX = 16 << 20 };

void sio_outgoing_init(struct sio_bind *b);
void sio_outgoing_fini(struct sio_bind *b);
/* sio_server_events.on_outgoing */
void sio_outgoing_note(void *owner, struct sio_socket *const *sockets, size_t n,
                       const struct sio_outgoing *out);
void sio_outgoing_run(struct sio_bind *b, lua_State *L);
/* Calls the listeners of all that was noted, in that order. L: of the caller. */
static inline void sio_outgoing_flush(struct sio_bind *b, lua_State *L)
{
    if (!sio_list_empty(&b->heard.waiting))
        sio_outgoing_run(b, L);
}
/* s ends, or is not listened to any more: what was noted for it is not shown. */
void sio_outgoing_forget(struct sio_bind *b, const struct sio_socket *s);

#endif
