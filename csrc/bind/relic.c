// SPDX-License-Identifier: MIT
/* What is left of a socket after its end. Stands on sio/socket.h and the engine's session; socket.c
 * makes it, handshake.c and data.c read it.
 */
#include "bind/relic.h"

#include "base/mem.h"

struct sio_relic {
    struct eio_first_request request;
    size_t auth_len, data_len;
    char bytes[]; /* auth, data, the request's head, its address, NUL */
};

struct sio_relic *sio_relic_new(const struct sio_socket *s)
{
    struct sio_slice auth = sio_socket_auth(s), data = sio_socket_data(s);
    const struct eio_session *session = sio_socket_session(s);
    const char *address = eio_session_address(session);
    size_t own = auth.len + data.len, head = eio_session_request_len(session);
    struct sio_relic *r = sio_alloc(sizeof *r + own + head + strlen(address) + 1);
    r->request = eio_session_first_request(session, r->bytes + own);
    r->request.address = strcpy(r->bytes + own + head, address);
    r->auth_len = auth.len;
    r->data_len = data.len;
    memcpy(r->bytes, auth.p, auth.len);
    if (data.len != 0)
        memcpy(r->bytes + auth.len, data.p, data.len);
    return r;
}

void sio_relic_free(struct sio_relic *r)
{
    sio_free(r);
}

const struct eio_first_request *sio_relic_request(const struct sio_relic *r)
{
    return &r->request;
}

struct sio_slice sio_relic_auth(const struct sio_relic *r)
{
    return sio_slice(r->bytes, r->auth_len);
}

struct sio_slice sio_relic_data(const struct sio_relic *r)
{
    return sio_slice(r->bytes + r->auth_len, r->data_len);
}
