// SPDX-License-Identifier: MIT
/* Copies of request heads. Stands on mem; who holds a request calls it (engine/gate.c).
 *
 *     struct sio_http_request | its fields | the bytes of the head
 *
 * Invariant: a slice of the original lies in its head, or is a literal of the parser and stays.
 */
#include "codec/http_request.h"

#include "base/mem.h"

static struct sio_slice moved(struct sio_slice s, struct sio_slice from, const char *to)
{
    uintptr_t offset = (uintptr_t)s.p - (uintptr_t)from.p;
    bool inside = s.p != NULL && offset <= from.len;
    return inside ? sio_slice(to + offset, s.len) : s;
}

struct sio_http_request *sio_http_request_copy(const struct sio_http_request *r)
{
    size_t fields_size = r->n_fields * sizeof *r->fields;
    struct sio_http_request *copy = sio_alloc(sizeof *copy + fields_size + r->head.len);
    struct sio_http_field *fields = (struct sio_http_field *)(copy + 1);
    char *head = (char *)fields + fields_size;
    memcpy(head, r->head.p, r->head.len);
    *copy = *r;
    copy->head = sio_slice(head, r->head.len);
    copy->method = moved(r->method, r->head, head);
    copy->target = moved(r->target, r->head, head);
    copy->path = moved(r->path, r->head, head);
    copy->query = moved(r->query, r->head, head);
    copy->fields = fields;
    for (size_t i = 0; i < r->n_fields; i++) {
        fields[i].name = moved(r->fields[i].name, r->head, head);
        fields[i].value = moved(r->fields[i].value, r->head, head);
    }
    return copy;
}
