// SPDX-License-Identifier: MIT
/* HTTP requests that are the application's (static files, routes, the browser client).
 *
 * Owns: one struct per request, until it is answered or its connection is gone. Thread: loop.
 * Reenters: runs the request hook.
 */
#ifndef SIO_BIND_REQUEST_H
#define SIO_BIND_REQUEST_H

#include "bind/http.h"
#include "net/http_conn.h"

extern const char sio_request_type[];

struct sio_app;

/* Answers 503 to every request that no handler has answered: without that a handler that waits
 * would keep a closing server open. */
void sio_request_drop_all(struct sio_app *app);
/* sio_app_events.on_request; owner: struct sio_app */
void sio_request_start(void *owner, struct sio_http_conn *c, const struct sio_http_request *r);

#endif
