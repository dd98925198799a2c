// SPDX-License-Identifier: MIT
/* Starting and watching worker processes (exec'ed through uv_spawn), for the supervisor.
 *
 * Owns: the process handle until sio_child_free. Errors: SIO_ESYS with errno. Reenters: on_exit may
 * spawn and free.
 */
#ifndef SIO_CLUSTER_SPAWN_H
#define SIO_CLUSTER_SPAWN_H

#include "net/loop.h"

struct sio_child;

typedef void (*sio_child_exit)(void *owner, struct sio_child *c, int64_t status, int signal);

enum { SIO_CHILD_FDS_MAX = 64 }; /* handed down besides 0, 1 and 2 */

/* Starts args[0] with args (NULL-terminated); fd 0,1,2 are inherited, fds[i] becomes descriptor 3+i
 * in the child without CLOEXEC; everything else of ours must be CLOEXEC. `env` (NULL-terminated
 * "K=V", may be NULL) is added to ours and wins over it. SIO_EINVAL: too many descriptors. The
 * child leads no session; it gets PR_SET_PDEATHSIG from its own start-up, not from here. SIO_ESYS
 * with errno. */
int sio_child_spawn(struct sio_loop *loop, char *const args[], char *const env[], const int *fds,
                    unsigned n_fds, sio_child_exit on_exit, void *owner, struct sio_child **out);
int sio_child_pid(const struct sio_child *c);
int sio_child_kill(struct sio_child *c, int signal); /* SIO_ENOENT once reaped */
void sio_child_free(struct sio_child *c);            /* after on_exit, or to stop watching */

#endif
