// SPDX-License-Identifier: MIT
/* Limits per address. Stands on base/ip, bucket and map; http_server counts connections, the engine
 * handshakes.
 *
 * Invariant: a place is in the map, and in `idle` exactly while it has no connections.
 */
#include "net/quota.h"

#include "base/bucket.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

enum { V6_KEY = 8 }; /* bytes of a /64 */

struct sio_quota {
    uint32_t connections, handshakes;
    struct sio_map places;
    struct sio_list idle; /* the oldest first */
    size_t n_idle;
    bool closed;
};

struct sio_quota_place {
    struct sio_quota *quota;
    struct sio_list link;
    struct sio_bucket handshakes;
    uint32_t connections;
    uint8_t key_len;
    uint8_t key[sizeof(struct sio_ip)];
};

struct sio_quota *sio_quota_new(uint32_t connections, uint32_t handshakes_per_second)
{
    struct sio_quota *q;
    if (connections == 0 && handshakes_per_second == 0)
        return NULL;
    q = sio_calloc(1, sizeof *q);
    q->connections = connections;
    q->handshakes = handshakes_per_second;
    sio_list_init(&q->idle);
    return q;
}

static bool read_key(struct sio_slice address, struct sio_ip *ip, uint8_t *len)
{
    if (sio_ip_parse(address, ip) != 0)
        return false;
    *len = sio_ip_is_v4(ip) ? sizeof ip->bytes : V6_KEY;
    return true;
}

static void forget(struct sio_quota_place *p)
{
    struct sio_quota *q = p->quota;
    sio_list_remove(&p->link);
    q->n_idle--;
    sio_map_del(&q->places, sio_slice(p->key, p->key_len));
    sio_free(p);
}

static void become_idle(struct sio_quota_place *p)
{
    struct sio_quota *q = p->quota;
    sio_list_append(&q->idle, &p->link);
    if (q->n_idle++ >= SIO_QUOTA_IDLE_MAX)
        forget(SIO_CONTAINER_OF(sio_list_first(&q->idle), struct sio_quota_place, link));
}

static void become_busy(struct sio_quota_place *p)
{
    sio_list_remove(&p->link);
    p->quota->n_idle--;
}

/* The place of an address; NULL when it has none and cannot have one. */
static struct sio_quota_place *find_place(struct sio_quota *q, struct sio_slice address)
{
    struct sio_quota_place *p;
    struct sio_ip ip;
    uint8_t len;
    if (q == NULL || !read_key(address, &ip, &len))
        return NULL;
    p = sio_map_get(&q->places, sio_slice(ip.bytes, len));
    if (p != NULL)
        return p;
    p = sio_calloc(1, sizeof *p);
    p->quota = q;
    p->key_len = len;
    memcpy(p->key, ip.bytes, len);
    sio_list_init(&p->link);
    sio_map_put(&q->places, sio_slice(p->key, p->key_len), p);
    become_idle(p);
    return p;
}

bool sio_quota_enter(struct sio_quota *q, struct sio_slice address, bool moved,
                     struct sio_quota_place **place)
{
    struct sio_quota_place *p = q && q->connections ? find_place(q, address) : NULL;
    *place = NULL;
    if (p == NULL)
        return true;
    if (p->connections >= q->connections && !moved)
        return false;
    if (p->connections++ == 0)
        become_busy(p);
    *place = p;
    return true;
}

static void free_when_empty(struct sio_quota *q)
{
    if (!q->closed || q->places.count != 0)
        return;
    sio_map_fini(&q->places);
    sio_free(q);
}

void sio_quota_leave(struct sio_quota_place *p)
{
    struct sio_quota *q;
    if (p == NULL || --p->connections != 0)
        return;
    q = p->quota;
    become_idle(p);
    if (q->closed || q->handshakes == 0)
        forget(p);
    free_when_empty(q);
}

bool sio_quota_handshake(struct sio_quota *q, struct sio_slice address, uint64_t now_ms)
{
    struct sio_quota_place *p = q && q->handshakes ? find_place(q, address) : NULL;
    if (p == NULL)
        return true;
    if (p->handshakes.rate == 0)
        sio_bucket_init(&p->handshakes, q->handshakes, now_ms);
    if (p->connections == 0) { /* the latest, at the end of the line */
        become_busy(p);
        become_idle(p);
    }
    return sio_bucket_take(&p->handshakes, 1, now_ms);
}

void sio_quota_close(struct sio_quota *q)
{
    struct sio_list *node;
    if (q == NULL)
        return;
    q->closed = true;
    while ((node = sio_list_first(&q->idle)) != NULL)
        forget(SIO_CONTAINER_OF(node, struct sio_quota_place, link));
    free_when_empty(q);
}
