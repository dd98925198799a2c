// SPDX-License-Identifier: MIT
/* Where a request comes from. Stands on conn, which knows of the connection, and codec/forwarded;
 * the engine, the worker and bind ask when they need it, so that nothing is kept for it.
 *
 * Invariant: without `trust` the request's own words count for nothing.
 */
#include "net/http_in.h"

#include "base/log.h"

static bool trusted(const struct sio_http_conn *c, const struct sio_origin *peer)
{
    const struct sio_trust *t = c->server->trust;
    return t != NULL && sio_trust_has(t, sio_origin_address(peer));
}

bool sio_http_conn_origin(const struct sio_http_conn *c, const struct sio_http_request *r,
                          struct sio_origin *out)
{
    struct sio_http_field bad = {{NULL, 0}, {NULL, 0}};
    bool known = sio_conn_copy_origin(c->stream, out);
    if (known && trusted(c, out))
        bad = sio_forwarded_read(c->server->trust, r, out);
    if (bad.name.p != NULL)
        sio_log_limited(SIO_LOG_WARN, bad.name.p, "http: %s is malformed: \"%s\"", bad.name.p,
                        sio_log_text(bad.value));
    return known;
}

struct sio_slice sio_http_conn_host(const struct sio_http_conn *c, const struct sio_http_request *r)
{
    struct sio_slice host = {NULL, 0};
    struct sio_origin peer;
    if (sio_conn_copy_origin(c->stream, &peer) && trusted(c, &peer))
        host = sio_forwarded_host(r);
    return host.p != NULL ? host : sio_http_field(r, SIO_LIT("Host"));
}
