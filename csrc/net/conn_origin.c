// SPDX-License-Identifier: MIT
/* What is known of a connection: where it comes from, whether the way is encrypted, whose quota it
 * counts for. Asked by everybody above. */
#include "net/conn_in.h"

#include <arpa/inet.h>
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
static const char *address_text(const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN])
{
    const struct sockaddr_in6 *six = (const void *)a;
    const struct sockaddr_in *four = (const void *)a;
    if (a->ss_family == AF_INET)
        return inet_ntop(AF_INET, &four->sin_addr, out, INET6_ADDRSTRLEN);
    if (a->ss_family != AF_INET6)
        return NULL;
    if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr))
        return inet_ntop(AF_INET, &six->sin6_addr.s6_addr[12], out, INET6_ADDRSTRLEN);
    return inet_ntop(AF_INET6, &six->sin6_addr, out, INET6_ADDRSTRLEN);
}

bool sio_conn_peer(const struct sio_conn *c, struct sio_buf *out)
{
    const struct sio_origin *o = sio_conn_origin(c);
    struct sockaddr_storage a;
    socklen_t len = sizeof a;
    char text[INET6_ADDRSTRLEN];
    int fd = sio_conn_fd(c);
    if (o != NULL) {
        sio_buf_append_slice(out, sio_origin_address(o));
        return true;
    }
    if (fd < 0 || getpeername(fd, (struct sockaddr *)&a, &len) != 0)
        return false;
    if (address_text(&a, text) != NULL)
        sio_buf_append_slice(out, sio_slice_str(text));
    return true;
}

bool sio_conn_copy_origin(const struct sio_conn *c, struct sio_origin *out)
{
    struct sio_buf address = {0};
    bool known = sio_conn_peer(c, &address);
    *out = (struct sio_origin){.secure = sio_conn_secure(c)};
    sio_origin_set_address(out, sio_buf_slice(&address));
    sio_buf_fini(&address);
    return known;
}
