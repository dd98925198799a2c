// SPDX-License-Identifier: MIT
/* Connecting to a port or a Unix socket of this machine: for who tests a server in the server's own
 * process, and for the commands that talk to a supervisor.
 *
 * Thread: any. Owns: nothing; the descriptor is the caller's, non-blocking and CLOEXEC. Errors: as
 * stated. Reenters: no.
 */
#ifndef SIO_NET_DIAL_H
#define SIO_NET_DIAL_H

/* A socket that is being connected to 127.0.0.1; at once fit for sio_conn_adopt, where what is
 * written waits and a refusal is an on_close as any other. SIO_ESYS; SIO_EINVAL: no port. */
int sio_dial_loopback(unsigned port, int *fd);
/* A socket that is connected to the one on a path. SIO_ESYS: EAGAIN means that too many wait for
 * it to accept already; SIO_EINVAL: the path is empty; SIO_ETOOBIG: too long for any socket. */
int sio_dial_unix(const char *path, int *fd);

#endif
