// SPDX-License-Identifier: MIT
/* The handle type of namespaces. Their Lua objects are made in Lua; server.c drops the handles when
 * the server closes, for namespaces have no event of their own at their end.
 */
#ifndef SIO_BIND_NAMESPACE_H
#define SIO_BIND_NAMESPACE_H

#define SIO_NAMESPACE "sio.namespace"

#endif
