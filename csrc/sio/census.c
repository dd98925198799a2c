// SPDX-License-Identifier: MIT
/* Counting. Stands on the inside of the server; bind's census calls it. */
#include "sio/census.h"

#include "sio/ask_in.h"
#include "sio/server_in.h"

static size_t length(const struct sio_list *list)
{
    size_t n = 0;
    for (const struct sio_list *node = list->next; node != list; node = node->next)
        n++;
    return n;
}

static size_t count_acks(const struct sio_nsp *n)
{
    size_t count = 0;
    for (const struct sio_socket *s = NULL; (s = sio_nsp_next(n, s)) != NULL;)
        count += s->acks == NULL ? 0 : s->acks->count;
    return count;
}

void sio_server_count(const struct sio_server *s, size_t *nsps, size_t *rooms)
{
    const struct sio_nsp *n;
    *nsps += s->nsps.count;
    for (size_t pos = 0; (n = sio_map_next(&s->nsps, &pos)) != NULL;)
        *rooms += n->rooms.by_name.count;
}

void sio_server_census(const struct sio_server *s, struct sio_census *out)
{
    const struct sio_recovery *r = &s->recovery;
    const struct sio_nsp *n;
    *out = (struct sio_census){.clients = length(&s->unjoined) + length(&s->joined),
                               .timed = s->acks.count,
                               .keeps = r->keeps.count,
                               .parked = length(&r->parked),
                               .dirty = length(&r->dirty),
                               .claims = length(&r->claims),
                               .asks = s->asks.n};
    for (size_t pos = 0; (n = sio_map_next(&s->nsps, &pos)) != NULL;) {
        out->sockets += n->by_id.count;
        out->connected += n->count;
        out->rooms += n->rooms.by_name.count;
        out->acks += count_acks(n);
    }
}
