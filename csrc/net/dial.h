// SPDX-License-Identifier: MIT
/* Connecting to a port of this machine: for who tests a server in the server's own process.
 *
 * Thread: any. Owns: nothing; the descriptor is the caller's, non-blocking and CLOEXEC. Errors: as
 * stated. Reenters: no.
 */
#ifndef SIO_NET_DIAL_H
#define SIO_NET_DIAL_H

/* A socket that is being connected to 127.0.0.1; at once fit for sio_conn_adopt, where what is
 * written waits and a refusal is an on_close as any other. SIO_ESYS; SIO_EINVAL: no port. */
int sio_dial_loopback(unsigned port, int *fd);

#endif
