// SPDX-License-Identifier: MIT
/* The time that a probe has, and a client that does not read: few sessions at once, so it is made
 * when it begins to run. Stands on heartbeat; upgrade.c and pressure.c call it.
 */
#include "base/mem.h"
#include "engine/server_in.h"
#include "engine/session_in.h"

struct eio_clock *eio_clock_start(struct eio_session *s, enum eio_due_kind kind)
{
    if (s->clock == NULL) {
        s->clock = sio_calloc(1, sizeof *s->clock);
        s->clock->session = s;
        eio_due_init(&s->clock->due);
    }
    eio_heartbeat_arm(&s->server->heartbeat, kind, &s->clock->due, sio_loop_now(s->server->loop));
    return s->clock;
}

void eio_clock_stop(struct eio_session *s)
{
    if (s->clock != NULL)
        eio_heartbeat_cancel(&s->clock->due);
    sio_free(s->clock);
    s->clock = NULL;
}
