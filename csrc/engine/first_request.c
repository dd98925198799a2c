// SPDX-License-Identifier: MIT
/* What a session keeps of its first request: address and head, behind the sid at its end. Stands on
 * lines.h; session.c has it noted, bind and sio ask for it.
 */
#include "engine/server_in.h"
#include "engine/session_in.h"

/* Where the sid ends. */
static char *address_of(const struct eio_session *s)
{
    return (char *)s->sid + s->sid_len + 1;
}

static struct sio_slice head_of(const struct eio_session *s)
{
    return sio_slice(address_of(s) + s->address_len + 1, s->head_len);
}

size_t eio_first_request_size(const struct eio_opening *o)
{
    return strlen(o->sid) + 1 + o->origin.address_len + 1u + o->head.len;
}

void eio_first_request_note(struct eio_session *s, const struct eio_opening *o)
{
    s->secure = o->origin.secure;
    s->sid_len = (uint8_t)strlen(o->sid);
    s->address_len = o->origin.address_len;
    s->head_len = (uint32_t)o->head.len;
    memcpy(s->sid, o->sid, s->sid_len + 1u);
    memcpy(address_of(s), o->origin.address, s->address_len + 1u);
    memcpy(address_of(s) + s->address_len + 1, o->head.p, o->head.len);
}

void eio_first_request_forget(struct eio_session *s)
{
    eio_lines_release(&s->server->lines, head_of(s));
}

size_t eio_session_request_len(const struct eio_session *s)
{
    return eio_lines_length(&s->server->lines, head_of(s));
}

void eio_session_copy_request(const struct eio_session *s, char *out)
{
    eio_lines_unpack(&s->server->lines, head_of(s), out);
}

const char *eio_session_address(const struct eio_session *s)
{
    return address_of(s);
}

struct eio_first_request eio_session_first_request(const struct eio_session *s, char *out)
{
    eio_session_copy_request(s, out);
    return (struct eio_first_request){.head = sio_slice(out, eio_session_request_len(s)),
                                      .address = eio_session_address(s),
                                      .since_ms = s->since_ms,
                                      .secure = s->secure};
}
