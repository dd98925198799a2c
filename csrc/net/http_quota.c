// SPDX-License-Identifier: MIT
/* Limits per client address. Stands on quota and http_origin; http_conn.c asks for each connection,
 * the engine for each handshake.
 *
 * Invariant: a trusted proxy's connections carry many clients, so they are not counted; what its
 * requests ask for is, by the address that it names.
 */
#include "net/http_in.h"

#include "base/log.h"

static bool is_proxy(const struct sio_http_conn *c, struct sio_slice peer)
{
    const struct sio_trust *t = c->server->trust;
    return t != NULL && sio_trust_has(t, peer);
}

bool sio_http_conn_admit(struct sio_http_conn *c)
{
    struct sio_quota_place *place = NULL;
    struct sio_buf peer = {0};
    bool admitted = true;
    if (c->server->quota == NULL)
        return true;
    sio_conn_peer(c->stream, &peer);
    if (!is_proxy(c, sio_buf_slice(&peer)))
        admitted = sio_quota_enter(c->server->quota, sio_buf_slice(&peer), c->hops > 0, &place);
    if (place != NULL)
        sio_conn_hold(c->stream, place);
    if (!admitted)
        sio_log_about(SIO_LOG_WARN, "http quota connections",
                      (struct sio_log_about){.ip = sio_log_text(sio_buf_slice(&peer))},
                      "http: an address has max_connections_per_address, answering 429");
    sio_buf_fini(&peer);
    return admitted;
}

bool sio_http_conn_counts_shakes(const struct sio_http_conn *c)
{
    return c->server->quota != NULL;
}

bool sio_http_conn_may_shake(const struct sio_http_conn *c, const struct sio_http_request *r)
{
    const struct sio_http_server *s = c->server;
    struct sio_origin origin;
    if (!sio_http_conn_origin(c, r, &origin))
        return false;
    if (sio_quota_handshake(s->quota, sio_origin_address(&origin), sio_loop_now(s->loop)))
        return true;
    sio_log_about(SIO_LOG_WARN, "http quota handshakes",
                  (struct sio_log_about){.ip = sio_log_text(sio_origin_address(&origin))},
                  "http: an address has made max_handshakes_per_address, answering 429");
    return false;
}
