// SPDX-License-Identifier: MIT
/* What is known of a connection: where it comes from, whether the way is encrypted, whose quota it
 * counts for. Asked by everybody above. */
#include "net/conn_in.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/mem.h"

static struct sio_conn_facts *make_facts(struct sio_conn *c)
{
    if (c->tcp.data == NULL)
        c->tcp.data = sio_calloc(1, sizeof(struct sio_conn_facts));
    return c->tcp.data;
}

void sio_conn_set_origin(struct sio_conn *c, const struct sio_origin *o)
{
    struct sio_conn_facts *facts = make_facts(c);
    facts->origin = *o;
    facts->has_origin = true;
}

const struct sio_origin *sio_conn_origin(const struct sio_conn *c)
{
    const struct sio_conn_facts *facts = c->tcp.data;
    return facts != NULL && facts->has_origin ? &facts->origin : NULL;
}

void sio_conn_hold(struct sio_conn *c, struct sio_quota_place *place)
{
    make_facts(c)->place = place;
}

void sio_conn_count(struct sio_conn *c)
{
    c->counted = true;
    sio_conn_loop(c)->n_clients++;
}

bool sio_conn_secure(const struct sio_conn *c)
{
    const struct sio_origin *o = sio_conn_origin(c);
    return c->tls != NULL || (o != NULL && o->secure);
}

/* ---- as text --------------------------------------------------------------------------------- */

/* An IPv4 peer of a dual-stack socket is shown as what it is. */
static size_t address_text(const struct sockaddr_storage *a, char out[SIO_IP_TEXT_MAX + 1])
{
    struct sio_ip ip;
    if (a->ss_family == AF_INET)
        sio_ip_from_v4(&((const struct sockaddr_in *)a)->sin_addr, &ip);
    else if (a->ss_family == AF_INET6)
        memcpy(ip.bytes, &((const struct sockaddr_in6 *)a)->sin6_addr, sizeof ip.bytes);
    else
        return 0;
    return sio_ip_text(&ip, out);
}

bool sio_conn_copy_origin(const struct sio_conn *c, struct sio_origin *out)
{
    const struct sio_origin *o = sio_conn_origin(c);
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    int fd = sio_conn_fd(c);
    *out = o != NULL ? *o : (struct sio_origin){0};
    out->secure = sio_conn_secure(c);
    if (o != NULL)
        return true;
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&a, &len) != 0)
        return false;
    out->address_len = (uint8_t)address_text(&a, out->address);
    return true;
}

bool sio_conn_peer(const struct sio_conn *c, struct sio_buf *out)
{
    struct sio_origin o;
    bool known = sio_conn_copy_origin(c, &o);
    sio_buf_append_slice(out, sio_origin_address(&o));
    return known;
}
