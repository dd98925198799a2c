// SPDX-License-Identifier: MIT
/* Connection state recovery: what a session is, where its replay starts, who owns it.
 *
 * The offset that clients keep is "epoch:position" (position in hex), the position behind the
 * record that carried the event. Replay covers [max(offset, position at CONNECT, floor of log), end
 * of log), applying the membership that held at each position (joins and leaves are records too).
 *
 * Thread: loop. Reenters: release closes the connection that holds the session.
 */
#ifndef SIO_SIO_RECOVERY_H
#define SIO_SIO_RECOVERY_H

#include "sio/server.h"

/* Gives up the session of `pid`: an earlier connection that still has it is closed ("transport
 * close"), its record is appended to out and forgotten here. For a claim by a sibling or by
 * ourselves; what the backing has is the caller's to drop. SIO_ENOENT. */
int sio_recovery_release(struct sio_server *s, struct sio_slice pid, struct sio_buf *out);
/* One that was released and could not be handed over: parked, as gone since now. */
void sio_recovery_take_back(struct sio_server *s, struct sio_slice pid, struct sio_slice record);
/* Whether the session of `pid` is this server's, live or parked. */
bool sio_recovery_has(const struct sio_server *s, struct sio_slice pid);
/* Drops the parked ones from the backing too: nobody will ask for them. After
 * sio_server_shutdown. */
void sio_recovery_forget_all(struct sio_server *s);

#endif
