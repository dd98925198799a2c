// SPDX-License-Identifier: MIT
/* The inside of crowd.c, for the server that has it: sockets to be disconnected.
 *
 * Owns: as crowd.h says. Errors: none. Reenters: as stated there.
 */
#ifndef SIO_SIO_CROWD_IN_H
#define SIO_SIO_CROWD_IN_H

#include "base/list.h"
#include "base/map.h"
#include "sio/crowd.h"

struct sio_crowds {
    struct sio_list doomed;   /* until the end of the tick, in order */
    struct sio_map by_socket; /* the same, by the socket's address */
    struct sio_task task;
};

void sio_crowd_init(struct sio_server *s);
void sio_crowd_fini(struct sio_server *s);  /* no socket is left */
void sio_crowd_spare(struct sio_socket *s); /* a doomed one that ends before */

#endif
