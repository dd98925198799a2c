// SPDX-License-Identifier: MIT
/* A connection that arrives, from a listener or from another worker: the socket and what is known
 * of it.
 *
 * Owns: nothing; who takes an arrival takes its descriptor. Errors: none. Reenters: no.
 */
#ifndef SIO_NET_ARRIVAL_H
#define SIO_NET_ARRIVAL_H

#include "codec/origin.h"

struct sio_arrival {
    int fd;
    unsigned hops;                   /* how often it was handed over */
    unsigned service;                /* the worker's server that it is for */
    const struct sio_origin *origin; /* copied by who keeps it; NULL: the socket tells */
    struct sio_slice bytes;          /* were read from it already */
};

#endif
