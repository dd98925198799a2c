// SPDX-License-Identifier: MIT
/* A URL's query string, as far as Engine.IO needs it (WHATWG URL,
 * application/x-www-form-urlencoded).
 *
 * Owns: nothing; slices are borrowed from the query. Errors: none. Reenters: no.
 */
#ifndef SIO_CODEC_QUERY_H
#define SIO_CODEC_QUERY_H

#include "base/buf.h"

/* The raw (still percent-encoded) value of the last parameter whose decoded name is `name`;
 * p == NULL when absent. */
struct sio_slice sio_query_get(struct sio_slice query, struct sio_slice name);
/* The same for several names in one pass. */
void sio_query_pick(struct sio_slice query, const struct sio_slice *names, struct sio_slice *values,
                    size_t n);
/* Iterates: *rest starts as the whole query; false at the end. Name and value stay encoded. */
static inline bool sio_query_next(struct sio_slice *rest, struct sio_slice *name,
                                  struct sio_slice *value)
{
    while (rest->len > 0) {
        const char *amp = memchr(rest->p, '&', rest->len);
        struct sio_slice pair = sio_slice(rest->p, amp ? (size_t)(amp - rest->p) : rest->len);
        const char *eq;
        *rest = amp ? sio_slice(amp + 1, rest->len - pair.len - 1) : sio_slice(NULL, 0);
        if (pair.len == 0)
            continue;
        eq = memchr(pair.p, '=', pair.len);
        *name = sio_slice(pair.p, eq ? (size_t)(eq - pair.p) : pair.len);
        *value = sio_slice_from(pair, eq ? name->len + 1 : pair.len);
        return true;
    }
    return false;
}
bool sio_query_is_encoded(struct sio_slice raw); /* decoding would change it */
/* Appends the decoded form: %XX and '+' as space; a bad escape is kept as it stands. */
void sio_query_decode(struct sio_buf *out, struct sio_slice raw);

#endif
