// SPDX-License-Identifier: MIT
/* Parents: namespaces that nobody is in, whose children are made when clients ask for them by name.
 *
 *     child: closed ──open──► open ──its last socket has left──► closed ──end of tick──► gone
 *
 * An open child is found by name. One that is closed was made to be spoken to (its sockets are on
 * other workers) or has just become empty; it goes at the end of the tick, with on_nsp_gone, when
 * nothing uses it. So does an open one that never had a socket only when it is closed; and with
 * options.keep_children an open one stays.
 *
 * An emit to a parent is one record under the parent's name, which each worker delivers to its
 * children. Parents are named "_0", "_1", ... by order of making; no namespace begins so.
 *
 * Owns: the children belong to the server. Errors: NULL. Reenters: no.
 */
#ifndef SIO_SIO_PARENT_H
#define SIO_SIO_PARENT_H

#include "sio/nsp.h"

enum { SIO_PARENTS_MAX = 1000 }; /* of one server */

struct sio_nsp *sio_parent_new(struct sio_server *s); /* NULL: there are SIO_PARENTS_MAX */
/* The namespace of that name, when there is one of whatever kind; else a new child, closed. NULL:
 * as sio_server_nsp. */
struct sio_nsp *sio_parent_child(struct sio_nsp *parent, struct sio_slice name);
/* Clients may enter a child from now on, and it stays until its last socket has left. */
void sio_parent_open(struct sio_nsp *child);
/* Who opened a child for a client has lost it: it goes at the end of the tick when nothing uses it.
 */
void sio_parent_check(struct sio_nsp *child);
struct sio_nsp *sio_parent_of(const struct sio_nsp *n); /* NULL: it is no child */
bool sio_parent_is(const struct sio_nsp *n);
/* Calls fn for each child; it may not make or end any. */
void sio_parent_each(const struct sio_nsp *parent, void (*fn)(void *ctx, struct sio_nsp *child),
                     void *ctx);

#endif
