// SPDX-License-Identifier: MIT
/* Making listening sockets: on an address, on a path, or from a descriptor that was inherited. The
 * supervisor does it, and the single process; who accepts from them is net/listener.
 *
 * Thread: any. Owns: nothing; descriptors are the caller's, non-blocking and CLOEXEC. Errors:
 * SIO_ESYS with errno, and as stated. Reenters: no.
 */
#ifndef SIO_NET_LISTEN_H
#define SIO_NET_LISTEN_H

#include "base/buf.h"

enum {
    SIO_LISTEN_BACKLOG = 4096, /* the kernel cuts it to net.core.somaxconn */
    SIO_LISTEN_PATH_MAX = 107, /* bytes of a Unix socket's path */
};

/* host NULL or "": all interfaces, dual stack when there is IPv6, else IPv4. A name is looked up
 * (this blocks) and the first address that can be bound is taken. port 0: the kernel picks.
 * SIO_ENOENT: unknown host; SIO_EINVAL: port above 65535. */
int sio_listen_tcp(const char *host, unsigned port, int *fd);

/* A socket on a path; `mode` are its permissions, < 0: as the umask has it. What a dead process
 * left there is replaced: nobody answers. SIO_ESYS with EADDRINUSE: somebody does; SIO_EEXIST:
 * there is something else; SIO_ETOOBIG: the path is longer than SIO_LISTEN_PATH_MAX; SIO_EINVAL: it
 * is empty. *inode is for sio_listen_unlink. */
int sio_listen_unix(const char *path, int mode, int *fd, uint64_t *inode);
/* Removes the path, unless it is somebody else's by now. */
void sio_listen_unlink(const char *path, uint64_t inode);

/* Whether fd is a listening stream socket; makes it non-blocking and CLOEXEC. SIO_EINVAL: it is
 * open, but something else. */
int sio_listen_inherit(int fd);

unsigned sio_listen_port(int fd); /* the bound port, 0 for other families */
/* Appends "host:port", "[host]:port" or "unix:path". */
void sio_listen_name(int fd, struct sio_buf *out);

#endif
