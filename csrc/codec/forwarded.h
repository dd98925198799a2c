// SPDX-License-Identifier: MIT
/* What trusted proxies say of a request: X-Forwarded-For, -Proto and -Host.
 *
 * X-Forwarded-For grows to the right: each proxy appends whom it talked to. It is read from the
 * right, starting at our own peer, as long as who says it is trusted; the first address that is
 * not, or the leftmost, is the client's. Of the others the last value counts, for it is our own
 * proxy's; what stands before it may come from anybody.
 *
 * Owns: nothing. Errors: what is malformed is ignored. Reenters: no.
 */
#ifndef SIO_CODEC_FORWARDED_H
#define SIO_CODEC_FORWARDED_H

#include "base/ip.h"
#include "codec/http_parse.h"
#include "codec/origin.h"

enum {
    SIO_TRUST_NETS_MAX = 64,
    SIO_FORWARDED_HOPS_MAX = 32,  /* addresses that are read; the rest is not looked at */
    SIO_FORWARDED_HOST_MAX = 255, /* characters */
};

struct sio_trust {
    bool everybody;
    bool unix_sockets; /* peers that have no address */
    unsigned n_nets;
    struct sio_ip_net nets[SIO_TRUST_NETS_MAX];
};

/* "unix", or what sio_ip_net_parse takes. SIO_EINVAL; SIO_EFULL. */
int sio_trust_add(struct sio_trust *t, struct sio_slice word);
/* `address` as text; "" is a Unix socket's. */
bool sio_trust_has(const struct sio_trust *t, struct sio_slice address);

/* Whether `t` trusts anybody. */
static inline bool sio_trust_any(const struct sio_trust *t)
{
    return t->everybody || t->unix_sockets || t->n_nets != 0;
}

/* For a request whose peer is `io` and trusted: corrects `io`. Returns what was malformed and is
 * ignored, for the log; name.p == NULL when nothing was. */
struct sio_http_field sio_forwarded_read(const struct sio_trust *t,
                                         const struct sio_http_request *r, struct sio_origin *io);
/* The value of X-Forwarded-Host; p == NULL when it is absent or malformed. */
struct sio_slice sio_forwarded_host(const struct sio_http_request *r);

#endif
