// SPDX-License-Identifier: MIT
/* Private to bind/request*.c: a request that an application answers.
 *
 *     PENDING ──respond──► gone
 *     PENDING ──begin──► WRITING (Lua writes pieces) ──end, cut──► gone
 *     PENDING ──send_file──► SENDING (net/http_file.c does) ──► gone
 *
 * A connection that goes ends each of them. The Lua object has its handle until the request is
 * answered; SENDING has none.
 *
 * Thread: loop. Owns: itself. Errors: none. Reenters: sio_request_leave resumes who waits.
 */
#ifndef SIO_BIND_REQUEST_IN_H
#define SIO_BIND_REQUEST_IN_H

#include "bind/request.h"
#include "bind/server.h"

enum sio_request_state { SIO_REQUEST_PENDING, SIO_REQUEST_WRITING, SIO_REQUEST_SENDING };

struct sio_request {
    struct sio_app *app;
    struct sio_list link; /* in app->requests */
    struct sio_http_conn *conn;
    struct sio_co *co; /* WRITING: waits until the client has read, or NULL */
    enum sio_request_state state;
};

/* Answered or gone: forgets the object and frees; a writer that waits is told "closed". */
void sio_request_leave(struct sio_request *q);

void lrequest_reply_open(lua_State *L); /* request_reply.c */

#endif
