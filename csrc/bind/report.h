// SPDX-License-Identifier: MIT
/* Errors of people's code: one log line with traceback and context, then the error hooks. A handler
 * that fails at each event fills no disk: beyond SIO_REPORT_BURST only the count is logged.
 *
 * An error in an error hook is logged and goes no further. Whatever an error's value is, and
 * whatever its __tostring does, the line says something.
 *
 * Thread: loop. Owns: nothing. Errors: none leave. Reenters: the hooks run.
 */
#ifndef SIO_BIND_REPORT_H
#define SIO_BIND_REPORT_H

#include "bind/call_in.h"

enum {
    SIO_REPORT_WHERE_MAX = (SIO_CALL_EVENT_MAX + SIO_CALL_NSP_MAX) * 4 + SIO_CALL_SID_MAX + 40,
    SIO_REPORT_BURST = 10, /* errors at one line of code that are logged whole in ten seconds */
    SIO_REPORT_PLACES =
        16, /* lines of code that are told apart: a client's text may look like one */
};

/* " ev="x" sid=... nsp=/chat", of what is known; "" when nothing is. */
void sio_report_where(const struct sio_context *c, char text[SIO_REPORT_WHERE_MAX]);
/* The error value is on top of `from`, a thread that failed; it stays there. */
void sio_report_error(struct sio_bind *b, const struct sio_context *c, lua_State *from);
/* The text of it is on top of L, and stays there: caught with the message handler below. */
void sio_report_text(struct sio_bind *b, const struct sio_context *c, lua_State *L);
int sio_report_traceback(lua_State *L);
/* lua_setwarnf: what Lua warns of is an error in a finalizer, or people's `warn`. */
void sio_report_open(lua_State *L, struct sio_bind *b);

#endif
