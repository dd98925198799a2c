// SPDX-License-Identifier: MIT
/* How much of everything a server holds, for tests that prove that nothing is left behind, and for
 * whoever looks for a leak. Walks all sockets: not for every second.
 *
 * Thread: loop. Owns: nothing. Errors: none. Reenters: no.
 */
#ifndef SIO_SIO_CENSUS_H
#define SIO_SIO_CENSUS_H

#include "sio/server.h"

/* The numbers by name; all are 0 when no client is there and no session is parked. */
#define SIO_CENSUS_MAP(X)                                                                          \
    X(clients)   /* engine sessions that the server knows */                                       \
    X(sockets)   /* connecting, connected or leaving */                                            \
    X(connected) /* that take part in broadcasts */                                                \
    X(rooms)                                                                                       \
    X(acks)   /* answers waited for */                                                             \
    X(timed)  /* of these with a deadline */                                                       \
    X(keeps)  /* recoverable sessions, alive and parked */                                         \
    X(parked) /* of these without a client */                                                      \
    X(dirty)  /* of these to be saved at the end of the tick */                                    \
    X(claims) /* recoveries under way */                                                           \
    X(asks)   /* questions to other workers that are not answered yet */

struct sio_census {
#define X(name) size_t name;
    SIO_CENSUS_MAP(X)
#undef X
};

/* Adds the numbers of namespaces and of rooms. */
void sio_server_count(const struct sio_server *s, size_t *nsps, size_t *rooms);
void sio_server_census(const struct sio_server *s, struct sio_census *out);

#endif
